//! The seven buckets, by their role and by their name.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::config::Vars;

/// A bucket by its role. Its name is configuration ([`Buckets`]); no code builds a bucket's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bucket {
    /// Emails, one object each, as the mail service stores them.
    Inbox,
    /// Files that wait for `process-file`.
    Process,
    /// Archives that wait for `uncompress-file`.
    Uncompressed,
    /// Workbooks that wait for `convert-file`.
    Spreadsheet,
    /// Clean CSV under `<area>/`, for the importer.
    AmrData,
    /// What could not become CSV, with the reason.
    Unprocessable,
    /// What was done with every object.
    Receipts,
}

impl Bucket {
    /// All buckets, in the order of the flow.
    pub const ALL: [Self; 7] = [
        Self::Inbox,
        Self::Process,
        Self::Uncompressed,
        Self::Spreadsheet,
        Self::AmrData,
        Self::Unprocessable,
        Self::Receipts,
    ];

    /// The role as receipts, logs and bucket names spell it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Inbox => "inbox",
            Self::Process => "process",
            Self::Uncompressed => "uncompressed",
            Self::Spreadsheet => "spreadsheet",
            Self::AmrData => "amr-data",
            Self::Unprocessable => "unprocessable",
            Self::Receipts => "receipts",
        }
    }

    /// The environment variable that holds the bucket's name.
    #[must_use]
    pub const fn variable(self) -> &'static str {
        match self {
            Self::Inbox => "INBOX_BUCKET",
            Self::Process => "PROCESS_BUCKET",
            Self::Uncompressed => "UNCOMPRESSED_BUCKET",
            Self::Spreadsheet => "SPREADSHEET_BUCKET",
            Self::AmrData => "AMR_DATA_BUCKET",
            Self::Unprocessable => "UNPROCESSABLE_BUCKET",
            Self::Receipts => "RECEIPTS_BUCKET",
        }
    }

    /// Whether objects here are somebody's final files, keyed `<area>/<rest>` rather than by origin.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::AmrData | Self::Unprocessable)
    }
}

impl fmt::Display for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The names of the seven buckets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Buckets {
    names: [String; 7],
}

impl Buckets {
    /// Reads the names from `INBOX_BUCKET`, `PROCESS_BUCKET`, …
    ///
    /// No two may be the same: a stage that writes to the bucket it is triggered by would trigger itself for ever.
    pub fn read(vars: &mut Vars<'_>) -> Self {
        let buckets = Self::named(|bucket| vars.get(bucket.variable()).unwrap_or_default());
        for (index, bucket) in Bucket::ALL.into_iter().enumerate() {
            let name = vars.required(bucket.variable());
            let earlier = Bucket::ALL
                .into_iter()
                .take(index)
                .find(|earlier| buckets.name(*earlier) == name);
            if let Some(earlier) = earlier.filter(|_| !name.is_empty()) {
                let (one, other) = (earlier.variable(), bucket.variable());
                vars.problem(format!("{one} and {other} are the same bucket"));
            }
        }
        buckets
    }

    /// Names made by a rule, for whoever creates the buckets (the `pipeline` command, tests).
    #[must_use]
    pub fn named(name: impl Fn(Bucket) -> String) -> Self {
        Self {
            names: Bucket::ALL.map(name),
        }
    }

    /// The name of a bucket.
    #[must_use]
    pub fn name(&self, bucket: Bucket) -> &str {
        let [
            inbox,
            process,
            uncompressed,
            spreadsheet,
            amr_data,
            unprocessable,
            receipts,
        ] = &self.names;
        match bucket {
            Bucket::Inbox => inbox,
            Bucket::Process => process,
            Bucket::Uncompressed => uncompressed,
            Bucket::Spreadsheet => spreadsheet,
            Bucket::AmrData => amr_data,
            Bucket::Unprocessable => unprocessable,
            Bucket::Receipts => receipts,
        }
    }

    /// The role of a bucket of this name.
    #[must_use]
    pub fn role(&self, name: &str) -> Option<Bucket> {
        Bucket::ALL.into_iter().find(|bucket| self.name(*bucket) == name)
    }
}
