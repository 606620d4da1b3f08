//! Many receipts in memory, refreshed by reading only what is new.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use pipeline_core::receipt::OutputRecord;
use pipeline_core::{Bucket, Origin, Receipt, Store};
use time::OffsetDateTime;

use crate::error::StoryError;
use crate::grow;
use crate::node::{Node, State};
use crate::search;
use crate::tree::Tree;

/// The receipts from a moment on.
///
/// A receipt never changes, so each is read once; a replay may retire one and the next attempt write another, which the entity tag
/// tells. It takes about 2 KiB of memory for each.
#[derive(Debug, Clone, Default)]
pub struct Receipts {
    /// What is older is only listed.
    since: Option<OffsetDateTime>,
    by_origin: HashMap<Origin, Kept>,
    listed: HashSet<Origin>,
}

#[derive(Debug, Clone)]
struct Kept {
    etag: String,
    receipt: Arc<Receipt>,
}

/// What a refresh has changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Refreshed {
    /// Receipts that were read.
    pub new: usize,
    /// Receipts that are not there any more: expired, or retired by a replay.
    pub gone: usize,
}

impl Receipts {
    /// None yet. Of what [`refresh`](Self::refresh) finds, only receipts that were written since then are read.
    #[must_use]
    pub fn since(since: Option<OffsetDateTime>) -> Self {
        Self {
            since,
            ..Self::default()
        }
    }

    /// Lists all receipts and reads those that are new.
    ///
    /// # Errors
    /// If S3 does not answer, or a receipt cannot be read. Then nothing has changed.
    pub async fn refresh(&mut self, store: &Store) -> Result<Refreshed, StoryError> {
        let mut listed = search::list(store).await?;
        let all: HashSet<Origin> = listed.iter().filter_map(|object| object.key.receipt_origin()).collect();
        listed.retain(|object| self.since.is_none_or(|since| object.last_modified >= since));
        let there: HashSet<Origin> = listed.iter().filter_map(|object| object.key.receipt_origin()).collect();
        listed.retain(|object| {
            let kept = object
                .key
                .receipt_origin()
                .and_then(|origin| self.by_origin.get(&origin));
            kept.is_none_or(|kept| kept.etag != object.etag)
        });
        let read = search::read(store, listed).await?;
        self.listed = all;
        let before = self.by_origin.len();
        self.by_origin.retain(|origin, _| there.contains(origin));
        let refreshed = Refreshed {
            new: read.len(),
            gone: before - self.by_origin.len(),
        };
        for (listed, receipt) in read {
            let kept = Kept {
                etag: listed.etag,
                receipt: Arc::new(receipt),
            };
            self.by_origin.insert(kept.receipt.origin, kept);
        }
        Ok(refreshed)
    }

    /// Whether there is a receipt of an origin, be it older than what is read or not.
    #[must_use]
    pub fn knows(&self, origin: Origin) -> bool {
        self.listed.contains(&origin)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_origin.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_origin.is_empty()
    }

    /// The receipt of an origin.
    #[must_use]
    pub fn get(&self, origin: Origin) -> Option<&Arc<Receipt>> {
        self.by_origin.get(&origin).map(|kept| &kept.receipt)
    }

    /// All receipts, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Receipt>> {
        self.by_origin.values().map(|kept| &kept.receipt)
    }

    /// The receipts of what entered from outside, newest first.
    #[must_use]
    pub fn entered(&self) -> Vec<&Arc<Receipt>> {
        let mut entered: Vec<_> = self.iter().filter(|receipt| receipt.parent.is_none()).collect();
        entered.sort_by_key(|receipt| (std::cmp::Reverse(receipt.started), receipt.origin));
        entered
    }

    /// The story of what entered, as far as these receipts tell it: what has none is taken for waiting, and nobody looks whether the
    /// importer took what was delivered.
    #[must_use]
    pub fn tree(&self, origin: Origin) -> Option<Tree> {
        let root = Node::of_receipt(Receipt::clone(self.get(origin)?));
        Some(grow::from_memory(root, |output| self.state(output)))
    }

    fn state(&self, output: &OutputRecord) -> State {
        match self.get(output.origin) {
            Some(receipt) => State::Worked {
                receipt: Box::new(Receipt::clone(receipt)),
            },
            None if output.bucket == Bucket::AmrData => State::Delivered { taken: None },
            None => State::Waiting { since: None },
        }
    }
}
