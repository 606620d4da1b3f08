//! Moving objects of any size within S3, without their bytes coming by.

use std::collections::HashMap;

use futures::{StreamExt, TryStreamExt, stream};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::client::{ObjectHead, Put, Store};
use super::error::StoreError;
use super::upload::{PART_BYTES, Part, Upload};
use crate::bucket::Bucket;
use crate::key::Key;
use crate::limits::GIB;

/// Bytes of a copied part. S3 allows 5 GiB (S3 API, UploadPartCopy); objects of up to 5 TiB need no more than 10,000 parts.
const COPY_PART_BYTES: u64 = GIB;

/// Parts that S3 copies at once: copying a GiB takes it seconds.
const COPIES_AT_ONCE: usize = 4;

/// What may stand in `x-amz-copy-source` as it is.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

impl Store {
    /// Copies an object, if it still is the one that was looked at, to a key that no object may hold.
    ///
    /// # Errors
    /// If S3 does not answer or refuses, or the source is gone or another one.
    pub async fn copy_new(
        &self,
        from: (Bucket, &Key, &ObjectHead),
        to: (Bucket, &Key),
        metadata: HashMap<String, String>,
    ) -> Result<Put, StoreError> {
        let (from_bucket, from_key, head) = from;
        if head.size > PART_BYTES as u64 {
            let from = (from_bucket, from_key, head.etag.as_str());
            let (upload, parts) = self.copy(from, head.size, to, metadata).await?;
            return upload.complete_new(parts).await;
        }
        let found = self.open(from_bucket, from_key).await?;
        let Some((_, body)) = found.filter(|(found, _)| found.etag == head.etag) else {
            return Err(self.changed(from_bucket, from_key));
        };
        let bytes = body.collect().await.map_err(|error| StoreError::Body {
            bucket: self.buckets().name(from_bucket).to_owned(),
            key: from_key.to_string(),
            source: Box::new(error),
        })?;
        self.put_new(to.0, to.1, bytes.into_bytes(), metadata).await
    }

    /// Copies an object into an upload, which is to be completed.
    ///
    /// It is a multipart copy even for one part: CopyObject takes at most 5 GB, and not every S3 knows it with
    /// `If-None-Match`; the completion of an upload is conditional everywhere.
    ///
    /// # Errors
    /// If S3 does not answer or refuses, or the source is not the one with this ETag any more.
    pub(super) async fn copy(
        &self,
        from: (Bucket, &Key, &str),
        size: u64,
        to: (Bucket, &Key),
        metadata: HashMap<String, String>,
    ) -> Result<(Upload, Vec<Part>), StoreError> {
        let upload = Upload::begin(self, to.0, to.1, metadata).await?;
        let copies = (1..)
            .zip(ranges(size))
            .map(|(number, range)| upload.part_of(number, from, range));
        let copied = stream::iter(copies).buffered(COPIES_AT_ONCE).try_collect().await;
        match copied {
            Ok(parts) => Ok((upload, parts)),
            Err(error) => {
                upload.abort().await;
                Err(error)
            }
        }
    }
}

/// First and last byte of each part.
fn ranges(size: u64) -> impl Iterator<Item = (u64, u64)> {
    let firsts = (0..).map(|number| number * COPY_PART_BYTES);
    firsts
        .take_while(move |first| *first < size)
        .map(move |first| (first, (first + COPY_PART_BYTES).min(size) - 1))
}

pub(super) fn copy_source(bucket: &str, key: &Key) -> String {
    format!("{bucket}/{}", utf8_percent_encode(key.as_str(), PLAIN))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_a_copy_are_all_of_it_and_nothing_twice() {
        let ranges = |size| ranges(size).collect::<Vec<_>>();
        assert_eq!(ranges(0), []);
        assert_eq!(ranges(1), [(0, 0)]);
        assert_eq!(ranges(GIB), [(0, GIB - 1)]);
        assert_eq!(
            ranges(2 * GIB + 1),
            [(0, GIB - 1), (GIB, 2 * GIB - 1), (2 * GIB, 2 * GIB)]
        );
    }
}
