//! Why the store refused or failed.

use std::io;

/// The situation; [`crate::api`] gives each its S3 error code.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    #[error("the bucket does not exist")]
    NoSuchBucket,
    #[error("the bucket exists already")]
    BucketExists,
    #[error("the bucket holds objects")]
    BucketNotEmpty,
    #[error("the key does not exist")]
    NoSuchKey,
    #[error("the key has no bytes, or more than 1,024")]
    KeyLength,
    #[error("the condition {condition} does not hold")]
    PreconditionFailed {
        /// The header as clients send it.
        condition: &'static str,
    },
    #[error("the object has not changed")]
    NotModified {
        etag: String,
        last_modified: time::OffsetDateTime,
    },
    #[error("the upload does not exist, or was completed or aborted")]
    NoSuchUpload,
    #[error("part {number} was not uploaded, or its ETag or checksum is another")]
    InvalidPart { number: i32 },
    #[error("the parts are not in ascending order")]
    InvalidPartOrder,
    #[error("part {number} is smaller than 5 MiB and not the last")]
    PartTooSmall { number: i32 },
    #[error("the complete request names no checksum for part {number}")]
    PartChecksumMissing { number: i32 },
    #[error("the object would have more than 5 TiB")]
    TooLarge,
    #[error("reading or writing the data folder failed")]
    Io(#[from] io::Error),
}
