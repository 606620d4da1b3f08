//! The central directory (APPNOTE section 4.3.12): the list of members at the end of the archive.

use std::io;
use std::ops::ControlFlow;

use rawzip::{MAX_CENTRAL_DIRECTORY_RECORD_SIZE, ZipArchive, ZipLocator};

use super::entry::Entry;
use super::local::LOCAL_HEADER;
use super::view::View;
use crate::source::Source;

/// A central directory that was read to its end once.
pub(super) struct Directory<'s, 'r> {
    archive: ZipArchive<View<'s, 'r>>,
    /// What it lists.
    pub(super) survey: Survey,
}

/// What a directory lists.
#[derive(Debug, Default)]
pub(super) struct Survey {
    /// How many of them are unpacked.
    pub(super) wanted: u64,
    /// Where the first member of the archive begins, if there is one.
    pub(super) begin: Option<u64>,
}

/// A signature in a comment or behind the archive may look like the end of an archive; so many are looked at.
const ATTEMPTS: usize = 16;

impl<'s, 'r> Directory<'s, 'r> {
    /// Finds the directory. `None` if there is none that makes sense.
    pub(super) fn find(source: &'s Source<'r>) -> io::Result<Option<Self>> {
        let directory = match Self::find_in(View { source, base: 0 }) {
            Some(directory) => Some(directory),
            None => zip64_base(source)?.and_then(|base| Self::find_in(View { source, base })),
        };
        // Of joined archives the last directory lists the last one's members alone; in a truncated archive it may be that
        // of an archive inside of it.
        let begins_with_member = source.array_at::<4>(0)? == Some(LOCAL_HEADER);
        Ok(directory.filter(|directory| !begins_with_member || directory.survey.begin == Some(0)))
    }

    fn find_in(view: View<'s, 'r>) -> Option<Self> {
        let mut buffer = vec![0; MAX_CENTRAL_DIRECTORY_RECORD_SIZE];
        let mut end = view.len();
        for _ in 0..ATTEMPTS {
            match ZipLocator::new().locate_in_reader(view, &mut buffer, end) {
                Ok(archive) => {
                    end = archive.eocd_offset();
                    if let Some(survey) = survey(&archive, &mut buffer) {
                        return Some(Self { archive, survey });
                    }
                }
                Err((_, error)) => end = error.eocd_offset()?,
            }
        }
        None
    }

    /// The archive without what was put before it.
    pub(super) fn view(&self) -> View<'s, 'r> {
        *self.archive.get_ref()
    }

    /// Shows every entry, in the directory's order.
    pub(super) fn for_each<E>(&self, mut each: impl FnMut(Entry) -> Result<(), E>) -> Result<(), E> {
        let mut buffer = vec![0; MAX_CENTRAL_DIRECTORY_RECORD_SIZE];
        let outcome = walk(&self.archive, &mut buffer, |entry| match each(entry) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => ControlFlow::Break(error),
        });
        match outcome {
            ControlFlow::Break(error) => Err(error),
            ControlFlow::Continue(_) => Ok(()),
        }
    }
}

/// What the directory lists, if it makes sense: as many entries as the archive's end says.
fn survey(archive: &ZipArchive<View<'_, '_>>, buffer: &mut [u8]) -> Option<Survey> {
    let mut survey = Survey::default();
    let ControlFlow::Continue((seen, is_clean)) = walk(archive, buffer, |entry| {
        survey.wanted += u64::from(entry.is_wanted());
        survey.begin = Some(survey.begin.map_or(entry.header_at, |begin| begin.min(entry.header_at)));
        ControlFlow::<()>::Continue(())
    }) else {
        return None;
    };
    let hint = archive.entries_hint();
    // Old tools write more entries than 16 bits can count, and count on.
    let is_complete = seen == hint || (hint <= u64::from(u16::MAX) && seen & u64::from(u16::MAX) == hint);
    (is_complete && (is_clean || seen > 0)).then_some(survey)
}

/// Shows entries until one cannot be read, and says how many there were, and whether nothing else was between them and
/// the archive's end. Memory does not grow with their number.
fn walk<B>(
    archive: &ZipArchive<View<'_, '_>>,
    buffer: &mut [u8],
    mut each: impl FnMut(Entry) -> ControlFlow<B>,
) -> ControlFlow<B, (u64, bool)> {
    let mut entries = archive.entries(buffer);
    let mut seen = 0;
    loop {
        match entries.next_entry() {
            Ok(Some(record)) => {
                seen += 1;
                each(Entry::of_record(seen, &record))?;
            }
            Ok(None) => return ControlFlow::Continue((seen, true)),
            Err(_) => return ControlFlow::Continue((seen, false)),
        }
    }
}

/// How many bytes were put before a zip64 archive whose offsets do not count them: its end record lies right before its
/// locator, which names another place (APPNOTE sections 4.3.14 and 4.3.15).
fn zip64_base(source: &Source<'_>) -> io::Result<Option<u64>> {
    const RECORD: &[u8] = b"PK\x06\x06";
    const RECORD_LEN: u64 = 56;
    const LOCATOR: [u8; 4] = *b"PK\x06\x07";
    let tail = source.len().saturating_sub(1 << 20);
    let locator = source.find_map(LOCATOR, tail, 20, |at, bytes| {
        Some((at, u64::from_le_bytes(*bytes.get(8..)?.first_chunk()?)))
    })?;
    let Some((at, declared)) = locator else {
        return Ok(None);
    };
    let Some(record_at) = at.checked_sub(RECORD_LEN) else {
        return Ok(None);
    };
    let is_record = source.array_at::<4>(record_at)?.is_some_and(|bytes| bytes == *RECORD);
    Ok(record_at.checked_sub(declared).filter(|base| is_record && *base > 0))
}
