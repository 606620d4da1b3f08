//! Streaming out: multipart uploads whose completion is conditional.

use std::collections::HashMap;

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use bytes::Bytes;

use super::client::{Put, Store, code, is_conflict, status};
use super::error::StoreError;
use crate::bucket::Bucket;
use crate::key::Key;

/// Bytes of a part: what is smaller goes as one object. With S3's 10,000 parts an object may have 78 GiB.
pub const PART_BYTES: usize = 8 * 1024 * 1024;

/// A multipart upload that is under way. Until it is completed no object can be seen.
#[derive(Debug, Clone)]
pub struct Upload {
    store: Store,
    bucket: Bucket,
    key: Key,
    id: String,
}

/// A part that S3 has.
#[derive(Debug)]
pub struct Part(CompletedPart);

impl Part {
    fn new(number: i32, etag: Option<String>) -> Self {
        Self(CompletedPart::builder().part_number(number).set_e_tag(etag).build())
    }
}

impl Upload {
    /// Begins an upload.
    ///
    /// # Errors
    /// If S3 does not answer or refuses.
    pub async fn begin(
        store: &Store,
        bucket: Bucket,
        key: &Key,
        metadata: HashMap<String, String>,
    ) -> Result<Self, StoreError> {
        let name = store.buckets().name(bucket);
        let request = store.client.create_multipart_upload().bucket(name).key(key.as_str());
        let begun = request
            .set_metadata(Some(metadata))
            .send()
            .await
            .map_err(|error| StoreError::from_sdk("begin to upload", name, key.as_str(), error))?;
        Ok(Self {
            store: store.clone(),
            bucket,
            key: key.clone(),
            id: begun.upload_id.unwrap_or_default(),
        })
    }

    /// Uploads a part: [`PART_BYTES`], or less if it is the last. Parts may go up in any order and at the same time; they are numbered
    /// from 1.
    ///
    /// # Errors
    /// If S3 does not answer or refuses.
    pub async fn part(&self, number: i32, bytes: Bytes) -> Result<Part, StoreError> {
        let name = self.store.buckets().name(self.bucket);
        let request = self
            .store
            .client
            .upload_part()
            .bucket(name)
            .key(self.key.as_str())
            .upload_id(&self.id);
        let part = request
            .part_number(number)
            .body(ByteStream::from(bytes))
            .send()
            .await
            .map_err(|error| StoreError::from_sdk("upload", name, self.key.as_str(), error))?;
        Ok(Part::new(number, part.e_tag))
    }

    /// Makes a range of an object of ours a part, without its bytes coming by.
    ///
    /// # Errors
    /// If S3 does not answer or refuses, or the object is not the one with this ETag any more.
    pub(super) async fn part_of(
        &self,
        number: i32,
        from: (Bucket, &Key, &str),
        (first, last): (u64, u64),
    ) -> Result<Part, StoreError> {
        let (from_bucket, from_key, etag) = from;
        let name = self.store.buckets().name(self.bucket);
        let source = super::copy::copy_source(self.store.buckets().name(from_bucket), from_key);
        let request = self
            .store
            .client
            .upload_part_copy()
            .bucket(name)
            .key(self.key.as_str())
            .upload_id(&self.id);
        let copied = request
            .part_number(number)
            .copy_source(source)
            .copy_source_if_match(etag)
            .copy_source_range(format!("bytes={first}-{last}"))
            .send()
            .await;
        match copied {
            Ok(part) => {
                let etag = part.copy_part_result.and_then(|result| result.e_tag);
                Ok(Part::new(number, etag))
            }
            Err(error) if matches!(status(&error), Some(404 | 412)) => Err(self.store.changed(from_bucket, from_key)),
            Err(error) => Err(StoreError::from_sdk("copy to", name, self.key.as_str(), error)),
        }
    }

    /// Makes the object of these parts visible, if no object holds the key.
    ///
    /// # Errors
    /// If S3 does not answer or refuses for another reason than that the key is held.
    pub async fn complete_new(&self, parts: Vec<Part>) -> Result<Put, StoreError> {
        let name = self.store.buckets().name(self.bucket);
        let mut parts: Vec<_> = parts.into_iter().map(|part| part.0).collect();
        parts.sort_unstable_by_key(CompletedPart::part_number);
        let parts = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
        let request = self
            .store
            .client
            .complete_multipart_upload()
            .bucket(name)
            .key(self.key.as_str());
        let request = request.upload_id(&self.id).multipart_upload(parts).if_none_match("*");
        let Err(error) = request.send().await else {
            return Ok(Put::Created);
        };
        let is_held = status(&error) == Some(412) || code(&error) == Some("PreconditionFailed");
        // An answer that was lost: the SDK asked again, and the upload had been completed.
        let is_unknown = code(&error) == Some("NoSuchUpload");
        if is_unknown && self.store.head(self.bucket, &self.key).await?.is_some() {
            return Ok(Put::Exists);
        }
        self.abort().await;
        if is_held {
            Ok(Put::Exists)
        } else if is_unknown || is_conflict(&error) {
            Err(self.store.taken(self.bucket, &self.key))
        } else {
            Err(StoreError::from_sdk("finish uploading", name, self.key.as_str(), error))
        }
    }

    /// Throws away what was uploaded. If that fails, the bucket's lifecycle rule does it a day later.
    pub async fn abort(&self) {
        let name = self.store.buckets().name(self.bucket);
        let request = self
            .store
            .client
            .abort_multipart_upload()
            .bucket(name)
            .key(self.key.as_str());
        if let Err(error) = request.upload_id(&self.id).send().await {
            tracing::debug!(bucket = name, key = %self.key, %error, "an upload could not be aborted");
        }
    }

    /// The key that it will have.
    #[must_use]
    pub const fn key(&self) -> &Key {
        &self.key
    }
}
