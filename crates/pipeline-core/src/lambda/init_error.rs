//! What keeps a function from starting: logged, told to Lambda, and the end of the process.

use std::fmt;
use std::time::Duration;

use lambda_runtime::Error;
use lambda_runtime_api_client::body::Body;
use lambda_runtime_api_client::{PooledClient, build_request};
use serde_json::json;
use tokio::runtime::Runtime;

use crate::rollbar::{PATIENCE, Reporter};
use crate::telemetry::chain;

/// Where Lambda's Runtime API is; set for every function on AWS.
pub(super) const RUNTIME_API: &str = "AWS_LAMBDA_RUNTIME_API";

/// Why a function cannot start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct InitError {
    /// Short and stable.
    pub(super) error_type: &'static str,
    /// For people: all that is wrong.
    pub(super) message: String,
}

/// The error that `main` returns. Rust prints it on standard error, where the log's line need not be repeated.
pub(super) struct Logged;

impl fmt::Debug for Logged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the function has ended, the log says why")
    }
}

impl fmt::Display for Logged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl std::error::Error for Logged {}

impl InitError {
    /// Logs the error, tells Lambda and Rollbar, and gives what `main` returns.
    pub(super) fn report(self, runtime: Runtime, reporter: &Reporter) -> Error {
        tracing::error!(
            error_type = self.error_type,
            cause = self.message,
            "the function cannot start"
        );
        runtime.block_on(async {
            tokio::join!(self.tell_lambda(), reporter.send(PATIENCE));
        });
        // Not waiting for a name that is being looked up, for instance.
        runtime.shutdown_background();
        Logged.into()
    }

    /// `POST /runtime/init/error` (Lambda developer guide, "Using the Lambda runtime API for custom runtimes").
    async fn tell_lambda(&self) {
        // By hand, on a laptop: the log is all that people see.
        if std::env::var_os(RUNTIME_API).is_none() {
            return;
        }
        let told = tokio::time::timeout(Duration::from_secs(2), self.post()).await;
        if let Err(error) = told.map_err(Error::from).flatten() {
            tracing::warn!(
                cause = chain(error.as_ref()),
                "lambda could not be told that the function cannot start"
            );
        }
    }

    async fn post(&self) -> Result<(), Error> {
        let body = json!({"errorType": self.error_type, "errorMessage": self.message, "stackTrace": []});
        let request = build_request()
            .method("POST")
            .uri("/2018-06-01/runtime/init/error")
            .header("content-type", "application/json")
            // The header wants `category.reason`.
            .header(
                "lambda-runtime-function-error-type",
                format!("Runtime.{}", self.error_type),
            )
            .body(Body::from(body.to_string()))?;
        PooledClient::builder().build().call(request).await?;
        Ok(())
    }
}
