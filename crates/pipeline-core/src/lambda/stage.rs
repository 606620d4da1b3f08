//! A stage as a Lambda function: the records of an event, one after the other, through the runner.

use std::time::Instant;

use lambda_runtime::{Diagnostic, Error};
use serde_json::{Value, json};

use super::serve::{Handler, serve};
use crate::config::{Config, Vars};
use crate::event::{self, ObjectEvent};
use crate::runner::{RunError, Runner};
use crate::step::Step;
use crate::store::Store;
use crate::telemetry;

/// Runs a stage as a Lambda function until the runtime ends it.
///
/// `step` makes the stage's step from the environment; what it notes as a problem is reported with everything else.
///
/// # Errors
/// If the configuration is wrong, or the Lambda runtime cannot be reached.
pub fn run<S: Step>(step: impl FnOnce(&mut Vars<'_>, &Config) -> S) -> Result<(), Error> {
    let read = |vars: &mut Vars<'_>| {
        let config = Config::read(vars);
        (step(vars, &config), config)
    };
    serve(read, async |(step, config)| {
        let store = Store::from_env(config.buckets.clone()).await;
        StageHandler {
            runner: Runner::new(step, store, &config),
        }
    })
}

struct StageHandler<S> {
    runner: Runner<S>,
}

impl<S: Step> Handler for StageHandler<S> {
    async fn handle(&self, event: Value, deadline: Option<Instant>) -> Result<Value, Diagnostic> {
        answer(&self.runner, &event, deadline).await
    }
}

/// Handles every record of an event. One that fails does not keep the others from being handled; but the event has
/// failed then, so that Lambda retries it and in the end parks it on the failure queue.
async fn answer<S: Step>(runner: &Runner<S>, event: &Value, deadline: Option<Instant>) -> Result<Value, Diagnostic> {
    let decoded = event::decode(event).map_err(|error| {
        tracing::error!(%error, "an event cannot be decoded");
        diagnostic("UnknownEvent", error.to_string())
    })?;
    let mut failed_messages = decoded.undecodable_messages;
    let mut first_error = None;
    for object in &decoded.objects {
        if let Err(error) = handle(runner, object, deadline).await {
            failed_messages.extend(object.message_id.clone());
            first_error.get_or_insert(error);
        }
    }
    if decoded.from_queue {
        return Ok(batch_answer(failed_messages));
    }
    match first_error {
        None => Ok(Value::Null),
        Some(error) => Err(diagnostic(error.failure.error_type(), error.to_string())),
    }
}

async fn handle<S: Step>(runner: &Runner<S>, object: &ObjectEvent, deadline: Option<Instant>) -> Result<(), RunError> {
    let handled = runner.handle(object, deadline).await;
    telemetry::log(object, &handled);
    handled.map(|_| ())
}

/// The messages that failed, each once; the queue keeps only these (Lambda developer guide, "Implementing partial batch responses").
fn batch_answer(mut failed: Vec<String>) -> Value {
    failed.sort();
    failed.dedup();
    let failures: Vec<Value> = failed.into_iter().map(|id| json!({"itemIdentifier": id})).collect();
    json!({"batchItemFailures": failures})
}

fn diagnostic(error_type: &str, error_message: String) -> Diagnostic {
    Diagnostic {
        error_type: error_type.to_owned(),
        error_message,
    }
}
