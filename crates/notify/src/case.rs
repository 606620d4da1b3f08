//! What people are told about: one email, or one file that a person dropped, and everything of it that could not be used.

use std::fmt;

use pipeline_core::{Bucket, Origin, ReasonCode};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

/// Names a reject for good: whose receipt it is in, and which of that origin's receipts, so that what a replay rejects anew is
/// another reject.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Mark(String);

impl Mark {
    /// The mark of what an object's receipt tells, of which the work began then.
    #[must_use]
    pub fn new(origin: Origin, started: OffsetDateTime) -> Self {
        let text = format!("{origin} {}", started.unix_timestamp_nanos());
        Self(blake3::hash(text.as_bytes()).to_hex().chars().take(16).collect())
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A file, or a part of one, that could not be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Which reject it is part of.
    pub mark: Mark,
    /// Its key in unprocessable; of a bad part that of the whole.
    pub key: String,
    /// The area, as far as it is known.
    pub area: Option<String>,
    /// The name that the sender gave it.
    pub name: String,
    /// Whether it is the email itself.
    pub is_email: bool,
    /// The stable code.
    pub reason_code: ReasonCode,
    /// A sentence for people.
    pub reason: String,
}

/// What entered the pipeline, and became not all CSV.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// Where it entered: the inbox for an email.
    pub bucket: Bucket,
    /// Its key there.
    pub key: String,
    /// Its origin.
    pub origin: Origin,
    /// When it was received.
    pub received: OffsetDateTime,
    /// What could not be used, and is worth a person's attention.
    pub problems: Vec<Problem>,
    /// How many files were delivered.
    pub delivered: usize,
    /// Whether all of it was worked on; if not, this is what is known so far.
    pub is_finished: bool,
}

impl Case {
    /// Whether it is an email.
    #[must_use]
    pub fn is_email(&self) -> bool {
        self.bucket == Bucket::Inbox
    }

    /// Without what people were told of before.
    #[must_use]
    pub fn without(mut self, told: impl Fn(&Mark) -> bool) -> Self {
        self.problems.retain(|problem| !told(&problem.mark));
        self
    }

    /// The rejects of its problems, each once, in order.
    #[must_use]
    pub fn marks(&self) -> Vec<Mark> {
        let mut marks: Vec<Mark> = self.problems.iter().map(|problem| problem.mark.clone()).collect();
        marks.sort();
        marks.dedup();
        marks
    }

    /// Names this set of rejects: who comes to the same set comes to the same name.
    #[must_use]
    pub fn id(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        for mark in self.marks() {
            hasher.update(mark.0.as_bytes());
        }
        hasher.finalize().to_hex().chars().take(16).collect()
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn what_is_rejected_anew_after_a_replay_has_another_mark() {
        let origin: Origin = "0123456789abcdef0123456789abcdef".parse().unwrap();
        let first = Mark::new(origin, datetime!(2025-03-23 10:11:12.5 UTC));
        assert_eq!(first, Mark::new(origin, datetime!(2025-03-23 11:11:12.5 +1)));
        assert_ne!(first, Mark::new(origin, datetime!(2025-03-23 10:11:12.6 UTC)));
        assert_ne!(
            first,
            Mark::new(origin.child("2"), datetime!(2025-03-23 10:11:12.5 UTC))
        );
    }
}
