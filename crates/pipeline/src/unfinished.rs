//! Work that waits in the buckets, whoever left it there.

use std::collections::HashSet;

use embedded_s3::{EventName, ObjectCreated};
use pipeline_core::{Bucket, Key, Origin, Stage, Store};

/// Objects that wait for a stage, and emails without a receipt, as events.
///
/// # Errors
/// If the buckets cannot be listed.
pub(crate) async fn unfinished(store: &Store) -> anyhow::Result<Vec<ObjectCreated>> {
    let mut unfinished = Vec::new();
    // Before the objects: whatever is finished meanwhile is found once more, which harms nobody.
    let receipts = store.list(Bucket::Receipts, "").await?;
    let receipts: HashSet<Key> = receipts.into_iter().map(|listed| listed.key).collect();
    for stage in Stage::ALL {
        let bucket = store.buckets().name(stage.source());
        for object in store.list(stage.source(), "").await? {
            let origin = Origin::of_outside_object(bucket, object.key.as_str(), &object.etag, object.last_modified);
            if stage.keeps_source() && receipts.contains(&Key::receipt(origin)) {
                continue;
            }
            unfinished.push(ObjectCreated {
                bucket: bucket.to_owned(),
                key: object.key.as_str().to_owned(),
                size: object.size,
                etag: object.etag,
                event_name: EventName::Put,
                time: object.last_modified,
                sequencer: String::new(),
            });
        }
    }
    Ok(unfinished)
}
