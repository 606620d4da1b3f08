//! What the stages said while they worked: the receipts, and what failed.

use std::collections::HashMap;

use pipeline_core::{Bucket, Buckets, Handled, Key, ObjectEvent, Origin};

use crate::chapter::{Chapter, Chapters};

/// Everything that has become of the objects of this run.
#[derive(Debug, Default)]
pub struct Ledger {
    chapters: Chapters,
    /// Of what entered from outside. The keys of the rest bear their origins.
    by_object: HashMap<(Bucket, Key), Origin>,
    failures: HashMap<(Bucket, Key), String>,
}

impl Ledger {
    pub(crate) fn enter(&mut self, buckets: &Buckets, object: &ObjectEvent, handled: Result<Handled, String>) {
        let Some(bucket) = buckets.role(&object.bucket) else {
            return;
        };
        match handled {
            Ok(Handled::Now(receipt)) => {
                if receipt.parent.is_none() {
                    self.by_object.insert((bucket, object.key.clone()), receipt.origin);
                }
                self.chapters.insert(receipt.origin, &Chapter::of(&receipt));
            }
            Ok(Handled::Before(_)) => {}
            Err(failure) => {
                self.failures.insert((bucket, object.key.clone()), failure);
            }
        }
    }

    /// What became of an origin, if it was worked on in this run.
    pub(crate) fn chapter(&self, origin: Origin) -> Option<Chapter> {
        self.chapters.get(origin)
    }

    /// The origin of an object, if it was worked on in this run.
    #[must_use]
    pub fn origin(&self, bucket: Bucket, key: &Key) -> Option<Origin> {
        let own = || key.parse_staging().1.filter(|origin| self.chapters.contains(*origin));
        self.by_object.get(&(bucket, key.clone())).copied().or_else(own)
    }

    /// Why an object could not be handled.
    #[must_use]
    pub fn failure(&self, bucket: Bucket, key: &Key) -> Option<String> {
        let why = self.failures.get(&(bucket, key.clone()))?;
        Some(sentence(bucket, key, why))
    }

    /// What could not be handled, and why.
    pub fn failures(&self) -> impl Iterator<Item = String> {
        self.failures
            .iter()
            .map(|((bucket, key), why)| sentence(*bucket, key, why))
    }

    /// Whether anything failed.
    #[must_use]
    pub fn has_failures(&self) -> bool {
        !self.failures.is_empty()
    }
}

fn sentence(bucket: Bucket, key: &Key, why: &str) -> String {
    format!("{bucket}/{key}: {why}")
}
