//! From what a person knows of a file to what entered the pipeline.

use std::collections::HashSet;

use futures::{StreamExt, TryStreamExt, stream};
use pipeline_core::{Bucket, Key, Origin, Receipt, Store};

use crate::error::StoryError;
use crate::grow::LOOKS_AT_ONCE;
use crate::reading::{origin_of_object, receipt};
use crate::search;
use crate::tree::Entered;

/// The shortest beginning of an origin that is taken for one: what stands in keys.
const SHORTEST_ORIGIN: usize = 8;

/// More generations than any file has: an archive's members may be nested to the depth limit, each through a few stages.
const MOST_GENERATIONS: usize = 256;

/// Where an object is in its family.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Relative {
    origin: Origin,
    bucket: Bucket,
    key: String,
    parent: Option<Origin>,
    message: Option<String>,
}

/// What entered the pipeline and is meant by `text`, newest first: an email's key in the inbox; the key of an object in any bucket, with
/// or without the bucket's role or name before it, even if the object is gone since; an origin, or its first 8 digits or more.
///
/// Nothing, if nobody knows of it. Several, if it is ambiguous: a key of amr-data under which a file was delivered every day.
/// What no object and no origin answers is looked for in all receipts, which takes a while where there are many.
///
/// # Errors
/// If S3 does not answer, or a receipt cannot be read.
pub async fn find(store: &Store, text: &str) -> Result<Vec<Entered>, StoryError> {
    let text = text.trim().trim_start_matches("s3://");
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let mut relatives = by_origin(store, text).await?;
    if relatives.is_empty() {
        relatives = by_key(store, text).await?;
    }
    if relatives.is_empty() {
        for (bucket, key) in readings(store, text) {
            let found = search::matching(store, key, bucket).await?;
            relatives.extend(found.into_iter().map(Relative::of_receipt));
            if !relatives.is_empty() {
                break;
            }
        }
    }
    let climbs = relatives.into_iter().map(|relative| climb(store, relative));
    let mut entered: Vec<Entered> = stream::iter(climbs).buffered(LOOKS_AT_ONCE).try_collect().await?;
    let mut seen = HashSet::new();
    entered.retain(|entered| seen.insert(entered.origin));
    Ok(entered)
}

/// What a text may mean: a bucket and a key, or a key of any bucket.
fn readings<'a>(store: &Store, text: &'a str) -> Vec<(Option<Bucket>, &'a str)> {
    let mut readings = Vec::new();
    if let Some((first, key)) = text.split_once('/') {
        let by_role = Bucket::ALL.into_iter().find(|bucket| bucket.as_str() == first);
        if let Some(bucket) = store.buckets().role(first).or(by_role) {
            readings.push((Some(bucket), key));
        }
    }
    readings.push((None, text));
    readings
}

async fn by_origin(store: &Store, text: &str) -> Result<Vec<Relative>, StoryError> {
    let text = text.strip_suffix(".json").unwrap_or(text);
    let is_hex = text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    if !is_hex || !(SHORTEST_ORIGIN..=Origin::HEX_LEN).contains(&text.len()) {
        return Ok(Vec::new());
    }
    let listed = store.list(Bucket::Receipts, text).await?;
    let read = search::read(store, listed).await?;
    Ok(read
        .into_iter()
        .map(|(_, receipt)| Relative::of_receipt(receipt))
        .collect())
}

async fn by_key(store: &Store, text: &str) -> Result<Vec<Relative>, StoryError> {
    let mut relatives = Vec::new();
    for (bucket, key) in readings(store, text) {
        let key = Key::new(key);
        let buckets = bucket.map_or_else(|| Bucket::ALL.to_vec(), |bucket| vec![bucket]);
        for bucket in buckets {
            let Some(head) = store.head(bucket, &key).await? else {
                continue;
            };
            let Some((origin, provenance)) = origin_of_object(store, bucket, &key, &head) else {
                continue;
            };
            relatives.push(Relative {
                origin,
                bucket,
                key: key.to_string(),
                parent: provenance.as_ref().and_then(|provenance| provenance.parent),
                message: provenance.and_then(|provenance| provenance.message),
            });
        }
        if !relatives.is_empty() {
            return Ok(relatives);
        }
        // A key between the stages names its origin even when the object is gone.
        if let Some(receipt) = receipt_named_by(store, &key).await? {
            return Ok(vec![Relative::of_receipt(receipt)]);
        }
    }
    Ok(relatives)
}

async fn receipt_named_by(store: &Store, key: &Key) -> Result<Option<Receipt>, StoryError> {
    match key.parse_staging().1 {
        Some(origin) => receipt(store, origin).await,
        None => Ok(None),
    }
}

/// Goes up from an object to what entered, as far as anything is known.
async fn climb(store: &Store, from: Relative) -> Result<Entered, StoryError> {
    let mut relative = from;
    // In the final buckets and among the receipts an object is only a trace of the one that the receipt is about.
    if let Some(own) = receipt(store, relative.origin).await? {
        relative = Relative::of_receipt(own);
    }
    for _ in 0..MOST_GENERATIONS {
        let Some(parent) = relative.parent else {
            break;
        };
        match receipt(store, parent).await? {
            Some(receipt) => relative = Relative::of_receipt(receipt),
            None => break,
        }
    }
    // A receipt on the way may have expired or be retired: the email's key travels along.
    if relative.parent.is_some()
        && let Some(message) = &relative.message
    {
        let key = Key::new(message);
        if let Some(head) = store.head(Bucket::Inbox, &key).await?
            && let Some((origin, _)) = origin_of_object(store, Bucket::Inbox, &key, &head)
        {
            return Ok(Entered {
                bucket: Bucket::Inbox,
                key: key.to_string(),
                origin,
            });
        }
    }
    Ok(Entered {
        bucket: relative.bucket,
        key: relative.key,
        origin: relative.origin,
    })
}

impl Relative {
    fn of_receipt(receipt: Receipt) -> Self {
        Self {
            origin: receipt.origin,
            bucket: receipt.input.bucket,
            key: receipt.input.key,
            parent: receipt.parent,
            message: receipt.message,
        }
    }
}
