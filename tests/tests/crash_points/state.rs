//! What lies in the buckets.

use std::collections::BTreeMap;

use bytes::Bytes;
use end_to_end_tests::Local;
use pipeline_core::Bucket;
use serde_json::Value;

/// An object, without what differs from run to run.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    metadata: BTreeMap<String, String>,
    content: Bytes,
}

/// Every object of every bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct State(BTreeMap<(Bucket, String), Entry>);

impl State {
    pub(crate) async fn of(local: &Local) -> Self {
        let mut entries = BTreeMap::new();
        for bucket in Bucket::ALL {
            for object in local.objects(bucket).await {
                let content = if bucket == Bucket::Receipts {
                    without_times(&object.bytes)
                } else {
                    object.bytes
                };
                let metadata = object.metadata.into_iter().collect();
                entries.insert((bucket, object.key), Entry { metadata, content });
            }
        }
        Self(entries)
    }

    /// The keys of a bucket.
    pub(crate) fn keys(&self, bucket: Bucket) -> Vec<String> {
        let keys = self.0.keys().filter(|(of, _)| *of == bucket);
        keys.map(|(_, key)| key.clone()).collect()
    }

    /// A sentence for every difference.
    pub(crate) fn differences(&self, expected: &Self) -> Vec<String> {
        let mut differences = Vec::new();
        for ((bucket, key), entry) in &expected.0 {
            match self.0.get(&(*bucket, key.clone())) {
                None => differences.push(format!("missing: {bucket}/{key}")),
                Some(found) if found != entry => {
                    differences.push(format!("{bucket}/{key} is {found} instead of {entry}"));
                }
                Some(_) => {}
            }
        }
        let unexpected = self.0.keys().filter(|key| !expected.0.contains_key(key));
        differences.extend(unexpected.map(|(bucket, key)| format!("unexpected: {bucket}/{key}")));
        differences
    }
}

impl std::fmt::Display for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let beginning = &self.content[..self.content.len().min(2_000)];
        write!(f, "{:?} {}", self.metadata, String::from_utf8_lossy(beginning))
    }
}

fn without_times(receipt: &[u8]) -> Bytes {
    let mut receipt: Value = serde_json::from_slice(receipt).unwrap();
    let fields = receipt.as_object_mut().unwrap();
    assert!(fields.remove("started").is_some() && fields.remove("duration_ms").is_some());
    receipt.to_string().into()
}
