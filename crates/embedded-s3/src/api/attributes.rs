//! Metadata between headers and records.

use crate::clock::whole_seconds;
use crate::store::{Attributes, Checksum, Record};
use hyper::HeaderMap;
use hyper::header::{HeaderName, HeaderValue};
use s3s::dto::{ETag, Metadata, Timestamp};
use s3s::{S3Result, s3_error};
use std::collections::BTreeMap;
use time::OffsetDateTime;

/// "Within the PUT request header, the user-defined metadata is limited to 2 KB in size", names and values together.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html>
const MAX_METADATA_BYTES: usize = 2048;

/// What an object has if its client said nothing.
const DEFAULT_CONTENT_TYPE: &str = "binary/octet-stream";

/// The attributes in the input of PutObject, CopyObject and CreateMultipartUpload, which have them in fields of the same
/// names.
macro_rules! attributes_of {
    ($input:expr) => {
        $crate::store::Attributes {
            content_type: $input.content_type.take(),
            cache_control: $input.cache_control.take(),
            content_disposition: $input.content_disposition.take(),
            content_encoding: $crate::api::attributes::stored_encoding($input.content_encoding.take()),
            content_language: $input.content_language.take(),
            expires: $input.expires.take().map($crate::api::attributes::unix_seconds),
            metadata: $crate::api::attributes::user_metadata($input.metadata.take())?,
        }
    };
}
pub(super) use attributes_of;

/// Puts a checksum in an output that has it in XML.
macro_rules! set_checksum {
    ($output:expr, $algorithm:expr, $value:expr) => {
        match $algorithm {
            $crate::store::Algorithm::Crc32 => $output.checksum_crc32 = $value,
            $crate::store::Algorithm::Crc32c => $output.checksum_crc32c = $value,
            $crate::store::Algorithm::Crc64Nvme => $output.checksum_crc64nvme = $value,
            $crate::store::Algorithm::Sha1 => $output.checksum_sha1 = $value,
            $crate::store::Algorithm::Sha256 => $output.checksum_sha256 = $value,
        }
    };
}
pub(super) use set_checksum;

pub(super) fn user_metadata(metadata: Option<Metadata>) -> S3Result<BTreeMap<String, String>> {
    let metadata: BTreeMap<_, _> = metadata.unwrap_or_default().into_iter().collect();
    let size: usize = metadata.iter().map(|(name, value)| name.len() + value.len()).sum();
    if size > MAX_METADATA_BYTES {
        return Err(s3_error!(
            MetadataTooLarge,
            "Your metadata headers exceed the maximum allowed metadata size"
        ));
    }
    Ok(metadata)
}

/// `aws-chunked` says how the request was framed, not what the object is.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html>
pub(super) fn stored_encoding(encoding: Option<String>) -> Option<String> {
    let kept: Vec<&str> = encoding
        .as_deref()?
        .split(',')
        .map(str::trim)
        .filter(|name| *name != "aws-chunked")
        .collect();
    (!kept.is_empty()).then(|| kept.join(","))
}

pub(super) fn unix_seconds(time: Timestamp) -> i64 {
    OffsetDateTime::from(time).unix_timestamp()
}

pub(super) fn expires(attributes: &Attributes) -> Option<Timestamp> {
    Some(OffsetDateTime::from_unix_timestamp(attributes.expires?).ok()?.into())
}

pub(super) fn content_type(attributes: &Attributes) -> Option<String> {
    Some(
        attributes
            .content_type
            .clone()
            .unwrap_or_else(|| DEFAULT_CONTENT_TYPE.to_owned()),
    )
}

pub(super) fn metadata(attributes: &Attributes) -> Option<Metadata> {
    Some(attributes.metadata.clone().into_iter().collect())
}

pub(super) fn etag(value: &str) -> Option<ETag> {
    Some(ETag::Strong(value.to_owned()))
}

pub(super) fn last_modified(record: &Record) -> Option<Timestamp> {
    Some(whole_seconds(record.identity.modified).into())
}

/// A size as the DTOs have it.
pub(super) fn length(bytes: u64) -> Option<i64> {
    i64::try_from(bytes).ok()
}

/// The headers that show an object's checksum.
pub(super) fn checksum_headers(checksum: Option<&Checksum>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    if let Some(checksum) = checksum
        && let Ok(value) = HeaderValue::try_from(&checksum.value)
    {
        headers.insert(HeaderName::from_static(checksum.algorithm.header()), value);
        headers.insert(
            HeaderName::from_static("x-amz-checksum-type"),
            HeaderValue::from_static(checksum.kind.name()),
        );
    }
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_of_2048_bytes_is_kept_and_a_byte_more_is_refused() {
        let metadata = |length: usize| Some(Metadata::from([("name".to_owned(), "v".repeat(length))]));
        assert_eq!(user_metadata(metadata(2044)).unwrap()["name"].len(), 2044);
        let error = user_metadata(metadata(2045)).unwrap_err();
        assert_eq!(error.code().as_str(), "MetadataTooLarge");
    }

    #[test]
    fn how_the_request_was_framed_is_not_kept() {
        let stored = |encoding: &str| stored_encoding(Some(encoding.to_owned()));
        assert_eq!(stored("aws-chunked"), None);
        assert_eq!(stored("gzip, aws-chunked").as_deref(), Some("gzip"));
        assert_eq!(stored("gzip").as_deref(), Some("gzip"));
    }
}
