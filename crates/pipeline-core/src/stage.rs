//! The four stages, and the bucket that triggers each.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::bucket::Bucket;

/// A stage of the pipeline: one Lambda function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// An email becomes its files.
    UnpackAttachments,
    /// A file is classified, and a CSV cleaned.
    ProcessFile,
    /// An archive becomes its files.
    UncompressFile,
    /// A workbook becomes CSV.
    ConvertFile,
}

impl Stage {
    /// All stages, in the order of the flow.
    pub const ALL: [Self; 4] = [
        Self::UnpackAttachments,
        Self::ProcessFile,
        Self::UncompressFile,
        Self::ConvertFile,
    ];

    /// The stage's name: its crate's, its binary's and its function's.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UnpackAttachments => "unpack-attachments",
            Self::ProcessFile => "process-file",
            Self::UncompressFile => "uncompress-file",
            Self::ConvertFile => "convert-file",
        }
    }

    /// The bucket whose objects it works on.
    #[must_use]
    pub const fn source(self) -> Bucket {
        match self {
            Self::UnpackAttachments => Bucket::Inbox,
            Self::ProcessFile => Bucket::Process,
            Self::UncompressFile => Bucket::Uncompressed,
            Self::ConvertFile => Bucket::Spreadsheet,
        }
    }

    /// The stage that works on the objects of a bucket.
    #[must_use]
    pub fn of_bucket(bucket: Bucket) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.source() == bucket)
    }

    /// Whether a finished source stays. Emails do: they are the only original, and the inbox has its own expiry.
    #[must_use]
    pub const fn keeps_source(self) -> bool {
        matches!(self, Self::UnpackAttachments)
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
