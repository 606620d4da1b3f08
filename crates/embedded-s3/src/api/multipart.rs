//! CreateMultipartUpload, UploadPart, CompleteMultipartUpload, AbortMultipartUpload.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html>

use super::attributes::{attributes_of, checksum_headers, etag, set_checksum};
use super::body::{Expected, receive};
use super::copy::wanted_algorithm;
use super::errors::not_implemented;
use super::service::Service;
use crate::conditions::WriteCondition;
use crate::events::EventName;
use crate::store::{Algorithm, Checksum, ChecksumKind, NewUpload, PartClaim, Upload};
use s3s::dto::*;
use s3s::{S3Request, S3Response, S3Result, s3_error};

pub(super) async fn create_multipart_upload(
    service: &Service,
    req: S3Request<CreateMultipartUploadInput>,
) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
    let mut input = req.input;
    not_implemented("customer-provided keys", input.sse_customer_algorithm.is_some())?;
    not_implemented("object tags", input.tagging.is_some())?;
    not_implemented(
        "object lock",
        input.object_lock_mode.is_some() || input.object_lock_legal_hold_status.is_some(),
    )?;
    let checksum = wanted_algorithm(input.checksum_algorithm.as_ref())?
        .map(|algorithm| Ok::<_, s3s::S3Error>((algorithm, wanted_kind(algorithm, input.checksum_type.as_ref())?)))
        .transpose()?;
    let new = NewUpload {
        key: input.key.clone(),
        attributes: attributes_of!(input),
        checksum,
    };
    let bucket = input.bucket.clone();
    let upload = service
        .blocking(move |service| service.dir.create_upload(&bucket, new))
        .await?;
    Ok(S3Response::new(CreateMultipartUploadOutput {
        bucket: Some(input.bucket),
        key: Some(input.key),
        upload_id: Some(upload.id),
        checksum_algorithm: checksum.map(|(algorithm, _)| ChecksumAlgorithm::from_static(algorithm.name())),
        checksum_type: checksum.map(|(_, kind)| ChecksumType::from_static(kind.name())),
        ..CreateMultipartUploadOutput::default()
    }))
}

/// What the checksum is made of, and by default.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html#ChecksumTypes>
fn wanted_kind(algorithm: Algorithm, kind: Option<&ChecksumType>) -> S3Result<ChecksumKind> {
    let kind = match kind.map(ChecksumType::as_str) {
        None if algorithm == Algorithm::Crc64Nvme => ChecksumKind::FullObject,
        None | Some(ChecksumType::COMPOSITE) => ChecksumKind::Composite,
        Some(ChecksumType::FULL_OBJECT) => ChecksumKind::FullObject,
        Some(_) => {
            return Err(s3_error!(
                InvalidRequest,
                "Value for x-amz-checksum-type header is invalid."
            ));
        }
    };
    match (algorithm, kind) {
        (Algorithm::Crc64Nvme, ChecksumKind::Composite)
        | (Algorithm::Sha1 | Algorithm::Sha256, ChecksumKind::FullObject) => Err(s3_error!(
            InvalidRequest,
            "The {} checksum type cannot be used with the {} checksum algorithm.",
            kind.name(),
            algorithm.name()
        )),
        _ => Ok(kind),
    }
}

pub(super) async fn upload_part(
    service: &Service,
    mut req: S3Request<UploadPartInput>,
) -> S3Result<S3Response<UploadPartOutput>> {
    let content_md5 = req.input.content_md5.take();
    let expected = Expected::of(&req, req.input.content_length, content_md5)?;
    let sent = expected.algorithm();
    let caller = service.caller(&req);
    let input = &req.input;
    let upload = find_upload(
        service,
        input.bucket.clone(),
        input.key.clone(),
        input.upload_id.clone(),
    )
    .await;
    let wanted = upload.as_ref().ok().and_then(|upload| upload.new.checksum);
    // As in PutObject, the body comes before any refusal.
    let body = req.input.body.take();
    let spooled = receive(service, body, &expected, wanted.map(|(algorithm, _)| algorithm)).await?;

    caller.may("UploadPart", Some(&req.input.bucket), Some(&req.input.key))?;
    let upload = upload?;
    check_part_number(req.input.part_number)?;
    match (wanted, sent) {
        (Some((wanted, _)), Some(sent)) if wanted != sent => return Err(checksum_mismatch(wanted, sent.name())),
        (Some((wanted, ChecksumKind::Composite)), None) => return Err(checksum_mismatch(wanted, "null")),
        _ => {}
    }
    let shown = spooled.digests.checksum.as_ref();
    let shown = shown.map(|(algorithm, digest)| Checksum::full_object(*algorithm, digest));
    let mut headers = checksum_headers(shown.as_ref());
    headers.remove("x-amz-checksum-type");
    let number = req.input.part_number;
    let part = service
        .blocking(move |service| service.dir.put_part(&upload, number, spooled))
        .await?;
    let output = UploadPartOutput {
        e_tag: etag(&part.etag()),
        ..UploadPartOutput::default()
    };
    Ok(S3Response::with_headers(output, headers))
}

fn checksum_mismatch(wanted: Algorithm, sent: &str) -> s3s::S3Error {
    s3_error!(
        InvalidRequest,
        "Checksum Type mismatch occurred, expected checksum Type: {}, actual checksum Type: {sent}",
        wanted.name()
    )
}

pub(super) async fn complete_multipart_upload(
    service: &Service,
    req: S3Request<CompleteMultipartUploadInput>,
) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
    let mut input = req.input;
    let condition = WriteCondition::for_write(input.if_match.take(), input.if_none_match.take())?;
    let upload = find_upload(
        service,
        input.bucket.clone(),
        input.key.clone(),
        input.upload_id.clone(),
    )
    .await?;
    let parts = input
        .multipart_upload
        .take()
        .and_then(|upload| upload.parts)
        .unwrap_or_default();
    if parts.is_empty() {
        return Err(s3_error!(
            MalformedXML,
            "The XML you provided was not well-formed or did not validate"
        ));
    }
    let claims = parts
        .into_iter()
        .map(|part| claim(&upload, part))
        .collect::<S3Result<Vec<_>>>()?;
    let claimed = claimed_checksum(&upload, &input);
    let (bucket, key) = (input.bucket.clone(), input.key.clone());
    let assembled = service.blocking({
        let (upload, bucket, key, condition) = (upload.clone(), bucket.clone(), key.clone(), condition.clone());
        move |service| {
            // A look ahead, so that many gigabytes are not put together in vain. What counts is the one in `publish`.
            service
                .dir
                .with_bucket(&bucket, |bucket| bucket.check_condition(&key, &condition))?;
            service.dir.assemble(&upload, &claims)
        }
    });
    let new = assembled.await?;
    if let (Some(claimed), Some(checksum)) = (claimed, &new.checksum)
        && claimed != checksum.value
    {
        return Err(s3_error!(
            BadDigest,
            "The {} you specified did not match the calculated checksum.",
            checksum.algorithm.name()
        ));
    }
    if let Some(size) = input.mpu_object_size {
        let actual = new.file.as_file().metadata().map(|metadata| metadata.len());
        if actual.ok() != u64::try_from(size).ok() {
            return Err(s3_error!(
                InvalidRequest,
                "The provided 'x-amz-mp-object-size' header value {size} does not match what was computed"
            ));
        }
    }
    let event_name = EventName::CompleteMultipartUpload;
    let written = service
        .blocking(move |service| service.publish(&bucket, &key, new, &condition, event_name, Some(&upload)))
        .await?;
    let mut output = CompleteMultipartUploadOutput {
        location: Some(format!("/{}/{}", input.bucket, input.key)),
        bucket: Some(input.bucket),
        key: Some(input.key),
        e_tag: etag(&written.record.etag),
        ..CompleteMultipartUploadOutput::default()
    };
    if let Some(checksum) = written.record.checksum {
        set_checksum!(output, checksum.algorithm, Some(checksum.value));
        output.checksum_type = Some(ChecksumType::from_static(checksum.kind.name()));
    }
    Ok(S3Response::new(output))
}

fn claim(upload: &Upload, part: CompletedPart) -> S3Result<PartClaim> {
    let number = part
        .part_number
        .ok_or_else(|| s3_error!(MalformedXML, "A part has no number"))?;
    let etag = part
        .e_tag
        .ok_or_else(|| s3_error!(MalformedXML, "A part has no ETag"))?;
    let checksum = upload.new.checksum.and_then(|(algorithm, _)| match algorithm {
        Algorithm::Crc32 => part.checksum_crc32,
        Algorithm::Crc32c => part.checksum_crc32c,
        Algorithm::Crc64Nvme => part.checksum_crc64nvme,
        Algorithm::Sha1 => part.checksum_sha1,
        Algorithm::Sha256 => part.checksum_sha256,
    });
    Ok(PartClaim {
        number,
        etag: etag.into_value(),
        checksum,
    })
}

/// What the client says that the checksum of the whole object is.
fn claimed_checksum(upload: &Upload, input: &CompleteMultipartUploadInput) -> Option<String> {
    match upload.new.checksum?.0 {
        Algorithm::Crc32 => input.checksum_crc32.clone(),
        Algorithm::Crc32c => input.checksum_crc32c.clone(),
        Algorithm::Crc64Nvme => input.checksum_crc64nvme.clone(),
        Algorithm::Sha1 => input.checksum_sha1.clone(),
        Algorithm::Sha256 => input.checksum_sha256.clone(),
    }
}

pub(super) async fn abort_multipart_upload(
    service: &Service,
    req: S3Request<AbortMultipartUploadInput>,
) -> S3Result<S3Response<AbortMultipartUploadOutput>> {
    let input = req.input;
    let upload = find_upload(service, input.bucket.clone(), input.key, input.upload_id).await?;
    service
        .blocking(move |service| {
            let grave = service
                .dir
                .with_bucket(&input.bucket, |bucket| bucket.end_upload(&upload))?;
            drop(grave);
            Ok(())
        })
        .await?;
    Ok(S3Response::new(AbortMultipartUploadOutput::default()))
}

pub(super) async fn find_upload(service: &Service, bucket: String, key: String, id: String) -> S3Result<Upload> {
    service
        .blocking(move |service| service.dir.upload(&bucket, &key, &id))
        .await
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html>
pub(super) fn check_part_number(number: i32) -> S3Result<()> {
    if (1..=10_000).contains(&number) {
        Ok(())
    } else {
        Err(s3_error!(
            InvalidArgument,
            "Part number must be an integer between 1 and 10000, inclusive"
        ))
    }
}
