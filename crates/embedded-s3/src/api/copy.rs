//! CopyObject and UploadPartCopy.
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html>

use super::attributes::{attributes_of, etag, last_modified, set_checksum};
use super::body::MAX_PUT_BYTES;
use super::errors::{no_versions, not_implemented};
use super::multipart::{check_part_number, find_upload};
use super::service::Service;
use crate::access::Caller;
use crate::conditions::{ReadConditions, WriteCondition};
use crate::events::EventName;
use crate::store::{Algorithm, Attributes, Checksum, ChecksumKind, NewObject, Object, Spool, StoreError};
use hyper::HeaderMap;
use hyper::header::{HeaderName, IF_MATCH, IF_NONE_MATCH};
use s3s::dto::*;
use s3s::{S3Request, S3Response, S3Result, s3_error};
use std::io::{Read as _, Seek as _, SeekFrom};

pub(super) async fn copy_object(
    service: &Service,
    mut req: S3Request<CopyObjectInput>,
) -> S3Result<S3Response<CopyObjectOutput>> {
    let caller = service.caller(&req);
    // The conditions on the destination are younger than the DTO of `s3s`.
    let condition = WriteCondition::for_write(header(&req.headers, IF_MATCH)?, header(&req.headers, IF_NONE_MATCH)?)?;
    let conditions = ReadConditions {
        if_match: req.input.copy_source_if_match.take(),
        if_none_match: req.input.copy_source_if_none_match.take(),
        if_modified_since: req.input.copy_source_if_modified_since.take(),
        if_unmodified_since: req.input.copy_source_if_unmodified_since.take(),
    };
    let mut input = req.input;
    not_implemented("customer-provided keys", input.sse_customer_algorithm.is_some())?;
    not_implemented("object tags", input.tagging.is_some())?;
    let new_attributes = match input.metadata_directive.as_ref().map(MetadataDirective::as_str) {
        None | Some(MetadataDirective::COPY) => None,
        Some(MetadataDirective::REPLACE) => Some(attributes_of!(input)),
        Some(_) => return Err(s3_error!(InvalidArgument, "Unknown metadata directive.")),
    };
    let (source_bucket, source_key) = source(&input.copy_source)?;
    if source_bucket == input.bucket && source_key == input.key && new_attributes.is_none() {
        return Err(s3_error!(
            InvalidRequest,
            "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes."
        ));
    }
    let algorithm = wanted_algorithm(input.checksum_algorithm.as_ref())?;

    let object = open_source(service, &caller, source_bucket, source_key, conditions).await?;
    if object.record.identity.size > MAX_PUT_BYTES {
        return Err(s3_error!(
            InvalidRequest,
            "The specified copy source is larger than the maximum allowable size for a copy source: {MAX_PUT_BYTES}"
        ));
    }
    let written = service.blocking(move |service| {
        let new = copy(service, object, new_attributes, algorithm)?;
        service.publish(&input.bucket, &input.key, new, &condition, EventName::Copy, None)
    });
    let record = written.await?.record;
    let mut result = CopyObjectResult {
        e_tag: etag(&record.etag),
        last_modified: last_modified(&record),
        ..CopyObjectResult::default()
    };
    if let Some(checksum) = record.checksum {
        set_checksum!(result, checksum.algorithm, Some(checksum.value));
        result.checksum_type = Some(ChecksumType::from_static(checksum.kind.name()));
    }
    Ok(S3Response::new(CopyObjectOutput {
        copy_object_result: Some(result),
        ..CopyObjectOutput::default()
    }))
}

/// The copy of an object is an object of one part, whatever the source was: its ETag is the MD5 of its bytes.
fn copy(
    service: &Service,
    mut object: Object,
    attributes: Option<Attributes>,
    algorithm: Option<Algorithm>,
) -> Result<NewObject, StoreError> {
    let record = object.record;
    let attributes = attributes.unwrap_or(record.attributes);
    let kept_checksum = record
        .checksum
        .filter(|checksum| checksum.kind == ChecksumKind::FullObject);
    let is_etag_md5 = !record.etag.contains('-');
    let is_checksum_known = algorithm.is_none_or(|wanted| {
        kept_checksum
            .as_ref()
            .is_some_and(|checksum| checksum.algorithm == wanted)
    });
    if is_etag_md5 && is_checksum_known {
        let file = service.dir.copy_of([object.file])?;
        return Ok(NewObject {
            file,
            etag: record.etag,
            attributes,
            checksum: kept_checksum,
            modified: None,
        });
    }
    let algorithm = algorithm.or(kept_checksum.map(|checksum| checksum.algorithm));
    let mut spool = Spool::new(&service.dir, algorithm)?;
    spool.append_from(&mut object.file)?;
    let spooled = spool.finish();
    Ok(NewObject {
        etag: spooled.digests.etag(),
        attributes,
        checksum: spooled
            .digests
            .checksum
            .map(|(algorithm, digest)| Checksum::full_object(algorithm, &digest)),
        file: spooled.file,
        modified: None,
    })
}

pub(super) async fn upload_part_copy(
    service: &Service,
    req: S3Request<UploadPartCopyInput>,
) -> S3Result<S3Response<UploadPartCopyOutput>> {
    let caller = service.caller(&req);
    let input = req.input;
    check_part_number(input.part_number)?;
    let conditions = ReadConditions {
        if_match: input.copy_source_if_match,
        if_none_match: input.copy_source_if_none_match,
        if_modified_since: input.copy_source_if_modified_since,
        if_unmodified_since: input.copy_source_if_unmodified_since,
    };
    let (source_bucket, source_key) = source(&input.copy_source)?;
    let upload = find_upload(service, input.bucket, input.key, input.upload_id).await?;
    let mut object = open_source(service, &caller, source_bucket, source_key, conditions).await?;
    let (first, length) = source_range(input.copy_source_range.as_deref(), object.record.identity.size)?;
    if length > MAX_PUT_BYTES {
        return Err(s3_error!(
            InvalidRequest,
            "The specified copy source is larger than the maximum allowable size for a copy source: {MAX_PUT_BYTES}"
        ));
    }
    let algorithm = upload.new.checksum.map(|(algorithm, _)| algorithm);
    let part = service.blocking(move |service| {
        object.file.seek(SeekFrom::Start(first))?;
        let mut spool = Spool::new(&service.dir, algorithm)?;
        spool.append_from(object.file.take(length))?;
        service.dir.put_part(&upload, input.part_number, spool.finish())
    });
    let part = part.await?;
    let mut result = CopyPartResult {
        e_tag: etag(&part.etag()),
        last_modified: Some(part.last_modified().into()),
        ..CopyPartResult::default()
    };
    if let Some(algorithm) = algorithm {
        set_checksum!(result, algorithm, part.checksum());
    }
    Ok(S3Response::new(UploadPartCopyOutput {
        copy_part_result: Some(result),
        ..UploadPartCopyOutput::default()
    }))
}

async fn open_source(
    service: &Service,
    caller: &Caller,
    bucket: String,
    key: String,
    conditions: ReadConditions,
) -> S3Result<Object> {
    caller.may("GetObject", Some(&bucket), Some(&key))?;
    let name = bucket.clone();
    let opened = service.blocking(move |service| {
        let object = service.dir.object(&name, &key)?;
        match conditions.check(&object.record) {
            Ok(()) => Ok(object),
            // There is no "not modified" to answer a copy with.
            Err(StoreError::NotModified { .. }) => Err(StoreError::PreconditionFailed {
                condition: "x-amz-copy-source-If-None-Match",
            }),
            Err(error) => Err(error),
        }
    });
    opened.await.map_err(|error| caller.told(error, &bucket))
}

fn source(source: &CopySource) -> S3Result<(String, String)> {
    match source {
        CopySource::Bucket {
            bucket,
            key,
            version_id,
        } => {
            no_versions(version_id.as_deref())?;
            if key.is_empty() {
                return Err(s3_error!(
                    InvalidArgument,
                    "The copy source must name a bucket and a key"
                ));
            }
            Ok((bucket.to_string(), key.to_string()))
        }
        _ => Err(s3_error!(NotImplemented, "The embedded S3 server has no access points")),
    }
}

/// "The range value must use the form bytes=first-last [...] You can copy a range only if the source object is greater
/// than 5 MB." (AWS has long since taken smaller ones.)
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPartCopy.html>
fn source_range(range: Option<&str>, size: u64) -> S3Result<(u64, u64)> {
    let Some(range) = range else { return Ok((0, size)) };
    match Range::parse(range) {
        Ok(Range::Int {
            first,
            last: Some(last),
        }) if last < size => Ok((first, last - first + 1)),
        Ok(Range::Int { last: Some(last), .. }) => Err(s3_error!(
            InvalidArgument,
            "Range specified is not valid for source object of size: {size} (last byte {last})"
        )),
        _ => Err(s3_error!(
            InvalidArgument,
            "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy"
        )),
    }
}

pub(super) fn wanted_algorithm(algorithm: Option<&ChecksumAlgorithm>) -> S3Result<Option<Algorithm>> {
    let Some(algorithm) = algorithm else { return Ok(None) };
    match Algorithm::from_name(algorithm.as_str()) {
        Some(algorithm) => Ok(Some(algorithm)),
        None => Err(s3_error!(InvalidRequest, "Checksum algorithm provided is unsupported.")),
    }
}

fn header(headers: &HeaderMap, name: HeaderName) -> S3Result<Option<ETagCondition>> {
    let Some(value) = headers.get(&name) else {
        return Ok(None);
    };
    match ETagCondition::parse_http_header(value.as_bytes()) {
        Ok(condition) => Ok(Some(condition)),
        Err(error) => Err(s3_error!(error, InvalidArgument, "invalid header: {name}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_to_copy_is_inside_the_source() {
        assert_eq!(source_range(None, 7).unwrap(), (0, 7));
        assert_eq!(source_range(Some("bytes=0-6"), 7).unwrap(), (0, 7));
        assert_eq!(source_range(Some("bytes=2-2"), 7).unwrap(), (2, 1));
        for range in ["bytes=0-7", "bytes=2-", "bytes=-2", "bytes=3-2", "0-1", ""] {
            assert_eq!(
                source_range(Some(range), 7).unwrap_err().code().as_str(),
                "InvalidArgument",
                "{range}"
            );
        }
    }
}
