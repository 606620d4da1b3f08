//! The content of an object on this machine: in memory if it is small, else in a temporary file.

use std::fs::File;
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::sync::Arc;

use aws_sdk_s3::primitives::ByteStream;
use bytes::{Bytes, BytesMut};
use tempfile::NamedTempFile;
use tokio::io::AsyncWriteExt;

use crate::latch::Latch;

/// Contents up to this size stay in memory.
const MEMORY_BYTES: u64 = 8 * 1024 * 1024;

/// The content of one object, whole.
#[derive(Debug)]
pub struct Spool {
    content: Content,
    size: u64,
    blake3: blake3::Hash,
}

#[derive(Debug)]
enum Content {
    Memory(Bytes),
    Disk(NamedTempFile),
}

impl Spool {
    /// Fetches a body to its end.
    ///
    /// # Errors
    /// If the body ends early or breaks off, or the temporary file cannot be written.
    pub async fn fetch(mut body: ByteStream, size: u64) -> io::Result<Self> {
        let mut hasher = blake3::Hasher::new();
        let mut received = 0_u64;
        let mut memory = BytesMut::new();
        let mut disk = None;
        if size > MEMORY_BYTES {
            let file = NamedTempFile::new()?;
            let handle = tokio::fs::File::from_std(file.reopen()?);
            disk = Some((file, handle));
        }
        while let Some(chunk) = body.try_next().await.map_err(io::Error::other)? {
            received += chunk.len() as u64;
            hasher.update(&chunk);
            match &mut disk {
                Some((_, file)) => file.write_all(&chunk).await?,
                None => memory.extend_from_slice(&chunk),
            }
        }
        if received != size {
            let short = format!("{received} of {size} bytes arrived");
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, short));
        }
        let content = match disk {
            Some((file, mut handle)) => {
                handle.flush().await?;
                Content::Disk(file)
            }
            None => Content::Memory(memory.freeze()),
        };
        Ok(Self {
            content,
            size,
            blake3: hasher.finalize(),
        })
    }

    /// A spool over bytes at hand, for tests and for tools that have the file.
    #[must_use]
    pub fn of_bytes(bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        Self {
            size: bytes.len() as u64,
            blake3: blake3::hash(&bytes),
            content: Content::Memory(bytes),
        }
    }

    /// Bytes.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The BLAKE3 hash of the content, in hex.
    #[must_use]
    pub fn blake3(&self) -> String {
        self.blake3.to_hex().to_string()
    }

    /// The content if it is in memory.
    #[must_use]
    pub fn in_memory(&self) -> Option<&Bytes> {
        match &self.content {
            Content::Memory(bytes) => Some(bytes),
            Content::Disk(_) => None,
        }
    }

    pub(crate) fn open(&self, latch: Arc<Latch>) -> io::Result<SpoolReader> {
        let source = match &self.content {
            Content::Memory(bytes) => Source::Memory(Cursor::new(bytes.clone())),
            Content::Disk(file) => Source::Disk(file.reopen().inspect_err(|error| latch.spool_failed(error))?),
        };
        Ok(SpoolReader { source, latch })
    }
}

/// Reads a spool from its beginning. Unbuffered.
///
/// An error of the disk is latched: the runner then fails the step, whatever the format code makes of the error.
#[derive(Debug)]
pub struct SpoolReader {
    source: Source,
    latch: Arc<Latch>,
}

#[derive(Debug)]
enum Source {
    Memory(Cursor<Bytes>),
    Disk(File),
}

impl Read for SpoolReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.latch.check()?;
        match &mut self.source {
            Source::Memory(cursor) => cursor.read(buffer),
            Source::Disk(file) => file.read(buffer).inspect_err(|error| {
                if error.kind() != io::ErrorKind::Interrupted {
                    self.latch.spool_failed(error);
                }
            }),
        }
    }
}

impl Seek for SpoolReader {
    // A seek before the beginning is the format's fault, not the disk's: it is not latched.
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        match &mut self.source {
            Source::Memory(cursor) => cursor.seek(position),
            Source::Disk(file) => file.seek(position),
        }
    }
}
