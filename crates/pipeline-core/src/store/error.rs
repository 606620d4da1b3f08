//! What S3 or the way to it got wrong. All of it is worth a retry: what a retry cannot mend ends on the failure queue.

use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::RequestId;

/// An S3 call that did not do what it should.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// S3 answered with an error.
    #[error("S3 refused to {action} {bucket}/{key}: {code} (request {request_id})")]
    Refused {
        /// What was tried, as a verb: `put`, `read`, …
        action: &'static str,
        /// The bucket's name.
        bucket: String,
        /// The object's key.
        key: String,
        /// The S3 API's error code, for instance `AccessDenied` or `SlowDown`.
        code: String,
        /// S3's id of the request, for AWS support.
        request_id: String,
    },
    /// No answer: the network, DNS, TLS or a time-out.
    #[error("S3 could not be reached to {action} {bucket}/{key}")]
    Unreachable {
        /// What was tried.
        action: &'static str,
        /// The bucket's name.
        bucket: String,
        /// The object's key.
        key: String,
        /// What the SDK says.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The object is gone or is another one now, while we were working on it.
    #[error("{bucket}/{key} was changed or removed by somebody else")]
    Changed {
        /// The bucket's name.
        bucket: String,
        /// The object's key.
        key: String,
    },
    /// Another writer took the key at the last moment; a retry finds another one.
    #[error("{bucket}/{key} was taken by another writer at the last moment")]
    Taken {
        /// The bucket's name.
        bucket: String,
        /// The object's key.
        key: String,
    },
    /// The body ended early or could not be read.
    #[error("the body of {bucket}/{key} could not be read")]
    Body {
        /// The bucket's name.
        bucket: String,
        /// The object's key.
        key: String,
        /// What was wrong.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl StoreError {
    /// A short stable name of the situation, for alarms and Lambda's error type.
    #[must_use]
    pub const fn error_type(&self) -> &'static str {
        match self {
            Self::Refused { .. } => "S3Refused",
            Self::Unreachable { .. } => "S3Unreachable",
            Self::Changed { .. } => "S3ObjectChanged",
            Self::Taken { .. } => "S3KeyTaken",
            Self::Body { .. } => "S3BodyBroken",
        }
    }

    pub(super) fn from_sdk<E>(action: &'static str, bucket: &str, key: &str, error: SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
        SdkError<E, HttpResponse>: RequestId,
    {
        let status = super::client::status(&error);
        let (bucket, key) = (bucket.to_owned(), key.to_owned());
        match error.as_service_error().map(ProvideErrorMetadata::meta) {
            Some(meta) => Self::Refused {
                action,
                bucket,
                key,
                code: meta.code().map_or_else(|| code_of_status(status), str::to_owned),
                request_id: error.request_id().unwrap_or("unknown").to_owned(),
            },
            None => Self::Unreachable {
                action,
                bucket,
                key,
                source: Box::new(error),
            },
        }
    }
}

/// Answers to HEAD have no body, so their status is all there is.
fn code_of_status(status: Option<u16>) -> String {
    match status {
        Some(403) => "HTTP 403 (are s3:GetObject and s3:ListBucket allowed?)".to_owned(),
        Some(status) => format!("HTTP {status}"),
        None => "an answer without a code".to_owned(),
    }
}
