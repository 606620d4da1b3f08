//! Single looks at receipts and objects.

use pipeline_core::store::ObjectHead;
use pipeline_core::{Bucket, Key, Origin, Provenance, Receipt, Store};

use crate::error::StoryError;

/// The receipt of an origin; `None` if there is none (yet, or any more).
///
/// # Errors
/// If S3 does not answer, or what lies there is no receipt.
pub async fn receipt(store: &Store, origin: Origin) -> Result<Option<Receipt>, StoryError> {
    receipt_at(store, &Key::receipt(origin)).await
}

/// The receipts of an origin that a replay has retired, oldest first.
///
/// # Errors
/// If S3 does not answer, or what lies there is no receipt.
pub async fn earlier_receipts(store: &Store, origin: Origin) -> Result<Vec<Receipt>, StoryError> {
    let mut receipts = Vec::new();
    for listed in store.list(Bucket::Receipts, &Key::generations(origin)).await? {
        receipts.extend(receipt_at(store, &listed.key).await?);
    }
    receipts.sort_by_key(|receipt| receipt.started);
    Ok(receipts)
}

pub(crate) async fn receipt_at(store: &Store, key: &Key) -> Result<Option<Receipt>, StoryError> {
    let Some(json) = store.get_bytes(Bucket::Receipts, key).await? else {
        return Ok(None);
    };
    let read = serde_json::from_slice(&json);
    read.map(Some).map_err(|source| StoryError::Receipt {
        key: key.to_string(),
        source,
    })
}

/// The origin of an object, and that of what it was made of, as the runner sees them; `None` for what lies in a final bucket and is not
/// the pipeline's.
#[must_use]
pub fn origin_of_object(
    store: &Store,
    bucket: Bucket,
    key: &Key,
    head: &ObjectHead,
) -> Option<(Origin, Option<Provenance>)> {
    let outside = || {
        let name = store.buckets().name(bucket);
        Origin::of_outside_object(name, key.as_str(), &head.etag, head.last_modified)
    };
    match bucket {
        Bucket::Inbox => Some((outside(), None)),
        Bucket::Process | Bucket::Uncompressed | Bucket::Spreadsheet => {
            let own = Provenance::from_staging_metadata(&head.metadata, bucket, key);
            Some(own.map_or_else(|| (outside(), None), |(origin, provenance)| (origin, Some(provenance))))
        }
        Bucket::AmrData | Bucket::Unprocessable => {
            Provenance::from_metadata(&head.metadata).map(|(origin, provenance)| (origin, Some(provenance)))
        }
        Bucket::Receipts => key.receipt_origin().map(|origin| (origin, None)),
    }
}
