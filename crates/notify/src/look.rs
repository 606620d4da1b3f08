//! A look at one object in unprocessable: whether it is a matter for people, and what it came of.

use std::time::Duration;

use pipeline_core::provenance::reason_of;
use pipeline_core::{Bucket, Key, ObjectEvent, Origin, Provenance, ReasonCode, Receipt, Store};
use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::Error;
use story::{Entered, rejects_of};
use time::OffsetDateTime;

use crate::case::{Mark, Problem};
use crate::error::NotifyError;

/// How long people wait to be told of all of an email at once.
pub const WAIT: Duration = Duration::from_secs(2 * 60 * 60);

/// More generations than any file has.
const MOST_GENERATIONS: usize = 256;

/// What a look has found.
#[derive(Debug)]
pub(crate) enum Look {
    /// Nothing that people have to be told: the object is gone, or not the pipeline's, or nobody misses it.
    Nothing,
    /// The pipeline still works on what it came of.
    Early,
    /// A reject.
    Found(Box<Found>),
}

/// A reject, and what it came of.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) entered: Entered,
    pub(crate) mark: Mark,
    /// When it was put aside.
    pub(crate) since: OffsetDateTime,
    pub(crate) received: OffsetDateTime,
    /// What the object itself tells, where there is no receipt.
    pub(crate) without_receipt: Option<Problem>,
}

/// Whether people have been kept waiting long enough.
pub(crate) fn is_overdue(since: OffsetDateTime, now: OffsetDateTime) -> bool {
    now - since > WAIT
}

/// Whether a reject is a matter for people: logos, calendars and signatures are none.
pub(crate) const fn is_for_people(reason: ReasonCode) -> bool {
    !matches!(reason, ReasonCode::NotData)
}

/// Looks at an object.
pub(crate) async fn look(store: &Store, object: &ObjectEvent, now: OffsetDateTime) -> Result<Look, NotifyError> {
    if store.buckets().role(&object.bucket) != Some(Bucket::Unprocessable) {
        let (bucket, key) = (object.bucket.clone(), object.key.to_string());
        return Err(NotifyError::WrongBucket { bucket, key });
    }
    let Some(head) = store.head(Bucket::Unprocessable, &object.key).await? else {
        return Ok(Look::Nothing);
    };
    let Some((origin, provenance)) = Provenance::from_metadata(&head.metadata) else {
        return Ok(Look::Nothing);
    };
    let since = head.last_modified;
    let receipt = story::receipt(store, origin).await?;
    if let Some(receipt) = &receipt
        && !rejects_of(receipt)
            .iter()
            .any(|reject| is_for_people(reject.reason_code))
    {
        return Ok(Look::Nothing);
    }
    let (entered, is_root) = match &receipt {
        Some(receipt) => root_of(store, receipt).await?,
        None => (entered_as(&object.key, origin), false),
    };
    if !is_root && !is_overdue(since, now) {
        return Ok(Look::Early);
    }
    let without_receipt = match receipt {
        Some(_) => None,
        None => Some(from_metadata(&object.key, origin, &provenance, since, &head.metadata)),
    };
    if without_receipt
        .as_ref()
        .is_some_and(|problem| !is_for_people(problem.reason_code))
    {
        return Ok(Look::Nothing);
    }
    Ok(Look::Found(Box::new(Found {
        entered,
        mark: receipt.map_or_else(
            || Mark::new(origin, since),
            |receipt| Mark::new(origin, receipt.started),
        ),
        since,
        received: provenance.received,
        without_receipt,
    })))
}

/// Goes up to what entered; false if a receipt on the way is missing.
async fn root_of(store: &Store, receipt: &Receipt) -> Result<(Entered, bool), NotifyError> {
    let mut current = receipt.clone();
    for _ in 0..MOST_GENERATIONS {
        let Some(parent) = current.parent else {
            return Ok((entered(&current), true));
        };
        match story::receipt(store, parent).await? {
            Some(receipt) => current = receipt,
            None => break,
        }
    }
    Ok((entered(&current), false))
}

fn entered(receipt: &Receipt) -> Entered {
    Entered {
        bucket: receipt.input.bucket,
        key: receipt.input.key.clone(),
        origin: receipt.origin,
    }
}

/// Where nothing else is known of it: as if it had begun here.
fn entered_as(key: &Key, origin: Origin) -> Entered {
    Entered {
        bucket: Bucket::Unprocessable,
        key: key.to_string(),
        origin,
    }
}

fn from_metadata(
    key: &Key,
    origin: Origin,
    provenance: &Provenance,
    since: OffsetDateTime,
    metadata: &std::collections::HashMap<String, String>,
) -> Problem {
    let (code, reason) = reason_of(metadata).unwrap_or_default();
    let code: Result<ReasonCode, Error> = ReasonCode::deserialize(code.as_str().into_deserializer());
    Problem {
        mark: Mark::new(origin, since),
        key: key.to_string(),
        area: key.as_str().split_once('/').map(|(area, _)| area.to_owned()),
        name: provenance.source_name.clone(),
        is_email: false,
        reason_code: code.unwrap_or(ReasonCode::UnknownType),
        reason,
    }
}
