//! Holds what is in the buckets at the end, and what was written on the way, against the reference and the promises.

use std::collections::BTreeMap;

use pipeline_core::provenance::reason_of;
use pipeline_core::{Bucket, Buckets, ReasonCode, Receipt, Stage};

use crate::chronicle::Chronicle;
use crate::doubles::{Deliveries, Doubles};
use crate::files::End;
use crate::others::ARCHIVE;
use crate::play::Play;
use crate::reference::Seen;

/// What was found.
#[derive(Debug, Default)]
pub struct Verdict {
    pub problems: Vec<String>,
    pub losses: usize,
    pub overwrites: usize,
    pub doubles: Doubles,
    pub deliveries: usize,
}

impl Verdict {
    /// The verdict on a history that was played to its end.
    pub async fn on(play: &Play<'_>) -> Self {
        let mut verdict = Self {
            problems: play.problems.clone(),
            ..Self::default()
        };
        let receipts = receipts(play).await;
        verdict.problems.extend(leftovers(play).await);
        verdict.check_overwrites(play);
        play.world.gate.chronicle(|chronicle| {
            let buckets = &play.world.config.buckets;
            let deliveries = Deliveries::of(chronicle, buckets);
            verdict.deliveries = deliveries.count();
            verdict
                .problems
                .extend(outputs_before_receipts(&receipts, chronicle, buckets));
            verdict.problems.extend(done_again(chronicle, buckets));
            verdict
                .problems
                .extend(deliveries.without_one_receipt(&receipts, !play.people.replaced.is_empty()));
            let (doubles, problems) = deliveries.doubles(chronicle, buckets);
            verdict.doubles = doubles;
            verdict.problems.extend(problems);
        });
        verdict.check_emails(play, &receipts);
        let mut seen = seen(play).await;
        for (area, path, etag) in &verdict.doubles.ends {
            let bytes = seen.bytes.get(etag).expect("the importer loses nothing").clone();
            let end = (area.clone(), path.clone(), End::Delivered(bytes));
            *seen.ends.get_mut(&end).unwrap() -= 1;
        }
        verdict.compare(play, &seen);
        verdict
    }

    fn compare(&mut self, play: &Play<'_>, seen: &AtTheEnd) {
        let (missing, too_many) = play.reference.compare(&seen.ends);
        for ((area, path, end), count) in missing {
            self.losses += count;
            self.problems
                .push(format!("lost {count} times: {area}/{path}, {}", name_of(&end)));
        }
        for ((area, path, end), count) in too_many {
            self.problems
                .push(format!("{count} times too many: {area}/{path}, {}", name_of(&end)));
        }
    }

    fn check_overwrites(&mut self, play: &Play<'_>) {
        let mut of_people = play.people.replaced.clone();
        for write in play.world.writes().overwrites() {
            if play.world.config.buckets.role(&write.bucket).is_none() {
                continue;
            }
            let at = of_people
                .iter()
                .position(|(bucket, key)| (bucket, key) == (&write.bucket, &write.key));
            match at {
                Some(at) => drop(of_people.remove(at)),
                None => {
                    self.overwrites += 1;
                    self.problems
                        .push(format!("overwritten: {}/{}", write.bucket, write.key));
                }
            }
        }
    }

    /// Every email is still in the inbox, as it came, and has its receipt.
    fn check_emails(&mut self, play: &Play<'_>, receipts: &[Receipt]) {
        for (key, bytes) in &play.sent {
            if play.world.read(Bucket::Inbox, key) != *bytes {
                self.problems.push(format!("{key} is another email now"));
            }
            let is_of = |receipt: &&Receipt| receipt.stage == Stage::UnpackAttachments && receipt.input.key == *key;
            if receipts.iter().filter(is_of).count() != 1 {
                self.problems.push(format!("{key} has not exactly one receipt"));
            }
        }
    }
}

/// What one sees at the end.
#[derive(Debug, Default)]
struct AtTheEnd {
    ends: BTreeMap<Seen, usize>,
    bytes: BTreeMap<String, Vec<u8>>,
}

/// Everything in amr-data, in the importer's archive, and in unprocessable.
async fn seen(play: &Play<'_>) -> AtTheEnd {
    let world = &play.world;
    let mut seen = AtTheEnd::default();
    for object in world.store.list(Bucket::AmrData, "").await.unwrap() {
        let bytes = world.read(Bucket::AmrData, object.key.as_str());
        seen.bytes.insert(object.etag, bytes.clone());
        let key = object.key.as_str();
        let (area, path) = match key.strip_prefix(ARCHIVE) {
            None => area_and_path(key),
            Some(key) => {
                let (area, below) = key.split_once('/').unwrap();
                let (_, below) = below.split_once('/').unwrap();
                area_and_path(&format!("{area}/{below}"))
            }
        };
        *seen.ends.entry((area, path, End::Delivered(bytes))).or_default() += 1;
    }
    for object in world.store.list(Bucket::Unprocessable, "").await.unwrap() {
        let head = world
            .store
            .head(Bucket::Unprocessable, &object.key)
            .await
            .unwrap()
            .unwrap();
        let (code, _) = reason_of(&head.metadata).expect("a reason");
        let code: ReasonCode = serde_json::from_value(code.into()).unwrap();
        let (area, path) = area_and_path(object.key.as_str());
        *seen.ends.entry((area, path, End::Rejected(code))).or_default() += 1;
    }
    seen
}

/// The area of a key, and the path below it without the folder of time and origin.
pub fn area_and_path(key: &str) -> (String, String) {
    let (area, below) = key.split_once('/').unwrap();
    let is_stamp = |folder: &str| folder.len() >= 15 && folder.starts_with("20") && folder.as_bytes()[8] == b'-';
    let path = match below.split_once('/') {
        Some((folder, rest)) if is_stamp(folder) => rest,
        _ => below,
    };
    (area.to_owned(), path.to_owned())
}

async fn receipts(play: &Play<'_>) -> Vec<Receipt> {
    let listed = play.world.store.list(Bucket::Receipts, "").await.unwrap();
    let read = |key: &str| serde_json::from_slice(&play.world.read(Bucket::Receipts, key)).unwrap();
    listed.iter().map(|object| read(object.key.as_str())).collect()
}

async fn leftovers(play: &Play<'_>) -> Vec<String> {
    let mut found = Vec::new();
    for bucket in [Bucket::Process, Bucket::Uncompressed, Bucket::Spreadsheet] {
        let waiting = play.world.store.list(bucket, "").await.unwrap();
        found.extend(
            waiting
                .iter()
                .map(|object| format!("still waiting: {bucket}/{}", object.key)),
        );
    }
    found
}

/// Every object that a receipt names was written before the receipt was.
fn outputs_before_receipts(receipts: &[Receipt], chronicle: &Chronicle, buckets: &Buckets) -> Vec<String> {
    let mut written: BTreeMap<(&str, &str), Vec<_>> = BTreeMap::new();
    for (entry, call, answer) in chronicle.calls() {
        if call.writes() && answer.status == 200 {
            written.entry((&call.bucket, &call.key)).or_default().push(entry);
        }
    }
    let mut problems = Vec::new();
    for receipt in receipts {
        let receipt_key = format!("{}.json", receipt.origin);
        let [at] = written[&(buckets.name(Bucket::Receipts), receipt_key.as_str())][..] else {
            problems.push(format!("the receipt {receipt_key} was written more than once"));
            continue;
        };
        let rejected = receipt
            .rejected
            .iter()
            .map(|rejected| (Bucket::Unprocessable, &rejected.key));
        let outputs = receipt.outputs.iter().map(|output| (output.bucket, &output.key));
        for (bucket, key) in outputs.chain(rejected) {
            let earlier = written.get(&(buckets.name(bucket), key.as_str()));
            if !earlier.is_some_and(|writes| writes.iter().any(|write| write.may_precede(at))) {
                problems.push(format!(
                    "{receipt_key} names {bucket}/{key}, which was not there before it"
                ));
            }
        }
    }
    problems
}

/// What a worker wrote although the receipt of its object was there before it began.
fn done_again(chronicle: &Chronicle, buckets: &Buckets) -> Vec<String> {
    let mut begun = BTreeMap::new();
    let mut done = BTreeMap::new();
    let mut problems = Vec::new();
    for (entry, call, answer) in chronicle.calls() {
        begun.entry(entry.actor).or_insert(entry.begun);
        if !call.writes() {
            continue;
        }
        if call.is_in(buckets, Bucket::Receipts) && answer.status == 200 {
            done.insert(call.key.trim_end_matches(".json"), entry.ended);
        }
        let is_reject = call.is_in(buckets, Bucket::Unprocessable);
        let object = if is_reject { &call.origin } else { &call.parent };
        let done = object.as_deref().and_then(|object| done.get(object));
        if done.is_some_and(|done| *done < begun[&entry.actor]) {
            problems.push(format!(
                "{}/{} is written again at {}",
                call.bucket, call.key, entry.begun
            ));
        }
    }
    problems
}

fn name_of(end: &End) -> String {
    match end {
        End::Delivered(bytes) => format!("delivered {:?}", String::from_utf8_lossy(bytes)),
        End::Rejected(code) => format!("rejected as {code}"),
    }
}
