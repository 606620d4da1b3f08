//! What all functions share: configuration, logs, and the loop that answers one event after the other.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use lambda_runtime::{Diagnostic, Error, LambdaEvent, service_fn};
use serde_json::Value;
use tracing_subscriber::filter::LevelFilter;

use crate::config::Vars;
use crate::telemetry;

/// What a function answers to an event.
pub trait Handler: Send + Sync + 'static {
    /// Handles one event, if possible before the deadline.
    ///
    /// # Errors
    /// A short stable error type and a message for people: Lambda counts it as an error and tries the event again.
    fn handle(&self, event: Value, deadline: Option<Instant>)
    -> impl Future<Output = Result<Value, Diagnostic>> + Send;
}

/// Reads the configuration, starts logs and tokio, makes the handler, and serves it until Lambda ends it.
///
/// # Errors
/// If the configuration is wrong, or the Lambda runtime cannot be reached.
pub fn serve<C, H: Handler>(
    read: impl FnOnce(&mut Vars<'_>) -> C,
    start: impl AsyncFnOnce(C) -> H,
) -> Result<(), Error> {
    let mut vars = Vars::from_env();
    telemetry::init_json(telemetry::level(&mut vars, LevelFilter::INFO));
    let config = read(&mut vars);
    let config = vars
        .finish(config)
        .inspect_err(|error| tracing::error!(%error, "the function cannot start"))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let handler = Arc::new(start(config).await);
        let answer = |event: LambdaEvent<Value>| {
            let handler = Arc::clone(&handler);
            // Boxed: the compiler would have to lay out the SDK's futures, all inside the runtime's, in one type.
            Box::pin(async move { handler.handle(event.payload, deadline(event.context.deadline)).await })
        };
        lambda_runtime::run(service_fn(answer)).await
    })
}

/// Lambda tells the deadline in milliseconds since the Unix epoch.
fn deadline(unix_ms: u64) -> Option<Instant> {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).ok()?;
    let left = Duration::from_millis(unix_ms).checked_sub(now)?;
    Instant::now().checked_add(left)
}
