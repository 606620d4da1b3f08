//! Bytes on their way into the store.

use super::DataDir;
use super::digest::{Algorithm, BodyDigest, Digests};
use std::fs::File;
use std::io::{self, Read, Write as _};
use tempfile::NamedTempFile;

/// A file that is being written and digested, and that nobody sees yet. It vanishes unless it is published.
pub(crate) struct Spool {
    file: NamedTempFile,
    digest: BodyDigest,
    size: u64,
}

/// What has been spooled.
pub(crate) struct Spooled {
    pub(crate) file: NamedTempFile,
    pub(crate) digests: Digests,
    /// In bytes.
    pub(crate) size: u64,
}

impl Spool {
    /// Starts a file; beside its MD5, `algorithm` is computed.
    pub(crate) fn new(dir: &DataDir, algorithm: Option<Algorithm>) -> io::Result<Self> {
        Ok(Self {
            file: dir.temporary_file()?,
            digest: BodyDigest::new(algorithm),
            size: 0,
        })
    }

    pub(crate) fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.digest.update(bytes);
        self.size = self.size.saturating_add(bytes.len() as u64);
        Ok(())
    }

    /// Appends all that `source` gives.
    pub(crate) fn append_from(&mut self, mut source: impl Read) -> io::Result<()> {
        let mut buffer = vec![0; 256 * 1024];
        loop {
            let count = source.read(&mut buffer)?;
            if count == 0 {
                return Ok(());
            }
            self.append(buffer.get(..count).unwrap_or_default())?;
        }
    }

    /// How many bytes there are so far.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Ends the file.
    pub(crate) fn finish(self) -> Spooled {
        Spooled {
            file: self.file,
            digests: self.digest.finalize(),
            size: self.size,
        }
    }
}

impl DataDir {
    /// A copy of whole files, one after the other, made without looking at the bytes.
    pub(crate) fn copy_of(&self, files: impl IntoIterator<Item = File>) -> io::Result<NamedTempFile> {
        let mut whole = self.temporary_file()?;
        for mut file in files {
            // Between files, `io::copy` is copy_file_range on Linux: the kernel moves the bytes.
            io::copy(&mut file, whole.as_file_mut())?;
        }
        Ok(whole)
    }
}
