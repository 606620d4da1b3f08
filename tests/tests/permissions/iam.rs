//! Which action of IAM an operation of the S3 API needs.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html>

use pipeline_core::permissions::Action;

/// The action on the bucket or object that an operation is about; none if no function has any business with it.
///
/// What an operation needs besides, the embedded S3 asks about as an attempt of its own: of a copy, to get the source.
pub(crate) fn action_of(operation: &str) -> Option<Action> {
    match operation {
        "GetObject" | "HeadObject" => Some(Action::GetObject),
        "ListObjectsV2" => Some(Action::ListBucket),
        "DeleteObject" => Some(Action::DeleteObject),
        // "Multipart upload API and permissions"
        // <https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html#mpuAndPermissions>
        "PutObject" | "CreateMultipartUpload" | "UploadPart" | "UploadPartCopy" | "CompleteMultipartUpload" => {
            Some(Action::PutObject)
        }
        "AbortMultipartUpload" => Some(Action::AbortMultipartUpload),
        _ => None,
    }
}
