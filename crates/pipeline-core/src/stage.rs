//! The four stages: the bucket that triggers each, and the buckets that it writes to.

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

/// How an output may get into a bucket. What goes in parts needs more permissions than what goes whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Transfer {
    /// By one PutObject: [`Outbox::put`](crate::Outbox::put).
    Whole,
    /// By one PutObject or, if it is large, by a multipart upload: also [`Outbox::create`](crate::Outbox::create) and
    /// [`Outbox::forward`](crate::Outbox::forward).
    InParts,
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

    /// The buckets that its step may write to, and how. The outbox refuses everything else, and the function's
    /// [permissions](crate::permissions) are made of it.
    ///
    /// Rejects and receipts are the runner's: every stage may write those.
    #[must_use]
    pub const fn destinations(self) -> &'static [(Bucket, Transfer)] {
        match self {
            // An email is in memory, so its files go whole.
            Self::UnpackAttachments => &[(Bucket::Process, Transfer::Whole)],
            Self::ProcessFile => &[
                (Bucket::AmrData, Transfer::InParts),
                (Bucket::Uncompressed, Transfer::InParts),
                (Bucket::Spreadsheet, Transfer::InParts),
            ],
            // Members and CSVs come round again through process-file, which looks into them.
            Self::UncompressFile | Self::ConvertFile => &[(Bucket::Process, Transfer::InParts)],
        }
    }

    /// Whether its step may write to a bucket in this way.
    #[must_use]
    pub fn may_write(self, bucket: Bucket, transfer: Transfer) -> bool {
        let mut allowed = self.destinations().iter();
        allowed.any(|(destination, widest)| *destination == bucket && transfer <= *widest)
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
