//! The names of a zip's members, read from its end and, where that is missing, from its start
//! (PKWARE APPNOTE 6.3.10, section 4.3).

use std::io::{self, Read, Seek};

use super::bytes::{read_at, u16_at, u32_at, u64_at};
use super::package::Signs;

const LOCAL_HEADER: &[u8] = b"PK\x03\x04";
const CENTRAL_HEADER: &[u8] = b"PK\x01\x02";
const END: &[u8] = b"PK\x05\x06";
const END_64: &[u8] = b"PK\x06\x06";
const END_64_LOCATOR: &[u8] = b"PK\x06\x07";
const SPANNED: [&[u8]; 2] = [b"PK\x07\x08", b"PK00"];

const LOCAL_LENGTH: usize = 30;
const CENTRAL_LENGTH: usize = 46;
const END_LENGTH: u64 = 22;
const END_64_LENGTH: u64 = 56;
const END_64_LOCATOR_LENGTH: u64 = 20;

/// The end record and the longest comment behind it.
const TAIL: u64 = END_LENGTH + 0xffff;
/// What is read of a central directory.
const MOST_BYTES: u64 = 1024 * 1024;
/// How many names are looked at.
const MOST_NAMES: usize = 20_000;
/// How many end records are tried, as a comment may hold what looks like one.
const MOST_ENDS: usize = 16;

/// Whether a file begins as a zip does.
pub(super) fn begins(head: &[u8]) -> bool {
    head.starts_with(LOCAL_HEADER)
        || head.starts_with(END)
        || SPANNED
            .iter()
            .any(|marker| head.starts_with(marker) && head.get(4..8) == Some(LOCAL_HEADER))
}

/// What the end of a zip says about its members.
pub(super) struct Directory {
    /// What the names are signs of.
    pub(super) signs: Signs,
    /// Every byte of the directory was a header, as far as it was read.
    pub(super) is_consistent: bool,
    /// The bytes before the archive: 0, or the length of a prefix.
    pub(super) shift: u64,
    /// Where the local header of the member `mimetype` is.
    pub(super) mimetype_at: Option<u64>,
}

/// The central directory of a zip of `size` bytes; `None` if no end record is found.
pub(super) fn directory<R: Read + Seek>(content: &mut R, size: u64) -> io::Result<Option<Directory>> {
    let tail_at = size.saturating_sub(TAIL);
    let tail = read_at(content, tail_at, TAIL)?;
    let mut broken = None;
    for at in memchr::memmem::rfind_iter(&tail, END).take(MOST_ENDS) {
        broken = Some(Directory {
            signs: Signs::default(),
            is_consistent: false,
            shift: 0,
            mimetype_at: None,
        });
        let record = tail.get(at..).unwrap_or_default();
        let Some(end) = End::read(content, record, tail_at + at as u64, size)? else {
            continue;
        };
        if let Some(directory) = end.directory(content)? {
            return Ok(Some(directory));
        }
    }
    Ok(broken)
}

/// What an end record says of the directory before it.
struct End {
    entries: u64,
    /// The length of the directory in bytes.
    length: u64,
    /// Where it begins, counted from the archive's start.
    offset: u64,
    /// Where it ends, counted from the file's start.
    at: u64,
}

impl End {
    fn read<R: Read + Seek>(content: &mut R, record: &[u8], at: u64, size: u64) -> io::Result<Option<Self>> {
        let (Some(entries), Some(length), Some(offset), Some(comment)) = (
            u16_at(record, 10),
            u32_at(record, 12),
            u32_at(record, 16),
            u16_at(record, 20),
        ) else {
            return Ok(None);
        };
        if at + END_LENGTH + u64::from(comment) > size {
            return Ok(None);
        }
        let is_zip64 = entries == u16::MAX || length == u32::MAX || offset == u32::MAX;
        if is_zip64 && let Some(end) = Self::read_64(content, at)? {
            return Ok(Some(end));
        }
        let (entries, length, offset) = (u64::from(entries), u64::from(length), u64::from(offset));
        Ok(Some(Self {
            entries,
            length,
            offset,
            at,
        }))
    }

    /// The zip64 end record, which its locator finds unless a prefix shifted it.
    fn read_64<R: Read + Seek>(content: &mut R, end_at: u64) -> io::Result<Option<Self>> {
        let Some(locator_at) = end_at.checked_sub(END_64_LOCATOR_LENGTH) else {
            return Ok(None);
        };
        let locator = read_at(content, locator_at, END_64_LOCATOR_LENGTH)?;
        if !locator.starts_with(END_64_LOCATOR) {
            return Ok(None);
        }
        for at in [u64_at(&locator, 8), locator_at.checked_sub(END_64_LENGTH)]
            .into_iter()
            .flatten()
        {
            let record = read_at(content, at, END_64_LENGTH)?;
            if let (true, Some(entries), Some(length), Some(offset)) = (
                record.starts_with(END_64),
                u64_at(&record, 32),
                u64_at(&record, 40),
                u64_at(&record, 48),
            ) {
                return Ok(Some(Self {
                    entries,
                    length,
                    offset,
                    at,
                }));
            }
        }
        Ok(None)
    }

    /// The directory, if its first header is where the record says, with a prefix or without.
    fn directory<R: Read + Seek>(&self, content: &mut R) -> io::Result<Option<Directory>> {
        if self.entries == 0 && self.length == 0 {
            let shift = self.at.saturating_sub(self.offset);
            return Ok(Some(Directory {
                signs: Signs::default(),
                is_consistent: true,
                shift,
                mimetype_at: None,
            }));
        }
        for start in [self.at.checked_sub(self.length), Some(self.offset)]
            .into_iter()
            .flatten()
        {
            if read_at(content, start, 4)? == CENTRAL_HEADER {
                let bytes = read_at(content, start, self.length.min(MOST_BYTES))?;
                return Ok(Some(self.walk(&bytes, start.saturating_sub(self.offset))));
            }
        }
        Ok(None)
    }

    fn walk(&self, bytes: &[u8], shift: u64) -> Directory {
        let mut signs = Signs::default();
        let mut mimetype_at = None;
        let mut rest = bytes;
        while let Some((header, name, after)) = member(rest, CENTRAL_HEADER, CENTRAL_LENGTH, 28) {
            if signs.members() == MOST_NAMES {
                break;
            }
            signs.see(name);
            if name.eq_ignore_ascii_case(b"mimetype") {
                let offset = u32_at(header, 42).filter(|offset| *offset != u32::MAX);
                mimetype_at = offset.map(|offset| u64::from(offset) + shift);
            }
            let comment = usize::from(u16_at(header, 32).unwrap_or(0));
            rest = after.get(comment..).unwrap_or_default();
        }
        let is_capped = signs.members() == MOST_NAMES || self.length > MOST_BYTES;
        Directory {
            signs,
            is_consistent: rest.is_empty() || is_capped,
            shift,
            mimetype_at,
        }
    }
}

/// A header, its member's name, and what follows name and extra field.
fn member<'a>(
    bytes: &'a [u8],
    signature: &[u8],
    header_length: usize,
    name_length_at: usize,
) -> Option<(&'a [u8], &'a [u8], &'a [u8])> {
    let (header, rest) = bytes.split_at_checked(header_length)?;
    let name_length = usize::from(u16_at(header, name_length_at)?);
    let extra_length = usize::from(u16_at(header, name_length_at + 2)?);
    let (name, rest) = rest.split_at_checked(name_length)?;
    let after = rest.get(extra_length.min(rest.len())..)?;
    header.starts_with(signature).then_some((header, name, after))
}

/// The members in the first bytes of a zip that lost its end, and the data of the very first if it is `mimetype`.
pub(super) fn first_members(head: &[u8]) -> (Signs, &[u8]) {
    const HAS_DESCRIPTOR: u16 = 1 << 3;
    let mut signs = Signs::default();
    let mut mimetype: &[u8] = &[];
    let mut rest = head;
    while let Some(at) = memchr::memmem::find(rest, LOCAL_HEADER) {
        rest = rest.get(at..).unwrap_or_default();
        let Some((header, name, data)) = member(rest, LOCAL_HEADER, LOCAL_LENGTH, 26) else {
            break;
        };
        // Behind a marker that is all that is left of an archive there is anything.
        if name.is_empty() || name.iter().any(u8::is_ascii_control) {
            rest = rest.get(LOCAL_HEADER.len()..).unwrap_or_default();
            continue;
        }
        if signs.members() == 0 && name.eq_ignore_ascii_case(b"mimetype") {
            mimetype = stored_data(rest);
        }
        signs.see(name);
        // Where the length is told only after the data, the next header is searched.
        let has_length = u16_at(header, 6).is_some_and(|flags| flags & HAS_DESCRIPTOR == 0);
        let length = u32_at(header, 18).filter(|_| has_length).unwrap_or(0);
        rest = usize::try_from(length)
            .ok()
            .and_then(|length| data.get(length..))
            .unwrap_or_default();
    }
    (signs, mimetype)
}

/// The data of a stored member whose local header begins at the start of `bytes`.
pub(super) fn stored_data(bytes: &[u8]) -> &[u8] {
    match member(bytes, LOCAL_HEADER, LOCAL_LENGTH, 26) {
        Some((header, _, data)) if u16_at(header, 8) == Some(0) => data,
        _ => &[],
    }
}
