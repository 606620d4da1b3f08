//! One object in a story.

use pipeline_core::receipt::{OutputRecord, RejectRecord};
use pipeline_core::{Bucket, Origin, Receipt};
use serde::Serialize;
use time::OffsetDateTime;

/// An object that entered the pipeline or was made in it, and what became of it.
#[derive(Debug, Clone, Serialize)]
pub struct Node {
    /// The role of the bucket that it was put into.
    pub bucket: Bucket,
    /// Its key there.
    pub key: String,
    /// Its origin.
    pub origin: Origin,
    /// The name that the sender gave it; of an email its key.
    pub source_name: String,
    /// Which part of the object above it is; none of what entered from outside.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path_in_parent: Option<String>,
    /// Bytes, if anything tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// The BLAKE3 hash of its content, in hex, if anything tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blake3: Option<String>,
    /// Rows of a CSV, its headers counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
    /// What became of it.
    #[serde(flatten)]
    pub state: State,
    /// The receipts that replays have retired, oldest first; empty unless they were asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<Receipt>,
    /// What was made of it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub children: Vec<Self>,
}

/// What became of an object.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum State {
    /// A stage has finished with it: its receipt tells how.
    Worked {
        /// The receipt.
        receipt: Box<Receipt>,
    },
    /// It waits for its stage.
    Waiting {
        /// Since when, if that is known.
        #[serde(with = "time::serde::rfc3339::option")]
        since: Option<OffsetDateTime>,
    },
    /// It was delivered to amr-data.
    Delivered {
        /// Whether the importer has taken it since; `None` if nobody looked.
        taken: Option<bool>,
    },
    /// There is neither the object nor a receipt: somebody removed it, or its receipt has expired.
    Gone,
}

impl Node {
    pub(crate) fn of_output(output: &OutputRecord, state: State) -> Self {
        Self {
            bucket: output.bucket,
            key: output.key.clone(),
            origin: output.origin,
            source_name: output.source_name.clone(),
            path_in_parent: Some(output.path_in_parent.clone()),
            size: Some(output.size),
            blake3: Some(output.blake3.clone()),
            rows: output.rows,
            state,
            earlier: Vec::new(),
            children: Vec::new(),
        }
    }

    pub(crate) fn of_receipt(receipt: Receipt) -> Self {
        Self {
            bucket: receipt.input.bucket,
            key: receipt.input.key.clone(),
            origin: receipt.origin,
            source_name: receipt.source_name.clone(),
            path_in_parent: None,
            size: Some(receipt.input.size),
            blake3: receipt.input.blake3.clone(),
            rows: None,
            state: State::Worked {
                receipt: Box::new(receipt),
            },
            earlier: Vec::new(),
            children: Vec::new(),
        }
    }

    /// The receipt, if a stage has finished with it.
    #[must_use]
    pub fn receipt(&self) -> Option<&Receipt> {
        match &self.state {
            State::Worked { receipt } => Some(receipt),
            _ => None,
        }
    }

    /// Where it was put aside, and why, if it or a part of it was.
    #[must_use]
    pub fn rejected(&self) -> Option<&RejectRecord> {
        self.receipt()?.rejected.as_ref()
    }

    /// It and everything below it, each before what was made of it.
    pub fn walk(&self) -> impl Iterator<Item = &Self> {
        let mut todo = vec![self];
        std::iter::from_fn(move || {
            let node = todo.pop()?;
            todo.extend(node.children.iter().rev());
            Some(node)
        })
    }
}
