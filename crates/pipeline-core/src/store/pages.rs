//! A listing page by page: memory does not grow with the bucket.

use aws_sdk_s3::types::{EncodingType, Object};
use percent_encoding::percent_decode_str;
use time::OffsetDateTime;

use super::client::{Store, to_time};
use super::error::StoreError;
use crate::bucket::Bucket;
use crate::key::Key;

/// Sorts after whatever can follow a prefix, but for keys that go on with this very character.
const LAST_CHARACTER: char = char::MAX;

/// An entry of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The object's key.
    pub key: Key,
    /// The entity tag, with its quotes.
    pub etag: String,
    /// Bytes.
    pub size: u64,
    /// When it was put.
    pub last_modified: OffsetDateTime,
}

/// The objects of a bucket in the order of keys, at most 1,000 a page (ListObjectsV2).
#[derive(Debug)]
pub struct Pages<'a> {
    store: &'a Store,
    bucket: Bucket,
    prefix: String,
    passed_over: Option<String>,
    next: Next,
    is_past: bool,
}

#[derive(Debug)]
enum Next {
    First,
    Token(String),
    After(String),
    End,
}

impl Store {
    /// A listing of the objects whose key begins with `prefix`, page by page.
    #[must_use]
    pub fn pages(&self, bucket: Bucket, prefix: &str) -> Pages<'_> {
        Pages {
            store: self,
            bucket,
            prefix: prefix.to_owned(),
            passed_over: None,
            next: Next::First,
            is_past: false,
        }
    }

    /// Every object of a bucket whose key begins with `prefix`, in the order of keys.
    ///
    /// # Errors
    /// If S3 does not answer.
    pub async fn list(&self, bucket: Bucket, prefix: &str) -> Result<Vec<Listed>, StoreError> {
        let mut pages = self.pages(bucket, prefix);
        let mut listed = Vec::new();
        while let Some(mut page) = pages.next().await? {
            listed.append(&mut page);
        }
        Ok(listed)
    }
}

impl Pages<'_> {
    /// Leaves out the keys that begin with `prefix`, however many there are: where the listing comes upon the first, it
    /// goes on behind the last. Keys are listed in the order of their UTF-8, so they lie side by side (S3 user guide,
    /// "Listing object keys programmatically").
    #[must_use]
    pub fn passing_over(mut self, prefix: &str) -> Self {
        self.passed_over = Some(prefix.to_owned());
        self
    }

    /// The next page; `None` after the last. It may be empty though others follow. After an error the same page is
    /// asked for again.
    ///
    /// # Errors
    /// If S3 does not answer.
    pub async fn next(&mut self) -> Result<Option<Vec<Listed>>, StoreError> {
        let name = self.store.buckets().name(self.bucket);
        // Not every character of a key can stand in XML as it is.
        let request = self
            .store
            .client
            .list_objects_v2()
            .bucket(name)
            .prefix(&self.prefix)
            .encoding_type(EncodingType::Url);
        let request = match &self.next {
            Next::First => request,
            Next::Token(token) => request.continuation_token(token),
            Next::After(key) => request.start_after(key),
            Next::End => return Ok(None),
        };
        let page = request
            .send()
            .await
            .map_err(|error| StoreError::from_sdk("list", name, &self.prefix, error))?;
        self.next = match page.next_continuation_token {
            Some(token) if page.is_truncated == Some(true) => Next::Token(token),
            _ => Next::End,
        };
        // A server that does not know this way of listing says so by not naming it.
        let is_encoded = page.encoding_type == Some(EncodingType::Url);
        let objects = page.contents.unwrap_or_default().into_iter();
        let mut listed: Vec<_> = objects.filter_map(|object| listed(object, is_encoded)).collect();
        if let Some(prefix) = self.passed_over.as_deref() {
            let ends_there = listed.last().is_some_and(|last| last.key.as_str().starts_with(prefix));
            if ends_there && !self.is_past && matches!(self.next, Next::Token(_)) {
                self.is_past = true;
                self.next = Next::After(format!("{prefix}{LAST_CHARACTER}"));
            }
            listed.retain(|object| !object.key.as_str().starts_with(prefix));
        }
        Ok(Some(listed))
    }
}

fn listed(object: Object, is_encoded: bool) -> Option<Listed> {
    let key = object.key?;
    Some(Listed {
        key: Key::new(if is_encoded { decoded(&key) } else { key }),
        etag: object.e_tag.unwrap_or_default(),
        size: object
            .size
            .and_then(|size| u64::try_from(size).ok())
            .unwrap_or_default(),
        last_modified: to_time(object.last_modified),
    })
}

/// Keys in listings are encoded as in HTML forms, if one asks for it: `+` is a space (S3 API, ListObjectsV2).
fn decoded(key: &str) -> String {
    percent_decode_str(&key.replace('+', " "))
        .decode_utf8_lossy()
        .into_owned()
}
