//! What lies in the buckets, but for what may differ from one journey to the next.

use std::collections::BTreeMap;

use bytes::Bytes;
use end_to_end_tests::{S3, comparison};
use pipeline_core::Bucket;
use serde_json::Value;

/// Every object of every bucket, in order.
///
/// Which of two files of one name comes first, and so gets the plain key, is chance: the folder of time and origin is
/// left out of keys. So are the times of the work from receipts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct State(Vec<Entry>);

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    bucket: Bucket,
    key: String,
    metadata: BTreeMap<String, String>,
    content: Bytes,
}

impl State {
    pub(crate) async fn of(s3: &S3) -> Self {
        let mut entries = Vec::new();
        for bucket in Bucket::ALL {
            for object in s3.store().list(bucket, "").await.unwrap() {
                let head = s3.store().head(bucket, &object.key).await.unwrap().unwrap();
                let content = s3.content(bucket, object.key.as_str()).await;
                entries.push(Entry {
                    bucket,
                    key: comparison::plain(object.key.as_str()),
                    metadata: head.metadata.into_iter().collect(),
                    content: if bucket == Bucket::Receipts {
                        without_times(&content)
                    } else {
                        content
                    },
                });
            }
        }
        entries.sort();
        Self(entries)
    }

    /// How many objects lie in a bucket.
    pub(crate) fn count(&self, bucket: Bucket) -> usize {
        self.0.iter().filter(|entry| entry.bucket == bucket).count()
    }

    /// What this one has and the other has not.
    pub(crate) fn without(&self, other: &Self) -> Vec<String> {
        let mut others = other.0.clone();
        let mut found = Vec::new();
        for entry in &self.0 {
            match others.iter().position(|other| other == entry) {
                Some(at) => drop(others.swap_remove(at)),
                None => found.push(entry.to_string()),
            }
        }
        found
    }
}

impl std::fmt::Display for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let content = &self.content[..self.content.len().min(3_000)];
        let content = String::from_utf8_lossy(content);
        write!(f, "{}/{} {:?}\n{content}", self.bucket, self.key, self.metadata)
    }
}

fn without_times(receipt: &[u8]) -> Bytes {
    let mut receipt: Value = serde_json::from_slice(receipt).unwrap();
    let fields = receipt.as_object_mut().unwrap();
    assert!(fields.remove("started").is_some() && fields.remove("duration_ms").is_some());
    comparison::plain(&receipt.to_string()).into()
}
