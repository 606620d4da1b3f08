//! Logs: JSON with stable fields, lower-case messages, no email addresses and no contents.
//!
//! Every object that is handled is one line, by [`log`], and these are its fields (dashboards and saved queries name them, so none is renamed):
//!
//! | field | in lines of | meaning |
//! |---|---|---|
//! | `message` | all | what happened: `the object was handled`, `the work had been done before`, `the object could not be handled` |
//! | `stage`, `bucket`, `key` | all | the function's stage, and the object |
//! | `outcome` | all | `done`, `partly`, `rejected`, `no-files`, `before`, `failed` |
//! | `message_key`, `area`, `origin` | all, as far as known | the email's key in the inbox, the area, the object's origin: the name of its receipt |
//! | `reason_code`, `rejected_to` | rejected, partly | why, and the key in unprocessable |
//! | `files`, `first_file`, `bytes_in`, `bytes_out`, `duration_ms` | what was worked on | how many files were made, the first one's key, sizes, and the time that the work took |
//! | `receipt` | before | the key of the receipt that told so |
//! | `error_type`, `code`, `cause` | failed | the short stable name of the situation (see [`crate::lambda`]), S3's error code, and all causes |
//!
//! What fails outside an object's work is a line at level `ERROR` with `error_type` and `cause`, too. Lambda's request id
//! is in `spans`.

use std::error::Error;

use tracing::Subscriber;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::Vars;
use crate::event::ObjectEvent;
use crate::handled::{Before, Earlier, Handled, RunError};
use crate::key::Key;
use crate::rollbar::Reporter;
use crate::stage::Stage;
use crate::step::Failure;
use crate::store::StoreError;

/// The level from which is logged: `LOG_LEVEL`, or `default`.
pub fn level(vars: &mut Vars<'_>, default: LevelFilter) -> LevelFilter {
    vars.parsed("LOG_LEVEL", default)
}

/// Logs to standard output as JSON, and keeps errors for the reporter.
pub fn init(level: LevelFilter, reporter: &Reporter) {
    // A second call in one process, as tests do, changes nothing.
    let _ = subscriber(level, reporter, std::io::stdout).try_init();
}

/// What [`init`] installs, writing anywhere.
pub fn subscriber<W>(level: LevelFilter, reporter: &Reporter, writer: W) -> impl Subscriber + Send + Sync
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let targets = Targets::new()
        .with_default(level)
        // It repeats in Rust's notation what is answered to an event; we log that ourselves.
        .with_target("lambda_runtime::layers::panic", LevelFilter::OFF);
    let json = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_writer(writer)
        .with_filter(targets);
    // Errors are reported even where they are not logged, and so are notifications, which are warnings.
    let collect = reporter.layer().with_filter(LevelFilter::WARN);
    tracing_subscriber::registry().with(json).with(collect)
}

/// Logs what became of an event, once, with the whole chain of causes.
pub fn log(stage: Stage, object: &ObjectEvent, handled: &Result<Handled, RunError>) {
    let (stage, bucket, key) = (stage.as_str(), object.bucket.as_str(), object.key.as_str());
    match handled {
        Ok(Handled::Before(Before { earlier, about })) => tracing::info!(
            bucket,
            key,
            stage,
            message_key = about.message,
            area = about.area,
            origin = about.origin.map(tracing::field::display),
            outcome = "before",
            receipt = match earlier {
                Earlier::SourceGone => None,
                Earlier::Receipt(origin) => Some(Key::receipt(*origin).to_string()),
            },
            "the work had been done before"
        ),
        Ok(Handled::Now(receipt)) => tracing::info!(
            bucket,
            key,
            stage,
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
            bytes_out = receipt.bytes_out(),
            duration_ms = receipt.duration_ms,
            "the object was handled"
        ),
        Err(error) => tracing::error!(
            bucket,
            key,
            stage,
            message_key = error.about.message,
            area = error.about.area,
            origin = error.about.origin.map(tracing::field::display),
            outcome = "failed",
            error_type = error.failure.error_type(),
            code = s3_code(&error.failure),
            cause = chain(error),
            "the object could not be handled"
        ),
    }
}

fn s3_code(failure: &Failure) -> Option<&str> {
    match failure {
        Failure::Store(StoreError::Refused { code, .. }) => Some(code),
        _ => None,
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
