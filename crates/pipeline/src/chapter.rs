//! What a receipt tells of one input's story.

use pipeline_core::{BadPart, Bucket, Key, Origin, Outcome, Receipt};

use crate::story::{Delivered, Rejected};

/// What became of one object: a receipt without what no story tells. A run keeps one for each object until its end, so it is small.
#[derive(Debug, Clone)]
pub(crate) struct Chapter {
    pub(crate) outcome: Outcome,
    pub(crate) area: Option<String>,
    pub(crate) delivered: Vec<Delivered>,
    pub(crate) rejected: Vec<Rejected>,
    /// What went on to other stages.
    pub(crate) passed_on: Vec<(Bucket, Key, Origin)>,
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
            .map(|output| (output.bucket, Key::new(&output.key), output.origin));
        Self {
            outcome: receipt.outcome,
            area: receipt.area.clone(),
            delivered: delivered.collect(),
            rejected: rejects(receipt),
            passed_on: passed_on.collect(),
        }
    }
}

/// What a receipt tells of rejects: each bad part by itself, if only parts were bad.
fn rejects(receipt: &Receipt) -> Vec<Rejected> {
    let Some(reject) = &receipt.rejected else {
        return Vec::new();
    };
    let entry = |code: String, reason: String| Rejected {
        key: Some(reject.key.clone()),
        reason_code: code,
        reason,
    };
    if reject.parts.is_empty() {
        return vec![entry(
            reject.rejection.reason_code.to_string(),
            reject.rejection.reason.clone(),
        )];
    }
    let part = |bad: &BadPart| entry(bad.rejection.reason_code.to_string(), bad.to_string());
    reject.parts.iter().map(part).collect()
}
