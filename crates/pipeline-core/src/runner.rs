//! Runs a step on the objects of its bucket, and keeps the promises for all stages (`docs/SEMANTICS.md`).
//!
//! The order is what makes a crash harmless: outputs, then the receipt, then the deletion of the source.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use time::OffsetDateTime;

use crate::area::Area;
use crate::bucket::Bucket;
use crate::config::Config;
use crate::event::ObjectEvent;
use crate::handled::{About, Before, Earlier, Handled, RunError};
use crate::key::{Key, KeyLayout};
use crate::latch::Latch;
use crate::origin::Origin;
use crate::outbox::Outbox;
use crate::provenance::Provenance;
use crate::reason::{BadPart, ReasonCode, Rejection};
use crate::receipt::{InputRecord, Outcome, Receipt, RejectRecord, SCHEMA};
use crate::safe_path::SafePath;
use crate::spool::{Filling, Spool};
use crate::step::{Failure, Input, Step, Verdict};
use crate::step_thread;
use crate::store::{Content, ObjectHead, Put, Store, StoreError, Target};
use crate::telemetry::chain;

/// How long before Lambda's deadline the work stops, so that its failure is still reported.
const BEFORE_DEADLINE: Duration = Duration::from_secs(60);

/// A step, tied to its buckets.
#[derive(Debug)]
pub struct Runner<S> {
    step: Arc<S>,
    store: Store,
    layout: KeyLayout,
}

/// [`Handled`], without what is known anyway.
enum Worked {
    Now(Box<Receipt>),
    Before(Earlier),
}

/// The object of an event, as found.
struct Source {
    key: Key,
    head: ObjectHead,
    area: Option<Area>,
    name: SafePath,
    origin: Origin,
    provenance: Provenance,
}

impl<S: Step> Runner<S> {
    /// A step over its buckets.
    pub fn new(step: S, store: Store, config: &Config) -> Self {
        Self {
            step: Arc::new(step),
            store,
            layout: config.layout,
        }
    }

    /// Does what the stage does with the object of an event, unless that has been done before.
    ///
    /// # Errors
    /// If S3, the network, the disk, the clock or we ourselves failed. Nothing is lost then: the source is still
    /// there, and the same event given again finishes the work.
    pub async fn handle(&self, event: &ObjectEvent, deadline: Option<Instant>) -> Result<Handled, RunError> {
        // The deadline drops the work, but not what it has found out.
        let about = Mutex::new(About::from_key(self.step.stage(), &event.key));
        let work = self.work(event, &about);
        let ended = match deadline {
            None => work.await,
            Some(deadline) => tokio::time::timeout_at(stop_at(Instant::now(), deadline).into(), work)
                .await
                .unwrap_or(Err(Failure::Deadline)),
        };
        let about = about.into_inner().unwrap_or_else(PoisonError::into_inner);
        match ended {
            Ok(Worked::Now(receipt)) => Ok(Handled::Now(receipt)),
            Ok(Worked::Before(earlier)) => Ok(Handled::Before(Before { earlier, about })),
            Err(failure) => Err(RunError {
                stage: self.step.stage().as_str(),
                bucket: event.bucket.clone(),
                key: event.key.to_string(),
                about,
                failure,
            }),
        }
    }

    async fn work(&self, event: &ObjectEvent, about: &Mutex<About>) -> Result<Worked, Failure> {
        let started = OffsetDateTime::now_utc();
        let bucket = self.step.stage().source();
        if self.store.buckets().role(&event.bucket) != Some(bucket) {
            return Err(Failure::WrongBucket(self.step.stage()));
        }
        let Some((head, body)) = self.store.open(bucket, &event.key).await? else {
            return Ok(Worked::Before(Earlier::SourceGone));
        };
        let size = head.size;
        let source = self.identify(&event.key, head);
        *about.lock().unwrap_or_else(PoisonError::into_inner) = source.about();
        let receipt_key = Key::receipt(source.origin);
        // After the object was opened, and not meanwhile: what a replay puts back is there after its old receipt has been retired.
        if self.store.head(Bucket::Receipts, &receipt_key).await?.is_some() {
            self.remove(&source).await?;
            return Ok(Worked::Before(Earlier::Receipt(source.origin)));
        }
        let spool = if size > self.step.most_bytes() {
            Spool::fetch_beginning(body, size).await.map(|spool| (spool, None))
        } else {
            Spool::fetch(body, size).await
        };
        let spool = spool.map_err(|error| self.broken_body(&source, error))?;
        let receipt = match self.run_step(&source, spool, started).await {
            Ok(receipt) => receipt,
            // Another worker on the same object was faster, and took the source or the outputs' turn away: that is no failure.
            Err(failure) if matches!(self.store.head(Bucket::Receipts, &receipt_key).await, Ok(Some(_))) => {
                tracing::warn!(cause = chain(&failure), "another worker finished the object meanwhile");
                self.remove(&source).await?;
                return Ok(Worked::Before(Earlier::Receipt(source.origin)));
            }
            Err(failure) => return Err(failure),
        };
        let counts = self.write_receipt(&receipt_key, &receipt).await?;
        self.remove(&source).await?;
        if counts {
            Ok(Worked::Now(Box::new(receipt)))
        } else {
            Ok(Worked::Before(Earlier::Receipt(source.origin)))
        }
    }

    /// An object is the pipeline's own if it lies at the place that its metadata name; a copy that somebody
    /// dropped elsewhere, metadata and all, enters from outside like any other file.
    fn identify(&self, key: &Key, head: ObjectHead) -> Source {
        let bucket = self.step.stage().source();
        let outside = || {
            let bucket = self.store.buckets().name(bucket);
            Origin::of_outside_object(bucket, key.as_str(), &head.etag, head.last_modified)
        };
        if bucket == Bucket::Inbox {
            let name = SafePath::from_path(key.as_str());
            let provenance = Provenance::from_outside(Some(key.to_string()), head.last_modified, key.to_string());
            return Source::new(key, &head, None, name, outside(), provenance);
        }
        let (area, _, name) = key.parse_staging();
        match Provenance::from_staging_metadata(&head.metadata, bucket, key) {
            Some((origin, provenance)) => Source::new(key, &head, area, name, origin, provenance),
            None => {
                let source_name = name.as_ref().map_or_else(|| key.to_string(), SafePath::to_string);
                let provenance = Provenance::from_outside(None, head.last_modified, source_name);
                Source::new(key, &head, area, name, outside(), provenance)
            }
        }
    }

    async fn run_step(
        &self,
        source: &Source,
        (spool, filling): (Spool, Option<Filling>),
        started: OffsetDateTime,
    ) -> Result<Receipt, Failure> {
        let bucket = self.step.stage().source();
        let content = spool.in_memory().cloned().map_or_else(
            || Content::Object(bucket, source.key.clone(), source.head.etag.clone(), spool.size()),
            Content::Bytes,
        );
        let latch = Arc::new(Latch::default());
        let input = Arc::new(Input {
            area: source.area.clone(),
            name: source.name.clone(),
            origin: source.origin,
            provenance: source.provenance.clone(),
            spool,
            latch: Arc::clone(&latch),
        });
        let outbox = Outbox::new(
            self.step.stage(),
            self.store.clone(),
            self.layout,
            &input,
            content.clone(),
        );
        // Whenever this future is dropped, be it by the deadline, nothing is written any more.
        let _stop = outbox.stop_on_drop();
        let stepping = async {
            if input.area.is_none() && bucket != Bucket::Inbox {
                return Ok((Ok(Verdict::Rejected(no_area())), outbox));
            }
            step_thread::run(Arc::clone(&self.step), Arc::clone(&input), outbox).await
        };
        let (ended, ()) = tokio::join!(stepping, self.fill(source, filling, &latch));
        let (verdict, outbox) = ended?;
        let (outputs, notes, provenance, area) = outbox.close().await;
        // A latched failure counts more than the verdict: format code may have taken an outage for a corrupt file.
        if let Some(failure) = latch.take() {
            return Err(failure);
        }
        let (outcome, rejection, parts) = outcome_of(verdict?);
        let rejected = match rejection {
            None => None,
            Some(rejection) => {
                let area = area.clone().unwrap_or_else(Area::unknown);
                let key = self.put_aside(source, &area, &provenance, &rejection, &content).await?;
                Some(RejectRecord { key, rejection, parts })
            }
        };
        Ok(Receipt {
            schema: SCHEMA,
            stage: self.step.stage(),
            origin: source.origin,
            parent: provenance.parent,
            message: provenance.message,
            area: area.map(|area| area.to_string()),
            received: provenance.received,
            source_name: provenance.source_name,
            depth: provenance.depth,
            generation: provenance.generation,
            input: InputRecord {
                bucket,
                key: source.key.to_string(),
                size: input.size(),
                etag: source.head.etag.clone(),
                blake3: input.spool.blake3(),
            },
            outcome,
            outputs,
            rejected,
            notes,
            started,
            duration_ms: u64::try_from((OffsetDateTime::now_utc() - started).whole_milliseconds()).unwrap_or_default(),
        })
    }

    /// Fetches a large object while the step reads it.
    async fn fill(&self, source: &Source, filling: Option<Filling>, latch: &Latch) {
        let Some(mut filling) = filling else { return };
        if let Err(error) = filling.finish(latch).await {
            // Before its readers learn that it broke off, which they do when it is dropped.
            latch.fail(self.broken_body(source, error));
        }
    }

    /// Puts what could not be used into unprocessable, with the reason.
    async fn put_aside(
        &self,
        source: &Source,
        area: &Area,
        provenance: &Provenance,
        rejection: &Rejection,
        content: &Content,
    ) -> Result<String, StoreError> {
        // The importer's layout is no matter here: the plain name is what people look for.
        let keys = Key::delivery(KeyLayout::Flat, area, source.origin, provenance.received, &source.name);
        let target = Target {
            bucket: Bucket::Unprocessable,
            keys: keys.to_vec(),
            origin: source.origin,
            metadata: provenance.to_metadata(source.origin, Some(rejection)),
            unless: Some(Key::receipt(source.origin)),
        };
        Ok(self.store.place(&target, content).await?.to_string())
    }

    /// Whether it is this receipt that counts: another worker on the same object may have been faster.
    async fn write_receipt(&self, key: &Key, receipt: &Receipt) -> Result<bool, Failure> {
        let json = serde_json::to_vec_pretty(receipt).map_err(|error| Failure::Defect(error.to_string()))?;
        let json = Bytes::from(json);
        let put = self
            .store
            .put_new(Bucket::Receipts, key, json.clone(), [].into())
            .await?;
        if put == Put::Created {
            return Ok(true);
        }
        // It may also be this very receipt, if the first answer was lost and the SDK asked again.
        match self.store.get_bytes(Bucket::Receipts, key).await? {
            Some(written) => Ok(written == json),
            None => Err(self.store.taken(Bucket::Receipts, key).into()),
        }
    }

    async fn remove(&self, source: &Source) -> Result<(), StoreError> {
        let stage = self.step.stage();
        if stage.keeps_source() {
            return Ok(());
        }
        self.store
            .delete_if_match(stage.source(), &source.key, &source.head.etag)
            .await
    }

    fn broken_body(&self, source: &Source, error: std::io::Error) -> Failure {
        if error.raw_os_error().is_some() {
            return Failure::Spool(error);
        }
        Failure::Store(StoreError::Body {
            bucket: self.store.buckets().name(self.step.stage().source()).to_owned(),
            key: source.key.to_string(),
            source: Box::new(error),
        })
    }
}

impl Source {
    fn new(
        key: &Key,
        head: &ObjectHead,
        area: Option<Area>,
        name: Option<SafePath>,
        origin: Origin,
        provenance: Provenance,
    ) -> Self {
        Self {
            key: key.clone(),
            head: head.clone(),
            area,
            name: name.unwrap_or_else(|| SafePath::fallback(origin)),
            origin,
            provenance,
        }
    }

    fn about(&self) -> About {
        About {
            message: self.provenance.message.clone(),
            area: self.area.as_ref().map(Area::to_string),
            origin: Some(self.origin),
        }
    }
}

/// Where so little time is left that a minute would be most of it, half of it must do.
fn stop_at(now: Instant, deadline: Instant) -> Instant {
    let left = deadline.saturating_duration_since(now);
    now + left - BEFORE_DEADLINE.min(left / 2)
}

fn no_area() -> Rejection {
    let reason = "The file lies in no area's folder. Please put it under the area's name, for instance sheffield/.";
    Rejection::new(ReasonCode::NoArea, reason)
}

fn outcome_of(verdict: Verdict) -> (Outcome, Option<Rejection>, Vec<BadPart>) {
    match verdict {
        Verdict::Done => (Outcome::Done, None, Vec::new()),
        Verdict::NoFiles => (Outcome::NoFiles, None, Vec::new()),
        Verdict::Rejected(rejection) => (Outcome::Rejected, Some(rejection), Vec::new()),
        Verdict::Partly(parts) => match Rejection::of_parts(&parts) {
            None => (Outcome::Done, None, parts),
            Some(rejection) => (Outcome::Partly, Some(rejection), parts),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_work_stops_a_minute_before_the_deadline_or_at_half_of_a_short_time() {
        let now = Instant::now();
        let seconds = Duration::from_secs;
        for (left, stops_after) in [(900, 840), (120, 60), (60, 30), (10, 5), (0, 0)] {
            assert_eq!(stop_at(now, now + seconds(left)), now + seconds(stops_after));
        }
    }
}
