//! What all functions share: configuration, logs, and the loop that answers one event after the other.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use futures::FutureExt;
use lambda_runtime::{Diagnostic, Error, LambdaEvent, service_fn};
use serde_json::Value;
use tokio::runtime::Runtime;
use tracing_subscriber::filter::LevelFilter;

use super::init_error::{InitError, Logged, RUNTIME_API};
use crate::config::Vars;
use crate::panics::{log_panics, message_of};
use crate::rollbar::{PATIENCE, Reporter, Rollbar};
use crate::telemetry::{self, chain};

/// What a function answers to an event.
pub trait Handler: Send + Sync + 'static {
    /// Handles one event, if possible before the deadline.
    ///
    /// It logs its errors itself, with `error_type`, and so reports them to Rollbar; a panic is logged and answered by the edge.
    ///
    /// # Errors
    /// A short stable error type and a message for people: Lambda counts it as an error and tries the event again.
    fn handle(&self, event: Value, deadline: Option<Instant>)
    -> impl Future<Output = Result<Value, Diagnostic>> + Send;
}

/// Reads the configuration, starts logs and tokio, makes the handler, and serves it until Lambda ends it.
///
/// `LOG_LEVEL` and `ROLLBAR_…` are read for every function; `read` reads the rest.
///
/// # Errors
/// If the configuration is wrong, or the Lambda runtime cannot be reached. It has been logged then, and told to Lambda; what is
/// returned is for `main`, so that the process exits with 1.
pub fn serve<C, H: Handler>(
    read: impl FnOnce(&mut Vars<'_>) -> C,
    start: impl AsyncFnOnce(C) -> H,
) -> Result<(), Error> {
    let mut vars = Vars::from_env();
    let level = telemetry::level(&mut vars, LevelFilter::INFO);
    let reporter = Reporter::new(Rollbar::read(&mut vars));
    telemetry::init(level, &reporter);
    log_panics();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match init(vars, &runtime, read, start) {
        Ok(handler) => runtime.block_on(answer_events(&handler, &reporter)),
        Err(error) => Err(error.report(runtime, &reporter)),
    }
}

fn init<C, H: Handler>(
    mut vars: Vars<'_>,
    runtime: &Runtime,
    read: impl FnOnce(&mut Vars<'_>) -> C,
    start: impl AsyncFnOnce(C) -> H,
) -> Result<Arc<H>, InitError> {
    let panicked = |panic: Box<dyn std::any::Any + Send>| InitError {
        error_type: "Panic",
        message: message_of(panic.as_ref()),
    };
    let is_on_lambda = vars.get(RUNTIME_API).is_some();
    if is_on_lambda {
        // The runtime panics without them.
        vars.required("AWS_LAMBDA_FUNCTION_NAME");
        vars.required("AWS_LAMBDA_FUNCTION_VERSION");
        vars.required("AWS_LAMBDA_FUNCTION_MEMORY_SIZE");
        vars.parsed("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", 0_i32);
    }
    let config = catch_unwind(AssertUnwindSafe(|| read(&mut vars))).map_err(panicked)?;
    let config = vars.finish(config).map_err(|error| InitError {
        error_type: "WrongConfiguration",
        message: error.to_string(),
    })?;
    if !is_on_lambda {
        return Err(InitError {
            error_type: "NotOnLambda",
            message: format!(
                "the configuration is right, but {RUNTIME_API} is not set: this program runs on AWS Lambda only; \
                 on your own machine, `pipeline run` does the same work"
            ),
        });
    }
    let handler = runtime.block_on(AssertUnwindSafe(start(config)).catch_unwind());
    handler.map(Arc::new).map_err(panicked)
}

async fn answer_events<H: Handler>(handler: &Arc<H>, reporter: &Reporter) -> Result<(), Error> {
    let answer = |event: LambdaEvent<Value>| {
        let (handler, reporter) = (Arc::clone(handler), reporter.clone());
        // Boxed: the compiler would have to lay out the SDK's futures, all inside the runtime's, in one type.
        Box::pin(async move { answer(handler.as_ref(), event, &reporter).await })
    };
    lambda_runtime::run(service_fn(answer)).await.map_err(|error| {
        tracing::warn!(cause = chain(error.as_ref()), "lambda's runtime has gone");
        Logged.into()
    })
}

async fn answer<H: Handler>(handler: &H, event: LambdaEvent<Value>, reporter: &Reporter) -> Result<Value, Diagnostic> {
    let deadline = deadline(event.context.deadline);
    let handle = async { handler.handle(event.payload, deadline).await };
    // The runtime would catch it, too, but name the panic's Rust type as the type of the error.
    let answer = AssertUnwindSafe(handle).catch_unwind().await.unwrap_or_else(|panic| {
        let cause = message_of(panic.as_ref());
        tracing::error!(error_type = "Panic", cause, "the event could not be handled");
        Err(Diagnostic {
            error_type: "Panic".to_owned(),
            error_message: cause,
        })
    });
    if let Err(error) = &answer {
        tracing::warn!(
            answer = error.error_type,
            "the event has failed, lambda will try it again"
        );
    }
    // Lambda freezes the process as soon as it has the answer: what is not sent by then is sent much later, or never.
    let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
    reporter
        .send(left.map_or(PATIENCE, |left| PATIENCE.min(left / 2)))
        .await;
    answer
}

/// Lambda tells the deadline in milliseconds since the Unix epoch. One that is over is now.
fn deadline(unix_ms: u64) -> Option<Instant> {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).ok()?;
    let left = Duration::from_millis(unix_ms).saturating_sub(now);
    Instant::now().checked_add(left)
}
