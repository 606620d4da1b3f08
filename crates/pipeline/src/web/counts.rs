//! The numbers of the first page.

use pipeline_core::{Bucket, Receipt, Stage};
use story::Receipts;
use time::{Duration, OffsetDateTime};

use super::memory::{Contents, Memory};
use super::view::{BucketView, Flow, Hour, Parked};

const HOURS: i64 = 24;

/// What waits for longer than this is stuck, given up or not: all retries of a laptop are over then.
const STUCK_AFTER: Duration = Duration::minutes(15);

/// Every bucket, and what of it is stuck: given up, or waiting for too long.
pub(super) fn buckets(memory: &Memory, parked: &[Parked], now: OffsetDateTime) -> Vec<BucketView> {
    let view = |(bucket, contents): &(Bucket, Contents)| {
        let given_up = parked.iter().filter(|event| event.bucket == *bucket).count();
        let since = contents.waiting_since.iter();
        let late = since.filter(|since| now - **since > STUCK_AFTER).count();
        let waiting = contents.waiting_since.len();
        BucketView {
            bucket: *bucket,
            objects: contents.objects,
            bytes: contents.bytes,
            oldest: contents.oldest,
            waiting: waiting as u64,
            stuck: given_up.max(late).min(waiting) as u64,
        }
    };
    memory.contents.iter().map(view).collect()
}

/// What went through in the last 24 hours.
pub(super) fn flow(receipts: &Receipts, now: OffsetDateTime) -> Flow {
    let all = receipts.iter().map(std::convert::AsRef::as_ref);
    count(all, now)
}

fn count<'r>(receipts: impl Iterator<Item = &'r Receipt>, now: OffsetDateTime) -> Flow {
    let this_hour = now
        .replace_minute(0)
        .and_then(|now| now.replace_second(0))
        .unwrap_or(now);
    let this_hour = this_hour.replace_nanosecond(0).unwrap_or(this_hour);
    let first = this_hour - Duration::hours(HOURS - 1);
    let hour = |index| Hour {
        begins: first + Duration::hours(index),
        delivered: 0,
        rejected: 0,
    };
    let mut flow = Flow {
        hours: (0..HOURS).map(hour).collect(),
        ..Flow::default()
    };
    for receipt in receipts {
        let index = (receipt.started - first).whole_hours();
        if receipt.started < first {
            continue;
        }
        let Some(hour) = usize::try_from(index).ok().and_then(|index| flow.hours.get_mut(index)) else {
            continue;
        };
        let to = |bucket| receipt.outputs.iter().filter(|output| output.bucket == bucket).count() as u64;
        let delivered = to(Bucket::AmrData);
        let rejected = u64::from(receipt.rejected.is_some());
        hour.delivered += delivered;
        hour.rejected += rejected;
        flow.delivered += delivered;
        flow.rejected += rejected;
        flow.archives += to(Bucket::Uncompressed);
        flow.workbooks += to(Bucket::Spreadsheet);
        let back = to(Bucket::Process);
        match receipt.stage {
            Stage::UnpackAttachments => {
                flow.emails += 1;
                flow.unpacked += back;
            }
            Stage::UncompressFile => flow.members += back,
            Stage::ConvertFile => flow.converted += back,
            Stage::ProcessFile => {}
        }
    }
    flow
}

#[cfg(test)]
mod tests {
    use super::*;
    use pipeline_core::Origin;
    use serde_json::{Value, json};
    use time::format_description::well_known::Rfc3339;
    use time::macros::datetime;

    const NOW: OffsetDateTime = datetime!(2025-03-23 10:20 UTC);

    fn receipt(stage: &str, started: OffsetDateTime, outputs: &[&str], is_rejected: bool) -> Receipt {
        let origin = Origin::of_outside_object("inbox", "1.eml", "\"e\"", NOW);
        let output = |bucket: &&str| json!({"bucket": bucket, "key": "bam/a.csv", "origin": origin, "path_in_parent": "a", "source_name": "a", "size": 1, "blake3": ""});
        let mut receipt = json!({
            "schema": 1, "stage": stage, "origin": origin, "parent": null, "message": null, "area": "bam",
            "received": started.format(&Rfc3339).unwrap(), "source_name": "a", "depth": 0,
            "input": {"bucket": "inbox", "key": "1.eml", "size": 1, "etag": "\"e\""}, "outcome": "done",
            "outputs": outputs.iter().map(output).collect::<Vec<Value>>(),
            "started": started.format(&Rfc3339).unwrap(), "duration_ms": 5,
        });
        if is_rejected {
            receipt["rejected"] = json!({"key": "bam/a", "reason_code": "html", "reason": "A page."});
        }
        serde_json::from_value(receipt).unwrap()
    }

    #[test]
    fn each_arrow_counts_what_went_along_it_and_each_hour_what_ended_in_it() {
        let receipts = [
            receipt("unpack-attachments", NOW, &["process", "process"], false),
            receipt("process-file", NOW, &["amr-data"], false),
            receipt("process-file", NOW - Duration::minutes(21), &["uncompressed"], false),
            receipt("uncompress-file", NOW, &["process"], true),
            receipt("process-file", NOW, &["spreadsheet"], false),
            receipt("convert-file", NOW, &["process"], false),
            receipt("process-file", NOW - Duration::hours(23), &["amr-data"], true),
            receipt("process-file", NOW - Duration::hours(24), &["amr-data"], true),
        ];
        let flow = count(receipts.iter(), NOW);
        assert_eq!(
            (flow.emails, flow.unpacked, flow.delivered, flow.rejected),
            (1, 2, 2, 2)
        );
        assert_eq!(
            (flow.archives, flow.members, flow.workbooks, flow.converted),
            (1, 1, 1, 1)
        );
        let delivered: Vec<_> = flow.hours.iter().map(|hour| hour.delivered).collect();
        assert_eq!((delivered.len(), delivered[0], delivered[23]), (24, 1, 1));
        assert_eq!(flow.hours[23].begins, datetime!(2025-03-23 10:00 UTC));
    }

    #[test]
    fn what_waits_for_a_quarter_of_an_hour_or_was_given_up_is_stuck() {
        let waiting_since = vec![NOW, NOW - Duration::minutes(16)];
        let contents = Contents {
            objects: 2,
            waiting_since,
            ..Contents::default()
        };
        let mut memory = Memory::default();
        memory.contents = vec![(Bucket::Process, contents)];
        assert_eq!(buckets(&memory, &[], NOW)[0].stuck, 1);
        let parked = Parked {
            bucket: Bucket::Process,
            key: "bam/a.csv".to_owned(),
            since: NOW,
            why: String::new(),
        };
        assert_eq!(buckets(&memory, &[parked.clone(), parked], NOW)[0].stuck, 2);
    }
}
