//! OLE2 files ([MS-CFB]): what they are is told by the names of their streams.
//!
//! Only the directory is read, along the chain of its sectors, and no more of it than the caps allow: a
//! library would read the whole allocation table of a file that a stranger sent.

use std::io::{self, Read, Seek};

use super::bytes::{read_at, u16_at, u32_at};
use super::file_kind::{FileKind, SpreadsheetKind};
use super::magic;
use super::name::{Name, OUTLOOK, POWERPOINT, WORD};

const SIGNATURE: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";
const ENTRY: usize = 128;
const HEADER_TABLES: usize = 109;
/// Sector numbers from here on are marks, such as the end of a chain ([MS-CFB] 2.1).
const FIRST_MARK: u32 = 0xffff_fffa;
/// 2,048 entries.
const MOST_DIRECTORY_BYTES: usize = 256 * 1024;
/// Enough for allocation tables of files of half a GiB.
const MOST_TABLE_LISTS: usize = 64;

const XLS: FileKind = FileKind::Spreadsheet(SpreadsheetKind::Xls);

/// Whether a file begins as an OLE2 file does.
pub(super) fn begins(head: &[u8]) -> bool {
    head.starts_with(SIGNATURE)
}

/// What an OLE2 file is, by its streams; by its name where they cannot be read or say nothing.
pub(super) fn classify<R: Read + Seek>(content: &mut R, head: &[u8], name: &Name) -> io::Result<FileKind> {
    let entries = match Sectors::open(content, head)? {
        Some(mut sectors) => entries(&sectors.chain(u32_at(head, 48).unwrap_or(FIRST_MARK))?),
        None => Vec::new(),
    };
    // A document may embed others, so the root's own streams go before all others.
    let kind = kind_of(&root_names(&entries))
        .or_else(|| kind_of(&entries.iter().map(|entry| entry.name.as_str()).collect::<Vec<_>>()))
        .or_else(|| head.get(512..).is_some_and(magic::is_biff).then_some(XLS))
        .or_else(|| name.of_broken_binary().filter(|kind| is_ole_kind(*kind)))
        .or_else(|| name.not_data(u64::MAX));
    Ok(kind.unwrap_or(FileKind::Unsupported("an OLE2 document of a kind that is not read")))
}

fn is_ole_kind(kind: FileKind) -> bool {
    kind == XLS || matches!(kind, FileKind::Unsupported(WORD | POWERPOINT | OUTLOOK))
}

fn kind_of(names: &[&str]) -> Option<FileKind> {
    let has = |wanted: &str| names.iter().any(|name| name.eq_ignore_ascii_case(wanted));
    let has_prefix = |prefix: &str| names.iter().any(|name| name.starts_with(prefix));
    let kind = match () {
        () if has("EncryptedPackage") || has("EncryptionInfo") => {
            FileKind::Encrypted("a document that is protected by a password")
        }
        () if has("\u{9}DRMContent") || has("\u{9}DRMViewerContent") => {
            FileKind::Encrypted("a document that is protected by rights management")
        }
        () if has_prefix("__properties_version1.0") || has_prefix("__substg1.0_") => FileKind::Unsupported(OUTLOOK),
        () if has("Workbook") || has("Book") => XLS,
        () if has("WordDocument") => FileKind::Unsupported(WORD),
        () if has("PowerPoint Document") => FileKind::Unsupported(POWERPOINT),
        () if has("VisioDocument") => FileKind::Unsupported("a Visio drawing"),
        () if has("Catalog") || has_prefix("CatalogMetadata") || has_prefix("256_") => {
            FileKind::NotData("a folder's preview pictures")
        }
        () => return None,
    };
    Some(kind)
}

/// A file as sectors, and the sectors of its allocation table.
struct Sectors<'c, R> {
    content: &'c mut R,
    /// The length of a sector is 2 to this power, in bytes.
    shift: u16,
    tables: Vec<u32>,
}

impl<'c, R: Read + Seek> Sectors<'c, R> {
    fn open(content: &'c mut R, head: &[u8]) -> io::Result<Option<Self>> {
        let (Some(shift @ (9 | 12)), Some(first_list)) = (u16_at(head, 30), u32_at(head, 68)) else {
            return Ok(None);
        };
        let tables = (0..HEADER_TABLES)
            .filter_map(|index| u32_at(head, 76 + 4 * index))
            .collect();
        let mut sectors = Self { content, shift, tables };
        sectors.read_table_lists(first_list)?;
        Ok(Some(sectors))
    }

    /// The lists of further table sectors, each of which ends with the number of the next list.
    fn read_table_lists(&mut self, first: u32) -> io::Result<()> {
        let mut next = first;
        for _ in 0..MOST_TABLE_LISTS {
            let list = self.sector(next)?;
            let mut numbers = list.as_chunks::<4>().0.iter().map(|bytes| u32::from_le_bytes(*bytes));
            let Some(last) = numbers.next_back() else {
                break;
            };
            self.tables.extend(numbers);
            next = last;
        }
        Ok(())
    }

    /// The bytes of a chain of sectors, as far as it can be followed and the cap allows.
    fn chain(&mut self, first: u32) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let mut sector = first;
        while bytes.len() < MOST_DIRECTORY_BYTES {
            let part = self.sector(sector)?;
            if part.is_empty() {
                break;
            }
            bytes.extend(part);
            match self.after(sector)? {
                Some(next) => sector = next,
                None => break,
            }
        }
        Ok(bytes)
    }

    fn sector(&mut self, number: u32) -> io::Result<Vec<u8>> {
        if number >= FIRST_MARK {
            return Ok(Vec::new());
        }
        read_at(self.content, self.offset(number), 1 << self.shift)
    }

    fn after(&mut self, number: u32) -> io::Result<Option<u32>> {
        let table = usize::try_from(number >> (self.shift - 2)).unwrap_or(usize::MAX);
        let Some(table) = self.tables.get(table).copied().filter(|table| *table < FIRST_MARK) else {
            return Ok(None);
        };
        let index = u64::from(number & ((1 << (self.shift - 2)) - 1));
        let link = read_at(self.content, self.offset(table) + 4 * index, 4)?;
        Ok(u32_at(&link, 0))
    }

    const fn offset(&self, number: u32) -> u64 {
        (number as u64 + 1) << self.shift
    }
}

struct Entry {
    name: String,
    left: u32,
    right: u32,
    child: u32,
}

fn entries(directory: &[u8]) -> Vec<Entry> {
    directory
        .as_chunks::<ENTRY>()
        .0
        .iter()
        .filter_map(|entry| Entry::read(entry))
        .collect()
}

impl Entry {
    fn read(bytes: &[u8]) -> Option<Self> {
        // The length counts the NUL at the end, in bytes.
        let units = usize::from(u16_at(bytes, 64)?).min(64).saturating_sub(2) / 2;
        let units = bytes
            .as_chunks::<2>()
            .0
            .iter()
            .take(units)
            .map(|unit| u16::from_le_bytes(*unit));
        Some(Self {
            name: char::decode_utf16(units)
                .map(|char| char.unwrap_or('\u{fffd}'))
                .collect(),
            left: u32_at(bytes, 68)?,
            right: u32_at(bytes, 72)?,
            child: u32_at(bytes, 76)?,
        })
    }
}

/// The names of what lies in the root itself: its tree of children, each visited once.
fn root_names(entries: &[Entry]) -> Vec<&str> {
    let mut names = Vec::new();
    let mut is_visited = vec![false; entries.len()];
    let mut waiting: Vec<u32> = entries.first().map(|root| root.child).into_iter().collect();
    while let Some(index) = waiting.pop().and_then(|index| usize::try_from(index).ok()) {
        if let (Some(entry), Some(visited)) = (entries.get(index), is_visited.get_mut(index))
            && !*visited
        {
            *visited = true;
            names.push(entry.name.as_str());
            waiting.extend([entry.left, entry.right]);
        }
    }
    names
}
