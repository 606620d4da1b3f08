//! PutObject, and the HTML form that `s3s` turns into one.
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html>

use super::attributes::{attributes_of, checksum_headers, etag, length};
use super::body::{Expected, receive};
use super::errors::not_implemented;
use super::service::Service;
use crate::conditions::WriteCondition;
use crate::events::EventName;
use crate::store::{Checksum, NewObject};
use hyper::Method;
use s3s::dto::*;
use s3s::{S3Request, S3Response, S3Result};

pub(super) async fn put_object(
    service: &Service,
    mut req: S3Request<PutObjectInput>,
) -> S3Result<S3Response<PutObjectOutput>> {
    let caller = service.caller(&req);
    // The body first: a client that is answered while it still sends sees a broken connection, not the answer.
    let content_md5 = req.input.content_md5.take();
    let expected = Expected::of(&req, req.input.content_length, content_md5)?;
    let spooled = receive(service, req.input.body.take(), &expected, None).await?;

    let mut input = req.input;
    caller.may("PutObject", Some(&input.bucket), Some(&input.key))?;
    not_implemented("customer-provided keys", input.sse_customer_algorithm.is_some())?;
    not_implemented("object tags", input.tagging.is_some())?;
    not_implemented("appending", input.write_offset_bytes.is_some())?;
    not_implemented(
        "object lock",
        input.object_lock_mode.is_some() || input.object_lock_legal_hold_status.is_some(),
    )?;
    let condition = WriteCondition::for_write(input.if_match.take(), input.if_none_match.take())?;
    let event_name = if req.method == Method::POST {
        EventName::Post
    } else {
        EventName::Put
    };
    let new = NewObject {
        etag: spooled.digests.etag(),
        attributes: attributes_of!(input),
        checksum: spooled
            .digests
            .checksum
            .map(|(algorithm, digest)| Checksum::full_object(algorithm, &digest)),
        file: spooled.file,
        modified: None,
    };
    let written = service
        .blocking(move |service| service.publish(&input.bucket, &input.key, new, &condition, event_name, None))
        .await?;
    let output = PutObjectOutput {
        e_tag: etag(&written.record.etag),
        size: length(written.record.identity.size),
        ..PutObjectOutput::default()
    };
    Ok(S3Response::with_headers(
        output,
        checksum_headers(written.record.checksum.as_ref()),
    ))
}
