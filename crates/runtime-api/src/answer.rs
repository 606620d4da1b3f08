//! How an invocation ends.

use std::fmt;
use std::process::ExitStatus;
use std::time::Duration;

use serde_json::Value;

/// What a function answered.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// `…/invocation/{id}/response`: the function has succeeded.
    Response(Value),
    /// `…/invocation/{id}/error`: the function has failed and says so.
    Error(ErrorReport),
}

/// An error as a function reports it, of an invocation or of its start.
#[derive(Debug, Clone, PartialEq)]
pub struct ErrorReport {
    /// The header `Lambda-Runtime-Function-Error-Type`, in which Lambda's guide wants `category.reason`.
    pub category: Option<String>,
    /// `errorType` of the body, which the caller of the function sees; empty if there is none.
    pub error_type: String,
    /// `errorMessage` of the body; empty if there is none.
    pub error_message: String,
    /// `stackTrace` of the body.
    pub stack_trace: Vec<String>,
    /// The whole body; null if it is no JSON.
    pub body: Value,
}

impl ErrorReport {
    pub(crate) fn read(category: Option<String>, body: &[u8]) -> Self {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let trace = body.get("stackTrace").and_then(Value::as_array);
        let stack_trace = trace.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned);
        Self {
            category,
            error_type: text("errorType"),
            error_message: text("errorMessage"),
            stack_trace: stack_trace.collect(),
            body,
        }
    }
}

impl fmt::Display for ErrorReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.error_type, self.error_message)
    }
}

/// Why an invocation has no answer. Lambda counts all of it as failed, too, and retries what was invoked asynchronously.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoAnswer {
    /// The process never asked for an event (Lambda: `Sandbox.Timedout` of the init phase).
    #[error("the function did not ask for an event")]
    NotAsked,
    /// No answer came before the deadline (Lambda: `Sandbox.Timedout`).
    #[error("the function did not answer within {0:?}")]
    TimedOut(Duration),
    /// The process ended (Lambda: `Runtime.ExitError`).
    #[error("the function's process has ended with {0}")]
    Exited(ExitStatus),
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_report_is_read_from_its_header_and_body() {
        let body = json!({"errorType": "S3Refused", "errorMessage": "no", "stackTrace": ["a", "b"]}).to_string();
        let report = ErrorReport::read(Some("unhandled".to_owned()), body.as_bytes());
        assert_eq!(report.to_string(), "S3Refused: no");
        assert_eq!(report.category.as_deref(), Some("unhandled"));
        assert_eq!(report.stack_trace, ["a", "b"]);
    }

    #[test]
    fn a_report_without_a_body_is_a_report() {
        let report = ErrorReport::read(None, b"");
        assert_eq!((report.error_type.as_str(), report.body), ("", Value::Null));
    }
}
