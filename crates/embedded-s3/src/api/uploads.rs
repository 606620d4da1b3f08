//! ListParts and ListMultipartUploads.
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListMultipartUploads.html>

use super::attributes::{etag, length, set_checksum};
use super::listing::{Encoding, common_prefix, common_prefixes, max_keys, owner};
use super::multipart::find_upload;
use super::service::Service;
use crate::clock::whole_seconds;
use crate::store::{Algorithm, Upload};
use s3s::dto::*;
use s3s::{S3Request, S3Response, S3Result};

pub(super) async fn list_parts(
    service: &Service,
    req: S3Request<ListPartsInput>,
) -> S3Result<S3Response<ListPartsOutput>> {
    let input = req.input;
    let max_parts = max_keys(input.max_parts)?;
    let marker = input.part_number_marker.unwrap_or(0);
    let upload = find_upload(service, input.bucket.clone(), input.key.clone(), input.upload_id).await?;
    let (upload, parts) = service
        .blocking(move |service| {
            let parts = service.dir.parts(&upload)?;
            Ok((upload, parts))
        })
        .await?;
    let algorithm = upload.new.checksum.map(|(algorithm, _)| algorithm);
    let mut parts = parts.into_values().filter(|part| part.number > marker);
    let page: Vec<Part> = parts
        .by_ref()
        .take(max_parts)
        .map(|part| shown_part(&part, algorithm))
        .collect();
    let is_truncated = max_parts > 0 && parts.next().is_some();
    let last = page.last().and_then(|part| part.part_number);
    Ok(S3Response::new(ListPartsOutput {
        bucket: Some(input.bucket),
        key: Some(input.key),
        upload_id: Some(upload.id),
        part_number_marker: Some(marker),
        next_part_number_marker: last.filter(|_| is_truncated),
        max_parts: i32::try_from(max_parts).ok(),
        is_truncated: Some(is_truncated),
        parts: Some(page),
        owner: Some(owner()),
        storage_class: Some(StorageClass::from_static(StorageClass::STANDARD)),
        checksum_algorithm: algorithm.map(|algorithm| ChecksumAlgorithm::from_static(algorithm.name())),
        checksum_type: upload
            .new
            .checksum
            .map(|(_, kind)| ChecksumType::from_static(kind.name())),
        ..ListPartsOutput::default()
    }))
}

fn shown_part(part: &crate::store::Part, algorithm: Option<Algorithm>) -> Part {
    let mut shown = Part {
        part_number: Some(part.number),
        e_tag: etag(&part.etag()),
        size: length(part.identity.size),
        last_modified: Some(part.last_modified().into()),
        ..Part::default()
    };
    if let Some(algorithm) = algorithm {
        set_checksum!(shown, algorithm, part.checksum());
    }
    shown
}

pub(super) async fn list_multipart_uploads(
    service: &Service,
    req: S3Request<ListMultipartUploadsInput>,
) -> S3Result<S3Response<ListMultipartUploadsOutput>> {
    let input = req.input;
    let encoding = Encoding::of(input.encoding_type.as_ref())?;
    let max_uploads = max_keys(input.max_uploads)?;
    let bucket = input.bucket.clone();
    let all = service.blocking(move |service| service.dir.uploads(&bucket)).await?;

    let prefix = input.prefix.unwrap_or_default();
    let delimiter = input.delimiter.filter(|delimiter| !delimiter.is_empty());
    let key_marker = input.key_marker.unwrap_or_default();
    let mut page = Page::default();
    let mut is_truncated = false;
    for upload in after(&all, &key_marker, input.upload_id_marker.as_deref()) {
        let key = &upload.new.key;
        let common = common_prefix(key, &prefix, delimiter.as_deref());
        let is_known = common.is_some_and(|common| {
            key_marker.as_str() == common || page.common_prefixes.last().is_some_and(|last| last == common)
        });
        if !key.starts_with(&prefix) || is_known {
            continue;
        }
        if page.uploads.len() + page.common_prefixes.len() >= max_uploads {
            is_truncated = max_uploads > 0;
            break;
        }
        match common {
            Some(common) => {
                page.last = Some((common.to_owned(), String::new()));
                page.common_prefixes.push(common.to_owned());
            }
            None => {
                page.last = Some((key.clone(), upload.id.clone()));
                page.uploads.push(shown_upload(upload, encoding));
            }
        }
    }
    let next = page.last.filter(|_| is_truncated);
    Ok(S3Response::new(ListMultipartUploadsOutput {
        bucket: Some(input.bucket),
        prefix: Some(encoding.encode(&prefix)),
        delimiter: delimiter.map(|delimiter| encoding.encode(&delimiter)),
        key_marker: Some(encoding.encode(&key_marker)),
        upload_id_marker: input.upload_id_marker,
        next_key_marker: next.as_ref().map(|(key, _)| encoding.encode(key)),
        next_upload_id_marker: next.map(|(_, id)| id),
        max_uploads: i32::try_from(max_uploads).ok(),
        is_truncated: Some(is_truncated),
        uploads: Some(page.uploads),
        common_prefixes: Some(common_prefixes(page.common_prefixes, encoding)),
        encoding_type: input.encoding_type,
        ..ListMultipartUploadsOutput::default()
    }))
}

#[derive(Default)]
struct Page {
    uploads: Vec<MultipartUpload>,
    common_prefixes: Vec<String>,
    /// The key and the upload of the latest entry.
    last: Option<(String, String)>,
}

/// The uploads after a marker: of the marker's key those after the marker's upload, if it names one, and all of later keys.
fn after<'a>(uploads: &'a [Upload], key: &str, id: Option<&str>) -> impl Iterator<Item = &'a Upload> {
    let from_key = uploads.partition_point(|upload| upload.new.key.as_str() < key);
    let past_key = uploads.partition_point(|upload| upload.new.key.as_str() <= key);
    let of_key = uploads.get(from_key..past_key).unwrap_or_default();
    let seen = id.and_then(|id| of_key.iter().position(|upload| upload.id == id));
    let start = match seen {
        Some(position) => from_key + position + 1,
        None => past_key,
    };
    uploads.get(start..).unwrap_or_default().iter()
}

fn shown_upload(upload: &Upload, encoding: Encoding) -> MultipartUpload {
    MultipartUpload {
        key: Some(encoding.encode(&upload.new.key)),
        upload_id: Some(upload.id.clone()),
        initiated: Some(whole_seconds(upload.initiated).into()),
        owner: Some(owner()),
        storage_class: Some(StorageClass::from_static(StorageClass::STANDARD)),
        checksum_algorithm: upload
            .new
            .checksum
            .map(|(algorithm, _)| ChecksumAlgorithm::from_static(algorithm.name())),
        checksum_type: upload
            .new
            .checksum
            .map(|(_, kind)| ChecksumType::from_static(kind.name())),
        ..MultipartUpload::default()
    }
}
