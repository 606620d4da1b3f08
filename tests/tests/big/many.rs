//! Many emails in one run.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Write};

use end_to_end_tests::{Mail, soak};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::content::texts;
use crate::place::Place;

/// What memory may grow by for each email that is to be told of at the end.
const BYTES_PER_EMAIL: u64 = 1_024;

/// What it may grow by otherwise: the allocator's unevenness.
const SLACK_BYTES: u64 = 4 << 20;

#[test]
fn of_many_emails_in_one_run_none_is_lost_and_memory_does_not_grow() {
    let count = soak::scale(160, 10_000);
    let Some(place) = Place::with_room(
        "of_many_emails_in_one_run_none_is_lost_and_memory_does_not_grow",
        2 << 30,
    ) else {
        return;
    };
    let folder = place.path("emails");
    std::fs::create_dir_all(&folder).unwrap();
    let mut sent = Sent::default();
    for number in 0..count {
        let email = sent.email(number);
        std::fs::write(folder.join(format!("{number:05}.eml")), email).unwrap();
    }
    let ran = place.run(&format!("{count} emails"), &[], &[&folder]);

    // What the command tells.
    assert_eq!(ran.stories.len() as u64, count);
    let outcome_of = |outcome: &str| ran.stories.iter().filter(|story| story["outcome"] == outcome).count() as u64;
    let told: BTreeMap<_, _> = ["delivered", "partly", "rejected", "no-files", "failed"]
        .map(|outcome| (outcome, outcome_of(outcome)))
        .into();
    assert_eq!(told, sent.outcomes);
    let keys: Vec<_> = ran
        .stories
        .iter()
        .flat_map(|story| texts(&story["delivered"]))
        .collect();

    // What there is: each file that was sent, once.
    let mut missing = sent.files;
    let delivered = place.files("amr-data");
    let mut nobodys = 0;
    for path in &delivered {
        nobodys += u64::from(!missing.remove(&std::fs::read_to_string(path).unwrap()));
    }
    let rejected = place.files("unprocessable").len() as u64;
    let losses = missing.len() as u64 + sent.rejected.saturating_sub(rejected);
    soak::report(&[("emails", count), ("losses", losses)]);
    assert!(
        missing.is_empty(),
        "{} are missing: {:?}",
        missing.len(),
        missing.first()
    );
    assert_eq!((nobodys, rejected, keys.len()), (0, sent.rejected, delivered.len()));
    place.assert_done();

    let (second, last) = growth(&ran.measured.resident);
    println!(
        "memory: {} KiB in the second quarter, {} KiB in the last",
        second / 1024,
        last / 1024
    );
    let most = SLACK_BYTES + BYTES_PER_EMAIL * count / 2;
    assert!(
        last.saturating_sub(second) < most,
        "memory grew from {second} to {last} bytes"
    );
}

/// The medians of the second and of the last quarter.
pub(crate) fn growth(resident: &[u64]) -> (u64, u64) {
    let samples: Vec<u64> = resident.iter().copied().filter(|bytes| *bytes > 0).collect();
    let quarter = samples.len() / 4;
    assert!(quarter > 0, "it was over before it was looked at");
    let median = |part: &[u64]| {
        let mut part = part.to_vec();
        part.sort_unstable();
        part[part.len() / 2]
    };
    (median(&samples[quarter..2 * quarter]), median(&samples[3 * quarter..]))
}

/// What was sent, and what has to become of it.
struct Sent {
    /// The content of each file that has to be delivered.
    files: BTreeSet<String>,
    /// Objects that have to be put aside.
    rejected: u64,
    outcomes: BTreeMap<&'static str, u64>,
}

impl Default for Sent {
    fn default() -> Self {
        let outcomes = ["delivered", "partly", "rejected", "no-files", "failed"].map(|outcome| (outcome, 0));
        Self {
            files: BTreeSet::new(),
            rejected: 0,
            outcomes: outcomes.into(),
        }
    }
}

impl Sent {
    /// One email of the kinds that suppliers send. Files have the same few names all the time, as theirs do.
    fn email(&mut self, number: u64) -> Vec<u8> {
        let mail = Mail::to(&format!("area-{}", number % 23))
            .message_id(&format!("<{number}@supplier.example>"))
            .received(&format!(
                "Sun, 23 Mar 2025 10:{:02}:{:02} +0000",
                number / 60 % 60,
                number % 60
            ));
        let (outcome, mail) = match number % 10 {
            7 => {
                let members = [self.readings(number, 0), self.readings(number, 1)];
                ("delivered", mail.attach("march.zip", zipped(&members)))
            }
            8 => {
                self.rejected += 1;
                ("rejected", mail.attach("bill.pdf", format!("%PDF-1.7\n{number}\n")))
            }
            9 if number % 20 == 9 => {
                self.rejected += 1;
                let mail = mail.attach("import.csv", self.readings(number, 0));
                ("partly", mail.attach("letter.pdf", format!("%PDF-1.7\n{number}\n")))
            }
            9 => ("no-files", mail),
            _ => ("delivered", mail.attach("import.csv", self.readings(number, 0))),
        };
        *self.outcomes.get_mut(outcome).unwrap() += 1;
        mail.to_bytes()
    }

    /// Readings of a month, unlike any others.
    fn readings(&mut self, email: u64, file: u64) -> String {
        let mut csv = String::from("MPR,Date,hr0030,hr0100,hr0130,hr0200,hr0230,hr0300\n");
        for day in 1..=31 {
            csv.push_str(&format!(
                "91{file:02}{email:08},{day:02}/03/2025,0.1,0.2,0.3,0.4,0.5,{email}.25\n"
            ));
        }
        self.files.insert(csv.clone());
        csv
    }
}

fn zipped(members: &[String]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (number, member) in members.iter().enumerate() {
        zip.start_file(format!("half-hourly-{number}.csv"), SimpleFileOptions::default())
            .unwrap();
        zip.write_all(member.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}
