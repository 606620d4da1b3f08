//! Delivers the events of the embedded S3 to the stages, with retries, as Lambda does.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use embedded_s3::ObjectCreated;
use pipeline_core::telemetry::chain;
use pipeline_core::{Buckets, Handled, ObjectEvent, Stage, event};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::ledger::Ledger;
use crate::progress::Progress;
use crate::s3_event::s3_event;
use crate::stages::Stages;

/// Lambda calls a function at most three times for an event; its pauses of minutes are milliseconds here.
const PAUSES: [Duration; 2] = [Duration::from_millis(100), Duration::from_secs(1)];

/// A worker with a large file needs some 20 MiB; the S3 server would not keep up with more of them.
const MOST_WORKERS: usize = 8;

/// Events that may wait before whoever feeds the pipeline has to wait too.
const MOST_WAITING: usize = 64;

/// How many events wait, for whoever feeds the pipeline: what is brought in faster than it is worked off fills memory and disk.
#[derive(Debug)]
pub(crate) struct Backlog(watch::Receiver<usize>);

impl Backlog {
    /// Waits until few events wait.
    pub(crate) async fn has_room(&mut self) {
        // Without a dispatcher nobody waits for anything.
        let _ = self.0.wait_for(|waiting| *waiting < MOST_WAITING).await;
    }
}

/// Delivers events until nothing is left to do.
#[derive(Debug)]
pub struct Dispatcher {
    stages: Arc<Stages>,
    buckets: Buckets,
    events: UnboundedReceiver<ObjectCreated>,
    waiting: watch::Sender<usize>,
    workers: usize,
}

/// How the delivery of one event ended.
type Ended = (ObjectEvent, Result<Handled, String>);

impl Dispatcher {
    pub(crate) fn new(stages: Stages, buckets: Buckets, events: UnboundedReceiver<ObjectCreated>) -> Self {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        Self {
            stages: Arc::new(stages),
            buckets,
            events,
            waiting: watch::Sender::default(),
            workers: (2 * cores).min(MOST_WORKERS),
        }
    }

    /// How many events wait.
    pub(crate) fn backlog(&self) -> Backlog {
        Backlog(self.waiting.subscribe())
    }

    /// Delivers events while `feeding` brings objects into the buckets, and then until nothing is left to do.
    /// `earlier` are events that come first. What becomes of them is written to the ledger.
    pub async fn work<T>(
        &mut self,
        earlier: Vec<ObjectCreated>,
        feeding: impl Future<Output = T>,
        ledger: &mut Ledger,
        progress: &Progress,
    ) -> T {
        let mut waiting = VecDeque::from(earlier);
        let mut at_work: JoinSet<Vec<Ended>> = JoinSet::new();
        let mut fed = None;
        tokio::pin!(feeding);
        loop {
            while at_work.len() < self.workers
                && let Some(created) = waiting.pop_front()
            {
                if let Some(stage) = self.buckets.role(&created.bucket).and_then(Stage::of_bucket) {
                    progress.begun();
                    at_work.spawn(deliver(Arc::clone(&self.stages), stage, created));
                }
            }
            self.waiting.send_replace(waiting.len());
            // An output's event is in the queue before its step ends, so nobody at work and an empty queue mean the end.
            if at_work.is_empty()
                && self.events.is_empty()
                && let Some(fed) = fed
            {
                return fed;
            }
            tokio::select! {
                Some(ended) = at_work.join_next(), if !at_work.is_empty() => {
                    progress.ended();
                    // A task cannot be cancelled, and a panic of a step is caught by the runner: this would be one of ours.
                    for (object, handled) in ended.unwrap_or_default() {
                        ledger.enter(&self.buckets, &object, handled);
                    }
                }
                result = &mut feeding, if fed.is_none() => fed = Some(result),
                Some(created) = self.events.recv() => waiting.push_back(created),
            }
        }
    }
}

/// Delivers one event as S3 sends it, through the decoder that Lambda uses.
async fn deliver(stages: Arc<Stages>, stage: Stage, created: ObjectCreated) -> Vec<Ended> {
    let decoded = match event::decode(&s3_event(&created)) {
        Ok(decoded) => decoded,
        Err(error) => {
            let object = ObjectEvent {
                bucket: created.bucket,
                key: pipeline_core::Key::new(created.key),
                event_time: None,
                message_id: None,
            };
            return vec![(object, Err(error.to_string()))];
        }
    };
    let mut ended = Vec::new();
    for object in decoded.objects {
        let handled = with_retries(&stages, stage, &object).await;
        ended.push((object, handled));
    }
    ended
}

async fn with_retries(stages: &Stages, stage: Stage, object: &ObjectEvent) -> Result<Handled, String> {
    for pause in PAUSES {
        match stages.handle(stage, object).await {
            Ok(handled) => return Ok(handled),
            Err(error) => tracing::warn!(cause = chain(&error), "an attempt failed, another follows"),
        }
        tokio::time::sleep(pause).await;
    }
    stages.handle(stage, object).await.map_err(|error| chain(&error))
}
