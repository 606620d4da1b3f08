//! Download, work and upload overlap: shown by an S3 that does not go on before the other thing has begun. None of it is measured, so a
//! slow machine makes no difference; whoever does one thing after the other would wait for ever.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod at_once;
mod strait;
mod while_it_comes;

use std::time::Duration;

use end_to_end_tests::S3;
use pipeline_core::{
    Bucket, Config, Failure, Handled, Input, Key, KeyLayout, Limits, ObjectEvent, Outbox, Output, RunError, Runner,
    SafePath, Stage, Step, Store, Verdict,
};

/// Nothing here takes this long but waiting for what never happens.
const FOR_EVER: Duration = Duration::from_secs(120);

const MIB: usize = 1 << 20;

/// Lets a step work on an object that is there.
async fn work(step: impl Step, s3: &S3, store: &Store, key: &str) -> Result<Handled, RunError> {
    let config = Config {
        buckets: store.buckets().clone(),
        layout: KeyLayout::Flat,
        limits: Limits::default(),
    };
    let event = ObjectEvent {
        bucket: s3.name(step.stage().source()).to_owned(),
        key: Key::new(key),
        event_time: None,
        message_id: None,
    };
    let runner = Runner::new(step, store.clone(), &config);
    let worked = tokio::time::timeout(FOR_EVER, runner.handle(&event, None)).await;
    worked.expect("one thing waits for the other to end")
}

/// A step that does as it is told.
struct Act<F>(Stage, F);

impl<F> Step for Act<F>
where
    F: Fn(&Input, &mut Outbox) -> Result<Verdict, Failure> + Send + Sync + 'static,
{
    fn stage(&self) -> Stage {
        self.0
    }

    fn run(&self, input: &Input, outbox: &mut Outbox) -> Result<Verdict, Failure> {
        (self.1)(input, outbox)
    }
}

fn output(bucket: Bucket, name: &str) -> Output {
    Output::new(bucket, SafePath::from_path(name).unwrap(), name)
}
