//! The archive's bytes, read at any place.

use std::cell::RefCell;
use std::io::{self, Read, Seek, SeekFrom};

use rawzip::ReaderAt;

/// What an archive is read from.
pub(crate) trait ReadSeek: Read + Seek {}
impl<R: Read + Seek> ReadSeek for R {}

/// An archive of known length.
///
/// It remembers the first error of the reader below, because decoders take any error for a corrupt stream: a disk that
/// fails is no reason to tell a supplier that the archive is damaged.
pub(crate) struct Source<'a> {
    reader: RefCell<Positioned<'a>>,
    failure: RefCell<Option<io::Error>>,
    len: u64,
}

struct Positioned<'a> {
    reader: &'a mut dyn ReadSeek,
    position: u64,
}

impl<'a> Source<'a> {
    pub(crate) fn new(reader: &'a mut dyn ReadSeek) -> io::Result<Self> {
        let len = reader.seek(SeekFrom::End(0))?;
        Ok(Self {
            reader: RefCell::new(Positioned { reader, position: len }),
            failure: RefCell::default(),
            len,
        })
    }

    /// Bytes.
    pub(crate) const fn len(&self) -> u64 {
        self.len
    }

    /// The first error of the reader itself, if there was one.
    pub(crate) fn failure(&self) -> Option<io::Error> {
        self.failure.borrow_mut().take()
    }

    /// As many bytes from `offset` on as there are and `head` takes.
    pub(crate) fn read_head(&self, offset: u64, head: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while let Some(rest) = head.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.read_at(rest, offset.saturating_add(filled as u64))? {
                0 => break,
                read => filled += read,
            }
        }
        Ok(filled)
    }

    /// Exactly `N` bytes from `offset` on, if there are as many.
    pub(crate) fn array_at<const N: usize>(&self, offset: u64) -> io::Result<Option<[u8; N]>> {
        let mut bytes = [0; N];
        Ok((self.read_head(offset, &mut bytes)? == N).then_some(bytes))
    }

    /// Where `needle` begins next, at or after `from`.
    pub(crate) fn find(&self, needle: [u8; 4], from: u64) -> io::Result<Option<u64>> {
        self.find_map(needle, from, needle.len(), |at, _| Some(at))
    }

    /// The first place, at or after `from`, where `needle` begins and `look` says something. It is shown the place and
    /// the bytes there: `length` of them, unless the archive ends before. The archive is read once, however many places
    /// there are.
    pub(crate) fn find_map<T>(
        &self,
        needle: [u8; 4],
        from: u64,
        length: usize,
        mut look: impl FnMut(u64, &[u8]) -> Option<T>,
    ) -> io::Result<Option<T>> {
        let finder = memchr::memmem::Finder::new(&needle);
        let mut window = vec![0; 64 * 1024 + length];
        let mut at = from;
        loop {
            let filled = self.read_head(at, &mut window)?;
            let is_last = filled < window.len();
            let bytes = window.get(..filled).unwrap_or_default();
            for found in finder.find_iter(bytes) {
                let there = bytes.get(found..).unwrap_or_default();
                if there.len() < length && !is_last {
                    break;
                }
                if let Some(told) = look(at + found as u64, there) {
                    return Ok(Some(told));
                }
            }
            if is_last {
                return Ok(None);
            }
            // What begins so near to the end of the window is seen whole in the next one.
            at += (filled + 1 - length) as u64;
        }
    }
}

impl ReaderAt for Source<'_> {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        // Offsets come from the archive: one beyond the end must not reach the file system.
        if offset >= self.len {
            return Ok(0);
        }
        let mut source = self.reader.borrow_mut();
        source.read(buffer, offset).inspect_err(|error| {
            let told = io::Error::new(error.kind(), error.to_string());
            self.failure.borrow_mut().get_or_insert(told);
        })
    }
}

impl Positioned<'_> {
    fn read(&mut self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        if self.position != offset {
            self.position = self.reader.seek(SeekFrom::Start(offset))?;
        }
        loop {
            match self.reader.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(read) => {
                    self.position += read as u64;
                    return Ok(read);
                }
                Err(error) => return Err(error),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    #[test]
    fn an_offset_beyond_the_end_reads_nothing() {
        let mut file = Cursor::new(b"MPR,Date,hr0030".to_vec());
        let source = Source::new(&mut file).unwrap();
        assert_eq!(source.read_at(&mut [0; 4], u64::MAX).unwrap(), 0);
        assert_eq!(source.array_at::<4>(4).unwrap(), Some(*b"Date"));
        assert_eq!(source.array_at::<4>(13).unwrap(), None);
        assert!(source.failure().is_none());
    }

    #[test]
    fn a_signature_is_found_across_the_border_of_two_windows() {
        let mut bytes = vec![0; 200_000];
        for at in [65_534, 131_072, 199_996] {
            bytes[at..at + 4].copy_from_slice(b"PK\x03\x04");
        }
        let mut file = Cursor::new(bytes);
        let source = Source::new(&mut file).unwrap();
        assert_eq!(source.find(*b"PK\x03\x04", 0).unwrap(), Some(65_534));
        assert_eq!(source.find(*b"PK\x03\x04", 65_535).unwrap(), Some(131_072));
        assert_eq!(source.find(*b"PK\x03\x04", 131_073).unwrap(), Some(199_996));
        assert_eq!(source.find(*b"PK\x03\x04", 199_997).unwrap(), None);
    }

    #[test]
    fn an_error_of_the_disk_is_remembered_as_what_it_is() {
        struct Failing;
        impl Read for Failing {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("the disk is gone"))
            }
        }
        impl Seek for Failing {
            fn seek(&mut self, _: SeekFrom) -> io::Result<u64> {
                Ok(100)
            }
        }
        let mut file = Failing;
        let source = Source::new(&mut file).unwrap();
        assert!(source.read_at(&mut [0; 4], 0).is_err());
        assert_eq!(source.failure().unwrap().to_string(), "the disk is gone");
    }
}
