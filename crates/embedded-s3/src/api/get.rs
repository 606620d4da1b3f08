//! GetObject and HeadObject.
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html>

use super::attributes::{checksum_headers, content_type, etag, expires, last_modified, length, metadata};
use super::body::{first_piece, send};
use super::errors::{no_versions, not_implemented};
use super::service::Service;
use crate::conditions::ReadConditions;
use crate::store::Record;
use hyper::HeaderMap;
use hyper::header::{CONTENT_RANGE, HeaderValue};
use s3s::dto::*;
use s3s::{S3Request, S3Response, S3Result, s3_error};
use std::io::{Seek as _, SeekFrom};

pub(super) async fn get_object(
    service: &Service,
    req: S3Request<GetObjectInput>,
) -> S3Result<S3Response<GetObjectOutput>> {
    let caller = service.caller(&req);
    let input = req.input;
    let bucket = input.bucket.clone();
    no_versions(input.version_id.as_deref())?;
    not_implemented("part numbers in reads", input.part_number.is_some())?;
    let conditions = ReadConditions {
        if_match: input.if_match,
        if_none_match: input.if_none_match,
        if_modified_since: input.if_modified_since,
        if_unmodified_since: input.if_unmodified_since,
    };
    let wanted = input.range;
    let found = service.blocking(move |service| {
        let mut object = service.dir.object(&input.bucket, &input.key)?;
        conditions.check(&object.record)?;
        let span = Span::of(wanted, object.record.identity.size);
        let first = match &span {
            Some(span) => {
                object.file.seek(SeekFrom::Start(span.first))?;
                first_piece(&mut object.file, span.length)?
            }
            None => bytes::Bytes::new(),
        };
        Ok((object, span, first))
    });
    let (object, span, first) = found.await.map_err(|error| caller.told(error, &bucket))?;
    let record = &object.record;
    let span = span.ok_or_else(|| unsatisfiable(record))?;
    let output = GetObjectOutput {
        accept_ranges: Some("bytes".to_owned()),
        body: Some(send(object.file, first, span.length)),
        cache_control: record.attributes.cache_control.clone(),
        content_disposition: record.attributes.content_disposition.clone(),
        content_encoding: record.attributes.content_encoding.clone(),
        content_language: record.attributes.content_language.clone(),
        content_length: length(span.length),
        content_range: span.content_range(record),
        content_type: content_type(&record.attributes),
        e_tag: etag(&record.etag),
        expires: expires(&record.attributes),
        last_modified: last_modified(record),
        metadata: metadata(&record.attributes),
        ..GetObjectOutput::default()
    };
    let headers = shown_checksum(record, wanted, input.checksum_mode.as_ref());
    Ok(S3Response::with_headers(output, headers))
}

pub(super) async fn head_object(
    service: &Service,
    req: S3Request<HeadObjectInput>,
) -> S3Result<S3Response<HeadObjectOutput>> {
    let caller = service.caller(&req);
    let input = req.input;
    let bucket = input.bucket.clone();
    no_versions(input.version_id.as_deref())?;
    not_implemented("part numbers in reads", input.part_number.is_some())?;
    let conditions = ReadConditions {
        if_match: input.if_match,
        if_none_match: input.if_none_match,
        if_modified_since: input.if_modified_since,
        if_unmodified_since: input.if_unmodified_since,
    };
    let found = service.blocking(move |service| {
        let record = service.dir.object(&input.bucket, &input.key)?.record;
        conditions.check(&record)?;
        Ok(record)
    });
    let record = &found.await.map_err(|error| caller.told(error, &bucket))?;
    let span = Span::of(input.range, record.identity.size).ok_or_else(|| unsatisfiable(record))?;
    let output = HeadObjectOutput {
        accept_ranges: Some("bytes".to_owned()),
        cache_control: record.attributes.cache_control.clone(),
        content_disposition: record.attributes.content_disposition.clone(),
        content_encoding: record.attributes.content_encoding.clone(),
        content_language: record.attributes.content_language.clone(),
        content_length: length(span.length),
        content_range: span.content_range(record),
        content_type: content_type(&record.attributes),
        e_tag: etag(&record.etag),
        expires: expires(&record.attributes),
        last_modified: last_modified(record),
        metadata: metadata(&record.attributes),
        ..HeadObjectOutput::default()
    };
    let headers = shown_checksum(record, input.range, input.checksum_mode.as_ref());
    Ok(S3Response::with_headers(output, headers))
}

/// The checksum of a whole object says nothing of a part of it, so AWS does not show it there.
fn shown_checksum(record: &Record, range: Option<Range>, mode: Option<&ChecksumMode>) -> HeaderMap {
    let is_wanted = range.is_none() && mode.is_some_and(|mode| mode.as_str() == ChecksumMode::ENABLED);
    checksum_headers(record.checksum.as_ref().filter(|_| is_wanted))
}

fn unsatisfiable(record: &Record) -> s3s::S3Error {
    let mut error = s3_error!(InvalidRange, "The requested range is not satisfiable");
    let mut headers = HeaderMap::new();
    headers.extend(
        HeaderValue::try_from(format!("bytes */{}", record.identity.size))
            .ok()
            .map(|value| (CONTENT_RANGE, value)),
    );
    error.set_headers(headers);
    error
}

/// Which bytes of an object are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Span {
    first: u64,
    length: u64,
    is_part: bool,
}

impl Span {
    /// `None` if the object has no byte of the range.
    fn of(range: Option<Range>, size: u64) -> Option<Self> {
        match range {
            None => Some(Self {
                first: 0,
                length: size,
                is_part: false,
            }),
            // Not even the last 0 of 0 bytes are there.
            Some(_) if size == 0 => None,
            Some(range) => {
                let bytes = range.check(size).ok()?;
                Some(Self {
                    first: bytes.start,
                    length: bytes.end.saturating_sub(bytes.start),
                    is_part: true,
                })
            }
        }
    }

    fn content_range(&self, record: &Record) -> Option<String> {
        let last = (self.first + self.length).saturating_sub(1);
        self.is_part
            .then(|| format!("bytes {}-{last}/{}", self.first, record.identity.size))
    }
}
