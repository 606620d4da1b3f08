//! Which rejects are to be replayed.

use futures::{StreamExt, TryStreamExt, stream};
use pipeline_core::store::{Listed, ObjectHead};
use pipeline_core::{Area, Bucket, Key, Provenance, Receipt, Store};
use story::{StoryError, Tree, find, receipt, rejects_of};
use time::OffsetDateTime;

/// How many objects are looked at at the same time.
const LOOKS_AT_ONCE: usize = 16;

/// Which rejects are to be replayed: those that meet every condition.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// Of this email or file, as `pipeline trace` understands it.
    pub message: Option<String>,
    /// With this code; of a container: with a bad part of this code.
    pub reason: Option<String>,
    /// Of this area.
    pub area: Option<Area>,
    /// Put aside from then on.
    pub since: Option<OffsetDateTime>,
    /// Put aside before then.
    pub until: Option<OffsetDateTime>,
}

/// A reject that meets the conditions.
#[derive(Debug, Clone)]
pub struct Selected {
    /// Its receipt.
    pub receipt: Receipt,
    /// Its key in unprocessable.
    pub key: Key,
    /// What lies there.
    pub head: ObjectHead,
}

impl Selection {
    /// Whether there is any condition. Without one nothing is selected: nobody means everything by saying nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn is_of_time(&self, listed: &Listed) -> bool {
        self.since.is_none_or(|since| listed.last_modified >= since)
            && self.until.is_none_or(|until| listed.last_modified < until)
    }

    fn is_of_reason(&self, receipt: &Receipt) -> bool {
        let Some(reason) = &self.reason else { return true };
        rejects_of(receipt)
            .iter()
            .any(|reject| reject.reason_code.as_str() == reason)
    }
}

/// The rejects that meet the conditions.
///
/// # Errors
/// If S3 does not answer, or a receipt cannot be read.
pub async fn select(store: &Store, selection: &Selection) -> Result<Vec<Selected>, StoryError> {
    let mut selected = match &selection.message {
        _ if selection.is_empty() => Vec::new(),
        Some(message) => of_message(store, message).await?,
        None => of_bucket(store, selection).await?,
    };
    selected.retain(|selected| selection.is_of_reason(&selected.receipt));
    Ok(selected)
}

async fn of_message(store: &Store, message: &str) -> Result<Vec<Selected>, StoryError> {
    let mut selected = Vec::new();
    for entered in find(store, message).await? {
        let tree = Tree::of(store, &entered).await?;
        for receipt in tree.nodes().filter_map(|node| node.receipt()) {
            if let Some(rejected) = &receipt.rejected {
                selected.extend(at(store, Key::new(&rejected.key)).await?);
            }
        }
    }
    Ok(selected)
}

async fn of_bucket(store: &Store, selection: &Selection) -> Result<Vec<Selected>, StoryError> {
    let prefix = selection.area.as_ref().map(|area| format!("{area}/"));
    let mut pages = store
        .pages(Bucket::Unprocessable, prefix.as_deref().unwrap_or_default())
        .passing_over(Key::REPLAYED);
    let mut selected = Vec::new();
    while let Some(mut page) = pages.next().await? {
        page.retain(|listed| selection.is_of_time(listed));
        let looks = page.into_iter().map(|listed| at(store, listed.key));
        let looked: Vec<Option<Selected>> = stream::iter(looks).buffered(LOOKS_AT_ONCE).try_collect().await?;
        selected.extend(looked.into_iter().flatten());
    }
    Ok(selected)
}

/// The reject at a key; `None` if nothing is there, or nothing whose receipt tells that it was rejected: a person put it there, or
/// the receipt has expired.
pub(super) async fn at(store: &Store, key: Key) -> Result<Option<Selected>, StoryError> {
    let Some(head) = store.head(Bucket::Unprocessable, &key).await? else {
        return Ok(None);
    };
    let Some((origin, _)) = Provenance::from_metadata(&head.metadata) else {
        return Ok(None);
    };
    let receipt = receipt(store, origin).await?.filter(|receipt| {
        let rejected = receipt.rejected.as_ref();
        rejected.is_some_and(|rejected| rejected.key == key.as_str())
    });
    Ok(receipt.map(|receipt| Selected { receipt, key, head }))
}
