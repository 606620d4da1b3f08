//! The thread that a step runs on: its stack is large enough for parsers, its panics are caught, its time is limited.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::oneshot;

use crate::outbox::Outbox;
use crate::step::{Failure, Input, Step, Verdict};

/// Some format libraries recurse with the depth of their input.
const STACK_BYTES: usize = 16 * 1024 * 1024;

/// Runs the step to its end, or until `stop_at`. The verdict comes with the outbox, which may still be writing.
pub(crate) async fn run<S: Step>(
    step: Arc<S>,
    input: Arc<Input>,
    mut outbox: Outbox,
    stop_at: Option<Instant>,
) -> Result<(Result<Verdict, Failure>, Outbox), Failure> {
    let latch = Arc::clone(&input.latch);
    let (send, mut ended) = oneshot::channel();
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
    let in_time = match stop_at {
        None => (&mut ended).await,
        Some(stop_at) => match tokio::time::timeout_at(stop_at.into(), &mut ended).await {
            Ok(ended) => ended,
            Err(_) => {
                // The thread stops at its next read or write, and what it writes is refused.
                latch.fail(Failure::Deadline);
                return Err(Failure::Deadline);
            }
        },
    };
    in_time.map_err(|_| Failure::Panicked("the step's thread vanished".to_owned()))
}

fn message_of(panic: &(dyn std::any::Any + Send)) -> String {
    panic
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
        .unwrap_or_else(|| "without a message".to_owned())
}
