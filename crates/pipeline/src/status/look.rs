//! Everything that `pipeline status` tells.

use pipeline_core::{Bucket, Store};
use serde::Serialize;
use story::{Receipts, Summary};
use time::{Duration, OffsetDateTime};

use super::failure_queue::FailureQueue;
use super::waiting::{Waiting, interrupted_replays};
use crate::args::StatusArgs;
use crate::place::Place;

/// The buckets in which something may wait, in the order of the flow.
const LOOKED_AT: [Bucket; 6] = [
    Bucket::Inbox,
    Bucket::Process,
    Bucket::Uncompressed,
    Bucket::Spreadsheet,
    Bucket::AmrData,
    Bucket::Unprocessable,
];

/// How a pipeline is.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Status {
    /// What waits in each bucket.
    pub(crate) waiting: Vec<Waiting>,
    /// Deliveries and rejects of the last 24 hours.
    pub(crate) last_day: Summary,
    /// The events that were given up.
    pub(crate) failure_queue: FailureQueue,
    /// Replays that were interrupted.
    pub(crate) interrupted_replays: u64,
    /// A sentence for each thing that is stuck.
    pub(crate) stuck: Vec<String>,
}

impl Status {
    pub(crate) async fn look(place: &Place, args: &StatusArgs) -> anyhow::Result<Self> {
        let store = place.store();
        let now = OffsetDateTime::now_utc();
        let day_ago = now - Duration::DAY;
        let mut receipts = Receipts::since(Some(day_ago));
        receipts.refresh(store).await?;
        let mut status = Self {
            waiting: waiting(store, &receipts, now, args.inbox_days).await?,
            // Nothing that a clock was ahead with is left out.
            last_day: Summary::of(&receipts, day_ago, now + Duration::DAY),
            failure_queue: FailureQueue::look(place, &args.place.data).await,
            interrupted_replays: interrupted_replays(store).await?,
            stuck: Vec::new(),
        };
        status.stuck = status.what_is_stuck(Duration::minutes(args.stuck_after.into()));
        Ok(status)
    }

    fn what_is_stuck(&self, after: Duration) -> Vec<String> {
        let mut stuck = Vec::new();
        for waiting in self.waiting.iter().filter(|waiting| waiting.is_work()) {
            let age = waiting.oldest_age_s.unwrap_or_default();
            if waiting.objects > 0 && Duration::seconds(age) > after {
                stuck.push(format!(
                    "{}: an object has waited for {}",
                    waiting.bucket,
                    in_words(age)
                ));
            }
        }
        if let Some(events @ 1..) = self.failure_queue.events {
            stuck.push(format!(
                "failure queue: {events} given up; `pipeline replay --failures` tries again"
            ));
        }
        if self.interrupted_replays > 0 {
            stuck.push(format!(
                "unprocessable: the replay of {} was interrupted; `pipeline replay` goes on with it",
                self.interrupted_replays
            ));
        }
        stuck
    }
}

async fn waiting(
    store: &Store,
    receipts: &Receipts,
    now: OffsetDateTime,
    inbox_days: u32,
) -> anyhow::Result<Vec<Waiting>> {
    let mut all = Vec::new();
    for bucket in LOOKED_AT {
        all.push(Waiting::in_bucket(store, bucket, receipts, now, inbox_days).await?);
    }
    Ok(all)
}

/// An age in its largest unit.
pub(crate) fn in_words(seconds: i64) -> String {
    let unit = |count: i64, noun: &str| format!("{count} {noun}{}", if count == 1 { "" } else { "s" });
    match seconds {
        ..120 => unit(seconds, "second"),
        120..7200 => unit(seconds / 60, "minute"),
        7200..172_800 => unit(seconds / 3600, "hour"),
        _ => unit(seconds / 86_400, "day"),
    }
}

#[cfg(test)]
mod tests {
    use super::in_words;

    #[test]
    fn an_age_is_told_in_its_largest_unit() {
        for (seconds, words) in [
            (1, "1 second"),
            (3600, "60 minutes"),
            (7200, "2 hours"),
            (200_000, "2 days"),
        ] {
            assert_eq!(in_words(seconds), words);
        }
    }
}
