//! xls: the binary workbook of Excel 5 to 2003 ([MS-XLS] for BIFF8; BIFF5 as Microsoft's "Excel 97 Developer's Kit" has it).

mod cells;
mod globals;
mod records;
mod strings;

use std::cell::Cell;
use std::collections::HashSet;
use std::io::{self, Read, Seek, SeekFrom};
use std::rc::Rc;

use cfb::CompoundFile;

use crate::error::ConvertError;
use crate::sheet_chooser::SheetChooser;
use records::Records;

/// The container's tables of sectors and its directory are held in memory; those of a workbook of 1 GiB are no larger. They
/// may name the same sectors again and again, so what is read counts.
const TABLE_BYTES: u64 = 16 * 1024 * 1024;

/// A reader that gives up after so many bytes.
struct Metered<R> {
    inner: R,
    left: Rc<Cell<u64>>,
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        let left = self.left.get().checked_sub(read as u64);
        self.left.set(left.ok_or(io::ErrorKind::FileTooLarge)?);
        Ok(read)
    }
}

impl<R: Seek> Seek for Metered<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.inner.seek(to)
    }
}

/// Shows all worksheets to the chooser.
pub(crate) fn read<R: Read + Seek>(mut reader: R, chooser: &mut SheetChooser<'_>) -> Result<(), ConvertError> {
    let unreadable = |error| ConvertError::corrupt_by("its container cannot be read", error);
    let mut magic = [0; 2];
    reader.read_exact(&mut magic).map_err(unreadable)?;
    reader.seek(SeekFrom::Start(0)).map_err(unreadable)?;
    // A few writers leave the container away.
    if magic == [0x09, 0x08] {
        return read_stream(reader, chooser);
    }
    let left = Rc::new(Cell::new(TABLE_BYTES));
    let reader = Metered {
        inner: reader,
        left: Rc::clone(&left),
    };
    let mut container = CompoundFile::open(reader).map_err(unreadable)?;
    left.set(u64::MAX);
    if ["EncryptedPackage", "EncryptionInfo"]
        .iter()
        .any(|name| container.is_stream(name))
    {
        return Err(ConvertError::Encrypted);
    }
    let name = ["Workbook", "Book"].into_iter().find(|name| container.is_stream(name));
    let name = name.ok_or_else(|| ConvertError::corrupt("its container holds no workbook"))?;
    let stream = container.open_stream(name).map_err(unreadable)?;
    read_stream(stream, chooser)
}

fn read_stream<S: Read + Seek>(stream: S, chooser: &mut SheetChooser<'_>) -> Result<(), ConvertError> {
    let mut records = Records::new(stream, chooser.limits().unpacked_bytes);
    let globals = globals::read(&mut records, chooser.limits())?;
    let mut seen = HashSet::new();
    for tab in &globals.tabs {
        // No two sheets are one; who lists a sheet again wants to keep us busy.
        if !seen.insert(tab.offset) {
            continue;
        }
        chooser.begin(&tab.name, tab.hidden)?;
        match cells::read(&mut records, tab.offset, &globals, chooser) {
            Ok(()) => chooser.end(!tab.hidden)?,
            Err(error) => chooser.end_broken(!tab.hidden, error)?,
        }
    }
    Ok(())
}
