//! A member's content on its way out: counted, capped, and sure of how it ended.

use std::io::{self, Read, Write};

use crate::error::Defect;

/// The bytes of one member, unpacked.
///
/// Reading fails if the member turns out to be bad: damaged, too large, cut short. What was read of it before that must
/// not be kept.
pub struct Content<'a> {
    unpacked: &'a mut dyn Read,
    member_cap: u64,
    all_cap: u64,
    all_left: &'a mut u64,
    seen: u64,
    end: Option<Result<(), Defect>>,
}

impl<'a> Content<'a> {
    pub(crate) fn new(unpacked: &'a mut dyn Read, member_cap: u64, all_cap: u64, all_left: &'a mut u64) -> Self {
        Self {
            unpacked,
            member_cap,
            all_cap,
            all_left,
            seen: 0,
            end: None,
        }
    }

    /// Copies the content. `Ok(false)` says that the member is bad and that the copy must be thrown away.
    ///
    /// # Errors
    /// Those of `writer`.
    pub fn copy_to(&mut self, writer: &mut impl Write) -> io::Result<bool> {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            match self.read(&mut buffer) {
                Ok(0) => return Ok(true),
                Ok(read) => writer.write_all(buffer.get(..read).unwrap_or_default())?,
                Err(_) => return Ok(false),
            }
        }
    }

    /// How the member ended. What nobody has read is read now.
    pub(crate) fn finish(mut self) -> Result<(), Defect> {
        let mut buffer = vec![0; 16 * 1024];
        loop {
            if let Some(end) = &self.end {
                return end.clone();
            }
            // The error is in `end`.
            let _ = self.read(&mut buffer);
        }
    }

    /// Checks what was read against the caps; one byte more than allowed has been asked for.
    fn count(&mut self, read: u64) -> Result<(), Defect> {
        self.seen = self.seen.saturating_add(read);
        if self.seen > self.member_cap {
            return Err(Defect::TooLarge(self.member_cap));
        }
        *self.all_left = self
            .all_left
            .checked_sub(read)
            .ok_or(Defect::TooLargeInAll(self.all_cap))?;
        Ok(())
    }
}

impl Read for Content<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &self.end {
            Some(Ok(())) => return Ok(0),
            Some(Err(defect)) => return Err(defect.clone().into()),
            None if buffer.is_empty() => return Ok(0),
            None => {}
        }
        let room = (self.member_cap - self.seen).min(*self.all_left).saturating_add(1);
        let wanted = usize::try_from(room).map_or(buffer.len(), |room| room.min(buffer.len()));
        let end = match self.unpacked.read(buffer.get_mut(..wanted).unwrap_or_default()) {
            Ok(0) => Ok(()),
            Ok(read) => match self.count(read as u64) {
                Ok(()) => return Ok(read),
                Err(defect) => Err(defect),
            },
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Err(error),
            Err(error) => Err(Defect::of(&error)),
        };
        self.end = Some(end.clone());
        end.map(|()| 0).map_err(Into::into)
    }
}

impl std::fmt::Debug for Content<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Content")
            .field("seen", &self.seen)
            .field("end", &self.end)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn copy(mut bytes: &[u8], member_cap: u64, all_left: &mut u64) -> (Vec<u8>, Result<(), Defect>) {
        let mut copied = Vec::new();
        let mut content = Content::new(&mut bytes, member_cap, 100, all_left);
        let whole = content.copy_to(&mut copied).unwrap();
        let end = content.finish();
        assert_eq!(whole, end.is_ok());
        (copied, end)
    }

    #[test]
    fn a_member_may_have_exactly_as_many_bytes_as_the_cap_says() {
        let mut left = 100;
        assert_eq!(copy(b"12345", 5, &mut left), (b"12345".to_vec(), Ok(())));
        assert_eq!(left, 95);
        assert_eq!(copy(b"123456", 5, &mut left).1, Err(Defect::TooLarge(5)));
    }

    #[test]
    fn all_members_together_may_have_exactly_as_many_bytes_as_the_cap_says() {
        let mut left = 5;
        assert_eq!(copy(b"12345", 50, &mut left).1, Ok(()));
        assert_eq!(copy(b"", 50, &mut left).1, Ok(()));
        assert_eq!(copy(b"1", 50, &mut left).1, Err(Defect::TooLargeInAll(100)));
    }

    #[test]
    fn content_that_nobody_reads_is_checked_all_the_same() {
        let mut left = 100;
        let mut bytes = &b"123456"[..];
        assert_eq!(
            Content::new(&mut bytes, 5, 100, &mut left).finish(),
            Err(Defect::TooLarge(5))
        );
    }

    #[test]
    fn an_error_of_the_writer_is_no_defect_of_the_member() {
        struct Full;
        impl Write for Full {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::StorageFull.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let mut left = 100;
        let mut bytes = &b"12"[..];
        let mut content = Content::new(&mut bytes, 5, 100, &mut left);
        assert_eq!(
            content.copy_to(&mut Full).unwrap_err().kind(),
            io::ErrorKind::StorageFull
        );
        assert_eq!(content.finish(), Ok(()));
    }
}
