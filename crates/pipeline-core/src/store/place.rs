//! Finding the key under which an object is written, so that nothing is overwritten and twice is once (promises 2 and 3).

use std::collections::HashMap;

use bytes::Bytes;

use super::client::{Put, Store};
use super::error::StoreError;
use super::upload::{Part, Upload};
use crate::bucket::Bucket;
use crate::key::Key;
use crate::origin::Origin;

/// How often a key is tried whose holder is gone again as soon as one looks.
const FREED_ATTEMPTS: u32 = 4;

/// Where an object should go, and what it is.
#[derive(Debug, Clone)]
pub struct Target {
    /// The bucket.
    pub bucket: Bucket,
    /// The keys to try in turn.
    pub keys: Vec<Key>,
    /// What tells this object from another under the same key.
    pub origin: Origin,
    /// User metadata, `origin` among it.
    pub metadata: HashMap<String, String>,
    /// Once there is this receipt, the work has been done by another worker, and nothing is written any more.
    pub unless: Option<Key>,
}

/// What is written.
#[derive(Debug, Clone)]
pub enum Content {
    /// Bytes at hand.
    Bytes(Bytes),
    /// An object of ours: bucket, key, ETag, size.
    Object(Bucket, Key, String, u64),
}

/// By whom a key is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Held {
    ByThis,
    ByAnother,
}

/// Where an object is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Placed {
    /// Written, or found from an earlier attempt, at this key.
    At(Key),
    /// Not there yet; this key is free.
    Free(Key),
}

impl Store {
    /// Writes an object under the first of its keys that is free, unless it is there already.
    ///
    /// # Errors
    /// If S3 does not answer, or other objects hold all keys.
    pub async fn place(&self, target: &Target, content: &Content) -> Result<Key, StoreError> {
        if let Some(key) = self.placed_by_an_earlier_attempt(target).await? {
            return Ok(key);
        }
        for key in &target.keys {
            if self.write(target, key, content).await? == Held::ByThis {
                return Ok(key.clone());
            }
        }
        Err(self.all_taken(target))
    }

    /// Where an object is, or which of its keys is free: for content that is still being made.
    ///
    /// # Errors
    /// If S3 does not answer, or other objects hold all keys.
    pub async fn find_place(&self, target: &Target) -> Result<Placed, StoreError> {
        if let Some(key) = self.placed_by_an_earlier_attempt(target).await? {
            return Ok(Placed::At(key));
        }
        for key in &target.keys {
            match self.head(target.bucket, key).await? {
                None => return Ok(Placed::Free(key.clone())),
                Some(head) if is_of(&head.metadata, target.origin) => return Ok(Placed::At(key.clone())),
                Some(_) => {}
            }
        }
        Err(self.all_taken(target))
    }

    fn all_taken(&self, target: &Target) -> StoreError {
        let unnamed = Key::new("");
        self.taken(target.bucket, target.keys.first().unwrap_or(&unnamed))
    }

    async fn write(&self, target: &Target, key: &Key, content: &Content) -> Result<Held, StoreError> {
        for _ in 0..FREED_ATTEMPTS {
            let metadata = target.metadata.clone();
            let put = match content {
                Content::Bytes(bytes) => {
                    self.ensure_not_done(target).await?;
                    self.put_new(target.bucket, key, bytes.clone(), metadata).await?
                }
                Content::Object(bucket, from, etag, size) => {
                    let from = (*bucket, from, etag.as_str());
                    let (upload, parts) = self.copy(from, *size, (target.bucket, key), metadata).await?;
                    self.complete(target, &upload, parts).await?
                }
            };
            if put == Put::Created {
                return Ok(Held::ByThis);
            }
            // What says that the key is held may be a second answer, of a call whose first was lost, and late: only a look tells.
            if let Some(held) = self.held(target, key).await? {
                return Ok(held);
            }
        }
        Err(self.taken(target.bucket, key))
    }

    /// Makes an upload visible, if no object holds its key and nobody has done the work meanwhile.
    ///
    /// # Errors
    /// If S3 does not answer or refuses, or the work has been done.
    pub(crate) async fn complete(&self, target: &Target, upload: &Upload, parts: Vec<Part>) -> Result<Put, StoreError> {
        if let Err(error) = self.ensure_not_done(target).await {
            upload.abort().await;
            return Err(error);
        }
        upload.complete_new(parts).await
    }

    /// Another worker on the same object may have finished since this one looked: so it looks again right before it writes.
    async fn ensure_not_done(&self, target: &Target) -> Result<(), StoreError> {
        match &target.unless {
            Some(receipt) if self.head(Bucket::Receipts, receipt).await?.is_some() => {
                Err(self.changed(Bucket::Receipts, receipt))
            }
            _ => Ok(()),
        }
    }

    /// By whom a key is held that is said to be held; by nobody, if the holder is gone again.
    ///
    /// # Errors
    /// If S3 does not answer.
    pub(crate) async fn held(&self, target: &Target, key: &Key) -> Result<Option<Held>, StoreError> {
        match self.head(target.bucket, key).await? {
            Some(head) if is_of(&head.metadata, target.origin) => Ok(Some(Held::ByThis)),
            Some(_) => Ok(Some(Held::ByAnother)),
            // The importer has taken the holder away.
            None if target.bucket.is_final() => Ok(None),
            // The next stage has worked it off, if there is a receipt of its origin.
            None => {
                let receipt = self.head(Bucket::Receipts, &Key::receipt(target.origin)).await?;
                Ok(receipt.map(|_| Held::ByThis))
            }
        }
    }

    /// An earlier attempt may have had to take a later key, and the holder of the first may be gone since: so the
    /// later keys are looked at first, as far as they are held.
    async fn placed_by_an_earlier_attempt(&self, target: &Target) -> Result<Option<Key>, StoreError> {
        for key in target.keys.iter().skip(1) {
            match self.head(target.bucket, key).await? {
                None => break,
                Some(head) if is_of(&head.metadata, target.origin) => return Ok(Some(key.clone())),
                Some(_) => {}
            }
        }
        Ok(None)
    }
}

fn is_of(metadata: &HashMap<String, String>, origin: Origin) -> bool {
    metadata.get("origin").and_then(|origin| origin.parse().ok()) == Some(origin)
}
