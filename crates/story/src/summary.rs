//! What receipts tell of a span of time.

use std::collections::BTreeMap;

use pipeline_core::{Area, Bucket, ReasonCode, Receipt};
use serde::Serialize;
use time::{Duration, OffsetDateTime};

use crate::receipts::Receipts;
use crate::tree::rejects_of;

/// Deliveries and rejects by area, of the work that was finished within a span.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// By area, in the order of their names.
    pub areas: BTreeMap<String, AreaSummary>,
}

/// Deliveries and rejects of an area.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct AreaSummary {
    /// CSVs.
    pub deliveries: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Their rows, headers counted.
    pub rows: u64,
    /// What could not be used, by reason; each bad part counts.
    pub rejects: BTreeMap<ReasonCode, u64>,
}

impl Summary {
    /// Of the receipts whose work ended from `from` on and before `to`.
    #[must_use]
    pub fn of(receipts: &Receipts, from: OffsetDateTime, to: OffsetDateTime) -> Self {
        let mut summary = Self::default();
        for receipt in receipts.iter() {
            if (from..to).contains(&ended(receipt)) {
                summary.add(receipt);
            }
        }
        summary
    }

    /// Counts what a receipt tells.
    pub fn add(&mut self, receipt: &Receipt) {
        let delivered = receipt.outputs.iter().filter(|output| output.bucket == Bucket::AmrData);
        for output in delivered {
            let area = self.area(receipt);
            area.deliveries += 1;
            area.bytes += output.size;
            area.rows += output.rows.unwrap_or_default();
        }
        for reject in rejects_of(receipt) {
            *self.area(receipt).rejects.entry(reject.reason_code).or_default() += 1;
        }
    }

    /// All areas together.
    #[must_use]
    pub fn total(&self) -> AreaSummary {
        let mut total = AreaSummary::default();
        for area in self.areas.values() {
            total.deliveries += area.deliveries;
            total.bytes += area.bytes;
            total.rows += area.rows;
            for (code, count) in &area.rejects {
                *total.rejects.entry(*code).or_default() += count;
            }
        }
        total
    }

    fn area(&mut self, receipt: &Receipt) -> &mut AreaSummary {
        let area = receipt.area.clone().unwrap_or_else(|| Area::unknown().to_string());
        self.areas.entry(area).or_default()
    }
}

impl AreaSummary {
    /// Everything that could not be used.
    #[must_use]
    pub fn rejected(&self) -> u64 {
        self.rejects.values().sum()
    }
}

/// When the work was finished.
fn ended(receipt: &Receipt) -> OffsetDateTime {
    receipt.started + Duration::milliseconds(i64::try_from(receipt.duration_ms).unwrap_or(i64::MAX / 2))
}
