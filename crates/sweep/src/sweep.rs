//! Sweeps the buckets: finds what got stuck, sends it to its stage again, and tells how much waits, and since when.

use std::time::{Duration, Instant};

use futures::{StreamExt, future, stream};
use pipeline_core::event::Record;
use pipeline_core::metrics::{Document, Metrics, Unit};
use pipeline_core::store::Listed;
use pipeline_core::telemetry::chain;
use pipeline_core::{Bucket, Key, Origin, Stage, Store, StoreError};
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::error::SweepError;
use crate::functions::Functions;
use crate::request::Run;
use crate::settings::Settings;
use crate::stops::{Stops, until};
use crate::tally::Tally;

/// How many receipts of a page are looked for at the same time.
const LOOKS_AT_ONCE: usize = 32;

/// How many events are handed over at the same time.
pub(crate) const HAND_OVERS_AT_ONCE: usize = 16;

/// The importer's archive in amr-data: it grows for ever, and is nobody's work.
const ARCHIVE: &str = "archive-";

/// The buckets in which something may wait, in the order of the flow.
const SWEPT: [Bucket; 5] = [
    Bucket::Inbox,
    Bucket::Process,
    Bucket::Uncompressed,
    Bucket::Spreadsheet,
    Bucket::AmrData,
];

/// The fifth function.
#[derive(Debug)]
pub struct Sweep {
    pub(crate) store: Store,
    pub(crate) functions: Functions,
    settings: Settings,
    metrics: Metrics,
}

/// What a run found in a bucket, and did about it.
#[derive(Debug, Default)]
struct Swept {
    waiting: u64,
    oldest: Duration,
    due: u64,
    sent_again: u64,
    /// Could not be handed over.
    failed: u64,
    /// Drawn, but the deadline was too near.
    left: u64,
    /// Whether every object was looked at.
    looked_at_all: bool,
    error: Option<SweepError>,
}

impl Sweep {
    /// The function over its buckets and the stages' functions.
    #[must_use]
    pub const fn new(store: Store, functions: Functions, settings: Settings, metrics: Metrics) -> Self {
        Self {
            store,
            functions,
            settings,
            metrics,
        }
    }

    /// Sweeps all buckets at the same time; one that cannot be swept does not keep the others from it. What was found in each is the
    /// answer.
    ///
    /// # Errors
    /// The first error of the first bucket that had one, after all buckets were swept.
    pub async fn run(&self, run: Run, deadline: Option<Instant>) -> Result<Value, SweepError> {
        let stops = Stops::before(deadline, Instant::now());
        let all = future::join_all(SWEPT.map(|bucket| self.sweep(bucket, run, stops))).await;
        let mut answer = serde_json::Map::new();
        let mut first_error = None;
        for (bucket, swept) in SWEPT.into_iter().zip(all) {
            self.publish(bucket, &swept);
            self.log(bucket, &swept);
            answer.insert(bucket.to_string(), swept.to_json());
            first_error = first_error.or(swept.error);
        }
        first_error.map_or_else(|| Ok(Value::Object(answer)), Err)
    }

    async fn sweep(&self, bucket: Bucket, run: Run, stops: Stops) -> Swept {
        let mut tally = Tally::new(run, self.settings.back_off, self.settings.limit);
        let looked = until(stops.looking, self.look(bucket, run, &mut tally)).await;
        let mut swept = Swept {
            waiting: tally.waiting(),
            oldest: tally.oldest(),
            due: tally.due(),
            looked_at_all: matches!(looked, Some(Ok(()))),
            ..Swept::default()
        };
        if let Some(Err(error)) = looked {
            swept.error = Some(error.into());
        }
        if let Some(stage) = Stage::of_bucket(bucket) {
            self.send(stage, run, tally.into_drawn(), stops.sending, &mut swept)
                .await;
        }
        swept
    }

    /// Goes through a bucket.
    async fn look(&self, bucket: Bucket, run: Run, tally: &mut Tally) -> Result<(), StoreError> {
        let mut pages = self.store.pages(bucket, "");
        if bucket == Bucket::AmrData {
            pages = pages.passing_over(ARCHIVE);
        }
        while let Some(mut page) = pages.next().await? {
            if bucket != Bucket::AmrData {
                page.retain(|object| object.last_modified >= self.settings.since.0);
            }
            match bucket {
                Bucket::Inbox => self.look_at_emails(run, page, tally).await?,
                // Nobody sends a delivered file again: it waits for the importer. A folder that the console made waits for nothing.
                Bucket::AmrData => {
                    let files = page.iter().filter(|object| !object.key.as_str().ends_with('/'));
                    files.for_each(|object| tally.count(object));
                }
                // What is finished is removed, so whatever is here waits. Its receipt may be there already: then the stage
                // only removes it.
                _ => page.into_iter().for_each(|object| tally.count_and_offer(object)),
            }
        }
        Ok(())
    }

    /// Emails stay, so only a receipt tells whether one waits. Young ones are most likely being worked on, and old ones
    /// may have outlived their receipts.
    async fn look_at_emails(&self, run: Run, page: Vec<Listed>, tally: &mut Tally) -> Result<(), StoreError> {
        let in_window = page.into_iter().filter(|email| {
            let age = run.age(email);
            self.settings.back_off.is_stuck(age) && age < self.settings.inbox_window
        });
        let mut looks = stream::iter(in_window)
            .map(|email| async {
                let key = Key::receipt(self.origin(&email));
                let receipt = self.store.head(Bucket::Receipts, &key).await?;
                Ok(receipt.is_none().then_some(email))
            })
            .buffer_unordered(LOOKS_AT_ONCE);
        while let Some(without_receipt) = looks.next().await {
            if let Some(email) = without_receipt? {
                tally.count_and_offer(email);
            }
        }
        Ok(())
    }

    /// The origin that the runner gives an email: a listing tells all that goes into it.
    fn origin(&self, email: &Listed) -> Origin {
        let inbox = self.store.buckets().name(Bucket::Inbox);
        Origin::of_outside_object(inbox, email.key.as_str(), &email.etag, email.last_modified)
    }

    async fn send(&self, stage: Stage, run: Run, drawn: Vec<Listed>, stop: Option<Instant>, swept: &mut Swept) {
        let bucket = self.store.buckets().name(stage.source());
        swept.left = drawn.len() as u64;
        let mut sending = stream::iter(drawn)
            .map(|object| async move {
                let handed_over = self
                    .functions
                    .hand_over(stage, &Record::of_listed(bucket, &object))
                    .await;
                (object, handed_over)
            })
            .buffer_unordered(HAND_OVERS_AT_ONCE);
        while let Some(Some((object, handed_over))) = until(stop, sending.next()).await {
            swept.left -= 1;
            let (key, age_s) = (object.key.as_str(), run.age(&object).as_secs());
            match handed_over {
                Ok(()) => {
                    swept.sent_again += 1;
                    tracing::info!(bucket, key, age_s, stage = stage.as_str(), "the object was sent again");
                }
                Err(error) => {
                    swept.failed += 1;
                    // An error is told once a bucket, not once an object: an outage concerns them all.
                    tracing::warn!(
                        bucket,
                        key,
                        age_s,
                        stage = stage.as_str(),
                        cause = chain(&error),
                        "the object could not be sent again"
                    );
                    swept.error.get_or_insert(error.into());
                }
            }
        }
    }

    /// How much waits is only told where it is known: none, because S3 did not answer, would look like good news.
    fn publish(&self, bucket: Bucket, swept: &Swept) {
        let mut metrics = vec![("SentAgain", Unit::Count, swept.sent_again)];
        if swept.looked_at_all {
            metrics.push(("Waiting", Unit::Count, swept.waiting));
            metrics.push(("OldestAge", Unit::Seconds, swept.oldest.as_secs()));
        }
        let document = Document::at(OffsetDateTime::now_utc())
            .dimension("Bucket", bucket.as_str())
            .metrics(&[&["Bucket"]], &metrics);
        self.metrics.print(&document);
    }

    fn log(&self, bucket: Bucket, swept: &Swept) {
        let bucket = self.store.buckets().name(bucket);
        let (waiting, oldest_age_s) = (swept.waiting, swept.oldest.as_secs());
        let (due, sent_again, failed, left) = (swept.due, swept.sent_again, swept.failed, swept.left);
        match &swept.error {
            Some(error) => tracing::error!(
                bucket,
                waiting,
                oldest_age_s,
                due,
                sent_again,
                failed,
                left,
                error_type = error.error_type(),
                cause = chain(error),
                "the bucket could not be swept"
            ),
            None if !swept.looked_at_all || left > 0 => tracing::warn!(
                bucket,
                waiting,
                oldest_age_s,
                due,
                sent_again,
                left,
                looked_at_all = swept.looked_at_all,
                "the deadline came before all was swept, the next run goes on"
            ),
            None => tracing::info!(bucket, waiting, oldest_age_s, due, sent_again, "the bucket was swept"),
        }
    }
}

impl Swept {
    fn to_json(&self) -> Value {
        json!({
            "waiting": self.waiting,
            "oldest_age_s": self.oldest.as_secs(),
            "due": self.due,
            "sent_again": self.sent_again,
            "failed": self.failed,
            "left": self.left,
            "looked_at_all": self.looked_at_all,
        })
    }
}
