//! The content of an object on this machine: in memory if it is small, else in a temporary file, which is read while it is filled.

use std::fs::File;
use std::io;
use std::sync::Arc;

use aws_sdk_s3::primitives::ByteStream;
use bytes::{Bytes, BytesMut};
use tokio::io::AsyncWriteExt;
use tokio::runtime::Handle;

use crate::arrival::{Arrival, Progress};
use crate::latch::Latch;
use crate::spool_reader::SpoolReader;

/// Contents up to this size stay in memory.
const MEMORY_BYTES: u64 = 8 * 1024 * 1024;

/// Bytes that are fetched of an object that is too large to be worked on.
pub(crate) const BEGINNING_BYTES: u64 = 1024 * 1024;

/// So many bytes are written to the file before its readers are told.
const TOLD_BYTES: u64 = 512 * 1024;

/// The content of one object: whole, or only its beginning if the object is too large to be worked on.
#[derive(Debug)]
pub struct Spool {
    content: Content,
    /// Bytes of the object, however many are here.
    size: u64,
    arrival: Arrival,
}

/// Where the content is. Clones are the same.
#[derive(Debug, Clone)]
pub(crate) enum Content {
    Memory(Bytes),
    /// A file without a name: the system removes it with its last user, even if we are killed. Who reads on waits in this runtime.
    Disk(Arc<File>, Handle),
}

/// A body of which a file is filled.
#[derive(Debug)]
pub(crate) struct Filling {
    body: ByteStream,
    size: u64,
    file: tokio::fs::File,
    progress: Progress,
}

impl Spool {
    /// Fetches a small body to its end; a larger one can be read as it comes, while it is [filled](Filling::finish).
    ///
    /// # Errors
    /// If the body ends early or breaks off, or the temporary file cannot be made.
    pub(crate) async fn fetch(mut body: ByteStream, size: u64) -> io::Result<(Self, Option<Filling>)> {
        if size > MEMORY_BYTES {
            return Self::fill(body, size);
        }
        let mut memory = BytesMut::new();
        while let Some(chunk) = body.try_next().await.map_err(io::Error::other)? {
            memory.extend_from_slice(&chunk);
        }
        whole(memory.len() as u64, size)?;
        Ok((Self::of_bytes(memory), None))
    }

    fn fill(body: ByteStream, size: u64) -> io::Result<(Self, Option<Filling>)> {
        let file = tempfile::tempfile()?;
        let (progress, arrival) = Arrival::begun();
        let filling = Filling {
            body,
            size,
            file: tokio::fs::File::from_std(file.try_clone()?),
            progress,
        };
        let spool = Self {
            content: Content::Disk(Arc::new(file), Handle::current()),
            size,
            arrival,
        };
        Ok((spool, Some(filling)))
    }

    /// Fetches the beginning of a body: no disk is large enough for every object, but what a header says is worth knowing.
    ///
    /// # Errors
    /// If the body breaks off.
    pub(crate) async fn fetch_beginning(mut body: ByteStream, size: u64) -> io::Result<Self> {
        let wanted = usize::try_from(size.min(BEGINNING_BYTES)).unwrap_or(usize::MAX);
        let mut memory = BytesMut::new();
        while memory.len() < wanted {
            let chunk = body.try_next().await.map_err(io::Error::other)?;
            memory.extend_from_slice(&chunk.ok_or(io::ErrorKind::UnexpectedEof)?);
        }
        memory.truncate(wanted);
        Ok(Self {
            arrival: Arrival::ended(memory.len() as u64, None),
            content: Content::Memory(memory.freeze()),
            size,
        })
    }

    /// A spool over bytes at hand, for tests and for tools that have the file.
    #[must_use]
    pub fn of_bytes(bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        let size = bytes.len() as u64;
        Self {
            size,
            arrival: Arrival::ended(size, Some(blake3::hash(&bytes))),
            content: Content::Memory(bytes),
        }
    }

    /// Bytes.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The BLAKE3 hash of the content, in hex, once all of it has arrived.
    #[must_use]
    pub fn blake3(&self) -> Option<String> {
        self.arrival.blake3()
    }

    /// The content if all of it is in memory.
    #[must_use]
    pub fn in_memory(&self) -> Option<&Bytes> {
        match &self.content {
            Content::Memory(bytes) if self.arrival.blake3().is_some() => Some(bytes),
            Content::Memory(_) | Content::Disk(..) => None,
        }
    }

    pub(crate) fn arrival(&self) -> Arrival {
        self.arrival.clone()
    }

    pub(crate) fn open(&self, latch: Arc<Latch>) -> SpoolReader {
        SpoolReader::new(self.content.clone(), self.size, self.arrival.clone(), latch)
    }
}

impl Filling {
    /// Fills the file to its end. Only then, or when this is dropped, do its readers know that nothing more comes.
    ///
    /// # Errors
    /// If the body ends early or breaks off, the temporary file cannot be written, or the step has failed meanwhile.
    pub(crate) async fn finish(&mut self, latch: &Latch) -> io::Result<()> {
        let mut hasher = blake3::Hasher::new();
        let (mut received, mut told) = (0, 0);
        while let Some(chunk) = self.body.try_next().await.map_err(io::Error::other)? {
            latch.check()?;
            received += chunk.len() as u64;
            hasher.update(&chunk);
            self.file.write_all(&chunk).await?;
            if received - told >= TOLD_BYTES {
                self.file.flush().await?;
                self.progress.tell(received);
                told = received;
            }
        }
        whole(received, self.size)?;
        self.file.flush().await?;
        self.progress.end(received, Some(hasher.finalize()));
        Ok(())
    }
}

fn whole(received: u64, size: u64) -> io::Result<()> {
    if received == size {
        return Ok(());
    }
    let short = format!("{received} of {size} bytes arrived");
    Err(io::Error::new(io::ErrorKind::UnexpectedEof, short))
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    const READINGS: &[u8] = b"MPR,Date,hr0030\n9100000001,23/03/2025,0.1\n";

    #[tokio::test]
    async fn the_beginning_of_a_large_object_never_passes_for_the_whole() {
        let size = 5 * 1024 * BEGINNING_BYTES;
        let mut body = vec![b'M'; usize::try_from(BEGINNING_BYTES).unwrap() + 10];
        let spool = Spool::fetch_beginning(ByteStream::from(body.clone()), size)
            .await
            .unwrap();
        assert_eq!((spool.size(), spool.blake3(), spool.in_memory()), (size, None, None));
        let latch = Arc::new(Latch::default());
        let mut reader = spool.open(Arc::clone(&latch));
        let mut read = vec![0; usize::try_from(BEGINNING_BYTES).unwrap()];
        reader.read_exact(&mut read).unwrap();
        body.truncate(read.len());
        assert_eq!(read, body);
        assert!(reader.read(&mut [0; 4]).is_err() && latch.take().is_some());
    }

    #[tokio::test]
    async fn a_body_that_ends_early_is_an_error() {
        for size in [1_000, MEMORY_BYTES + 1] {
            let short = Spool::fetch_beginning(ByteStream::from_static(READINGS), size).await;
            assert!(short.is_err());
        }
        assert!(Spool::fetch(ByteStream::from_static(READINGS), 1_000).await.is_err());
        let (spool, filling) = Spool::fetch(ByteStream::from_static(READINGS), MEMORY_BYTES + 1)
            .await
            .unwrap();
        let mut filling = filling.unwrap();
        let error = filling.finish(&Latch::default()).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        drop(filling);
        assert!(!spool.arrival().is_complete().await);
        assert_eq!(spool.blake3(), None);
    }
}
