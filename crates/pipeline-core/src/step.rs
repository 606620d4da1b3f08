//! The contract between a stage and the runner: a step says what becomes of one object, the runner does the rest.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use time::OffsetDateTime;

use crate::area::Area;
use crate::latch::Latch;
use crate::origin::Origin;
use crate::outbox::Outbox;
use crate::provenance::Provenance;
use crate::reason::{BadPart, Rejection};
use crate::safe_path::SafePath;
use crate::spool::Spool;
use crate::spool_reader::SpoolReader;
use crate::stage::Stage;
use crate::store::StoreError;

/// What one stage does with one object.
///
/// It is synchronous: the runner calls it on a thread of its own, with a stack that is large enough for parsers.
pub trait Step: Send + Sync + 'static {
    /// Which stage it is.
    fn stage(&self) -> Stage;

    /// What is larger than this the step will reject. So that this needs no room on the disk, the step is given only the first MiB of
    /// such an object; reading on fails the step.
    fn most_bytes(&self) -> u64 {
        u64::MAX
    }

    /// Reads the object, writes what it makes of it to the outbox, and says how it ended.
    ///
    /// # Errors
    /// What is worth a retry: S3, the network, the disk, the clock. What is wrong with the object itself is a [`Verdict`].
    fn run(&self, input: &Input, outbox: &mut Outbox) -> Result<Verdict, Failure>;
}

/// How a step ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Everything that was in the object is in the outbox.
    Done,
    /// An email without any file: it stays in the inbox and is counted.
    NoFiles,
    /// The object cannot be used; it goes to unprocessable.
    Rejected(Rejection),
    /// These parts were bad; their siblings are in the outbox, and the container goes to unprocessable.
    Partly(Vec<BadPart>),
}

impl Verdict {
    /// Done, or partly if anything was bad.
    #[must_use]
    pub fn with_bad_parts(bad: Vec<BadPart>) -> Self {
        if bad.is_empty() { Self::Done } else { Self::Partly(bad) }
    }
}

/// Why a step could not finish; a retry may.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// S3, or the way to it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The temporary file that holds the object.
    #[error("the temporary file could not be used")]
    Spool(#[source] io::Error),
    /// Something else failed before; the latch knows what, and the runner reports that.
    #[error("the step was stopped")]
    Stopped,
    /// The time that Lambda gives is nearly over.
    #[error("the deadline is near")]
    Deadline,
    /// Somebody else's server, for instance one that a download link points to.
    #[error("{what}")]
    Outside {
        /// What did not work, as a sentence without addresses.
        what: String,
        /// The cause.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
    /// The event is about a bucket that does not trigger the function.
    #[error("the event is about a bucket that does not trigger {0}")]
    WrongBucket(Stage),
    /// A defect of ours that was noticed.
    #[error("a defect of the pipeline: {0}")]
    Defect(String),
    /// A defect of ours that was not.
    #[error("the step panicked: {0}")]
    Panicked(String),
}

impl Failure {
    /// A short stable name of the situation, for alarms and Lambda's error type.
    #[must_use]
    pub const fn error_type(&self) -> &'static str {
        match self {
            Self::Store(error) => error.error_type(),
            Self::Spool(_) => "TemporaryFile",
            Self::Stopped => "Stopped",
            Self::Deadline => "DeadlineNear",
            Self::Outside { .. } => "OutsideServer",
            Self::WrongBucket(_) => "WrongBucket",
            Self::Defect(_) => "Defect",
            Self::Panicked(_) => "Panic",
        }
    }
}

/// The object that a step works on.
#[derive(Debug)]
pub struct Input {
    pub(crate) area: Option<Area>,
    pub(crate) name: SafePath,
    pub(crate) origin: Origin,
    pub(crate) provenance: Provenance,
    pub(crate) spool: Spool,
    pub(crate) latch: Arc<Latch>,
}

impl Input {
    /// An input that lies in no bucket, for tools and tests of a step.
    #[must_use]
    pub fn detached(
        area: Option<Area>,
        name: SafePath,
        origin: Origin,
        provenance: Provenance,
        bytes: impl Into<Bytes>,
    ) -> Self {
        Self {
            area,
            name,
            origin,
            provenance,
            spool: Spool::of_bytes(bytes),
            latch: Arc::default(),
        }
    }

    /// The area that the key begins with; none in the inbox.
    #[must_use]
    pub const fn area(&self) -> Option<&Area> {
        self.area.as_ref()
    }

    /// The key below area and origin.
    #[must_use]
    pub const fn name(&self) -> &SafePath {
        &self.name
    }

    /// The name that the sender gave it.
    #[must_use]
    pub fn source_name(&self) -> &str {
        &self.provenance.source_name
    }

    /// Where it came from.
    #[must_use]
    pub const fn origin(&self) -> Origin {
        self.origin
    }

    /// How many emails and archives it was unpacked from, not counting the email that arrived.
    #[must_use]
    pub const fn depth(&self) -> u32 {
        self.provenance.depth
    }

    /// When the email was received, else when the object was last modified.
    #[must_use]
    pub const fn received(&self) -> OffsetDateTime {
        self.provenance.received
    }

    /// Bytes, even if not all of them were fetched ([`Step::most_bytes`]).
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.spool.size()
    }

    /// Reads the content from its beginning; any number of readers may be open. Unbuffered.
    #[must_use]
    pub fn open(&self) -> SpoolReader {
        self.spool.open(Arc::clone(&self.latch))
    }

    /// The whole content in memory: only for formats that need it, and after looking at [`size`](Self::size).
    ///
    /// # Errors
    /// If the temporary file cannot be read.
    pub fn bytes(&self) -> io::Result<Bytes> {
        if let Some(bytes) = self.spool.in_memory() {
            return Ok(bytes.clone());
        }
        let mut bytes = Vec::with_capacity(usize::try_from(self.size()).unwrap_or_default());
        io::Read::read_to_end(&mut self.open(), &mut bytes)?;
        Ok(bytes.into())
    }
}
