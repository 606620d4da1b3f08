//! The content of an object on this machine: in memory if it is small, else in a temporary file.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use aws_sdk_s3::primitives::ByteStream;
use bytes::{Bytes, BytesMut};
use tokio::io::AsyncWriteExt;

use crate::latch::Latch;

/// Contents up to this size stay in memory.
const MEMORY_BYTES: u64 = 8 * 1024 * 1024;

/// Bytes that are fetched of an object that is too large to be worked on.
pub(crate) const BEGINNING_BYTES: u64 = 1024 * 1024;

/// The content of one object: whole, or only its beginning if the object is too large to be worked on.
#[derive(Debug)]
pub struct Spool {
    content: Content,
    /// Bytes of the object, however many are here.
    size: u64,
    /// Of the whole content.
    blake3: Option<blake3::Hash>,
}

#[derive(Debug)]
enum Content {
    Memory(Bytes),
    /// A file without a name: the system removes it with its last user, even if we are killed.
    Disk(Arc<File>),
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
            let file = tempfile::tempfile()?;
            let writer = tokio::fs::File::from_std(file.try_clone()?);
            disk = Some((Arc::new(file), writer));
        }
        while let Some(chunk) = body.try_next().await.map_err(io::Error::other)? {
            received += chunk.len() as u64;
            hasher.update(&chunk);
            match &mut disk {
                Some((_, writer)) => writer.write_all(&chunk).await?,
                None => memory.extend_from_slice(&chunk),
            }
        }
        if received != size {
            let short = format!("{received} of {size} bytes arrived");
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, short));
        }
        let content = match disk {
            Some((file, mut writer)) => {
                writer.flush().await?;
                Content::Disk(file)
            }
            None => Content::Memory(memory.freeze()),
        };
        Ok(Self {
            content,
            size,
            blake3: Some(hasher.finalize()),
        })
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
            content: Content::Memory(memory.freeze()),
            size,
            blake3: None,
        })
    }

    /// A spool over bytes at hand, for tests and for tools that have the file.
    #[must_use]
    pub fn of_bytes(bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        Self {
            size: bytes.len() as u64,
            blake3: Some(blake3::hash(&bytes)),
            content: Content::Memory(bytes),
        }
    }

    /// Bytes.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The BLAKE3 hash of the content, in hex, if all of it was read.
    #[must_use]
    pub fn blake3(&self) -> Option<String> {
        self.blake3.map(|hash| hash.to_hex().to_string())
    }

    /// The content if all of it is in memory.
    #[must_use]
    pub fn in_memory(&self) -> Option<&Bytes> {
        match &self.content {
            Content::Memory(bytes) if self.blake3.is_some() => Some(bytes),
            Content::Memory(_) | Content::Disk(_) => None,
        }
    }

    pub(crate) fn open(&self, latch: Arc<Latch>) -> SpoolReader {
        let content = match &self.content {
            Content::Memory(bytes) => Content::Memory(bytes.clone()),
            Content::Disk(file) => Content::Disk(Arc::clone(file)),
        };
        SpoolReader {
            content,
            size: self.size,
            position: 0,
            latch,
        }
    }
}

/// Reads a spool from its beginning. Unbuffered.
///
/// An error of the disk is latched: the runner then fails the step, whatever the format code makes of the error.
#[derive(Debug)]
pub struct SpoolReader {
    content: Content,
    size: u64,
    position: u64,
    latch: Arc<Latch>,
}

impl Read for SpoolReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.latch.check()?;
        // An offset that only a lying format names is no error of the disk.
        if self.position >= self.size {
            return Ok(0);
        }
        let read = match &self.content {
            Content::Memory(bytes) => {
                let position = usize::try_from(self.position).unwrap_or(usize::MAX);
                let mut rest = bytes.get(position..).unwrap_or_default();
                if rest.is_empty() {
                    // An end here would look like that of a short file.
                    let error = io::Error::other("only the beginning of this object was fetched");
                    self.latch.spool_failed(&error);
                    return Err(error);
                }
                rest.read(buffer)?
            }
            Content::Disk(file) => file.read_at(buffer, self.position).inspect_err(|error| {
                if error.kind() != io::ErrorKind::Interrupted {
                    self.latch.spool_failed(error);
                }
            })?,
        };
        self.position = self.position.saturating_add(read as u64);
        Ok(read)
    }
}

impl Seek for SpoolReader {
    // A seek before the beginning is the format's fault, not the disk's: it is not latched.
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        let target = match position {
            SeekFrom::Start(target) => Some(target),
            SeekFrom::End(offset) => self.size.checked_add_signed(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
        };
        self.position = target.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok(self.position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const READINGS: &[u8] = b"MPR,Date,hr0030\n9100000001,23/03/2025,0.1\n";

    async fn spools() -> [Spool; 2] {
        let on_disk = Spool {
            content: Content::Disk(Arc::new({
                let mut file = tempfile::tempfile().unwrap();
                std::io::Write::write_all(&mut file, READINGS).unwrap();
                file
            })),
            size: READINGS.len() as u64,
            blake3: Some(blake3::hash(READINGS)),
        };
        let body = ByteStream::from_static(READINGS);
        [on_disk, Spool::fetch(body, READINGS.len() as u64).await.unwrap()]
    }

    #[tokio::test]
    async fn readers_of_one_spool_do_not_disturb_one_another() {
        for spool in spools().await {
            let mut first = spool.open(Arc::default());
            let mut second = spool.open(Arc::default());
            first.seek(SeekFrom::End(-4)).unwrap();
            let (mut end, mut whole) = (String::new(), Vec::new());
            first.read_to_string(&mut end).unwrap();
            second.read_to_end(&mut whole).unwrap();
            assert_eq!((end.as_str(), whole.as_slice()), ("0.1\n", READINGS));
            assert!(first.seek(SeekFrom::Start(0)).is_ok() && first.seek(SeekFrom::Current(-1)).is_err());
            second.seek(SeekFrom::Start(u64::MAX)).unwrap();
            assert_eq!(second.read(&mut [0; 4]).unwrap(), 0);
        }
    }

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
        let short = Spool::fetch_beginning(ByteStream::from_static(READINGS), 1_000).await;
        assert!(short.is_err());
        assert!(Spool::fetch(ByteStream::from_static(READINGS), 1_000).await.is_err());
    }
}
