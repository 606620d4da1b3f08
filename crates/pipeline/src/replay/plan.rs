//! What a replay is going to do.

use std::collections::HashMap;

use pipeline_core::store::ObjectHead;
use pipeline_core::{Area, Bucket, Key, Origin, Receipt, SafePath, Store};
use story::{StoryError, earlier_receipts, receipt};

use super::archived::Archived;
use super::select::Selected;

/// A replay.
#[derive(Debug, Default)]
pub struct Plan {
    /// Rejects that have to do with one another. One family does not wait for another.
    pub families: Vec<Family>,
    /// What cannot be replayed, and why.
    pub left: Vec<String>,
}

/// A reject, and those that were made of it.
#[derive(Debug, Default)]
pub struct Family {
    /// Each before what was made of it.
    pub units: Vec<Unit>,
    /// What else is retired, each after what was made of it.
    pub retired_too: Vec<Receipt>,
    /// The email that is sent through again when all is retired, by its key in the inbox.
    pub email: Option<Key>,
}

/// A reject.
#[derive(Debug)]
pub struct Unit {
    /// The receipt that tells of it.
    pub receipt: Receipt,
    /// Its key in unprocessable, and what lies there; `None` if it is set aside.
    pub reject: Option<(Key, ObjectHead)>,
    /// Where it is set aside.
    pub archive: Key,
    /// Which generation it becomes.
    pub generation: u32,
    /// How it gets to its stage.
    pub again: Again,
    /// What it was made of is replayed too, and brings it again.
    pub with_parent: bool,
}

/// How a reject gets to its stage again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Again {
    /// It is put to the stage under this key.
    Put(Bucket, Key),
    /// Its event is sent again: the email is in the inbox.
    Send(Key),
}

/// Plans the replay of rejects, and of what an interrupted one has set aside.
///
/// # Errors
/// If S3 does not answer, or a receipt cannot be read.
pub async fn plan(store: &Store, selected: Vec<Selected>) -> Result<Plan, StoryError> {
    let mut plan = Plan::default();
    let mut units: HashMap<Origin, Unit> = HashMap::new();
    for unit in interrupted(store, &mut plan.left).await? {
        units.insert(unit.receipt.origin, unit);
    }
    for selected in selected {
        let origin = selected.receipt.origin;
        if units.contains_key(&origin) {
            continue;
        }
        match again(&selected.receipt) {
            Err(why) => plan.left.push(format!("unprocessable/{}: {why}", selected.key)),
            Ok(again) => {
                let generation = next_generation(store, &selected.receipt).await?;
                units.insert(origin, unit(selected, generation, again));
            }
        }
    }
    plan.families = families(units);
    Ok(plan)
}

pub(super) fn unit(selected: Selected, generation: u32, again: Again) -> Unit {
    let origin = selected.receipt.origin;
    let rest = name_of(&selected.key).unwrap_or_else(|| SafePath::fallback(origin));
    Unit {
        archive: Key::replayed(origin, generation, &rest),
        receipt: selected.receipt,
        reject: Some((selected.key, selected.head)),
        generation,
        again,
        with_parent: false,
    }
}

/// Generations grow, so that one can tell whether a replay has put its object back already.
pub(super) async fn next_generation(store: &Store, current: &Receipt) -> Result<u32, StoryError> {
    let earlier = earlier_receipts(store, current.origin).await?;
    let last = earlier.iter().map(|receipt| receipt.generation).max();
    Ok(last.unwrap_or_default().max(current.generation) + 1)
}

/// What lies in `archive-replay/`.
async fn interrupted(store: &Store, left: &mut Vec<String>) -> Result<Vec<Unit>, StoryError> {
    let mut units = Vec::new();
    for listed in store.list(Bucket::Unprocessable, Key::REPLAYED).await? {
        let Some(head) = store.head(Bucket::Unprocessable, &listed.key).await? else {
            continue;
        };
        let Some(archived) = Archived::read(&listed.key, &head) else {
            left.push(format!("unprocessable/{}: no replay has put it there", listed.key));
            continue;
        };
        let is_meant = |receipt: &Receipt| receipt.started == archived.retires;
        let current = receipt(store, archived.origin).await?.filter(is_meant);
        let (receipt, reject) = match current {
            // It may have been copied, and not been removed yet.
            Some(receipt) => {
                let reject = reject_of(store, &receipt).await?;
                (Some(receipt), reject)
            }
            None => {
                let earlier = earlier_receipts(store, archived.origin).await?;
                (earlier.into_iter().find(is_meant), None)
            }
        };
        match receipt.map(|receipt| (again(&receipt), receipt)) {
            Some((Ok(again), receipt)) => units.push(Unit {
                receipt,
                reject,
                archive: listed.key,
                generation: archived.generation,
                again,
                with_parent: false,
            }),
            Some((Err(why), _)) => left.push(format!("unprocessable/{}: {why}", listed.key)),
            None => left.push(format!("unprocessable/{}: its receipt is gone", listed.key)),
        }
    }
    Ok(units)
}

async fn reject_of(store: &Store, receipt: &Receipt) -> Result<Option<(Key, ObjectHead)>, StoryError> {
    let Some(rejected) = &receipt.rejected else {
        return Ok(None);
    };
    let key = Key::new(&rejected.key);
    let head = store.head(Bucket::Unprocessable, &key).await?;
    let own = head.filter(|head| head.metadata.get("origin") == Some(&receipt.origin.to_string()));
    Ok(own.map(|head| (key, head)))
}

/// How the object of a receipt gets to its stage again.
pub(super) fn again(receipt: &Receipt) -> Result<Again, &'static str> {
    let input = Key::new(&receipt.input.key);
    if receipt.input.bucket == Bucket::Inbox {
        return Ok(Again::Send(input));
    }
    let area = receipt.area.as_deref().and_then(Area::from_key_part);
    match (area, input.parse_staging().2) {
        (Some(area), Some(rest)) => Ok(Again::Put(
            receipt.input.bucket,
            Key::staging(&area, receipt.origin, &rest),
        )),
        _ => Err("it has no area: put it into the process bucket, below one"),
    }
}

/// The name behind the area.
fn name_of(key: &Key) -> Option<SafePath> {
    let (_, name) = key.as_str().split_once('/')?;
    SafePath::from_path(name)
}

/// What was made of a reject that is replayed comes again with it, and stands behind it.
fn families(mut units: HashMap<Origin, Unit>) -> Vec<Family> {
    let parent = |unit: &Unit, units: &HashMap<Origin, Unit>| {
        unit.receipt
            .parent
            .filter(|parent| *parent != unit.receipt.origin && units.contains_key(parent))
    };
    let mut children: HashMap<Option<Origin>, Vec<Origin>> = HashMap::new();
    for (origin, unit) in &units {
        children.entry(parent(unit, &units)).or_default().push(*origin);
    }
    let mut families = Vec::new();
    let mut tops = children.remove(&None).unwrap_or_default();
    tops.sort();
    for top in tops {
        let mut family = Family::default();
        let mut todo = vec![(top, true)];
        while let Some((origin, is_top)) = todo.pop() {
            let below = children.remove(&Some(origin)).unwrap_or_default();
            todo.extend(below.into_iter().map(|child| (child, false)));
            if let Some(mut unit) = units.remove(&origin) {
                unit.with_parent = !is_top;
                family.units.push(unit);
            }
        }
        families.push(family);
    }
    families
}
