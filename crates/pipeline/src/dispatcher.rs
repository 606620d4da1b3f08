//! Delivers the events of the embedded S3 to the stages, with retries, as Lambda does.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use embedded_s3::ObjectCreated;
use pipeline_core::telemetry::chain;
use pipeline_core::{Buckets, Handled, ObjectEvent, Stage, event};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::observer::Observer;
use crate::s3_event::s3_event;
use crate::stages::Stages;

/// Lambda calls a function at most three times for an event; its pauses of minutes are milliseconds here.
const PAUSES: [Duration; 2] = [Duration::from_millis(100), Duration::from_secs(1)];

/// A worker with a large file needs some 10 MiB beside what all of them have on its way; the S3 server would not keep up with more of them.
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

/// Delivers events.
#[derive(Debug)]
pub struct Dispatcher {
    stages: Arc<Stages>,
    buckets: Buckets,
    events: UnboundedReceiver<ObjectCreated>,
    /// What somebody wants to be tried again.
    again: UnboundedReceiver<ObjectCreated>,
    again_sender: UnboundedSender<ObjectCreated>,
    waiting: watch::Sender<usize>,
    workers: usize,
}

/// How the delivery of one event ended.
type Ended = (ObjectEvent, Result<Handled, String>);

/// What a worker gives back: its event's bucket and key, and what became of the objects in it.
type Worked = ((String, String), Vec<Ended>);

/// When the work ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ends {
    /// When nothing is left to do.
    WorkedOff,
    /// As soon as nobody is at work; the rest is left where it lies.
    Interrupted,
}

impl Dispatcher {
    pub(crate) fn new(stages: Stages, buckets: Buckets, events: UnboundedReceiver<ObjectCreated>) -> Self {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        let (again_sender, again) = unbounded_channel();
        Self {
            stages: Arc::new(stages),
            buckets,
            events,
            again,
            again_sender,
            waiting: watch::Sender::default(),
            workers: (2 * cores).min(MOST_WORKERS),
        }
    }

    /// How many events wait.
    pub(crate) fn backlog(&self) -> Backlog {
        Backlog(self.waiting.subscribe())
    }

    /// Takes events of objects that are to be tried again; those that wait anyway, or are being worked on, are left out.
    pub(crate) fn again(&self) -> UnboundedSender<ObjectCreated> {
        self.again_sender.clone()
    }

    /// Delivers events while `feeding` brings objects into the buckets, and then until nothing is left to do.
    /// `earlier` are events that come first.
    pub(crate) async fn work<T>(
        &mut self,
        earlier: Vec<ObjectCreated>,
        feeding: impl Future<Output = T>,
        observer: &mut impl Observer,
    ) -> T {
        self.deliver_all(earlier, feeding, observer, Ends::WorkedOff).await
    }

    /// Delivers events until `stop`, and then finishes what was begun.
    pub(crate) async fn work_until<T>(
        &mut self,
        earlier: Vec<ObjectCreated>,
        stop: impl Future<Output = T>,
        observer: &mut impl Observer,
    ) -> T {
        self.deliver_all(earlier, stop, observer, Ends::Interrupted).await
    }

    async fn deliver_all<T>(
        &mut self,
        earlier: Vec<ObjectCreated>,
        feeding: impl Future<Output = T>,
        observer: &mut impl Observer,
        ends: Ends,
    ) -> T {
        let mut waiting = Waiting::default();
        earlier.into_iter().for_each(|created| waiting.push(created));
        let mut at_work: JoinSet<Worked> = JoinSet::new();
        let mut fed = None;
        tokio::pin!(feeding);
        loop {
            while at_work.len() < self.workers
                && !(fed.is_some() && ends == Ends::Interrupted)
                && let Some(created) = waiting.pop()
            {
                let Some(stage) = self.buckets.role(&created.bucket).and_then(Stage::of_bucket) else {
                    waiting.forget(&(created.bucket, created.key));
                    continue;
                };
                observer.begun(&created);
                at_work.spawn(deliver(Arc::clone(&self.stages), stage, created));
            }
            self.waiting.send_replace(waiting.len());
            // An output's event is in the queue before its step ends, so nobody at work and an empty queue mean the end.
            if at_work.is_empty()
                && (self.events.is_empty() || ends == Ends::Interrupted)
                && let Some(fed) = fed
            {
                return fed;
            }
            tokio::select! {
                Some(worked) = at_work.join_next(), if !at_work.is_empty() => {
                    // A task cannot be cancelled, and a panic of a step is caught by the runner: this would be one of ours.
                    if let Ok((place, ended)) = worked {
                        waiting.forget(&place);
                        for (object, handled) in ended {
                            observer.ended(&object, handled);
                        }
                    }
                }
                result = &mut feeding, if fed.is_none() => fed = Some(result),
                Some(created) = self.events.recv() => waiting.push(created),
                Some(created) = self.again.recv() => {
                    if !waiting.has(&created) {
                        waiting.push(created);
                    }
                }
            }
        }
    }
}

/// Events that wait, and what is in hand: those, and those that are being worked on.
#[derive(Debug, Default)]
struct Waiting {
    events: VecDeque<ObjectCreated>,
    /// By bucket and key.
    in_hand: HashMap<(String, String), usize>,
}

impl Waiting {
    fn push(&mut self, created: ObjectCreated) {
        let place = (created.bucket.clone(), created.key.clone());
        *self.in_hand.entry(place).or_default() += 1;
        self.events.push_back(created);
    }

    /// The next one, which stays in hand.
    fn pop(&mut self) -> Option<ObjectCreated> {
        self.events.pop_front()
    }

    fn forget(&mut self, place: &(String, String)) {
        if let Some(count) = self.in_hand.get_mut(place) {
            *count -= 1;
            if *count == 0 {
                self.in_hand.remove(place);
            }
        }
    }

    fn has(&self, created: &ObjectCreated) -> bool {
        self.in_hand
            .contains_key(&(created.bucket.clone(), created.key.clone()))
    }

    fn len(&self) -> usize {
        self.events.len()
    }
}

/// Delivers one event as S3 sends it, through the decoder that Lambda uses.
async fn deliver(stages: Arc<Stages>, stage: Stage, created: ObjectCreated) -> Worked {
    let place = (created.bucket.clone(), created.key.clone());
    let decoded = match event::decode(&s3_event(&created)) {
        Ok(decoded) => decoded,
        Err(error) => {
            let object = ObjectEvent {
                bucket: created.bucket,
                key: pipeline_core::Key::new(created.key),
                event_time: None,
                message_id: None,
            };
            return (place, vec![(object, Err(error.to_string()))]);
        }
    };
    let mut ended = Vec::new();
    for object in decoded.objects {
        let handled = with_retries(&stages, stage, &object).await;
        ended.push((object, handled));
    }
    (place, ended)
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
