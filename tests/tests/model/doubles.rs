//! What was delivered twice, and whether that is one of the few moments in which it may be (`docs/SEMANTICS.md`, section 3).
//!
//! A worker that delivers looks for the receipt, looks for the file, and writes it. No S3 can do these as one. So a double may come of
//! it if somebody else finishes the file between the look and the write, or has not finished it yet, and the importer takes what lay
//! there. Each double has to prove from the history that it is of this kind.

use std::collections::BTreeMap;

use pipeline_core::{Bucket, Buckets, Receipt};

use crate::chronicle::{Answer, Call, Chronicle, Entry};
use crate::verdict::area_and_path;

/// The allowed doubles by the moment they come of.
#[derive(Debug, Default, Clone)]
pub struct Doubles {
    /// The importer took the file before its receipt was written.
    pub taken_before_receipt: usize,
    /// The importer took the file after its receipt was written, but a second worker had looked for the receipt before that.
    pub taken_after_look: usize,
    /// Two workers at the same moment found the first key held and free, since the importer took another file from it.
    pub freed_between: usize,
    /// Area, path and ETag of each.
    pub ends: Vec<(String, String, String)>,
}

/// A write to amr-data by a worker.
#[derive(Debug)]
struct Delivery<'a> {
    entry: &'a Entry,
    call: &'a Call,
    etag: &'a str,
    parent: &'a str,
}

/// All writes to amr-data by workers, by the origin of what was written.
pub struct Deliveries<'a>(BTreeMap<&'a str, Vec<Delivery<'a>>>);

impl<'a> Deliveries<'a> {
    /// Those that the chronicle tells of.
    pub fn of(chronicle: &'a Chronicle, buckets: &Buckets) -> Self {
        let mut deliveries: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (entry, call, answer) in chronicle.calls() {
            if !(call.writes() && answer.status == 200 && call.is_in(buckets, Bucket::AmrData)) {
                continue;
            }
            // The importer's copies have no metadata of their own.
            if let (Some(origin), Some(parent), Some(etag)) = (&call.origin, &call.parent, &answer.etag) {
                let delivery = Delivery {
                    entry,
                    call,
                    etag,
                    parent,
                };
                deliveries.entry(origin.as_str()).or_default().push(delivery);
            }
        }
        Self(deliveries)
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.values().map(Vec::len).sum()
    }

    /// Files that are not named by exactly one receipt, and files in receipts that never were. If people have put something in the place
    /// of objects that waited, some may have none.
    pub fn without_one_receipt(&self, receipts: &[Receipt], has_replaced: bool) -> Vec<String> {
        let mut named: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for output in receipts.iter().flat_map(|receipt| &receipt.outputs) {
            if output.bucket == Bucket::AmrData {
                named.entry(output.origin.to_string()).or_default().push(&output.key);
            }
        }
        let has_receipt = |origin: &str| receipts.iter().any(|receipt| receipt.origin.to_string() == origin);
        let mut problems = Vec::new();
        for (origin, writes) in &self.0 {
            let is_named = |key: &str| writes.iter().any(|write| write.call.key == key);
            match named.remove(*origin).as_deref() {
                Some([key]) if is_named(key) => {}
                // The worker crashed before the receipt, and the object of this origin never came again.
                None if has_replaced && !has_receipt(writes[0].parent) => {}
                other => {
                    let key = &writes[0].call.key;
                    problems.push(format!(
                        "amr-data/{key} of origin {origin} is named by {other:?}, not by one receipt"
                    ));
                }
            }
        }
        problems.extend(
            named
                .values()
                .map(|keys| format!("a receipt names amr-data/{keys:?}, which nobody wrote")),
        );
        problems
    }

    /// The doubles that may be, and complaints about those that may not.
    pub fn doubles(&self, chronicle: &Chronicle, buckets: &Buckets) -> (Doubles, Vec<String>) {
        let mut doubles = Doubles::default();
        let mut problems = Vec::new();
        for writes in self.0.values() {
            for (number, later) in writes.iter().enumerate().skip(1) {
                let (area, path) = area_and_path(&later.call.key);
                doubles.ends.push((area, path, later.etag.to_owned()));
                let placing = Placing::of(later, chronicle, buckets);
                let moments: Vec<_> = writes[..number]
                    .iter()
                    .map(|earlier| {
                        placing
                            .as_ref()
                            .and_then(|placing| placing.moment(earlier, later, chronicle, buckets))
                    })
                    .collect();
                match moments.first().copied().flatten() {
                    Some(moment) if moments.iter().all(Option::is_some) => match moment {
                        Moment::BeforeReceipt => doubles.taken_before_receipt += 1,
                        Moment::AfterLook => doubles.taken_after_look += 1,
                        Moment::Freed => doubles.freed_between += 1,
                    },
                    _ => {
                        doubles.ends.pop();
                        let at = later.entry.begun;
                        problems.push(format!(
                            "amr-data/{} is a double at {at} that must not be",
                            later.call.key
                        ));
                    }
                }
            }
        }
        (doubles, problems)
    }
}

#[derive(Debug, Clone, Copy)]
enum Moment {
    BeforeReceipt,
    AfterLook,
    Freed,
}

/// A worker's calls in amr-data around its looks for the receipt, up to a write.
struct Placing<'a>(Vec<(&'a Entry, &'a Call)>);

impl<'a> Placing<'a> {
    /// None if the worker did not look for the receipt as the last thing before it placed the file, or if the receipt was there.
    fn of(write: &Delivery<'_>, chronicle: &'a Chronicle, buckets: &Buckets) -> Option<Self> {
        let of_worker = chronicle
            .calls()
            .rev()
            .filter(|(entry, ..)| entry.actor == write.entry.actor && entry.begun <= write.entry.begun);
        let mut calls = Vec::new();
        let mut has_looked = false;
        for (entry, call, answer) in of_worker {
            if call.is_in(buckets, Bucket::AmrData) {
                calls.push((entry, call));
            } else if is_look(call, answer, write.parent, buckets) {
                has_looked = true;
            } else {
                break;
            }
        }
        has_looked.then_some(Self(calls))
    }

    /// The moment in which the file came to be placed again although it had been.
    fn moment(
        &self,
        earlier: &Delivery<'_>,
        later: &Delivery<'_>,
        chronicle: &Chronicle,
        buckets: &Buckets,
    ) -> Option<Moment> {
        let removal = chronicle.calls().find(|(entry, call, answer)| {
            call.method == "DELETE"
                && (200..300).contains(&answer.status)
                && call.is_in(buckets, Bucket::AmrData)
                && call.key == earlier.call.key
                && earlier.entry.may_precede(entry)
                && entry.may_precede(later.entry)
        });
        if let Some((removal, ..)) = removal {
            let receipt = chronicle.calls().find(|(_, call, answer)| {
                call.writes() && answer.status == 200 && is_receipt(call, earlier.parent, buckets)
            });
            return Some(match receipt {
                Some((receipt, ..)) if !removal.may_precede(receipt) => Moment::AfterLook,
                _ => Moment::BeforeReceipt,
            });
        }
        // It looked where the file is now, and the file was not there yet.
        let mut looks = self.0.iter().filter(|(_, call)| call.key == earlier.call.key);
        let last_look = looks.find(|(entry, _)| entry.begun < later.entry.begun)?;
        last_look.0.may_precede(earlier.entry).then_some(Moment::Freed)
    }
}

fn is_look(call: &Call, answer: &Answer, origin: &str, buckets: &Buckets) -> bool {
    call.method == "HEAD" && answer.status == 404 && is_receipt(call, origin, buckets)
}

fn is_receipt(call: &Call, origin: &str, buckets: &Buckets) -> bool {
    call.is_in(buckets, Bucket::Receipts) && call.key.strip_suffix(".json") == Some(origin)
}
