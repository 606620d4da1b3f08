//! Reading a spool, also while it is filled.

use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use crate::arrival::Arrival;
use crate::latch::Latch;
use crate::spool::Content;

/// Reads a spool from its beginning, and waits for what has not arrived yet. Unbuffered.
///
/// An error of the disk is latched: the runner then fails the step, whatever the format code makes of the error. So is it when the body
/// breaks off, which never looks like the end.
#[derive(Debug)]
pub struct SpoolReader {
    content: Content,
    size: u64,
    position: u64,
    arrival: Arrival,
    latch: Arc<Latch>,
}

impl SpoolReader {
    pub(crate) const fn new(content: Content, size: u64, arrival: Arrival, latch: Arc<Latch>) -> Self {
        Self {
            content,
            size,
            position: 0,
            arrival,
            latch,
        }
    }
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
                    return Err(self.failed(io::Error::other("only the beginning of this object was fetched")));
                }
                rest.read(buffer)?
            }
            Content::Disk(file, handle) => {
                let mut arrived = self.arrival.bytes();
                if arrived <= self.position {
                    let more = handle.block_on(self.arrival.beyond(self.position));
                    // Who knows why it broke off has latched it before.
                    arrived = more.ok_or_else(|| self.failed(io::Error::other("the object broke off")))?;
                }
                let most = usize::try_from(arrived.saturating_sub(self.position)).unwrap_or(usize::MAX);
                let most = most.min(buffer.len());
                let buffer = buffer.get_mut(..most).unwrap_or_default();
                file.read_at(buffer, self.position)
                    .map_err(|error| match error.kind() {
                        io::ErrorKind::Interrupted => error,
                        _ => self.failed(error),
                    })?
            }
        };
        self.position = self.position.saturating_add(read as u64);
        Ok(read)
    }
}

impl SpoolReader {
    fn failed(&self, error: io::Error) -> io::Error {
        self.latch.spool_failed(&error);
        error
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
    use std::io::Write;
    use std::thread;

    use tokio::runtime::{Handle, Runtime};

    use super::*;
    use crate::spool::Spool;

    const READINGS: &[u8] = b"MPR,Date,hr0030\n9100000001,23/03/2025,0.1\n";

    fn on_disk(runtime: &Handle, arrival: Arrival, latch: &Arc<Latch>) -> SpoolReader {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(READINGS).unwrap();
        let content = Content::Disk(Arc::new(file), runtime.clone());
        SpoolReader::new(content, READINGS.len() as u64, arrival, Arc::clone(latch))
    }

    #[test]
    fn readers_of_one_spool_do_not_disturb_one_another() {
        let runtime = Runtime::new().unwrap();
        let latch = Arc::default();
        let arrived = || Arrival::ended(READINGS.len() as u64, None);
        let in_memory = Spool::of_bytes(READINGS);
        for [mut first, mut second] in [
            [(); 2].map(|()| on_disk(runtime.handle(), arrived(), &latch)),
            [(); 2].map(|()| in_memory.open(Arc::clone(&latch))),
        ] {
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

    #[test]
    fn what_has_not_arrived_is_waited_for_and_what_never_comes_is_latched() {
        let runtime = Runtime::new().unwrap();
        let latch = Arc::new(Latch::default());
        let (progress, arrival) = Arrival::begun();
        let mut reader = on_disk(runtime.handle(), arrival, &latch);
        progress.tell(16);
        let mut header = [0; 100];
        assert_eq!(reader.read(&mut header).unwrap(), 16, "no more than has arrived");
        let reading = thread::spawn(move || {
            let mut next = [0; 4];
            reader.read_exact(&mut next).unwrap();
            reader.seek(SeekFrom::End(-1)).unwrap();
            (next, reader.read(&mut [0; 4]))
        });
        progress.tell(20);
        drop(progress);
        let (next, end) = reading.join().unwrap();
        assert_eq!(&next, b"9100");
        assert!(end.is_err() && latch.take().is_some());
    }
}
