//! What can keep the function from its work.

use pipeline_core::StoreError;
use pipeline_core::lambda::Diagnostic;

use crate::functions::InvokeError;

/// A bucket that could not be looked at, or an object that could not be handed over. The next run tries both again.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SweepError {
    /// S3 did not do what it should.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Lambda did not.
    #[error(transparent)]
    Invoke(#[from] InvokeError),
    /// The event is about an object in a bucket that triggers no function.
    #[error("no stage works on {bucket}/{key}")]
    NoStage {
        /// The bucket's name.
        bucket: String,
        /// The object's key.
        key: String,
    },
    /// Lambda's deadline came first.
    #[error("the deadline is too near to hand over {bucket}/{key}")]
    Deadline {
        /// The bucket's name.
        bucket: String,
        /// The object's key.
        key: String,
    },
}

impl SweepError {
    /// A short stable name of the situation, for alarms and Lambda's error type.
    #[must_use]
    pub const fn error_type(&self) -> &'static str {
        match self {
            Self::Store(error) => error.error_type(),
            Self::Invoke(error) => error.error_type(),
            Self::NoStage { .. } => "WrongBucket",
            Self::Deadline { .. } => "DeadlineNear",
        }
    }

    /// What Lambda is told. The causes are in the log.
    pub(crate) fn to_diagnostic(&self) -> Diagnostic {
        Diagnostic {
            error_type: self.error_type().to_owned(),
            error_message: self.to_string(),
        }
    }
}
