//! Moving a receipt out of the way.

use pipeline_core::store::Put;
use pipeline_core::{Bucket, Key, Origin, Receipt, Store};
use story::StoryError;
use time::OffsetDateTime;

/// Moves the receipt of an origin to its generations, if it is the one whose work began then: a later one is the work of the replay.
///
/// # Errors
/// If S3 does not answer, or what lies there is no receipt.
pub async fn retire(store: &Store, origin: Origin, began: OffsetDateTime) -> Result<(), StoryError> {
    let key = Key::receipt(origin);
    let Some(head) = store.head(Bucket::Receipts, &key).await? else {
        return Ok(());
    };
    let Some(json) = store.get_bytes(Bucket::Receipts, &key).await? else {
        return Ok(());
    };
    let receipt: Receipt = serde_json::from_slice(&json).map_err(|source| StoryError::Receipt {
        key: key.to_string(),
        source,
    })?;
    if receipt.started != began {
        return Ok(());
    }
    let mut number = 0;
    loop {
        let retired = Key::retired_receipt(origin, number);
        if store
            .put_new(Bucket::Receipts, &retired, json.clone(), [].into())
            .await?
            == Put::Created
        {
            break;
        }
        // An earlier attempt may have got this far.
        if store.get_bytes(Bucket::Receipts, &retired).await?.as_ref() == Some(&json) {
            break;
        }
        number += 1;
    }
    Ok(store.delete_if_match(Bucket::Receipts, &key, &head.etag).await?)
}
