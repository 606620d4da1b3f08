//! The reference: what becomes of everything that was sent, told without a pipeline.

use std::collections::{BTreeMap, BTreeSet};

use pipeline_core::ReasonCode;

use crate::files::{End, File, Holds};
use crate::history::{Brings, Email, History};

/// The prefix of what belongs to no area.
const NO_AREA: &str = "unknown-area";

/// An end as one sees it in the buckets: the area, the path below it, and how it ended.
pub type Seen = (String, String, End);

/// Ends, and how often.
pub type Counts = Vec<(Seen, usize)>;

/// How often each end may be seen.
#[derive(Debug, Clone, Default)]
pub struct Reference {
    wanted: BTreeMap<Seen, (usize, usize)>,
    /// Every file by its bytes: people copy and replace what they find.
    by_bytes: BTreeMap<Vec<u8>, Holds>,
}

impl Reference {
    /// What the emails of a history come to. Their keys in the inbox are [`inbox_key`]s.
    pub fn of_emails(history: &History) -> Self {
        let mut reference = Self::default();
        // One email that arrives twice gives its files once; without a Message-ID it is two. What makes a file is the area, the
        // email, the part, the name and the bytes.
        let mut files = BTreeSet::new();
        for (number, email) in history.emails.iter().enumerate() {
            for copy in 0..email.copies {
                let key = inbox_key(number, copy);
                reference.put_aside(email, &key);
                let message = email.message_id.map_or(key, str::to_owned);
                for area in email.known_areas() {
                    for (part, file) in email_files(email).into_iter().enumerate() {
                        let bytes = file.to_bytes();
                        reference.know(&file);
                        if files.insert((area, message.clone(), part, file.name.clone(), bytes)) {
                            reference.expect(area, &file.name, &file, 1);
                        }
                    }
                }
            }
        }
        reference
    }

    /// The email itself is put aside if something in it, or one of its addresses, cannot be used; an email of no area with all its
    /// files, if it has any.
    fn put_aside(&mut self, email: &Email, key: &str) {
        let code = if email.known_areas().next().is_none() {
            ReasonCode::UnknownArea
        } else if email.brings == Brings::DamagedContainer {
            ReasonCode::CorruptAttachment
        } else if email.has_stranger() && !email_files(email).is_empty() {
            ReasonCode::UnknownArea
        } else {
            return;
        };
        let area = email.known_areas().next().unwrap_or(NO_AREA);
        self.add((area.to_owned(), key.to_owned(), End::Rejected(code)), 1, 1);
    }

    /// A person put a file into a bucket, into an area's folder or into none.
    pub fn dropped(&mut self, area: Option<&str>, file: &File) {
        self.know(file);
        match area {
            Some(area) => self.expect(area, &file.name, file, 1),
            None => {
                let end = End::Rejected(ReasonCode::NoArea);
                self.add((NO_AREA.to_owned(), file.name.clone(), end), 1, 1);
            }
        }
    }

    /// A person replaced an object that waited, perhaps before anybody had read it.
    pub fn replaced(&mut self, area: &str, name: &str, bytes: &[u8]) {
        let file = self.known(name, bytes);
        for (path, end) in file.ends(name) {
            let wanted = self.wanted.get_mut(&(area.to_owned(), path, end)).unwrap();
            wanted.0 = wanted.0.saturating_sub(1);
        }
    }

    /// The file of these bytes.
    pub fn known(&self, name: &str, bytes: &[u8]) -> File {
        let holds = self
            .by_bytes
            .get(bytes)
            .unwrap_or_else(|| panic!("nobody knows {name}"))
            .clone();
        File {
            name: name.to_owned(),
            holds,
        }
    }

    /// What speaks against what was seen: how often an end is missing, and how often it is there too often.
    pub fn compare(&self, seen: &BTreeMap<Seen, usize>) -> (Counts, Counts) {
        let mut missing = Vec::new();
        let mut too_many = Vec::new();
        for (end, (least, _)) in &self.wanted {
            let count = seen.get(end).copied().unwrap_or_default();
            if count < *least {
                missing.push((end.clone(), least - count));
            }
        }
        for (end, count) in seen {
            let most = self.wanted.get(end).map_or(0, |(_, most)| *most);
            if *count > most {
                too_many.push((end.clone(), count - most));
            }
        }
        (missing, too_many)
    }

    fn expect(&mut self, area: &str, name: &str, file: &File, times: usize) {
        for (path, end) in file.ends(name) {
            self.add((area.to_owned(), path, end), times, times);
        }
    }

    fn add(&mut self, end: Seen, least: usize, most: usize) {
        let wanted = self.wanted.entry(end).or_default();
        wanted.0 += least;
        wanted.1 += most;
    }

    fn know(&mut self, file: &File) {
        self.by_bytes.insert(file.to_bytes(), file.holds.clone());
        match &file.holds {
            Holds::Archive(members) | Holds::DamagedArchive(members) => {
                members.iter().for_each(|member| self.know(member))
            }
            Holds::Workbook(content) | Holds::Page(content) => {
                let readings = Holds::Readings(*content);
                self.by_bytes.insert(readings.to_bytes(), readings);
            }
            _ => {}
        }
    }
}

/// The key of an email's copy in the inbox.
pub fn inbox_key(email: usize, copy: usize) -> String {
    format!("email-{email}-{copy}")
}

/// The files of an email, in the order of its parts.
fn email_files(email: &Email) -> Vec<File> {
    match email.brings {
        Brings::Table(content) => vec![File {
            name: "attachment-1.txt".to_owned(),
            holds: Holds::Readings(content),
        }],
        _ => email.files.clone(),
    }
}
