//! Emails and files on their way, and the events of all objects that are made of them.

use std::collections::{BTreeMap, VecDeque};
use std::fs;
use std::sync::Arc;
use std::time::Duration;

use embedded_s3::ObjectCreated;
use end_to_end_tests::functions::{self, PLENTY, log_of};
use end_to_end_tests::{Fleet, LAMBDAS_ATTEMPTS, Pipeline, S3};
use pipeline_core::Stage;
use runtime_api::{Answer, Function, Instance, NoAnswer};
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::JoinSet;

use crate::inputs::Given;
use crate::state::State;
use crate::tally::Ended;

/// How many processes work at once.
const WORKERS: usize = 3;

/// What S3 may still do of what a killed process asked for.
const AFTERMATH: Duration = Duration::from_millis(30);

/// A whole pipeline whose functions are processes of their own, each of which handles one event.
pub(crate) struct Journey {
    s3: S3,
    events: UnboundedReceiver<ObjectCreated>,
    /// Where the functions have their temporary files: Lambda keeps them when a process dies.
    temporary: TempDir,
}

/// One event, and the function that it is for.
#[derive(Debug, Clone)]
pub(crate) struct Delivery {
    /// Stage, bucket and key.
    pub(crate) name: Arc<str>,
    pub(crate) endpoint: Arc<str>,
    function: Function,
    event: Value,
    errors: u32,
}

impl Journey {
    pub(crate) async fn new(given: &[Given]) -> Self {
        let s3 = filled(given).await;
        Self {
            events: s3.events(),
            temporary: tempfile::tempdir().unwrap(),
            s3,
        }
    }

    /// What the buckets hold when nobody is disturbed.
    pub(crate) async fn undisturbed(given: &[Given]) -> State {
        let mut fleet = Fleet::over(filled(given).await, &BTreeMap::new()).await;
        fleet.work().await;
        State::of(fleet.s3()).await
    }

    /// Delivers events in this way until nothing is left to do, and compares.
    pub(crate) async fn run<F>(mut self, expected: &State, deliver: impl Fn(Delivery) -> F) -> Ended
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let mut waiting = self.given().await;
        let mut at_work = JoinSet::new();
        loop {
            while at_work.len() < WORKERS
                && let Some(delivery) = waiting.pop_front()
            {
                at_work.spawn(deliver(delivery));
            }
            tokio::select! {
                Some(created) = self.events.recv() => waiting.extend(self.delivery(&created)),
                Some(done) = at_work.join_next() => done.unwrap(),
                () = tokio::time::sleep(AFTERMATH), if at_work.is_empty() => break,
            }
        }
        let left: Vec<_> = fs::read_dir(self.temporary.path()).unwrap().collect();
        assert!(left.is_empty(), "left on the disk: {left:?}");
        Ended::new(expected, &State::of(&self.s3).await, self.s3.overwrites())
    }

    /// Of what was there at the beginning nobody was told.
    async fn given(&self) -> VecDeque<Delivery> {
        let mut given = VecDeque::new();
        for stage in Stage::ALL {
            for key in self.s3.keys(stage.source()).await {
                let event = self.s3.event(stage.source(), &key).await;
                given.push_back(self.delivery_to(stage, &key, event));
            }
        }
        given
    }

    fn delivery(&self, created: &ObjectCreated) -> Option<Delivery> {
        let role = self.s3.store().buckets().role(&created.bucket);
        let stage = role.and_then(Stage::of_bucket)?;
        Some(self.delivery_to(stage, &created.key, pipeline::s3_event(created)))
    }

    fn delivery_to(&self, stage: Stage, key: &str, event: Value) -> Delivery {
        let temporary = self.temporary.path().to_str().unwrap();
        Delivery {
            name: format!("{stage}/{key}").into(),
            endpoint: self.s3.endpoint().into(),
            function: functions::stage(stage, &self.s3).variable("TMPDIR", temporary),
            event,
            errors: 0,
        }
    }
}

async fn filled(given: &[Given]) -> S3 {
    let s3 = S3::embedded().await;
    for one in given {
        s3.drop_file(one.bucket, &one.key, &one.bytes, one.time);
    }
    s3
}

impl Delivery {
    /// A new process.
    pub(crate) async fn start(&self) -> Instance {
        functions::start(&self.function).await
    }

    /// A new process that reaches S3 there.
    pub(crate) async fn start_over(&self, endpoint: String) -> Instance {
        let function = self.function.clone().variable("AWS_ENDPOINT_URL_S3", endpoint);
        functions::start(&function).await
    }

    /// Invokes the function and tells whether it has succeeded. It may fail as often as Lambda allows, and be too slow, but
    /// never end by itself.
    pub(crate) async fn invoke(&mut self, instance: &Instance) -> bool {
        let answer = instance.invoke(&self.event, PLENTY).await;
        if matches!(answer, Ok(Answer::Response(_))) {
            return true;
        }
        self.errors += 1;
        let died = matches!(answer, Err(NoAnswer::Exited(_)));
        let failed = died || self.errors >= LAMBDAS_ATTEMPTS;
        assert!(!failed, "{}: {answer:?}\n{}", self.name, log_of(instance));
        println!("{}: {answer:?}", self.name);
        false
    }
}
