//! The kinds of files, and what a supplier is told about those that hold no readings.

use crate::reason::{ReasonCode, Rejection};

/// What a file is.
///
/// The phrases in some variants complete the sentence "This is …" (`a PDF document`, `an image`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FileKind {
    /// Text that is called `.csv` or `.cns`, or that plainly is a table.
    Csv,
    /// An archive that can be opened; of a truncated one it is told from its start.
    Archive(ArchiveKind),
    /// A workbook, or what calls itself one.
    Spreadsheet(SpreadsheetKind),
    /// An email (RFC 5322), attached headers and body.
    Email,
    /// A web page, and not called a workbook.
    Html,
    /// Protected by a password, or encrypted for somebody else.
    Encrypted(&'static str),
    /// Signature images, calendars, S/MIME signatures and the like: never readings.
    NotData(&'static str),
    /// A known type that the pipeline does not read.
    Unsupported(&'static str),
    /// Text that is not a table.
    Text,
    /// No byte, or nothing but a byte order mark or blanks.
    Empty,
    /// Neither content nor name tells.
    Unknown,
}

/// Which archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ArchiveKind {
    /// Zip (PKWARE APPNOTE), also spanned, prefixed or truncated.
    Zip,
    /// Gzip (RFC 1952), whatever is inside.
    Gzip,
    /// Tar, POSIX or older.
    Tar,
}

/// Which workbook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SpreadsheetKind {
    /// BIFF, in an OLE2 file or bare.
    Xls,
    /// Office Open XML, with macros or without (`xlsx`, `xlsm`, `xltx`, `xltm`).
    Xlsx,
    /// Office Open XML with binary parts.
    Xlsb,
    /// OpenDocument.
    Ods,
    /// SpreadsheetML 2003, a single XML file.
    SpreadsheetMl,
    /// A web page that is called `.xls` or `.xlsx`. Whether it holds a table is for its reader to see.
    HtmlTable,
}

const WANTED: &str = "Please send the readings as CSV, XLSX, XLS or ODS, or a ZIP of these.";

impl FileKind {
    /// Whether readings may be in it: CSV, an archive or a workbook.
    #[must_use]
    pub const fn is_data(&self) -> bool {
        matches!(self, Self::Csv | Self::Archive(_) | Self::Spreadsheet(_))
    }

    /// The stable name, for logs and receipts.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Archive(ArchiveKind::Zip) => "zip",
            Self::Archive(ArchiveKind::Gzip) => "gzip",
            Self::Archive(ArchiveKind::Tar) => "tar",
            Self::Spreadsheet(SpreadsheetKind::Xls) => "xls",
            Self::Spreadsheet(SpreadsheetKind::Xlsx) => "xlsx",
            Self::Spreadsheet(SpreadsheetKind::Xlsb) => "xlsb",
            Self::Spreadsheet(SpreadsheetKind::Ods) => "ods",
            Self::Spreadsheet(SpreadsheetKind::SpreadsheetMl) => "spreadsheetml",
            Self::Spreadsheet(SpreadsheetKind::HtmlTable) => "html-table",
            Self::Email => "email",
            Self::Html => "html",
            Self::Encrypted(_) => "encrypted",
            Self::NotData(_) => "not-data",
            Self::Unsupported(_) => "unsupported",
            Self::Text => "text",
            Self::Empty => "empty",
            Self::Unknown => "unknown",
        }
    }

    /// Why such a file is refused, in words for the supplier; `None` for data.
    #[must_use]
    pub fn rejection(&self) -> Option<Rejection> {
        let rejection = match self {
            Self::Csv | Self::Archive(_) | Self::Spreadsheet(_) => return None,
            Self::Email => Rejection::new(
                ReasonCode::Unsupported,
                "This is an email inside an archive or where a data file was expected. \
                 Please forward it as an email, or send the files that it carries.",
            ),
            Self::Html => Rejection::new(
                ReasonCode::Html,
                format!("This is a web page, perhaps the error page of an export that failed. {WANTED}"),
            ),
            Self::Encrypted(what) => Rejection::new(
                ReasonCode::Encrypted,
                format!("This is {what}. Please send the readings without password or encryption."),
            ),
            Self::NotData(what) => {
                Rejection::new(ReasonCode::NotData, format!("This is {what}, which holds no readings."))
            }
            Self::Unsupported(what) => {
                Rejection::new(ReasonCode::Unsupported, format!("This is {what}. {}", advice(what)))
            }
            Self::Text => Rejection::new(
                ReasonCode::NotATable,
                format!("This is text, but not a table of at least three columns. {WANTED}"),
            ),
            Self::Empty => Rejection::new(
                ReasonCode::Empty,
                "This file is empty. Please send it again with the readings in it.",
            ),
            Self::Unknown => Rejection::new(
                ReasonCode::UnknownType,
                format!("Neither its content nor its name tells what kind of file this is. {WANTED}"),
            ),
        };
        Some(rejection)
    }
}

/// The archives that the pipeline does not open, as `Unsupported` names them.
pub(super) mod closed_archive {
    pub(in crate::kind) const SEVEN_ZIP: &str = "a 7-Zip archive";
    pub(in crate::kind) const RAR: &str = "a RAR archive";
    pub(in crate::kind) const XZ: &str = "an XZ archive";
    pub(in crate::kind) const LZMA: &str = "an LZMA archive";
    pub(in crate::kind) const LZIP: &str = "an lzip archive";
    pub(in crate::kind) const BZIP2: &str = "a bzip2 archive";
    pub(in crate::kind) const LZ4: &str = "an LZ4 archive";
    pub(in crate::kind) const ZSTD: &str = "a Zstandard archive";
    pub(in crate::kind) const CABINET: &str = "a cabinet archive";
    pub(in crate::kind) const LHA: &str = "an LHA archive";
    pub(in crate::kind) const ARJ: &str = "an ARJ archive";
    pub(in crate::kind) const COMPRESS: &str = "an archive made by compress";
    pub(super) const ALL: [&str; 12] = [
        SEVEN_ZIP, RAR, XZ, LZMA, LZIP, BZIP2, LZ4, ZSTD, CABINET, LHA, ARJ, COMPRESS,
    ];
}

/// MHTML, which Excel writes as `.xls` or `.mht` when asked for a single web page.
pub(super) const WEB_ARCHIVE: &str = "a single-file web page (MHTML)";
/// TNEF that the unpacking of emails left alone.
pub(super) const WINMAIL: &str = "winmail.dat, an Outlook container";

fn advice(what: &str) -> &'static str {
    if closed_archive::ALL.contains(&what) {
        return "Please send the files as a ZIP archive instead.";
    }
    match what {
        WEB_ARCHIVE => "Please open it in Excel and save it as XLSX or CSV.",
        WINMAIL => "Please send the email as plain text or HTML, with the files attached.",
        _ => WANTED,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_data_is_not_rejected() {
        let kinds = [
            FileKind::Csv,
            FileKind::Archive(ArchiveKind::Gzip),
            FileKind::Spreadsheet(SpreadsheetKind::HtmlTable),
            FileKind::Email,
            FileKind::Html,
            FileKind::Encrypted("x"),
            FileKind::NotData("x"),
            FileKind::Unsupported("x"),
            FileKind::Text,
            FileKind::Empty,
            FileKind::Unknown,
        ];
        for kind in kinds {
            assert_eq!(kind.is_data(), kind.rejection().is_none(), "{}", kind.as_str());
        }
    }

    #[test]
    fn a_closed_archive_is_answered_with_a_wish_for_zip() {
        let rejection = FileKind::Unsupported(closed_archive::RAR).rejection().unwrap();
        assert_eq!(rejection.reason_code, ReasonCode::Unsupported);
        assert_eq!(
            rejection.reason,
            "This is a RAR archive. Please send the files as a ZIP archive instead."
        );
    }

    #[test]
    fn a_document_is_answered_with_the_formats_that_are_read() {
        let rejection = FileKind::Unsupported("a PDF document").rejection().unwrap();
        assert_eq!(
            rejection.reason,
            "This is a PDF document. Please send the readings as CSV, XLSX, XLS or ODS, or a ZIP of these."
        );
    }
}
