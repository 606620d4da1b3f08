//! What can keep the function from its work. All of it is worth a retry.

use pipeline_core::StoreError;

/// People that could not be told.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NotifyError {
    /// S3 did not do what it should.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A receipt cannot be read.
    #[error(transparent)]
    Story(#[from] story::StoryError),
    /// What lies at a claim's key is none.
    #[error("the claim {key} cannot be read")]
    Claim {
        /// Its key.
        key: String,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// A defect of ours.
    #[error("a claim cannot be written")]
    Unwritable(#[source] serde_json::Error),
    /// SNS answered with an error.
    #[error("SNS refused to publish: {code}")]
    TopicRefused {
        /// The SNS API's error code, for instance `NotFound` or `AuthorizationError`.
        code: String,
    },
    /// No answer: the network, DNS, TLS or a time-out.
    #[error("SNS could not be reached")]
    TopicUnreachable {
        /// What the SDK says.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The event is about an object in another bucket than unprocessable.
    #[error("{bucket}/{key} is not in the unprocessable bucket")]
    WrongBucket {
        /// The bucket's name.
        bucket: String,
        /// The object's key.
        key: String,
    },
    /// Lambda's deadline came first.
    #[error("the deadline is too near to tell anybody")]
    Deadline,
}

impl NotifyError {
    /// A short stable name of the situation, for alarms and Lambda's error type.
    #[must_use]
    pub const fn error_type(&self) -> &'static str {
        match self {
            Self::Store(error) | Self::Story(story::StoryError::Store(error)) => error.error_type(),
            Self::Story(_) | Self::Claim { .. } | Self::Unwritable(_) => "Defect",
            Self::TopicRefused { .. } => "SnsRefused",
            Self::TopicUnreachable { .. } => "SnsUnreachable",
            Self::WrongBucket { .. } => "WrongBucket",
            Self::Deadline => "DeadlineNear",
        }
    }
}
