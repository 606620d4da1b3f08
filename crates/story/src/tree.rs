//! The whole story of what entered the pipeline.

use pipeline_core::{Bucket, Key, Origin, ReasonCode, Receipt, Store};
use serde::Serialize;
use time::OffsetDateTime;

use crate::error::StoryError;
use crate::grow;
use crate::node::{Node, State};
use crate::reading::{origin_of_object, receipt};

/// An object that entered the pipeline from outside: an email in the inbox, or a file that a person dropped into a bucket.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Entered {
    /// The bucket's role.
    pub bucket: Bucket,
    /// Its key.
    pub key: String,
    /// Its origin.
    pub origin: Origin,
}

/// An entered object, and everything that came of it.
#[derive(Debug, Clone, Serialize)]
pub struct Tree {
    /// The object.
    pub root: Node,
}

/// Something that could not be used: an object, or one bad part of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reject {
    /// Its key in unprocessable; of a bad part that of the whole.
    pub key: String,
    /// The area, as far as it is known.
    pub area: Option<String>,
    /// The origin of the object whose receipt tells.
    pub origin: Origin,
    /// The name that the sender gave it; of a bad part the part's.
    pub source_name: String,
    /// Whether it is a part of an object whose other parts went on.
    pub is_part: bool,
    /// The stable code.
    pub reason_code: ReasonCode,
    /// A sentence for people.
    pub reason: String,
}

/// A CSV that was delivered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Delivery {
    /// Its key in amr-data.
    pub key: String,
    /// The area.
    pub area: Option<String>,
    /// Its origin.
    pub origin: Origin,
    /// The name that the sender gave the file.
    pub source_name: String,
    /// Bytes.
    pub size: u64,
    /// Rows, headers counted.
    pub rows: Option<u64>,
    /// Whether the importer has taken it since; `None` if nobody looked.
    pub taken: Option<bool>,
}

impl Tree {
    /// The story of the object at a key; `None` if there is no object, or none of the pipeline's.
    ///
    /// # Errors
    /// If S3 does not answer, or a receipt cannot be read.
    pub async fn read(store: &Store, bucket: Bucket, key: &Key) -> Result<Option<Self>, StoryError> {
        let Some(head) = store.head(bucket, key).await? else {
            return Ok(None);
        };
        let Some((origin, provenance)) = origin_of_object(store, bucket, key, &head) else {
            return Ok(None);
        };
        let root = match receipt(store, origin).await? {
            Some(receipt) => Node::of_receipt(receipt),
            None => Node {
                bucket,
                key: key.to_string(),
                origin,
                source_name: provenance.map_or_else(|| key.to_string(), |provenance| provenance.source_name),
                path_in_parent: None,
                size: Some(head.size),
                blake3: None,
                rows: None,
                state: state_of_object(bucket, head.last_modified),
                earlier: Vec::new(),
                children: Vec::new(),
            },
        };
        grow::from_store(store, root).await.map(Some)
    }

    /// The story of what entered, be the object still there or not.
    ///
    /// # Errors
    /// If S3 does not answer, or a receipt cannot be read.
    pub async fn of(store: &Store, entered: &Entered) -> Result<Self, StoryError> {
        let key = Key::new(&entered.key);
        let root = match receipt(store, entered.origin).await? {
            Some(receipt) => Node::of_receipt(receipt),
            None => match Self::read(store, entered.bucket, &key).await? {
                Some(tree) if tree.root.origin == entered.origin => return Ok(tree),
                _ => Node {
                    bucket: entered.bucket,
                    key: entered.key.clone(),
                    origin: entered.origin,
                    source_name: entered.key.clone(),
                    path_in_parent: None,
                    size: None,
                    blake3: None,
                    rows: None,
                    state: State::Gone,
                    earlier: Vec::new(),
                    children: Vec::new(),
                },
            },
        };
        grow::from_store(store, root).await
    }

    /// The story from a receipt on.
    ///
    /// # Errors
    /// If S3 does not answer, or a receipt cannot be read.
    pub async fn of_receipt(store: &Store, receipt: Receipt) -> Result<Self, StoryError> {
        grow::from_store(store, Node::of_receipt(receipt)).await
    }

    /// Adds the receipts that replays have retired.
    ///
    /// # Errors
    /// If S3 does not answer, or a receipt cannot be read.
    pub async fn with_earlier(self, store: &Store) -> Result<Self, StoryError> {
        grow::with_earlier(store, self).await
    }

    /// Every object of the story, each before what was made of it.
    pub fn nodes(&self) -> impl Iterator<Item = &Node> {
        self.root.walk()
    }

    /// Whether nothing waits for a stage any more.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        !self.nodes().any(|node| matches!(node.state, State::Waiting { .. }))
    }

    /// Everything that could not be used, each bad part by itself.
    #[must_use]
    pub fn rejects(&self) -> Vec<Reject> {
        self.nodes().filter_map(Node::receipt).flat_map(rejects_of).collect()
    }

    /// Every CSV that was delivered.
    #[must_use]
    pub fn deliveries(&self) -> Vec<Delivery> {
        let mut deliveries = Vec::new();
        for node in self.nodes() {
            let area = node.receipt().and_then(|receipt| receipt.area.as_ref());
            deliveries.extend(node.children.iter().filter_map(|child| match child.state {
                State::Delivered { taken } => Some(Delivery {
                    key: child.key.clone(),
                    area: area.cloned(),
                    origin: child.origin,
                    source_name: child.source_name.clone(),
                    size: child.size.unwrap_or_default(),
                    rows: child.rows,
                    taken,
                }),
                _ => None,
            }));
        }
        deliveries
    }
}

/// What a receipt tells of rejects: each bad part by itself, if only parts were bad.
#[must_use]
pub fn rejects_of(receipt: &Receipt) -> Vec<Reject> {
    let Some(record) = &receipt.rejected else {
        return Vec::new();
    };
    let reject = |source_name: &str, is_part, rejection: &pipeline_core::Rejection| Reject {
        key: record.key.clone(),
        area: receipt.area.clone(),
        origin: receipt.origin,
        source_name: source_name.to_owned(),
        is_part,
        reason_code: rejection.reason_code,
        reason: rejection.reason.clone(),
    };
    if record.parts.is_empty() {
        return vec![reject(&receipt.source_name, false, &record.rejection)];
    }
    let parts = record.parts.iter();
    parts.map(|bad| reject(&bad.part, true, &bad.rejection)).collect()
}

/// Of an object without a receipt.
pub(crate) const fn state_of_object(bucket: Bucket, since: OffsetDateTime) -> State {
    match bucket {
        Bucket::AmrData => State::Delivered { taken: Some(false) },
        Bucket::Unprocessable | Bucket::Receipts => State::Gone,
        _ => State::Waiting { since: Some(since) },
    }
}
