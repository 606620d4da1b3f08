//! The thread that a step runs on: its stack is large enough for parsers, and its panics are caught.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use tokio::sync::oneshot;

use crate::outbox::Outbox;
use crate::panics::message_of;
use crate::step::{Failure, Input, Step, Verdict};

/// Some format libraries recurse with the depth of their input.
const STACK_BYTES: usize = 16 * 1024 * 1024;

/// Runs the step to its end. The verdict comes with the outbox, which may still be writing.
pub(crate) async fn run<S: Step>(
    step: Arc<S>,
    input: Arc<Input>,
    mut outbox: Outbox,
) -> Result<(Result<Verdict, Failure>, Outbox), Failure> {
    let (send, ended) = oneshot::channel();
    let work = move || {
        let verdict = catch_unwind(AssertUnwindSafe(|| step.run(&input, &mut outbox)));
        let verdict = verdict.unwrap_or_else(|panic| Err(Failure::Panicked(message_of(panic.as_ref()))));
        // Nobody listens any more once the deadline has come.
        let _ = send.send((verdict, outbox));
    };
    std::thread::Builder::new()
        .name("step".to_owned())
        .stack_size(STACK_BYTES)
        .spawn(work)
        .map_err(Failure::Spool)?;
    ended
        .await
        .map_err(|_| Failure::Panicked("the step's thread vanished".to_owned()))
}
