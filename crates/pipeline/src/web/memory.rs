//! What the pages know of the buckets, looked up again when it is a second old.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use pipeline_core::store::Listed;
use pipeline_core::{Bucket, Key, Origin, Receipt, Store};
use story::{Entered, Receipts};
use time::OffsetDateTime;

/// How old an answer may be: many open pages ask as often as one.
const FRESH: Duration = Duration::from_secs(1);

/// Everything that the pages are made of.
#[derive(Debug, Default)]
pub(super) struct Memory {
    looked: Option<Instant>,
    pub(super) receipts: Receipts,
    pub(super) contents: Vec<(Bucket, Contents)>,
    /// What entered and has no receipt yet, and when it was put; the newest first.
    pub(super) waiting: Vec<(Entered, OffsetDateTime)>,
    /// What lies in unprocessable, the newest first.
    pub(super) asides: Vec<Listed>,
}

/// What lies in a bucket.
#[derive(Debug, Clone, Default)]
pub(super) struct Contents {
    pub(super) objects: u64,
    pub(super) bytes: u64,
    pub(super) oldest: Option<OffsetDateTime>,
    /// When each object that waits for a stage was put.
    pub(super) waiting_since: Vec<OffsetDateTime>,
}

impl Memory {
    /// Looks at the buckets, unless that was done a moment ago.
    ///
    /// # Errors
    /// If S3 does not answer, or a receipt cannot be read.
    pub(super) async fn refresh(&mut self, store: &Store) -> anyhow::Result<()> {
        if self.looked.is_some_and(|looked| looked.elapsed() < FRESH) {
            return Ok(());
        }
        Box::pin(self.look(store)).await
    }

    /// Looks at the buckets.
    ///
    /// Its parts are boxed, here and where pages are gathered: the futures of a client of S3 are large, and a worker's stack is not.
    ///
    /// # Errors
    /// As [`Memory::refresh`].
    pub(super) async fn look(&mut self, store: &Store) -> anyhow::Result<()> {
        // The buckets first: what is worked off meanwhile has its receipt then.
        let mut found = Vec::new();
        let mut contents = Vec::new();
        for bucket in Bucket::ALL {
            contents.push((bucket, Box::pin(self.list(store, bucket, &mut found)).await?));
        }
        Box::pin(self.receipts.refresh(store)).await?;
        self.sort_out(store, contents, found);
        self.looked = Some(Instant::now());
        Ok(())
    }

    async fn list(
        &mut self,
        store: &Store,
        bucket: Bucket,
        found: &mut Vec<(Bucket, Listed)>,
    ) -> anyhow::Result<Contents> {
        let mut contents = Contents::default();
        let mut asides = Vec::new();
        let mut pages = store.pages(bucket, "").passing_over(Key::REPLAYED);
        while let Some(page) = pages.next().await? {
            for object in page {
                contents.objects += 1;
                contents.bytes += object.size;
                let oldest = contents.oldest.unwrap_or(object.last_modified);
                contents.oldest = Some(oldest.min(object.last_modified));
                match bucket {
                    Bucket::Unprocessable => asides.push(object),
                    Bucket::AmrData | Bucket::Receipts => {}
                    _ => found.push((bucket, object)),
                }
            }
        }
        if bucket == Bucket::Unprocessable {
            asides.sort_by(|a, b| (b.last_modified, &a.key).cmp(&(a.last_modified, &b.key)));
            self.asides = asides;
        }
        Ok(contents)
    }

    /// Tells what waits, and what of that entered from outside.
    fn sort_out(&mut self, store: &Store, mut contents: Vec<(Bucket, Contents)>, found: Vec<(Bucket, Listed)>) {
        let made: HashSet<Origin> = self
            .receipts
            .iter()
            .flat_map(|receipt| &receipt.outputs)
            .map(|o| o.origin)
            .collect();
        self.waiting.clear();
        for (bucket, object) in found {
            let origin = origin_of(store, bucket, &object);
            if self.receipts.get(origin).is_some() {
                continue;
            }
            if let Some((_, contents)) = contents.iter_mut().find(|(other, _)| *other == bucket) {
                contents.waiting_since.push(object.last_modified);
            }
            if !made.contains(&origin) {
                let key = object.key.to_string();
                self.waiting
                    .push((Entered { bucket, key, origin }, object.last_modified));
            }
        }
        self.waiting
            .sort_by(|(a, put_a), (b, put_b)| (put_b, a).cmp(&(put_a, b)));
        self.contents = contents;
    }

    /// What was put aside under which key.
    pub(super) fn rejected(&self) -> HashMap<&str, &Receipt> {
        let rejected = |receipt: &'_ std::sync::Arc<Receipt>| receipt.rejected.is_some();
        let receipts = self.receipts.iter().filter(|receipt| rejected(receipt));
        receipts
            .filter_map(|receipt| Some((receipt.rejected.as_ref()?.key.as_str(), receipt.as_ref())))
            .collect()
    }

    /// Where an object came from in the end, as far as the receipts lead.
    pub(super) fn root_of(&self, receipt: &Receipt) -> Option<Origin> {
        let mut origin = receipt.origin;
        let mut seen = HashSet::new();
        // No receipt that somebody tampered with leads in circles.
        while seen.insert(origin) {
            match self.receipts.get(origin)?.parent {
                Some(parent) => origin = parent,
                None => return Some(origin),
            }
        }
        None
    }
}

/// The origin of a listed object: that in its key, if the pipeline made the key.
fn origin_of(store: &Store, bucket: Bucket, object: &Listed) -> Origin {
    let in_key = match bucket {
        Bucket::Inbox => None,
        _ => object.key.parse_staging().1,
    };
    let name = store.buckets().name(bucket);
    in_key.unwrap_or_else(|| of_outside(name, &object.key, object))
}

fn of_outside(name: &str, key: &Key, object: &Listed) -> Origin {
    Origin::of_outside_object(name, key.as_str(), &object.etag, object.last_modified)
}
