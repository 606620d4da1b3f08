//! What a receipt tells of one input's story.

use std::collections::HashMap;
use std::ops::Range;

use pipeline_core::{Bucket, Origin, Outcome, Receipt};
use serde::{Deserialize, Serialize};
use story::rejects_of;

use crate::story::{Delivered, Rejected};

/// What became of one object: a receipt without what no story tells.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Chapter {
    pub(crate) outcome: Outcome,
    pub(crate) area: Option<String>,
    pub(crate) delivered: Vec<Delivered>,
    pub(crate) rejected: Vec<Rejected>,
    /// What went on to other stages.
    pub(crate) passed_on: Vec<(Bucket, String, Origin)>,
}

impl Chapter {
    pub(crate) fn of(receipt: &Receipt) -> Self {
        let (delivered, passed_on): (Vec<_>, Vec<_>) = receipt
            .outputs
            .iter()
            .partition(|output| output.bucket == Bucket::AmrData);
        let delivered = delivered.into_iter().map(|output| Delivered {
            key: output.key.clone(),
            bytes: output.size,
            rows: output.rows,
        });
        let passed_on = passed_on
            .into_iter()
            .map(|output| (output.bucket, output.key.clone(), output.origin));
        Self {
            outcome: receipt.outcome,
            area: receipt.area.clone(),
            delivered: delivered.collect(),
            rejected: rejects(receipt),
            passed_on: passed_on.collect(),
        }
    }
}

/// The chapters of a run, which are kept until its end: one after the other as JSON. Thousands of small allocations
/// among the large ones of the steps would keep the allocator from giving any of those back.
#[derive(Debug, Default)]
pub(crate) struct Chapters {
    json: Vec<u8>,
    places: HashMap<Origin, Range<usize>>,
}

impl Chapters {
    pub(crate) fn insert(&mut self, origin: Origin, chapter: &Chapter) {
        let start = self.json.len();
        // What is not kept is read from its receipt.
        if serde_json::to_writer(&mut self.json, chapter).is_ok() {
            self.places.insert(origin, start..self.json.len());
        }
    }

    pub(crate) fn get(&self, origin: Origin) -> Option<Chapter> {
        let json = self.json.get(self.places.get(&origin)?.clone())?;
        serde_json::from_slice(json).ok()
    }

    pub(crate) fn contains(&self, origin: Origin) -> bool {
        self.places.contains_key(&origin)
    }
}

/// What a receipt tells of rejects, as `pipeline run` prints it: a sentence about a part names the part.
fn rejects(receipt: &Receipt) -> Vec<Rejected> {
    let rejects = rejects_of(receipt).into_iter();
    rejects
        .map(|reject| Rejected {
            reason: if reject.is_part {
                format!("“{}”: {}", reject.source_name, reject.reason)
            } else {
                reject.reason
            },
            key: Some(reject.key),
            reason_code: reject.reason_code.to_string(),
        })
        .collect()
}
