//! From a workbook to CSV: tells the format by its content, and has the format's reader show the sheets to the chooser.

use std::io::{BufReader, Read, Seek, SeekFrom};
use std::panic::{AssertUnwindSafe, catch_unwind};

use pipeline_core::Limits;

use crate::config::Options;
use crate::error::ConvertError;
use crate::package::Package;
use crate::sheet_chooser::{Conversion, Deliver, SheetChooser};
use crate::utf8_reader::{Utf8Reader, xml_declaration};
use crate::xml::broken_part;
use crate::{html, ods, spreadsheet_ml, xls, xlsb, xlsx};

/// How much of the beginning tells what markup it is.
const BEGINNING_BYTES: u64 = 8 * 1024;

/// What a workbook is stored in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Container {
    /// A zip package: xlsx, xlsm, xlsb, ods.
    Package,
    /// An OLE2 compound file, or the bare stream of records that should be in one: xls.
    Records,
    /// SpreadsheetML 2003.
    Xml,
    /// A web page.
    Html,
}

/// Converts a workbook of any format: gives the sheets that are to be delivered to `deliver`, one after another.
///
/// The content alone tells the format; the file's name does not matter.
///
/// # Errors
/// [`ConvertError::rejection`] tells the errors that are the workbook's fault from those of the machine. An error of
/// `deliver` ends the conversion and is returned.
pub fn convert(
    reader: impl Read + Seek,
    options: &Options,
    deliver: &mut Deliver<'_>,
) -> Result<Conversion, ConvertError> {
    guarded(options, deliver, |chooser| {
        let mut reader = BufReader::with_capacity(64 * 1024, reader);
        let container = container(&mut reader)?;
        reader.seek(SeekFrom::Start(0)).map_err(broken_part)?;
        match container {
            Container::Records => xls::read(reader, chooser),
            Container::Xml => spreadsheet_ml::read(reader, chooser),
            Container::Html => html::read(reader, chooser),
            Container::Package => {
                let mut package = Package::open(reader, &options.limits)?;
                if package.has("encrypted-package") {
                    // What LibreOffice makes of a password since version 24.8 (ODF 1.4 part 2).
                    return Err(ConvertError::Encrypted);
                }
                if package.has("content.xml") && !package.has("[Content_Types].xml") {
                    ods::read(&mut package, chooser)
                } else if package.named("workbook", ".bin").is_some() {
                    xlsb::read(&mut package, chooser)
                } else {
                    xlsx::read(&mut package, chooser)
                }
            }
        }
    })
}

/// Converts SpreadsheetML 2003, whatever it looks like: an entry for fuzzing.
///
/// # Errors
/// As [`convert`].
pub fn convert_spreadsheet_ml(
    bytes: &[u8],
    options: &Options,
    deliver: &mut Deliver<'_>,
) -> Result<Conversion, ConvertError> {
    guarded(options, deliver, |chooser| spreadsheet_ml::read(bytes, chooser))
}

/// Converts a web page, whatever it looks like: an entry for fuzzing.
///
/// # Errors
/// As [`convert`].
pub fn convert_html(bytes: &[u8], options: &Options, deliver: &mut Deliver<'_>) -> Result<Conversion, ConvertError> {
    guarded(options, deliver, |chooser| {
        html::read(std::io::Cursor::new(bytes), chooser)
    })
}

/// Runs a reader. A panic in a library is the fault of the workbook that set it off: a retry would not help.
fn guarded(
    options: &Options,
    deliver: &mut Deliver<'_>,
    read: impl FnOnce(&mut SheetChooser<'_>) -> Result<(), ConvertError>,
) -> Result<Conversion, ConvertError> {
    let mut chooser = SheetChooser::new(options, deliver);
    let read = catch_unwind(AssertUnwindSafe(|| read(&mut chooser)))
        .unwrap_or_else(|_| Err(ConvertError::corrupt("it makes its reader fail")));
    match read {
        Ok(()) => chooser.finish(),
        Err(error) => chooser.fail(error),
    }
}

fn container(reader: &mut (impl Read + Seek)) -> Result<Container, ConvertError> {
    let mut beginning = Vec::new();
    reader
        .by_ref()
        .take(BEGINNING_BYTES)
        .read_to_end(&mut beginning)
        .map_err(broken_part)?;
    match beginning.as_slice() {
        [] => return Err(ConvertError::Empty),
        [0xD0, 0xCF, 0x11, 0xE0, ..] | [0x09, 0x08, ..] => return Ok(Container::Records),
        [b'P', b'K', ..] => return Ok(Container::Package),
        _ => {}
    }
    let mut text = String::new();
    Utf8Reader::new(beginning.as_slice(), xml_declaration)
        .and_then(|mut reader| reader.read_to_string(&mut text))
        .map_err(broken_part)?;
    let text = text.to_ascii_lowercase();
    if root(&text) == Some("workbook") {
        Ok(Container::Xml)
    } else if ["<html", "<!doctype html", "<table", "<head", "<body", "<meta"]
        .iter()
        .any(|tag| text.contains(tag))
    {
        Ok(Container::Html)
    } else if Package::open(reader, &Limits::default()).is_ok() {
        // Its end tells a zip, whatever a mail program or an installer put before it (APPNOTE 4.1.9).
        Ok(Container::Package)
    } else {
        Err(ConvertError::corrupt("it has the form of no known workbook"))
    }
}

/// The local name of the first element.
fn root(text: &str) -> Option<&str> {
    let mut rest = text;
    loop {
        let (_, tag) = rest.split_once('<')?;
        if let Some(comment) = tag.strip_prefix("!--") {
            (_, rest) = comment.split_once("-->")?;
        } else if tag.starts_with(['?', '!']) {
            (_, rest) = tag.split_once('>')?;
        } else {
            let name = tag.split([' ', '\t', '\r', '\n', '>', '/']).next()?;
            return name.rsplit(':').next();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn container_of(bytes: &[u8]) -> Option<Container> {
        container(&mut Cursor::new(bytes)).ok()
    }

    #[test]
    fn the_first_element_tells_a_workbook_from_a_page() {
        assert_eq!(
            container_of(b"<?xml version='1.0'?><!-- <html> --><ss:Workbook xmlns:ss='u'>"),
            Some(Container::Xml)
        );
        assert_eq!(
            container_of(b"\xEF\xBB\xBF \n<HTML xmlns:x='urn:schemas-microsoft-com:office:excel'>"),
            Some(Container::Html)
        );
        assert_eq!(container_of(b"<style>td{}</style><table><tr>"), Some(Container::Html));
        assert_eq!(container_of(b"MPAN,Date\n"), None);
    }

    #[test]
    fn a_panic_is_the_workbooks_fault() {
        let options = Options::default();
        let error = guarded(&options, &mut |_| Ok(()), |_| panic!("a library")).unwrap_err();
        assert!(matches!(error, ConvertError::Corrupt { .. }));
    }
}
