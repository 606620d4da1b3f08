//! A stage as a Lambda function: the records of an event, one after the other, through the runner.

use std::panic::AssertUnwindSafe;
use std::time::Instant;

use futures::FutureExt;
use lambda_runtime::{Diagnostic, Error};
use serde_json::Value;
use time::OffsetDateTime;

use super::batch::batch_answer;
use super::serve::{Handler, serve};
use crate::config::{Config, Vars};
use crate::event::{self, ObjectEvent};
use crate::handled::{About, Handled, RunError};
use crate::metrics::{self, Metrics};
use crate::panics::message_of;
use crate::runner::Runner;
use crate::stage::Stage;
use crate::step::{Failure, Step};
use crate::store::Store;
use crate::telemetry;

/// The error type of an event, or a queue's message, that cannot be decoded.
const UNKNOWN_EVENT: &str = "UnknownEvent";

/// Runs a stage as a Lambda function until the runtime ends it.
///
/// `step` makes the stage's step from the environment; what it notes as a problem is reported with everything else.
///
/// # Errors
/// If the configuration is wrong, or the Lambda runtime cannot be reached.
pub fn run<S: Step>(step: impl FnOnce(&mut Vars<'_>, &Config) -> S) -> Result<(), Error> {
    let read = |vars: &mut Vars<'_>| {
        let config = Config::read(vars);
        (step(vars, &config), config, Metrics::read(vars))
    };
    serve(read, async |(step, config, metrics)| {
        let store = Store::from_env(config.buckets.clone());
        StageHandler {
            stage: step.stage(),
            runner: Runner::new(step, store, &config),
            metrics,
        }
    })
}

struct StageHandler<S> {
    stage: Stage,
    runner: Runner<S>,
    metrics: Metrics,
}

impl<S: Step> Handler for StageHandler<S> {
    /// Handles every record of an event. One that fails does not keep the others from being handled; but the event has
    /// failed then, so that Lambda retries it and in the end parks it on the failure queue.
    async fn handle(&self, event: Value, deadline: Option<Instant>) -> Result<Value, Diagnostic> {
        let stage = self.stage.as_str();
        let decoded = event::decode(&event).map_err(|error| {
            let cause = error.to_string();
            tracing::error!(stage, error_type = UNKNOWN_EVENT, cause, "an event cannot be decoded");
            diagnostic(UNKNOWN_EVENT, cause)
        })?;
        let mut failed_messages = decoded.undecodable_messages;
        for message_id in &failed_messages {
            tracing::error!(
                stage,
                error_type = UNKNOWN_EVENT,
                message_id,
                "a queue's message cannot be decoded"
            );
        }
        let mut first_error = None;
        for object in &decoded.objects {
            if let Err(error) = self.handle_object(object, deadline).await {
                failed_messages.extend(object.message_id.clone());
                first_error.get_or_insert(error);
            }
        }
        if decoded.from_queue {
            return Ok(batch_answer(failed_messages));
        }
        match first_error {
            None => Ok(Value::Null),
            // The chain of causes is in the log; below the failure it is an SDK's.
            Some(error) => Err(diagnostic(
                error.failure.error_type(),
                format!("{error}: {}", error.failure),
            )),
        }
    }
}

impl<S: Step> StageHandler<S> {
    async fn handle_object(&self, object: &ObjectEvent, deadline: Option<Instant>) -> Result<(), RunError> {
        // The step's panics are the runner's business; this is for a defect of the runner, and for the records that follow.
        let work = AssertUnwindSafe(self.runner.handle(object, deadline)).catch_unwind();
        let handled = match work.await {
            Ok(handled) => handled,
            Err(panic) => Err(self.panicked(object, message_of(panic.as_ref()))),
        };
        telemetry::log(self.stage, object, &handled);
        for document in metrics::of_object(self.stage, object, &handled, OffsetDateTime::now_utc()) {
            self.metrics.print(&document);
        }
        handled.map(|_: Handled| ())
    }

    fn panicked(&self, object: &ObjectEvent, message: String) -> RunError {
        RunError {
            stage: self.stage.as_str(),
            bucket: object.bucket.clone(),
            key: object.key.to_string(),
            about: About::from_key(self.stage, &object.key),
            failure: Failure::Panicked(message),
        }
    }
}

fn diagnostic(error_type: &str, error_message: String) -> Diagnostic {
    Diagnostic {
        error_type: error_type.to_owned(),
        error_message,
    }
}
