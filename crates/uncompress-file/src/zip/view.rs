//! The archive without what was put before it.

use std::io;

use rawzip::ReaderAt;

use crate::source::Source;

/// An archive that begins `base` bytes into the file. A self-extracting archive has a program before it, and its offsets
/// may not count that.
#[derive(Clone, Copy)]
pub(super) struct View<'s, 'r> {
    pub(super) source: &'s Source<'r>,
    pub(super) base: u64,
}

impl View<'_, '_> {
    /// Bytes.
    pub(super) const fn len(&self) -> u64 {
        self.source.len().saturating_sub(self.base)
    }

    /// Exactly `N` bytes from `offset` on, if there are as many.
    pub(super) fn array_at<const N: usize>(&self, offset: u64) -> io::Result<Option<[u8; N]>> {
        self.source.array_at(self.base.saturating_add(offset))
    }

    /// Exactly `length` bytes from `offset` on, if there are as many.
    pub(super) fn bytes_at(&self, offset: u64, length: usize) -> io::Result<Option<Vec<u8>>> {
        let mut bytes = vec![0; length];
        let filled = self.source.read_head(self.base.saturating_add(offset), &mut bytes)?;
        Ok((filled == length).then_some(bytes))
    }
}

impl ReaderAt for View<'_, '_> {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.source.read_at(buffer, self.base.saturating_add(offset))
    }
}
