//! Tells people of the rejects that a queue's messages are about: each email once.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use futures::{StreamExt, stream};
use pipeline_core::event::Decoded;
use pipeline_core::lambda::batch_answer;
use pipeline_core::telemetry::chain;
use pipeline_core::{Bucket, Key, ObjectEvent, Origin, Store};
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::answerable::{NotTold, answerable};
use crate::claims::{Claimed, Claims};
use crate::error::NotifyError;
use crate::inquiry::inquire;
use crate::look::{Found, Look, is_overdue, look};
use crate::mailer::Mailer;
use crate::notice::{Notice, Place};
use crate::original::{HEADER_BYTES, Original};
use crate::reply;
use crate::senders::take_turn;
use crate::settings::Settings;
use crate::topic::Topic;

/// How many objects are looked at at the same time.
const LOOKS_AT_ONCE: usize = 16;

/// How long before Lambda's deadline the work stops.
const BEFORE_DEADLINE: Duration = Duration::from_secs(10);

/// The sixth function.
#[derive(Debug)]
pub struct Notify {
    store: Store,
    settings: Settings,
    topic: Topic,
    mailer: Option<Mailer>,
}

/// How it ended with one case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    /// People have been told, or need not be.
    Done,
    /// Not yet: the pipeline still works on it, or another worker tells people.
    Later,
}

/// What messages have in common: they are about one email, or one file that a person dropped.
struct Group {
    found: Vec<Found>,
    messages: Vec<Option<String>>,
}

impl Notify {
    /// The function over its buckets, its topic, and its mail service, if suppliers are answered.
    #[must_use]
    pub const fn new(store: Store, settings: Settings, topic: Topic, mailer: Option<Mailer>) -> Self {
        Self {
            store,
            settings,
            topic,
            mailer,
        }
    }

    /// Handles the objects of an event. Messages that have to come again are in the answer: those that failed, and those that it is too
    /// early for.
    ///
    /// # Errors
    /// The first error, if the event did not come by a queue.
    pub async fn run(
        &self,
        decoded: Decoded,
        now: OffsetDateTime,
        deadline: Option<Instant>,
    ) -> Result<Value, NotifyError> {
        let stop = deadline.map(|deadline| deadline.checked_sub(BEFORE_DEADLINE).unwrap_or(deadline));
        let mut again = decoded.undecodable_messages;
        for message in &again {
            tracing::error!(
                error_type = "UnknownEvent",
                message_id = message,
                "a message cannot be decoded"
            );
        }
        let mut first_error = None;
        let mut groups = BTreeMap::<Origin, Group>::new();
        let mut looks = stream::iter(decoded.objects)
            .map(|object| async move {
                let looked = until(stop, look(&self.store, &object, now)).await;
                (object, looked)
            })
            .buffered(LOOKS_AT_ONCE);
        while let Some((object, looked)) = looks.next().await {
            match looked {
                Ok(Look::Nothing) => {}
                Ok(Look::Early) => again.extend(object.message_id),
                Ok(Look::Found(found)) => {
                    let group = groups.entry(found.entered.origin).or_insert_with(|| Group {
                        found: Vec::new(),
                        messages: Vec::new(),
                    });
                    group.found.push(*found);
                    group.messages.push(object.message_id);
                }
                Err(error) => {
                    log_failure(&object, &error);
                    again.extend(object.message_id);
                    first_error.get_or_insert(error);
                }
            }
        }
        drop(looks);
        let mut told = 0_usize;
        for group in groups.into_values() {
            match until(stop, self.tell(&group, now)).await {
                Ok(Ended::Done) => told += 1,
                Ok(Ended::Later) => again.extend(group.messages.into_iter().flatten()),
                Err(error) => {
                    log_failure_of(&group, &error);
                    again.extend(group.messages.into_iter().flatten());
                    first_error.get_or_insert(error);
                }
            }
        }
        match first_error {
            Some(error) if !decoded.from_queue => Err(error),
            _ if decoded.from_queue => Ok(batch_answer(again)),
            _ => Ok(json!({"told": told})),
        }
    }

    async fn tell(&self, group: &Group, now: OffsetDateTime) -> Result<Ended, NotifyError> {
        let Some(Found { entered, received, .. }) = group.found.first() else {
            return Ok(Ended::Done);
        };
        let claims = Claims::of(&self.store, entered.origin);
        let earlier = claims.read().await?;
        let mut ended = Ended::Done;
        for claimed in earlier.iter().filter(|claimed| !claimed.is_told) {
            if claimed.is_abandoned(now) {
                self.deliver(&claims, entered.origin, claimed, now).await?;
            } else {
                ended = Ended::Later;
            }
        }
        let is_claimed = |mark: &_| earlier.iter().any(|claimed| claimed.claim.marks.contains(mark));
        if group.found.iter().all(|found| is_claimed(&found.mark)) {
            return Ok(ended);
        }
        let mut case = inquire(&self.store, entered, *received).await?;
        let is_overdue = group.found.iter().any(|found| is_overdue(found.since, now));
        if !case.is_finished && !is_overdue {
            return Ok(Ended::Later);
        }
        case.problems
            .extend(group.found.iter().filter_map(|found| found.without_receipt.clone()));
        let case = case.without(is_claimed);
        if case.problems.is_empty() {
            return Ok(ended);
        }
        let place = Place {
            stage: &self.settings.stage,
            entered: self.store.buckets().name(case.bucket),
            unprocessable: self.store.buckets().name(Bucket::Unprocessable),
        };
        let reply = reply::text(&case).filter(|_| case.is_email());
        match claims.claim(&case, Notice::about(&case, &place), reply).await? {
            Some(claimed) => self
                .deliver(&claims, entered.origin, &claimed, now)
                .await
                .map(|()| ended),
            None => Ok(Ended::Later),
        }
    }

    /// Tells the sender at most once, then operators at least once, and notes it.
    async fn deliver(
        &self,
        claims: &Claims<'_>,
        origin: Origin,
        claimed: &Claimed,
        now: OffsetDateTime,
    ) -> Result<(), NotifyError> {
        let claim = &claimed.claim;
        let replied = self.reply(claims, origin, claimed, now).await?;
        let sender = match &replied {
            Ok(()) => "The sender was told.".to_owned(),
            Err(why) => format!("The sender was not told: {why}."),
        };
        let notice = Notice {
            subject: claim.notice.subject.clone(),
            body: format!("{}\n{sender}\n", claim.notice.body),
        };
        self.topic.publish(&notice).await?;
        let (bucket, message_key) = (claim.bucket.as_str(), claim.key.as_str());
        let (rejects, was_sender_told) = (claim.marks.len(), replied.is_ok());
        // What is logged as a warning with `notification` is what Rollbar is told.
        tracing::warn!(
            notification = notice.subject,
            bucket,
            message_key,
            rejects,
            was_sender_told,
            sender,
            "operators were told of files that could not be used"
        );
        claims.told(claimed, &sender).await
    }

    async fn reply(
        &self,
        claims: &Claims<'_>,
        origin: Origin,
        claimed: &Claimed,
        now: OffsetDateTime,
    ) -> Result<Result<(), NotTold>, NotifyError> {
        let Some(mailer) = &self.mailer else {
            return Ok(Err(NotTold::SwitchedOff));
        };
        if claimed.claim.bucket != Bucket::Inbox {
            return Ok(Err(NotTold::NoEmail));
        }
        let Some(text) = &claimed.claim.reply else {
            return Ok(Err(NotTold::NotForSenders));
        };
        let Some(original) = self.original(&Key::new(&claimed.claim.key), origin).await? else {
            return Ok(Err(NotTold::NoHeader));
        };
        let to = match answerable(&original, &self.settings.ours()) {
            Ok(to) => to,
            Err(why) => return Ok(Err(why)),
        };
        if !claims.only_attempt_to_reply(claimed).await? {
            return Ok(Err(NotTold::TriedBefore));
        }
        if !take_turn(&self.store, to, now).await? {
            return Ok(Err(NotTold::ToldWithinTheHour));
        }
        let letter = reply::letter(text, to, mailer.from(), &original, now);
        Ok(mailer.send(to, letter).await.map_err(|error| {
            tracing::warn!(
                code = error.code,
                message_key = claimed.claim.key,
                "a reply could not be sent"
            );
            NotTold::Refused
        }))
    }

    /// The header of an email, if it is still the one of this origin.
    async fn original(&self, key: &Key, origin: Origin) -> Result<Option<Original>, NotifyError> {
        let Some(head) = self.store.head(Bucket::Inbox, key).await? else {
            return Ok(None);
        };
        let inbox = self.store.buckets().name(Bucket::Inbox);
        if Origin::of_outside_object(inbox, key.as_str(), &head.etag, head.last_modified) != origin {
            return Ok(None);
        }
        let Some(mut body) = self.store.get(Bucket::Inbox, key, &head.etag).await? else {
            return Ok(None);
        };
        let mut begin = Vec::new();
        while begin.len() < HEADER_BYTES
            && let Some(chunk) = body.next().await
        {
            let chunk = chunk.map_err(|source| pipeline_core::StoreError::Body {
                bucket: inbox.to_owned(),
                key: key.to_string(),
                source: Box::new(source),
            })?;
            begin.extend_from_slice(&chunk);
        }
        begin.truncate(HEADER_BYTES);
        Ok(Original::read(&begin))
    }
}

/// What the future gives, if it does so in time.
async fn until<T>(
    stop: Option<Instant>,
    future: impl Future<Output = Result<T, NotifyError>>,
) -> Result<T, NotifyError> {
    match stop {
        None => future.await,
        Some(stop) if stop <= Instant::now() => Err(NotifyError::Deadline),
        Some(stop) => tokio::time::timeout_at(stop.into(), future)
            .await
            .unwrap_or(Err(NotifyError::Deadline)),
    }
}

fn log_failure(object: &ObjectEvent, error: &NotifyError) {
    tracing::error!(
        bucket = object.bucket,
        key = object.key.as_str(),
        message_id = object.message_id,
        error_type = error.error_type(),
        cause = chain(error),
        "nobody could be told of the object"
    );
}

fn log_failure_of(group: &Group, error: &NotifyError) {
    let entered = group.found.first().map(|found| &found.entered);
    tracing::error!(
        bucket = entered.map(|entered| entered.bucket.as_str()),
        message_key = entered.map(|entered| entered.key.as_str()),
        error_type = error.error_type(),
        cause = chain(error),
        "nobody could be told of what it brought"
    );
}
