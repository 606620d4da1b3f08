//! Going through many receipts: all, or those that are new.

use std::collections::HashSet;

use futures::{FutureExt, StreamExt, TryStreamExt, stream};
use pipeline_core::store::Listed;
use pipeline_core::{Bucket, Receipt, Store};

use crate::error::StoryError;
use crate::reading::receipt_at;

/// How many receipts are read at the same time.
const READS_AT_ONCE: usize = 32;

/// Origins are hashes, so each of the 16 first digits has as many receipts as any other.
const FIRST_DIGITS: [&str; 16] = [
    "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "a", "b", "c", "d", "e", "f",
];

/// Every receipt that counts, as a listing tells of it. What replays have retired is passed over.
pub(crate) async fn list(store: &Store) -> Result<Vec<Listed>, StoryError> {
    // Boxed, since 16 of them would fill a stack, and before the stream, which would not be `Send` else.
    let listings = FIRST_DIGITS.map(|digit| store.list(Bucket::Receipts, digit).boxed());
    let listed: Vec<Vec<Listed>> = stream::iter(listings)
        .buffer_unordered(FIRST_DIGITS.len())
        .try_collect()
        .await?;
    let mut listed = listed.concat();
    listed.retain(|object| object.key.receipt_origin().is_some());
    Ok(listed)
}

/// Reads receipts. One that is gone again since it was listed is left out.
pub(crate) async fn read(store: &Store, listed: Vec<Listed>) -> Result<Vec<(Listed, Receipt)>, StoryError> {
    let reads = listed.into_iter().map(|listed| async move {
        let receipt = receipt_at(store, &listed.key).await?;
        Ok::<_, StoryError>(receipt.map(|receipt| (listed, receipt)))
    });
    let read = stream::iter(reads).buffer_unordered(READS_AT_ONCE);
    read.try_filter_map(|read| async { Ok(read) }).try_collect().await
}

/// Every receipt that a person may mean by `text`: the key of what it is about or of what came of it, or the beginning of an output's
/// origin.
///
/// It reads all receipts, and keeps those that match.
pub(crate) async fn matching(store: &Store, text: &str, bucket: Option<Bucket>) -> Result<Vec<Receipt>, StoryError> {
    let listed = list(store).await?;
    let reads = listed.into_iter().map(|listed| async move {
        let receipt = receipt_at(store, &listed.key).await?;
        Ok::<_, StoryError>(receipt.filter(|receipt| is_meant(receipt, text, bucket)))
    });
    let reads = stream::iter(reads).buffer_unordered(READS_AT_ONCE);
    let mut found: Vec<Receipt> = reads.try_filter_map(|read| async { Ok(read) }).try_collect().await?;
    let mut seen = HashSet::new();
    found.retain(|receipt| seen.insert(receipt.origin));
    found.sort_by_key(|receipt| std::cmp::Reverse(receipt.started));
    Ok(found)
}

fn is_meant(receipt: &Receipt, text: &str, bucket: Option<Bucket>) -> bool {
    let is_key = |of: Bucket, key: &str| key == text && bucket.is_none_or(|bucket| bucket == of);
    let is_origin = |origin: pipeline_core::Origin| bucket.is_none() && is_origin_prefix(text, origin);
    is_key(receipt.input.bucket, &receipt.input.key)
        || receipt
            .rejected
            .as_ref()
            .is_some_and(|reject| is_key(Bucket::Unprocessable, &reject.key))
        || receipt
            .outputs
            .iter()
            .any(|output| is_key(output.bucket, &output.key) || is_origin(output.origin))
}

/// Whether these are the first digits of an origin: at least the 8 that stand in keys.
pub(crate) fn is_origin_prefix(text: &str, origin: pipeline_core::Origin) -> bool {
    text.len() >= 8 && origin.to_string().starts_with(text)
}
