//! One run of a scenario to its end: deliveries as Lambda makes them, then sweeps.

use std::collections::VecDeque;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;

use embedded_s3::ObjectCreated;
use end_to_end_tests::faults::{Fault, Faults};
use end_to_end_tests::{LAMBDAS_ATTEMPTS, Local};
use pipeline::{Stages, s3_event};
use pipeline_core::{Bucket, Handled, RunError, Stage, event};

use crate::cases::Case;
use crate::scenarios::Scenario;
use crate::state::State;

/// After so many sweeps nothing may be left to do.
const SWEEPS: usize = 3;

/// How a run ended, and what it took.
pub(crate) struct Journey {
    state: State,
    problems: Vec<String>,
    /// Calls of the first worker.
    pub(crate) calls: u64,
    /// How often its work was polled.
    pub(crate) polls: u64,
    pub(crate) injected: u64,
    pub(crate) open_uploads: Vec<String>,
    log: String,
}

/// A process that handles events.
#[derive(Clone)]
struct Worker {
    faults: Faults,
    stages: Arc<Stages>,
    polls: Arc<AtomicU64>,
    /// What it has worked on, and not found done: that is what metrics count.
    counted: Arc<Mutex<Vec<String>>>,
    /// After so many polls its work is dropped, once.
    dropped_after: u64,
}

impl Worker {
    fn new(local: &Local, faults: Faults, dropped_after: u64) -> Self {
        Self {
            stages: local.stages_with(&local.store_with(&faults)),
            faults,
            polls: Arc::default(),
            counted: Arc::default(),
            dropped_after,
        }
    }

    /// One delivery of an event; `None` if the worker crashed.
    async fn handle(&self, stage: Stage, created: &ObjectCreated) -> Option<Result<Handled, RunError>> {
        let object = event::decode(&s3_event(created)).unwrap().objects.remove(0);
        let work = self.until_dropped(self.stages.handle(stage, &object));
        let handled = self.faults.until_crash(work).await.flatten()?;
        if matches!(handled, Ok(Handled::Now(_))) {
            let object = format!("{}/{}", created.bucket, created.key);
            self.counted.lock().unwrap().push(object);
        }
        Some(handled)
    }

    /// Works until the end or until it has been polled often enough.
    async fn until_dropped<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let mut work = pin!(work);
        std::future::poll_fn(|context| {
            let ended = work.as_mut().poll(context);
            let polls = self.polls.fetch_add(1, Ordering::Relaxed) + 1;
            match ended {
                Poll::Ready(ended) => Poll::Ready(Some(ended)),
                Poll::Pending if polls == self.dropped_after => Poll::Ready(None),
                Poll::Pending => Poll::Pending,
            }
        })
        .await
    }
}

impl Journey {
    /// Nothing happens.
    pub(crate) async fn undisturbed(scenario: &Scenario) -> Self {
        let journey = Self::run(scenario, Faults::default(), false, u64::MAX).await;
        assert_eq!(journey.problems, [""; 0], "{}", scenario.name);
        assert_eq!(journey.open_uploads, [""; 0], "{}", scenario.name);
        journey
    }

    /// Something happens.
    pub(crate) async fn with(scenario: &Scenario, case: &Case) -> Self {
        let dropped_after = match case {
            Case::Dropped { polls } => *polls,
            _ => u64::MAX,
        };
        Self::run(scenario, case.worker(), case.has_twins(), dropped_after).await
    }

    async fn run(scenario: &Scenario, faults: Faults, twins: bool, dropped_after: u64) -> Self {
        let local = scenario.start().await;
        let first = Worker::new(&local, faults, dropped_after);
        let mut run = Run {
            healthy: Worker::new(&local, Faults::default(), u64::MAX),
            local,
            first: first.clone(),
            twins,
        };
        let mut problems = run.until_nothing_is_left().await;
        let state = State::of(&run.local).await;
        problems.extend(run.local.leftovers().await);
        for bucket in [Bucket::AmrData, Bucket::Unprocessable] {
            let (writes, keys) = (run.local.writes(bucket), state.keys(bucket));
            let of_before = scenario.held(bucket);
            if writes.len() + of_before != keys.len() {
                problems.push(format!("{bucket} was written {} times: {writes:?}", writes.len()));
            }
        }
        let mut counted = first.counted.lock().unwrap().clone();
        if !Arc::ptr_eq(&first.counted, &run.healthy.counted) {
            counted.extend(run.healthy.counted.lock().unwrap().iter().cloned());
        }
        counted.sort();
        let twice = counted.windows(2).filter(|pair| pair[0] == pair[1]);
        problems.extend(twice.map(|pair| format!("counted twice: {}", pair[0])));
        let attempts = first.faults.attempts();
        let met = attempts.iter().filter(|(_, fault)| *fault != Fault::Pass);
        let log: Vec<String> = met
            .map(|(call, _)| format!("{} {}", call.operation, call.path))
            .collect();
        Self {
            state,
            problems,
            calls: first.faults.calls(),
            polls: first.polls.load(Ordering::Relaxed),
            injected: first.faults.injected(),
            open_uploads: run.local.open_uploads().await,
            log: log.join(", "),
        }
    }

    /// What is not as in the run in which nothing happened.
    pub(crate) fn what_differs(&self, undisturbed: &Self, case: &Case) -> Vec<String> {
        let mut differs = self.problems.clone();
        differs.extend(self.state.differences(&undisturbed.state));
        // Where throwing an upload away was what failed, nobody tries it again.
        if !case.may_leave_uploads() && !self.log.contains("AbortMultipartUpload") {
            differs.extend(self.open_uploads.iter().map(|upload| format!("left open: {upload}")));
        }
        let in_case = |problem| format!("{case:?} at [{}]: {problem}", self.log);
        differs.into_iter().map(in_case).collect()
    }
}

struct Run {
    local: Local,
    first: Worker,
    healthy: Worker,
    twins: bool,
}

impl Run {
    /// Until nothing is left to do; says what never ended.
    async fn until_nothing_is_left(&mut self) -> Vec<String> {
        for _ in 0..=SWEEPS {
            let waiting = self.local.unfinished().await;
            if waiting.is_empty() {
                return Vec::new();
            }
            let mut waiting: VecDeque<_> = waiting.into();
            while let Some(created) = waiting.pop_front() {
                if let Some(stage) = self.local.stage_of(&created) {
                    self.deliver(stage, &created).await;
                }
                waiting.extend(self.local.new_events());
            }
        }
        let left = self.local.unfinished().await;
        left.iter()
            .map(|left| format!("never finished: {}/{}", left.bucket, left.key))
            .collect()
    }

    async fn deliver(&mut self, stage: Stage, created: &ObjectCreated) {
        if self.twins {
            tokio::join!(
                attempts(&self.first, &self.healthy, stage, created),
                attempts(&self.healthy, &self.healthy, stage, created)
            );
        } else if !attempts(&self.first, &self.healthy, stage, created).await {
            // An outage of some hours is over by the next sweep.
            self.first = self.healthy.clone();
        }
    }
}

/// As often as Lambda delivers an event; whether it was handled in the end. A worker that has crashed is replaced.
async fn attempts(first: &Worker, healthy: &Worker, stage: Stage, created: &ObjectCreated) -> bool {
    for _ in 0..LAMBDAS_ATTEMPTS {
        let worker = if first.faults.has_crashed() { healthy } else { first };
        if let Some(Ok(_)) = worker.handle(stage, created).await {
            return true;
        }
    }
    false
}
