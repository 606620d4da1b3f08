//! The metrics of one object.

use std::collections::BTreeMap;

use time::OffsetDateTime;

use crate::bucket::Bucket;
use crate::event::ObjectEvent;
use crate::handled::{Handled, RunError};
use crate::metrics::{Document, Unit};
use crate::reason::ReasonCode;
use crate::receipt::{Receipt, RejectRecord};
use crate::stage::{Stage, Transfer};

/// What became of an object, as metrics: one document, and one more for every further reason code.
///
/// `Objects` and `BytesIn` are counted by stage, and by stage and outcome: an outcome of the receipt, `before` for work that had been
/// done before, or `failed`. Of what was worked on now there are also `Files` and `BytesOut`, what was made of it; `Duration`, the
/// work's milliseconds; `EventAge`, the milliseconds from S3's event to `now`; `Rejects` by reason code, every bad part of a
/// container counted by its own; `RejectsToLookAt`, those of them whose code is not `not-data`; and `Delivered` and `Rows`, the files
/// that went to amr-data and their rows, headers counted.
#[must_use]
pub fn of_object(
    stage: Stage,
    object: &ObjectEvent,
    handled: &Result<Handled, RunError>,
    now: OffsetDateTime,
) -> Vec<Document> {
    let counted = |outcome: &str, metrics: &[(&'static str, Unit, u64)]| {
        Document::at(now)
            .dimension("Stage", stage.as_str())
            .dimension("Outcome", outcome)
            .metrics(&[&["Stage"], &["Stage", "Outcome"]], metrics)
    };
    let objects = ("Objects", Unit::Count, 1);
    let receipt = match handled {
        Ok(Handled::Now(receipt)) => receipt,
        Ok(Handled::Before(_)) => return vec![counted("before", &[objects])],
        Err(_) => return vec![counted("failed", &[objects])],
    };
    let mut worked = vec![
        ("Files", Unit::Count, receipt.outputs.len() as u64),
        ("BytesOut", Unit::Bytes, receipt.bytes_out()),
        ("Duration", Unit::Milliseconds, receipt.duration_ms),
    ];
    worked.extend(
        object
            .event_time
            .map(|since| ("EventAge", Unit::Milliseconds, milliseconds(now - since))),
    );
    let rejects = rejects_by_code(receipt);
    let to_look_at = rejects
        .iter()
        .filter(|(code, _)| **code != ReasonCode::NotData)
        .map(|(_, count)| count)
        .sum();
    let mut by_code = rejects.into_iter();
    let first = counted(
        receipt.outcome.as_str(),
        &[objects, ("BytesIn", Unit::Bytes, receipt.input.size)],
    )
    .metrics(&[&["Stage"]], &worked)
    .metrics(&[&[]], &[("RejectsToLookAt", Unit::Count, to_look_at)])
    .metrics(&[&[]], &delivered(receipt));
    let first = match by_code.next() {
        Some(reject) => with_rejects(first, reject),
        None => first,
    };
    // A dimension has one value a document.
    let further = by_code.map(|reject| with_rejects(Document::at(now), reject));
    std::iter::once(first).chain(further).collect()
}

/// Only of the stage that delivers: the others' noughts would be lines for nothing.
fn delivered(receipt: &Receipt) -> Vec<(&'static str, Unit, u64)> {
    if !receipt.stage.may_write(Bucket::AmrData, Transfer::InParts) {
        return Vec::new();
    }
    let delivered = receipt.outputs.iter().filter(|output| output.bucket == Bucket::AmrData);
    let rows = delivered.clone().filter_map(|output| output.rows).sum();
    vec![
        ("Delivered", Unit::Count, delivered.count() as u64),
        ("Rows", Unit::Count, rows),
    ]
}

fn with_rejects(document: Document, (code, count): (ReasonCode, u64)) -> Document {
    document
        .dimension("ReasonCode", code.as_str())
        .metrics(&[&["ReasonCode"]], &[("Rejects", Unit::Count, count)])
}

fn rejects_by_code(receipt: &Receipt) -> BTreeMap<ReasonCode, u64> {
    let mut rejects = BTreeMap::new();
    match &receipt.rejected {
        None => {}
        Some(RejectRecord { rejection, parts, .. }) if parts.is_empty() => {
            rejects.insert(rejection.reason_code, 1);
        }
        Some(RejectRecord { parts, .. }) => {
            for part in parts {
                *rejects.entry(part.rejection.reason_code).or_default() += 1;
            }
        }
    }
    rejects
}

/// None, if the clocks of two machines differ.
fn milliseconds(duration: time::Duration) -> u64 {
    u64::try_from(duration.whole_milliseconds()).unwrap_or_default()
}
