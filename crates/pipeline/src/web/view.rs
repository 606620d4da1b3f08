//! What the pages show, gathered before they are drawn.

use pipeline_core::{Bucket, Origin, ReasonCode, Stage};
use time::OffsetDateTime;

/// What the first page shows.
#[derive(Debug, Clone)]
pub(crate) struct Overview {
    /// All buckets in the order of the flow.
    pub(crate) buckets: Vec<BucketView>,
    /// The last 24 hours.
    pub(crate) flow: Flow,
    /// The newest inputs.
    pub(crate) inputs: Vec<InputView>,
    /// Whether there are more of them than these.
    pub(crate) has_more: bool,
    /// What the dispatcher gave up.
    pub(crate) parked: Vec<Parked>,
}

/// A bucket and what lies in it.
#[derive(Debug, Clone)]
pub(crate) struct BucketView {
    pub(crate) bucket: Bucket,
    pub(crate) objects: u64,
    pub(crate) bytes: u64,
    /// When the oldest object was put.
    pub(crate) oldest: Option<OffsetDateTime>,
    /// Objects that wait for a stage; of the inbox those without a receipt.
    pub(crate) waiting: u64,
    /// Those of them that have waited for too long.
    pub(crate) stuck: u64,
}

/// What went through the pipeline in the last 24 hours.
#[derive(Debug, Clone, Default)]
pub(crate) struct Flow {
    pub(crate) emails: u64,
    pub(crate) unpacked: u64,
    pub(crate) delivered: u64,
    pub(crate) archives: u64,
    pub(crate) members: u64,
    pub(crate) workbooks: u64,
    pub(crate) converted: u64,
    pub(crate) rejected: u64,
    /// The hours, the oldest first.
    pub(crate) hours: Vec<Hour>,
}

/// An hour of the chart.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hour {
    pub(crate) begins: OffsetDateTime,
    pub(crate) delivered: u64,
    pub(crate) rejected: u64,
}

/// An email, or a file that a person dropped, and what became of it.
#[derive(Debug, Clone)]
pub(crate) struct InputView {
    pub(crate) origin: Origin,
    /// The subject of an email, or the name of a file.
    pub(crate) title: String,
    /// The key in the inbox, if it is an email.
    pub(crate) email: Option<String>,
    /// Who sent it.
    pub(crate) sender: Option<String>,
    pub(crate) areas: Vec<String>,
    pub(crate) received: OffsetDateTime,
    pub(crate) ending: Ending,
    pub(crate) files: Vec<FileView>,
    /// Files that are not listed here.
    pub(crate) more_files: usize,
}

/// How it stands with an input as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    Delivered,
    Partly,
    Rejected,
    NoFiles,
    Waiting,
    Failed,
}

/// A file of an input, and where it is now.
#[derive(Debug, Clone)]
pub(crate) struct FileView {
    /// The name that the sender gave it.
    pub(crate) name: String,
    pub(crate) fate: Fate,
}

/// What became of a file.
#[derive(Debug, Clone)]
pub(crate) enum Fate {
    Delivered {
        key: String,
        bytes: u64,
        rows: Option<u64>,
        /// Whether the importer has it.
        is_taken: bool,
    },
    /// Without a key only a part of what was put aside.
    Rejected {
        key: Option<String>,
        code: ReasonCode,
        reason: String,
    },
    Waiting(Bucket),
    Failed(String),
    /// There is no trace of it any more.
    Gone,
}

/// The page of one input.
#[derive(Debug, Clone)]
pub(crate) struct InputPage {
    pub(crate) input: InputView,
    /// Where the original lies, if it still does.
    pub(crate) original: Option<(Bucket, String)>,
    pub(crate) tree: Step,
}

/// An object of an input's tree, and what a stage did with it.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    pub(crate) name: String,
    pub(crate) bucket: Bucket,
    pub(crate) key: String,
    pub(crate) bytes: Option<u64>,
    /// What was done with it, one stage after the other; nothing while it waits.
    pub(crate) done: Vec<Done>,
    pub(crate) fates: Vec<Fate>,
    pub(crate) steps: Vec<Step>,
}

/// What a stage did.
#[derive(Debug, Clone)]
pub(crate) struct Done {
    pub(crate) stage: Stage,
    pub(crate) duration_ms: u64,
    /// What else is worth telling.
    pub(crate) notes: Vec<String>,
}

/// An object in unprocessable.
#[derive(Debug, Clone)]
pub(crate) struct Aside {
    pub(crate) key: String,
    pub(crate) bytes: u64,
    pub(crate) put: OffsetDateTime,
    /// None if neither a receipt nor the object tells.
    pub(crate) code: Option<String>,
    pub(crate) reason: Option<String>,
    /// The input that it came with.
    pub(crate) input: Option<Origin>,
}

/// The first rows of a CSV.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Preview {
    pub(crate) key: String,
    pub(crate) bytes: u64,
    pub(crate) rows: Vec<Vec<String>>,
    /// Whether there is more in the file.
    pub(crate) has_more: bool,
}

/// An event that was given up.
#[derive(Debug, Clone)]
pub struct Parked {
    /// The object's bucket.
    pub bucket: Bucket,
    /// Its key.
    pub key: String,
    /// When it was given up.
    pub since: OffsetDateTime,
    /// What the last attempt failed with.
    pub why: String,
}

/// How things get in.
#[derive(Debug, Clone, Default)]
pub(crate) struct Doors {
    /// Where the SMTP server listens, if there is one.
    pub(crate) smtp: Option<std::net::SocketAddr>,
    /// Areas that something was delivered for, as proposals.
    pub(crate) areas: Vec<String>,
}
