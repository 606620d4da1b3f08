//! Promises 2 and 3 under random weather: events come twice, late, in any order and at the same time, while the importer
//! takes files away whenever it likes. Nothing is missing at the end, nothing is double, nothing was overwritten.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Write};

use embedded_s3::ObjectCreated;
use end_to_end_tests::{Local, Mail, deliver};
use pipeline_core::{Bucket, Key};
use proptest::prelude::*;
use tokio::task::JoinSet;
use zip::write::SimpleFileOptions;

const AREAS: [&str; 3] = ["sheffield", "bam", "npower-eon"];
const NAMES: [&str; 2] = ["import.csv", "readings.csv"];
const MESSAGE_IDS: [Option<&str>; 4] = [None, None, Some("<1@supplier.example>"), Some("<2@supplier.example>")];
const CONTENTS: u8 = 3;

/// What is sent: an email, and as how many objects it arrives.
#[derive(Debug, Clone)]
struct Sent {
    mail: Mail,
    copies: usize,
}

/// One file of an email.
#[derive(Debug, Clone)]
struct SentFile {
    name: &'static str,
    content: u8,
    packed: bool,
}

/// What happens next.
#[derive(Debug, Clone)]
enum Act {
    /// These events of those that wait are delivered at the same time; those marked stay in the queue as well.
    Deliver(Vec<(prop::sample::Index, bool)>),
    /// The importer takes an object.
    Import(prop::sample::Index),
}

fn sent() -> impl Strategy<Value = Sent> {
    let file = (0..NAMES.len(), 0..CONTENTS, prop::bool::weighted(0.3)).prop_map(|(name, content, packed)| SentFile {
        name: NAMES[name],
        content,
        packed,
    });
    let areas = prop::sample::subsequence(AREAS.to_vec(), 1..=2);
    let files = prop::collection::vec(file, 1..3);
    (areas, files, 0..MESSAGE_IDS.len(), 1_usize..3, 0_u8..3).prop_map(|(areas, files, id, copies, second)| {
        let mut mail = Mail {
            areas: areas.into_iter().map(str::to_owned).collect(),
            ..Mail::to("")
        };
        mail.message_id = MESSAGE_IDS[id].map(str::to_owned);
        mail = mail.received(&format!("Sun, 23 Mar 2025 10:11:1{second} +0000"));
        for file in files {
            mail = if file.packed {
                mail.attach(
                    &format!("{}.zip", file.name),
                    zipped(file.name, csv(file.content).as_bytes()),
                )
            } else {
                mail.attach(file.name, csv(file.content))
            };
        }
        Sent { mail, copies }
    })
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        3 => prop::collection::vec((any::<prop::sample::Index>(), prop::bool::weighted(0.4)), 1..5).prop_map(Act::Deliver),
        1 => any::<prop::sample::Index>().prop_map(Act::Import),
    ]
}

fn csv(content: u8) -> String {
    format!("MPR,Date,hr0030,hr0100\n91234567,2{content}/03/2025,1.5,2.5\n")
}

fn zipped(name: &str, content: &[u8]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    archive.start_file(name, stored).unwrap();
    archive.write_all(content).unwrap();
    archive.finish().unwrap().into_inner()
}

/// How often each content is to be delivered to each area: a file counts once for one Message-ID, and once for each
/// object of an email that has none (`docs/SEMANTICS.md`, "Origin").
fn wanted(all: &[Sent]) -> BTreeMap<(String, String), usize> {
    let mut files = BTreeSet::new();
    for (number, Sent { mail, copies }) in all.iter().enumerate() {
        for copy in 0..*copies {
            let message = mail
                .message_id
                .clone()
                .unwrap_or_else(|| format!("{number}, copy {copy}"));
            for area in &mail.areas {
                for (part, file) in mail.attachments.iter().enumerate() {
                    files.insert((area.clone(), message.clone(), part, &file.name, &file.bytes));
                }
            }
        }
    }
    let mut wanted = BTreeMap::new();
    for (area, _, _, _, bytes) in files {
        let content = (0..CONTENTS)
            .map(csv)
            .find(|csv| bytes.windows(csv.len()).any(|part| part == csv.as_bytes()));
        *wanted.entry((area, content.unwrap())).or_insert(0) += 1;
    }
    wanted
}

/// The pipeline, the events that wait, and all events that ever were.
struct Weather {
    local: Local,
    waiting: Vec<ObjectCreated>,
    ever: Vec<ObjectCreated>,
    imports: usize,
}

impl Weather {
    fn take_events(&mut self) {
        let new: Vec<_> = self
            .local
            .new_events()
            .into_iter()
            .filter(|created| self.local.stage_of(created).is_some())
            .collect();
        self.ever.extend(new.iter().cloned());
        self.waiting.extend(new);
    }

    async fn act(&mut self, act: &Act) {
        match act {
            Act::Deliver(chosen) => {
                let mut batch = Vec::new();
                for (index, stays) in chosen {
                    if self.waiting.is_empty() {
                        break;
                    }
                    let at = index.index(self.waiting.len());
                    batch.push(if *stays {
                        self.waiting[at].clone()
                    } else {
                        self.waiting.swap_remove(at)
                    });
                }
                self.deliver(batch).await;
            }
            Act::Import(index) => self.import(|count| index.index(count)).await,
        }
    }

    async fn deliver(&mut self, batch: Vec<ObjectCreated>) {
        let mut at_work = JoinSet::new();
        for created in batch {
            // Without a fault around, no attempt may fail.
            at_work.spawn(deliver(self.local.stages(), self.local.stage_of(&created), created, 1));
        }
        while let Some(handled) = at_work.join_next().await {
            handled.unwrap();
        }
        self.take_events();
    }

    /// As the importer does it: lists, copies to the archive, deletes.
    async fn import(&mut self, choose: impl Fn(usize) -> usize) {
        let keys: Vec<_> = self
            .local
            .keys(Bucket::AmrData)
            .await
            .into_iter()
            .filter(|key| !key.starts_with("archive-"))
            .collect();
        if keys.is_empty() {
            return;
        }
        let key = &keys[choose(keys.len())];
        let object = self.local.object(Bucket::AmrData, key).await;
        let (area, rest) = key.split_once('/').unwrap();
        // The number keeps files of one key apart, so that the test can count them.
        self.imports += 1;
        self.local
            .put(
                Bucket::AmrData,
                &format!("archive-{area}/{}/{rest}", self.imports),
                object.bytes,
            )
            .await;
        self.local.remove(Bucket::AmrData, key).await;
        self.take_events();
    }

    async fn finish(&mut self) {
        while !self.waiting.is_empty() {
            let batch = self.waiting.split_off(self.waiting.len().saturating_sub(4));
            self.deliver(batch).await;
        }
    }

    async fn delivered(&self) -> BTreeMap<(String, String), usize> {
        let mut delivered = BTreeMap::new();
        for object in self.local.objects(Bucket::AmrData).await {
            let (area, _) = object.key.split_once('/').unwrap();
            let area = area.strip_prefix("archive-").unwrap_or(area).to_owned();
            *delivered
                .entry((area, String::from_utf8(object.bytes.to_vec()).unwrap()))
                .or_insert(0) += 1;
        }
        delivered
    }
}

async fn run(all: &[Sent], acts: &[Act], late: &[prop::sample::Index]) -> Result<(), TestCaseError> {
    let mut weather = Weather {
        local: Local::with(&[("MAIL_DOMAINS", "example.org")]).await,
        waiting: Vec::new(),
        ever: Vec::new(),
        imports: 0,
    };
    for (number, Sent { mail, copies }) in all.iter().enumerate() {
        for copy in 0..*copies {
            weather.local.send(&format!("{number}-{copy}"), mail.to_bytes()).await;
        }
    }
    weather.take_events();
    for act in acts {
        weather.act(act).await;
    }
    weather.finish().await;
    weather.import(|_| 0).await;
    // Long after everything was done, some events come again.
    if !weather.ever.is_empty() {
        let again = late.iter().map(|index| index.get(&weather.ever).clone()).collect();
        weather.deliver(again).await;
        weather.finish().await;
    }
    prop_assert_eq!(weather.delivered().await, wanted(all));
    prop_assert_eq!(weather.local.leftovers().await, Vec::<String>::new());
    prop_assert_eq!(weather.local.keys(Bucket::Unprocessable).await, Vec::<String>::new());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn every_file_is_delivered_exactly_once_in_any_weather(
        all in prop::collection::vec(sent(), 1..5),
        acts in prop::collection::vec(act(), 0..30),
        late in prop::collection::vec(any::<prop::sample::Index>(), 1..8),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(run(&all, &acts, &late))?;
    }
}

#[tokio::test]
async fn a_batch_of_the_same_event_is_worked_on_once() {
    let mut local = Local::with(&[]).await;
    local
        .send("1", Mail::to("sheffield").attach("import.csv", csv(1)).to_bytes())
        .await;
    let [created] = local.new_events().try_into().unwrap();
    let mut weather = Weather {
        local,
        waiting: Vec::new(),
        ever: Vec::new(),
        imports: 0,
    };
    weather.deliver(vec![created; 6]).await;
    weather.finish().await;
    assert_eq!(weather.local.keys(Bucket::AmrData).await, ["sheffield/import.csv"]);
    assert_eq!(weather.local.leftovers().await, Vec::<String>::new());
}

#[tokio::test]
async fn an_email_that_comes_again_after_the_importer_took_its_file_makes_no_double() {
    let mut local = Local::with(&[]).await;
    let email = Mail::to("sheffield")
        .message_id("<7@supplier.example>")
        .attach("import.csv", csv(1))
        .to_bytes();
    local.send("first", email.clone()).await;
    local.work().await;
    local.remove(Bucket::AmrData, "sheffield/import.csv").await;
    local.send("again", email).await;
    local.work().await;
    assert_eq!(local.keys(Bucket::AmrData).await, Vec::<String>::new());
    assert!(
        local
            .store()
            .head(Bucket::Inbox, &Key::new("again"))
            .await
            .unwrap()
            .is_some()
    );
}
