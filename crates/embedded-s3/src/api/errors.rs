//! The S3 error code of each situation.
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>

use crate::store::StoreError;
use hyper::HeaderMap;
use hyper::header::{ETAG, LAST_MODIFIED};
use s3s::dto::{Timestamp, TimestampFormat};
use s3s::{S3Error, S3ErrorCode, s3_error};

impl From<StoreError> for S3Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NoSuchBucket => s3_error!(NoSuchBucket, "The specified bucket does not exist"),
            StoreError::BucketExists => s3_error!(
                BucketAlreadyOwnedByYou,
                "Your previous request to create the named bucket succeeded and you already own it."
            ),
            StoreError::BucketNotEmpty => s3_error!(BucketNotEmpty, "The bucket you tried to delete is not empty"),
            StoreError::NoSuchKey => s3_error!(NoSuchKey, "The specified key does not exist."),
            StoreError::KeyLength => s3_error!(KeyTooLongError, "Your key is too long"),
            StoreError::PreconditionFailed { condition } => {
                s3_error!(
                    PreconditionFailed,
                    "At least one of the pre-conditions you specified did not hold: {condition}"
                )
            }
            StoreError::NotModified { etag, last_modified } => {
                let mut headers = HeaderMap::new();
                headers.extend(format!("\"{etag}\"").parse().ok().map(|etag| (ETAG, etag)));
                let mut date = Vec::new();
                if Timestamp::from(last_modified)
                    .format(TimestampFormat::HttpDate, &mut date)
                    .is_ok()
                {
                    headers.extend(date.try_into().ok().map(|date| (LAST_MODIFIED, date)));
                }
                let mut error = S3Error::new(S3ErrorCode::NotModified);
                error.set_headers(headers);
                error
            }
            StoreError::NoSuchUpload => s3_error!(
                NoSuchUpload,
                "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed."
            ),
            StoreError::InvalidPart { number } => s3_error!(
                InvalidPart,
                "One or more of the specified parts could not be found. The part may not have been uploaded, or the specified entity tag may not match the part's entity tag. (part {number})"
            ),
            StoreError::InvalidPartOrder => s3_error!(
                InvalidPartOrder,
                "The list of parts was not in ascending order. Parts must be ordered by part number."
            ),
            StoreError::PartTooSmall { number } => s3_error!(
                EntityTooSmall,
                "Your proposed upload is smaller than the minimum allowed size (part {number})"
            ),
            StoreError::PartChecksumMissing { number } => s3_error!(
                InvalidRequest,
                "The complete request must include the checksum for each part. It was missing for part {number} in the request."
            ),
            StoreError::TooLarge => too_large(),
            StoreError::Io(error) => {
                tracing::error!(%error, "the data folder failed");
                s3_error!(
                    error,
                    InternalError,
                    "We encountered an internal error. Please try again."
                )
            }
        }
    }
}

pub(super) fn too_large() -> S3Error {
    s3_error!(EntityTooLarge, "Your proposed upload exceeds the maximum allowed size")
}

/// For what AWS has and this server has not. To ignore it silently would make tests lie.
///
/// # Errors
/// 501 if `is_asked_for`.
pub(super) fn not_implemented(feature: &str, is_asked_for: bool) -> Result<(), S3Error> {
    if is_asked_for {
        Err(s3_error!(NotImplemented, "The embedded S3 server has no {feature}"))
    } else {
        Ok(())
    }
}

/// Only the one version that there is can be asked for.
pub(super) fn no_versions(version_id: Option<&str>) -> Result<(), S3Error> {
    not_implemented("versions", version_id.is_some_and(|version| version != "null"))
}
