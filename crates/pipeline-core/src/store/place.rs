//! Finding the key under which an object is written, so that nothing is overwritten and twice is once (promises 2 and 3).

use std::collections::HashMap;

use bytes::Bytes;

use super::client::{Put, Store};
use super::error::StoreError;
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
#[derive(Debug, PartialEq, Eq)]
enum Held {
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
            let put = match content {
                Content::Bytes(bytes) => {
                    self.put_new(target.bucket, key, bytes.clone(), target.metadata.clone())
                        .await?
                }
                Content::Object(bucket, from, etag, size) => {
                    let from = (*bucket, from, etag.as_str());
                    self.copy_new(from, *size, (target.bucket, key), target.metadata.clone())
                        .await?
                }
            };
            // A key between the stages bears the origin: whoever wrote it, wrote this, and it may have been worked off since.
            if put == Put::Created || !target.bucket.is_final() {
                return Ok(Held::ByThis);
            }
            match self.head(target.bucket, key).await? {
                Some(head) if is_of(&head.metadata, target.origin) => return Ok(Held::ByThis),
                Some(_) => return Ok(Held::ByAnother),
                // The importer has taken the holder away: the key is free now.
                None => {}
            }
        }
        Err(self.taken(target.bucket, key))
    }

    /// Whether the object at this key is the target's own.
    ///
    /// # Errors
    /// If S3 does not answer.
    pub async fn holds(&self, target: &Target, key: &Key) -> Result<bool, StoreError> {
        let head = self.head(target.bucket, key).await?;
        Ok(head.is_some_and(|head| is_of(&head.metadata, target.origin)))
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
