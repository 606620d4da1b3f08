//! What waits in a bucket.

use std::collections::HashSet;

use pipeline_core::store::Listed;
use pipeline_core::{Bucket, Key, Origin, Store};
use serde::Serialize;
use story::Receipts;
use time::{Duration, OffsetDateTime};

/// The importer's archive in amr-data: it grows for ever, and is nobody's work.
const ARCHIVE: &str = "archive-";

/// What waits in a bucket.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Waiting {
    /// The bucket's role.
    pub(crate) bucket: Bucket,
    /// How many objects.
    pub(crate) objects: u64,
    /// Their bytes.
    pub(crate) bytes: u64,
    /// Since when the oldest waits.
    #[serde(with = "time::serde::rfc3339::option")]
    pub(crate) oldest: Option<OffsetDateTime>,
    /// How old it is, in seconds.
    pub(crate) oldest_age_s: Option<i64>,
}

impl Waiting {
    const fn nothing(bucket: Bucket) -> Self {
        Self {
            bucket,
            objects: 0,
            bytes: 0,
            oldest: None,
            oldest_age_s: None,
        }
    }

    /// Goes through a bucket. Emails stay, so only those younger than `inbox_days` and without a receipt wait.
    pub(crate) async fn in_bucket(
        store: &Store,
        bucket: Bucket,
        receipts: &Receipts,
        now: OffsetDateTime,
        inbox_days: u32,
    ) -> anyhow::Result<Self> {
        let mut waiting = Self::nothing(bucket);
        let mut pages = store.pages(bucket, "");
        match bucket {
            Bucket::AmrData => pages = pages.passing_over(ARCHIVE),
            Bucket::Unprocessable => pages = pages.passing_over(Key::REPLAYED),
            _ => {}
        }
        let name = store.buckets().name(bucket);
        let origin =
            |object: &Listed| Origin::of_outside_object(name, object.key.as_str(), &object.etag, object.last_modified);
        while let Some(mut page) = pages.next().await? {
            match bucket {
                Bucket::Inbox => page.retain(|email| {
                    let is_young = now - email.last_modified < Duration::days(inbox_days.into());
                    is_young && !receipts.knows(origin(email))
                }),
                // A folder that the console made waits for nothing.
                Bucket::AmrData | Bucket::Unprocessable => page.retain(|object| !object.key.as_str().ends_with('/')),
                _ => {}
            }
            page.iter().for_each(|object| waiting.add(object));
        }
        waiting.oldest_age_s = waiting.oldest.map(|oldest| (now - oldest).whole_seconds().max(0));
        Ok(waiting)
    }

    fn add(&mut self, object: &Listed) {
        self.objects += 1;
        self.bytes += object.size;
        let oldest = self.oldest.unwrap_or(object.last_modified);
        self.oldest = Some(oldest.min(object.last_modified));
    }

    /// Whether its objects wait for a stage, and not for somebody outside.
    pub(crate) fn is_work(&self) -> bool {
        !self.bucket.is_final()
    }
}

/// The origins whose replay was interrupted.
pub(crate) async fn interrupted_replays(store: &Store) -> anyhow::Result<u64> {
    let listed = store.list(Bucket::Unprocessable, Key::REPLAYED).await?;
    let origins: HashSet<Origin> = listed
        .iter()
        .filter_map(|object| object.key.replayed_origin())
        .collect();
    Ok(origins.len() as u64)
}
