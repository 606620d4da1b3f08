//! At most one reply to a sender within an hour.
//!
//! A reply takes `notified/senders/<hash of the address>-<hour>.json`, on the condition that nobody has, and only if the mark of the hour before
//! is an hour old. The address itself is in no key.

use std::time::Duration;

use bytes::Bytes;
use pipeline_core::store::Put;
use pipeline_core::{Bucket, Key, Store, StoreError};
use time::OffsetDateTime;

use crate::claims::PREFIX;
use crate::mailbox::Mailbox;

const HOUR: Duration = Duration::from_secs(60 * 60);

/// Takes the one reply that a sender may be sent within the hour; false if it was taken.
///
/// # Errors
/// If S3 does not answer.
pub(crate) async fn take_turn(store: &Store, sender: &Mailbox, now: OffsetDateTime) -> Result<bool, StoreError> {
    let before = store.head(Bucket::Receipts, &key(sender, now - HOUR)).await?;
    if before.is_some_and(|before| now - before.last_modified < HOUR) {
        return Ok(false);
    }
    let own = key(sender, now);
    let put = store.put_new(Bucket::Receipts, &own, Bytes::from_static(b"{}"), [].into());
    Ok(put.await? == Put::Created)
}

fn key(sender: &Mailbox, time: OffsetDateTime) -> Key {
    let hour = time.unix_timestamp().div_euclid(3600);
    Key::new(format!("{PREFIX}senders/{}-{hour}.json", sender.hash()))
}
