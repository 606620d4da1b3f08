//! Single S3 calls in the pipeline's words.

use std::collections::HashMap;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::primitives::{AggregatedBytes, ByteStream};
use bytes::Bytes;
use time::OffsetDateTime;

use super::budget::Budget;
use super::error::StoreError;
use crate::aws::{self, SdkConfig};
use crate::bucket::{Bucket, Buckets};
use crate::key::Key;

/// How often a conditional write is tried again when S3 saw a concurrent request for the key (409
/// `ConditionalRequestConflict`: "retry the upload", S3 user guide, "Conditional writes").
const CONFLICT_ATTEMPTS: u32 = 4;

/// The buckets, reached over the S3 API: on AWS, on a laptop and in tests by the same code.
#[derive(Debug, Clone)]
pub struct Store {
    pub(super) client: Client,
    buckets: Buckets,
    budget: Budget,
}

/// What S3 tells of an object without its content.
#[derive(Debug, Clone)]
pub struct ObjectHead {
    /// The entity tag, with its quotes.
    pub etag: String,
    /// Bytes.
    pub size: u64,
    /// When it was put.
    pub last_modified: OffsetDateTime,
    /// User metadata.
    pub metadata: HashMap<String, String>,
}

/// How a conditional write ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// The object was written.
    Created,
    /// An object holds the key; nothing was written.
    Exists,
}

impl Store {
    /// A store over a client that exists. Its clones share what they may have on its way.
    #[must_use]
    pub fn new(client: Client, buckets: Buckets) -> Self {
        Self {
            client,
            buckets,
            budget: Budget::new(),
        }
    }

    /// A store over AWS as a function's environment says (region, credentials, `AWS_ENDPOINT_URL_S3`, `AWS_ENDPOINT_URL`).
    #[must_use]
    pub fn from_env(buckets: Buckets) -> Self {
        Self::over(&aws::config("S3"), buckets)
    }

    /// A store over AWS as a configuration says that was read from the environment.
    #[must_use]
    pub fn over(config: &SdkConfig, buckets: Buckets) -> Self {
        // Stacks on one machine serve buckets as paths, not as host names.
        let path_style =
            std::env::var_os("AWS_ENDPOINT_URL").is_some() || std::env::var_os("AWS_ENDPOINT_URL_S3").is_some();
        let s3 = aws_sdk_s3::config::Builder::from(config)
            .force_path_style(path_style)
            .build();
        Self::new(Client::from_conf(s3), buckets)
    }

    /// The names of the buckets.
    #[must_use]
    pub const fn buckets(&self) -> &Buckets {
        &self.buckets
    }

    pub(crate) const fn budget(&self) -> &Budget {
        &self.budget
    }

    /// What S3 tells of an object; `None` if there is none.
    ///
    /// # Errors
    /// If S3 does not answer, or answers with anything but the object or "not found".
    pub async fn head(&self, bucket: Bucket, key: &Key) -> Result<Option<ObjectHead>, StoreError> {
        let name = self.buckets.name(bucket);
        match self.client.head_object().bucket(name).key(key.as_str()).send().await {
            Ok(head) => Ok(Some(ObjectHead {
                etag: head.e_tag.unwrap_or_default(),
                size: to_size(head.content_length),
                last_modified: to_time(head.last_modified),
                metadata: head.metadata.unwrap_or_default(),
            })),
            Err(error) if status(&error) == Some(404) => Ok(None),
            Err(error) => Err(StoreError::from_sdk("look at", name, key.as_str(), error)),
        }
    }

    /// An object and its content, which comes as it is read; `None` if there is none.
    ///
    /// # Errors
    /// If S3 does not answer, or answers with anything but the object or "not found".
    pub async fn open(&self, bucket: Bucket, key: &Key) -> Result<Option<(ObjectHead, ByteStream)>, StoreError> {
        let name = self.buckets.name(bucket);
        match self.client.get_object().bucket(name).key(key.as_str()).send().await {
            Ok(object) => {
                let head = ObjectHead {
                    etag: object.e_tag.unwrap_or_default(),
                    size: to_size(object.content_length),
                    last_modified: to_time(object.last_modified),
                    metadata: object.metadata.unwrap_or_default(),
                };
                Ok(Some((head, object.body)))
            }
            Err(error) if status(&error) == Some(404) => Ok(None),
            Err(error) => Err(StoreError::from_sdk("read", name, key.as_str(), error)),
        }
    }

    /// The content of an object, if it is still the one with this ETag; `None` if there is none.
    ///
    /// # Errors
    /// If S3 does not answer, or the object was replaced.
    pub async fn get(&self, bucket: Bucket, key: &Key, etag: &str) -> Result<Option<ByteStream>, StoreError> {
        let name = self.buckets.name(bucket);
        let request = self.client.get_object().bucket(name).key(key.as_str()).if_match(etag);
        match request.send().await {
            Ok(object) => Ok(Some(object.body)),
            Err(error) if status(&error) == Some(404) => Ok(None),
            Err(error) if status(&error) == Some(412) => Err(self.changed(bucket, key)),
            Err(error) => Err(StoreError::from_sdk("read", name, key.as_str(), error)),
        }
    }

    /// A small object whole, for instance a receipt; `None` if there is none.
    ///
    /// # Errors
    /// If S3 does not answer.
    pub async fn get_bytes(&self, bucket: Bucket, key: &Key) -> Result<Option<Bytes>, StoreError> {
        let name = self.buckets.name(bucket);
        let Some((_, body)) = self.open(bucket, key).await? else {
            return Ok(None);
        };
        match body.collect().await {
            Ok(body) => Ok(Some(body.into_bytes())),
            Err(error) => Err(StoreError::Body {
                bucket: name.to_owned(),
                key: key.to_string(),
                source: Box::new(error),
            }),
        }
    }

    /// The first `bytes` of an object, and its size; `None` if there is none.
    ///
    /// # Errors
    /// If S3 does not answer.
    pub async fn get_start(&self, bucket: Bucket, key: &Key, bytes: u64) -> Result<Option<(Bytes, u64)>, StoreError> {
        let name = self.buckets.name(bucket);
        let range = format!("bytes=0-{}", bytes.saturating_sub(1));
        let request = self.client.get_object().bucket(name).key(key.as_str()).range(range);
        match request.send().await {
            Ok(object) => {
                let size = object
                    .content_range
                    .as_deref()
                    .and_then(|range| range.rsplit('/').next()?.parse().ok());
                match object.body.collect().await.map(AggregatedBytes::into_bytes) {
                    Ok(start) => {
                        let size = size.unwrap_or(start.len() as u64);
                        Ok(Some((start, size)))
                    }
                    Err(error) => Err(StoreError::Body {
                        bucket: name.to_owned(),
                        key: key.to_string(),
                        source: Box::new(error),
                    }),
                }
            }
            Err(error) if status(&error) == Some(404) => Ok(None),
            // An empty object has no first byte.
            Err(error) if status(&error) == Some(416) => Ok(Some((Bytes::new(), 0))),
            Err(error) => Err(StoreError::from_sdk("read", name, key.as_str(), error)),
        }
    }

    /// Writes an object if no object holds the key (`If-None-Match: *`).
    ///
    /// # Errors
    /// If S3 does not answer, or refuses for another reason than that the key is held.
    pub async fn put_new(
        &self,
        bucket: Bucket,
        key: &Key,
        bytes: Bytes,
        metadata: HashMap<String, String>,
    ) -> Result<Put, StoreError> {
        let name = self.buckets.name(bucket);
        let mut attempts_left = CONFLICT_ATTEMPTS;
        loop {
            let request = self
                .client
                .put_object()
                .bucket(name)
                .key(key.as_str())
                .if_none_match("*");
            let request = request
                .set_metadata(Some(metadata.clone()))
                .body(ByteStream::from(bytes.clone()));
            attempts_left -= 1;
            match request.send().await {
                Ok(_) => return Ok(Put::Created),
                Err(error) if status(&error) == Some(412) => return Ok(Put::Exists),
                Err(error) if is_conflict(&error) && attempts_left > 0 => {}
                Err(error) => return Err(StoreError::from_sdk("put", name, key.as_str(), error)),
            }
        }
    }

    /// Removes an object if it is still the one with this ETag. One that is gone or was replaced is left as it is.
    ///
    /// # Errors
    /// If S3 does not answer.
    pub async fn delete_if_match(&self, bucket: Bucket, key: &Key, etag: &str) -> Result<(), StoreError> {
        let name = self.buckets.name(bucket);
        let request = self
            .client
            .delete_object()
            .bucket(name)
            .key(key.as_str())
            .if_match(etag);
        match request.send().await {
            Ok(_) => Ok(()),
            Err(error) if matches!(status(&error), Some(404 | 412)) => Ok(()),
            Err(error) => Err(StoreError::from_sdk("delete", name, key.as_str(), error)),
        }
    }

    pub(crate) fn taken(&self, bucket: Bucket, key: &Key) -> StoreError {
        StoreError::Taken {
            bucket: self.buckets.name(bucket).to_owned(),
            key: key.to_string(),
        }
    }

    pub(crate) fn changed(&self, bucket: Bucket, key: &Key) -> StoreError {
        StoreError::Changed {
            bucket: self.buckets.name(bucket).to_owned(),
            key: key.to_string(),
        }
    }
}

/// The HTTP status of an answer that is an error.
pub(super) fn status<E>(error: &SdkError<E, HttpResponse>) -> Option<u16> {
    error.raw_response().map(|response| response.status().as_u16())
}

/// The S3 API's code of an answer that is an error.
pub(super) fn code<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> Option<&str> {
    error.as_service_error().and_then(ProvideErrorMetadata::code)
}

pub(super) fn is_conflict<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> bool {
    code(error) == Some("ConditionalRequestConflict")
}

fn to_size(bytes: Option<i64>) -> u64 {
    bytes.and_then(|size| u64::try_from(size).ok()).unwrap_or_default()
}

pub(super) fn to_time(time: Option<aws_sdk_s3::primitives::DateTime>) -> OffsetDateTime {
    time.and_then(|time| OffsetDateTime::from_unix_timestamp_nanos(time.as_nanos()).ok())
        .unwrap_or(OffsetDateTime::UNIX_EPOCH)
}
