//! Receipts: the pipeline's memory. What was done with every object, for the runner, for people and for tools.
//!
//! The schema is an interface (`docs/SEMANTICS.md`); `schema` is raised when a field changes its meaning.

use serde::{Deserialize, Serialize};

use crate::bucket::Bucket;
use crate::origin::Origin;
use crate::reason::{BadPart, Rejection};
use crate::stage::Stage;

/// The version of the schema.
pub const SCHEMA: u32 = 1;

/// What a stage did with one object; `<origin>.json` in the receipts bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// [`SCHEMA`].
    pub schema: u32,
    /// Who wrote it.
    pub stage: Stage,
    /// The object's origin.
    pub origin: Origin,
    /// The origin of the object that it was made of; none for what entered from outside.
    pub parent: Option<Origin>,
    /// The email's key in the inbox.
    pub message: Option<String>,
    /// The area.
    pub area: Option<String>,
    /// When the email was received (RFC 3339).
    #[serde(with = "time::serde::rfc3339")]
    pub received: time::OffsetDateTime,
    /// The name that the sender gave it.
    pub source_name: String,
    /// How many emails and archives it was unpacked from.
    pub depth: u32,
    /// Which replay put the object, or what it was made of, to a stage again; 0 if none did.
    #[serde(default, skip_serializing_if = "is_nil")]
    pub generation: u32,
    /// The object itself.
    pub input: InputRecord,
    /// How it ended.
    pub outcome: Outcome,
    /// What was made of it.
    pub outputs: Vec<OutputRecord>,
    /// Where it was put aside, and why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rejected: Option<RejectRecord>,
    /// What else is worth telling.
    #[serde(default)]
    pub notes: Notes,
    /// When the work began (RFC 3339).
    #[serde(with = "time::serde::rfc3339")]
    pub started: time::OffsetDateTime,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
}

impl Receipt {
    /// Bytes of all outputs.
    #[must_use]
    pub fn bytes_out(&self) -> u64 {
        self.outputs.iter().map(|output| output.size).sum()
    }
}

/// How a step ended with an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Everything that was in it went on.
    Done,
    /// Some parts went on, some were bad.
    Partly,
    /// Nothing could be used.
    Rejected,
    /// An email without any file.
    NoFiles,
}

impl Outcome {
    /// The outcome as receipts and logs spell it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Partly => "partly",
            Self::Rejected => "rejected",
            Self::NoFiles => "no-files",
        }
    }
}

/// The object that a step worked on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputRecord {
    /// Its bucket's role.
    pub bucket: Bucket,
    /// Its key.
    pub key: String,
    /// Bytes.
    pub size: u64,
    /// Its entity tag.
    pub etag: String,
    /// The BLAKE3 hash of its content, in hex; none if it was too large to be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blake3: Option<String>,
}

/// An object that a step made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputRecord {
    /// Its bucket's role.
    pub bucket: Bucket,
    /// Its key.
    pub key: String,
    /// Its origin: the name of the next receipt.
    pub origin: Origin,
    /// Which part of the input it is.
    pub path_in_parent: String,
    /// The name that the sender gave it.
    pub source_name: String,
    /// Bytes.
    pub size: u64,
    /// The BLAKE3 hash of its content, in hex.
    pub blake3: String,
    /// Rows of a CSV, its headers counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
}

/// Where an object was put aside, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RejectRecord {
    /// Its key in unprocessable.
    pub key: String,
    /// Why.
    #[serde(flatten)]
    pub rejection: Rejection,
    /// The parts that were bad, if only some were.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<BadPart>,
}

/// What is worth telling beside the outputs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notes {
    /// Sheets with values that were not delivered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sheets_left_out: Vec<String>,
    /// Lines whose quoting was repaired.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub lines_repaired: u64,
    /// Whether the mail service took the email for spam, and it was delivered all the same.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub spam: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde wants a reference")]
const fn is_nil(number: &u32) -> bool {
    *number == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde wants a reference")]
const fn is_zero(number: &u64) -> bool {
    *number == 0
}
