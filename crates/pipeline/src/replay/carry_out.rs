//! Doing what was planned, in the order that makes a crash harmless.

use std::collections::{HashMap, HashSet};

use anyhow::bail;
use pipeline_core::store::{ObjectHead, Put};
use pipeline_core::{Bucket, Key, Origin, Provenance, Receipt, Store};
use story::{StoryError, earlier_receipts, origin_of_object, receipt};

use super::archived::Archived;
use super::plan::{Again, Family, Unit};
use super::retire::retire;

/// Puts a family through the pipeline again. `send` sends the event of an email that is in the inbox.
///
/// # Errors
/// If S3 does not answer, or an event cannot be sent. Then nothing is lost, and the same replay goes on.
pub async fn carry_out(
    store: &Store,
    family: &Family,
    send: impl AsyncFn(&Key) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let begun = begun(store, family).await?;
    // Each before what was made of it, and in the end removed in the opposite order: so as long as the copy of a part is there, that
    // of its container is there too, and it is known what brings the part again.
    for unit in &family.units {
        set_aside(store, unit).await?;
    }
    for receipt in &family.retired_too {
        retire(store, receipt.origin, receipt.started).await?;
    }
    for unit in family.units.iter().rev() {
        retire(store, unit.receipt.origin, unit.receipt.started).await?;
    }
    if let Some(email) = &family.email {
        send(email).await?;
    }
    for unit in &family.units {
        let has_begun = |parent: &Origin| begun.contains(parent);
        if unit.with_parent && !unit.receipt.parent.as_ref().is_some_and(has_begun) {
            continue;
        }
        match &unit.again {
            Again::Put(bucket, key) => put_back(store, unit, *bucket, key).await?,
            Again::Send(email) => send_again(store, unit, email, &send).await?,
        }
    }
    for unit in family.units.iter().rev() {
        if let Some(head) = store.head(Bucket::Unprocessable, &unit.archive).await? {
            let removed = store.delete_if_match(Bucket::Unprocessable, &unit.archive, &head.etag);
            removed.await?;
        }
    }
    Ok(())
}

/// What an earlier attempt has put back before the family was set aside. It may have brought its parts already, while their old receipts
/// were there or as rejects anew: so these are put back by themselves.
async fn begun(store: &Store, family: &Family) -> Result<HashSet<Origin>, StoryError> {
    let mut begun = HashSet::new();
    for unit in &family.units {
        let origin = unit.receipt.origin;
        let waits = match &unit.again {
            Again::Put(bucket, key) => store.head(*bucket, key).await?.is_some(),
            Again::Send(_) => false,
        };
        let is_another = |receipt: &Receipt| receipt.started != unit.receipt.started;
        if waits || receipt(store, origin).await?.as_ref().is_some_and(is_another) || is_archived(store, unit).await? {
            begun.insert(origin);
        }
    }
    Ok(begun)
}

/// Moves the reject away from where a second rejection would lie.
async fn set_aside(store: &Store, unit: &Unit) -> anyhow::Result<()> {
    let Some((key, head)) = &unit.reject else {
        return Ok(());
    };
    let archived = Archived {
        origin: unit.receipt.origin,
        generation: unit.generation,
        retires: unit.receipt.started,
    };
    let from = (Bucket::Unprocessable, key, head);
    let metadata = archived.metadata(head.metadata.clone());
    let put = store.copy_new(from, (Bucket::Unprocessable, &unit.archive), metadata);
    if put.await? == Put::Exists {
        // It is what an earlier attempt has put there, or the reject stays where it is.
        let there = store.head(Bucket::Unprocessable, &unit.archive).await?;
        if there.and_then(|there| Archived::read(&unit.archive, &there)) != Some(archived) {
            bail!("unprocessable/{} is held by something else", unit.archive);
        }
    }
    Ok(store.delete_if_match(Bucket::Unprocessable, key, &head.etag).await?)
}

/// Puts the object to its stage, unless an earlier attempt has.
async fn put_back(store: &Store, unit: &Unit, bucket: Bucket, key: &Key) -> Result<(), StoryError> {
    // In this order: when the stage has finished, it writes the receipt and then removes the object.
    if store.head(bucket, key).await?.is_some() || is_worked(store, unit).await? {
        return Ok(());
    }
    let Some(head) = store.head(Bucket::Unprocessable, &unit.archive).await? else {
        return Ok(());
    };
    let metadata = provenance(unit).to_staging_metadata(unit.receipt.origin, bucket, key);
    let from = (Bucket::Unprocessable, &unit.archive, &head);
    // That the key is held is fine: then it is there.
    store.copy_new(from, (bucket, key), metadata).await?;
    Ok(())
}

/// Whether the stage has finished with the object that was put back.
async fn is_worked(store: &Store, unit: &Unit) -> Result<bool, StoryError> {
    Ok(receipt(store, unit.receipt.origin).await?.is_some() || is_archived(store, unit).await?)
}

/// Whether the stage had finished with it, and a later replay has retired that.
async fn is_archived(store: &Store, unit: &Unit) -> Result<bool, StoryError> {
    let earlier = earlier_receipts(store, unit.receipt.origin).await?;
    Ok(earlier.iter().any(|receipt| receipt.generation >= unit.generation))
}

async fn send_again(
    store: &Store,
    unit: &Unit,
    email: &Key,
    send: impl AsyncFn(&Key) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    if receipt(store, unit.receipt.origin).await?.is_some() {
        return Ok(());
    }
    let origin = unit.receipt.origin;
    match store.head(Bucket::Inbox, email).await? {
        Some(head) if is_original(store, email, &head, origin) => send(email).await,
        Some(_) => bail!("another email holds the key {email} in the inbox"),
        None => {
            // The inbox has forgotten it. As another object it is another email, whose files are told by its Message-ID; S3 sends its
            // event.
            let Some(head) = store.head(Bucket::Unprocessable, &unit.archive).await? else {
                return Ok(());
            };
            let from = (Bucket::Unprocessable, &unit.archive, &head);
            let metadata = HashMap::from([("origin".to_owned(), origin.to_string())]);
            store.copy_new(from, (Bucket::Inbox, email), metadata).await?;
            Ok(())
        }
    }
}

/// Whether an email is the one that was rejected, or was put there for it.
fn is_original(store: &Store, email: &Key, head: &ObjectHead, origin: Origin) -> bool {
    let own = origin_of_object(store, Bucket::Inbox, email, head);
    own.is_some_and(|(own, _)| own == origin) || head.metadata.get("origin") == Some(&origin.to_string())
}

fn provenance(unit: &Unit) -> Provenance {
    let Receipt {
        message,
        parent,
        received,
        source_name,
        depth,
        ..
    } = &unit.receipt;
    Provenance {
        message: message.clone(),
        parent: *parent,
        received: *received,
        source_name: source_name.clone(),
        depth: *depth,
        generation: unit.generation,
    }
}
