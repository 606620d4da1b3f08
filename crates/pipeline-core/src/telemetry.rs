//! Logs: JSON with stable fields, lower-case messages, no email addresses and no contents.

use std::error::Error;

use tracing_subscriber::filter::LevelFilter;

use crate::config::Vars;
use crate::event::ObjectEvent;
use crate::key::Key;
use crate::runner::{Earlier, Handled, RunError};

/// The level from which is logged: `LOG_LEVEL`, or `default`.
pub fn level(vars: &mut Vars<'_>, default: LevelFilter) -> LevelFilter {
    vars.parsed("LOG_LEVEL", default)
}

/// Logs to standard output as JSON.
pub fn init_json(level: LevelFilter) {
    let subscriber = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(false);
    // A second call in one process, as tests do, changes nothing.
    let _ = subscriber.with_max_level(level).try_init();
}

/// Logs what became of an event, once, with the whole chain of causes.
pub fn log(object: &ObjectEvent, handled: &Result<Handled, RunError>) {
    let (bucket, key) = (object.bucket.as_str(), object.key.as_str());
    match handled {
        Ok(Handled::Before(earlier)) => {
            let receipt = match earlier {
                Earlier::SourceGone => None,
                Earlier::Receipt(origin) => Some(Key::receipt(*origin).to_string()),
            };
            tracing::info!(
                bucket,
                key,
                outcome = "before",
                receipt,
                "the work had been done before"
            );
        }
        Ok(Handled::Now(receipt)) => tracing::info!(
            bucket,
            key,
            stage = receipt.stage.as_str(),
            message_key = receipt.message,
            area = receipt.area,
            origin = %receipt.origin,
            outcome = receipt.outcome.as_str(),
            reason_code = receipt.rejected.as_ref().map(|rejected| rejected.rejection.reason_code.as_str()),
            files = receipt.outputs.len(),
            // One name leads to the receipt, and the receipt to all.
            first_file = receipt.outputs.first().map(|output| output.key.as_str()),
            rejected_to = receipt.rejected.as_ref().map(|rejected| rejected.key.as_str()),
            bytes_in = receipt.input.size,
            bytes_out = receipt.outputs.iter().map(|output| output.size).sum::<u64>(),
            duration_ms = receipt.duration_ms,
            "the object was handled"
        ),
        Err(error) => tracing::error!(
            bucket,
            key,
            stage = error.stage,
            error_type = error.failure.error_type(),
            cause = chain(error),
            "the object could not be handled"
        ),
    }
}

/// An error and its causes on one line.
#[must_use]
pub fn chain(error: &dyn Error) -> String {
    let mut texts = vec![error.to_string()];
    let mut cause = error.source();
    while let Some(error) = cause {
        texts.push(error.to_string());
        cause = error.source();
    }
    // A transparent error repeats its source.
    texts.dedup();
    texts.join(": ")
}
