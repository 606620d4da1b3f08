//! What happens in a history: who sends what, what people drop, and how bad the weather is. All of it follows from the seed.

use std::fmt;

use end_to_end_tests::Mail;
use fastrand::Rng;
use pipeline_core::{Bucket, KeyLayout};

use crate::files::{File, Holds};

/// The areas that exist.
pub const AREAS: [&str; 3] = ["sheffield", "bam", "npower-eon"];

/// An area that does not.
const STRANGER: &str = "nobody";

const MESSAGE_IDS: [&str; 2] = ["<1@supplier.example>", "<2@supplier.example>"];

/// Everything that is decided beforehand.
#[derive(Debug, Clone)]
pub struct History {
    pub layout: KeyLayout,
    pub emails: Vec<Email>,
    pub deeds: Vec<Deed>,
    pub weather: Weather,
}

/// An email, and as how many objects it arrives.
#[derive(Debug, Clone)]
pub struct Email {
    pub areas: Vec<&'static str>,
    pub message_id: Option<&'static str>,
    /// The second of its `Received`.
    pub second: u32,
    pub files: Vec<File>,
    pub brings: Brings,
    pub copies: usize,
}

/// What an email has beside or instead of attachments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Brings {
    /// Attachments and a letter.
    Attachments,
    /// The letter is a table.
    Table(u8),
    /// A damaged container of Outlook's beside the attachments.
    DamagedContainer,
}

/// What a person does to the buckets.
#[derive(Debug, Clone)]
pub enum Deed {
    /// Puts a file into a bucket, into an area's folder or into none.
    Drop(Bucket, Option<&'static str>, File),
    /// Puts other readings in the place of an object that waits.
    Replace(u8),
    /// Copies an object that waits, with its metadata.
    Copy(CopyTo),
}

/// Where a person copies an object of the pipeline's to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CopyTo {
    /// Beside it, under another name.
    Name,
    /// The same path in another area's folder.
    Area,
    /// The same key in the bucket of the stage that the file is going to.
    Bucket,
}

/// How much goes wrong. Chances are in a hundred.
#[derive(Debug, Clone, Copy)]
pub struct Weather {
    /// That a call of a worker's fails.
    pub faults: u32,
    /// That a worker crashes at a call.
    pub crashes: u32,
    /// That an event stays in the queue although it is delivered.
    pub twice: u32,
    /// That an event is lost altogether.
    pub lost: u32,
    /// How eager the importer is.
    pub importer: u32,
    /// How often the sweep runs.
    pub sweeps: u32,
    /// How many workers there may be at once.
    pub workers: usize,
    /// Whether all calls go through at once, truly at the same time.
    pub unordered: bool,
}

impl History {
    /// The history of a seed.
    pub fn of(seed: u64) -> Self {
        let rng = &mut Rng::with_seed(seed);
        let layout = if rng.bool() { KeyLayout::Flat } else { KeyLayout::Dated };
        let emails = (0..rng.usize(1..=3)).map(|_| email(rng)).collect();
        let deeds = (0..rng.usize(0..=3)).map(|number| deed(rng, number)).collect();
        let weather = Weather::of(rng);
        Self {
            layout,
            emails,
            deeds,
            weather,
        }
    }
}

impl Weather {
    fn of(rng: &mut Rng) -> Self {
        Self {
            faults: *pick(rng, &[0, 2, 8]),
            crashes: *pick(rng, &[0, 1, 4]),
            twice: *pick(rng, &[0, 20, 50]),
            lost: *pick(rng, &[0, 5, 15]),
            importer: *pick(rng, &[1, 4, 12]),
            sweeps: *pick(rng, &[0, 1, 3]),
            workers: rng.usize(2..=5),
            unordered: rng.u8(..8) == 0,
        }
    }

    /// Nothing goes wrong any more.
    pub const fn calm(self) -> Self {
        Self {
            faults: 0,
            crashes: 0,
            twice: 0,
            lost: 0,
            sweeps: 0,
            unordered: false,
            ..self
        }
    }
}

impl Email {
    /// The email's bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut mail = Mail {
            areas: self.areas.iter().map(|area| (*area).to_owned()).collect(),
            message_id: self.message_id.map(str::to_owned),
            ..Mail::to("")
        };
        mail = mail.received(&format!("Sun, 23 Mar 2025 10:11:{} +0000", self.second));
        for file in &self.files {
            mail = mail.attach(&file.name, file.to_bytes());
        }
        match self.brings {
            Brings::Attachments => {}
            Brings::Table(content) => return table_email(&mail, content),
            // Its signature (MS-OXTNEF, section 2.1.3.1) and nothing that could follow it.
            Brings::DamagedContainer => {
                mail = mail.attach("winmail.dat", [0x78, 0x9f, 0x3e, 0x22, 1, 0, 0xff, 0xff, 0xff])
            }
        }
        mail.to_bytes()
    }

    /// The areas that exist.
    pub fn known_areas(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.areas.iter().copied().filter(|area| *area != STRANGER)
    }

    /// Whether one of its addresses belongs to no area.
    pub fn has_stranger(&self) -> bool {
        self.areas.contains(&STRANGER)
    }
}

/// An email whose only text is a table.
fn table_email(mail: &Mail, content: u8) -> Vec<u8> {
    let whole = String::from_utf8(mail.to_bytes()).unwrap();
    let (header, _) = whole.split_once("MIME-Version").unwrap();
    let table = String::from_utf8(Holds::Readings(content).to_bytes()).unwrap();
    format!("{header}MIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\n{table}").into_bytes()
}

fn email(rng: &mut Rng) -> Email {
    let mut areas: Vec<_> = AREAS.to_vec();
    rng.shuffle(&mut areas);
    areas.truncate(if rng.u8(..4) == 0 { 2 } else { 1 });
    match rng.u8(..12) {
        0 => areas.push(STRANGER),
        1 => areas = vec![STRANGER],
        _ => {}
    }
    let (files, brings) = match rng.u8(..12) {
        0 => (Vec::new(), Brings::Attachments),
        1 => (Vec::new(), Brings::Table(rng.u8(..File::CONTENTS))),
        2 => (files(rng, 1), Brings::DamagedContainer),
        _ => (files(rng, 2), Brings::Attachments),
    };
    Email {
        areas,
        message_id: (rng.u8(..3) > 0).then(|| *pick(rng, &MESSAGE_IDS)),
        second: rng.u32(12..14),
        files,
        brings,
        copies: if rng.u8(..3) == 0 { 2 } else { 1 },
    }
}

fn files(rng: &mut Rng, most: usize) -> Vec<File> {
    let count = rng.usize(1..=most);
    let mut file = || {
        let stem = *pick(rng, &File::NAMES);
        File::random(rng, stem, 0)
    };
    (0..count).map(|_| file()).collect()
}

fn deed(rng: &mut Rng, number: usize) -> Deed {
    // Readings that nobody else has, so that no two files that people drop are taken for one.
    let own = u8::try_from(100 + 10 * number).unwrap();
    let name = *pick(rng, &File::NAMES);
    let area = (rng.u8(..5) > 0).then(|| *pick(rng, &AREAS));
    let file = |holds: Holds| File {
        name: holds.named(name),
        holds,
    };
    match rng.u8(..8) {
        0 | 1 => Deed::Drop(Bucket::Process, area, file(Holds::Readings(own))),
        2 => {
            let members = [(0, own), (1, own + 1)].map(|(stem, content)| {
                let holds = Holds::Readings(content);
                File {
                    name: holds.named(File::NAMES[stem]),
                    holds,
                }
            });
            let members = members.to_vec();
            let bucket = *pick(rng, &[Bucket::Process, Bucket::Uncompressed]);
            Deed::Drop(bucket, area, file(Holds::Archive(members)))
        }
        3 => {
            let bucket = *pick(rng, &[Bucket::Process, Bucket::Spreadsheet]);
            Deed::Drop(bucket, area, file(Holds::Workbook(own)))
        }
        4 | 5 => Deed::Replace(own),
        _ => Deed::Copy(*pick(rng, &[CopyTo::Name, CopyTo::Area, CopyTo::Bucket])),
    }
}

/// One of several.
pub fn pick<'a, T>(rng: &mut Rng, several: &'a [T]) -> &'a T {
    &several[rng.usize(..several.len())]
}

impl fmt::Display for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:?} {:?}", self.layout, self.weather)?;
        for email in &self.emails {
            writeln!(f, "{email:?}")?;
        }
        for deed in &self.deeds {
            writeln!(f, "{deed:?}")?;
        }
        Ok(())
    }
}
