//! DeleteObject and DeleteObjects.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-deletes.html>

use super::errors::{no_versions, not_implemented};
use super::service::Service;
use crate::access::Caller;
use crate::conditions::WriteCondition;
use s3s::dto::*;
use s3s::{S3Error, S3Request, S3Response, S3Result, s3_error};

/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html>
const MAX_KEYS: usize = 1000;

pub(super) async fn delete_object(
    service: &Service,
    req: S3Request<DeleteObjectInput>,
) -> S3Result<S3Response<DeleteObjectOutput>> {
    let caller = service.caller(&req);
    let input = req.input;
    no_versions(input.version_id.as_deref())?;
    let is_of_directory_buckets = input.if_match_size.is_some() || input.if_match_last_modified_time.is_some();
    not_implemented("conditions of directory buckets", is_of_directory_buckets)?;
    let condition = WriteCondition::for_deletion(input.if_match);
    may_look(&caller, &condition, &input.bucket, &input.key)?;
    service
        .blocking(move |service| {
            service
                .dir
                .with_bucket(&input.bucket, |bucket| bucket.delete(&input.key, &condition))
        })
        .await?;
    Ok(S3Response::new(DeleteObjectOutput::default()))
}

pub(super) async fn delete_objects(
    service: &Service,
    req: S3Request<DeleteObjectsInput>,
) -> S3Result<S3Response<DeleteObjectsOutput>> {
    let caller = service.caller(&req);
    let DeleteObjectsInput { bucket, delete, .. } = req.input;
    if delete.objects.is_empty() || delete.objects.len() > MAX_KEYS {
        return Err(s3_error!(
            MalformedXML,
            "The XML you provided was not well-formed or did not validate"
        ));
    }
    let is_quiet = delete.quiet.unwrap_or(false);
    let done = service.blocking(move |service| {
        // So that a missing bucket is one error, and not one for each key.
        service.dir.with_bucket(&bucket, |_| Ok(()))?;
        let mut deleted = Vec::new();
        let mut errors = Vec::new();
        for object in delete.objects {
            match delete_one(service, &caller, &bucket, &object) {
                Ok(()) if is_quiet => {}
                Ok(()) => deleted.push(DeletedObject {
                    key: Some(object.key),
                    ..DeletedObject::default()
                }),
                Err(error) => errors.push(Error {
                    code: Some(error.code().as_str().to_owned()),
                    key: Some(object.key),
                    message: error.message().map(str::to_owned),
                    version_id: None,
                }),
            }
        }
        Ok((deleted, errors))
    });
    let (deleted, errors) = done.await?;
    Ok(S3Response::new(DeleteObjectsOutput {
        deleted: Some(deleted),
        errors: Some(errors),
        request_charged: None,
    }))
}

/// Who deletes on the condition of an ETag learns whether it was right.
fn may_look(caller: &Caller, condition: &WriteCondition, bucket: &str, key: &str) -> S3Result<()> {
    match condition {
        WriteCondition::Etag(_) => caller.may("GetObject", Some(bucket), Some(key)),
        WriteCondition::None | WriteCondition::Absent | WriteCondition::Present => Ok(()),
    }
}

fn delete_one(service: &Service, caller: &Caller, bucket: &str, object: &ObjectIdentifier) -> Result<(), S3Error> {
    caller.may("DeleteObject", Some(bucket), Some(&object.key))?;
    no_versions(object.version_id.as_deref())?;
    let is_of_directory_buckets = object.size.is_some() || object.last_modified_time.is_some();
    not_implemented("conditions of directory buckets", is_of_directory_buckets)?;
    let condition = object.e_tag.clone().map(|etag| match etag.value() {
        "*" => ETagCondition::Any,
        _ => ETagCondition::ETag(etag),
    });
    let condition = WriteCondition::for_deletion(condition);
    may_look(caller, &condition, bucket, &object.key)?;
    Ok(service
        .dir
        .with_bucket(bucket, |bucket| bucket.delete(&object.key, &condition))?)
}
