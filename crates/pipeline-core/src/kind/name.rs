//! What a file's name says, for files whose content leaves the question open.

use super::file_kind::{ArchiveKind, FileKind, SpreadsheetKind, WINMAIL, closed_archive};

/// A file's own name in lower case: no folders, no blanks or dots at its end.
pub(super) struct Name(String);

impl Name {
    pub(super) fn new(name: &str) -> Self {
        let own = name.trim_end_matches(is_trailing_noise);
        let own = own.rsplit(['/', '\\']).next().unwrap_or_default();
        Self(own.trim_start().to_lowercase())
    }

    /// What follows the last dot; empty without one.
    pub(super) fn extension(&self) -> &str {
        self.0.rsplit_once('.').map_or("", |(_, extension)| extension)
    }

    /// Called `.csv` or `.cns`.
    pub(super) fn is_csv(&self) -> bool {
        matches!(self.extension(), "csv" | "cns")
    }

    /// Called `.xls` or `.xlsx`: what the importer would open as a workbook.
    pub(super) fn is_excel(&self) -> bool {
        matches!(self.extension(), "xls" | "xlsx")
    }

    /// What never holds readings, whatever readable or unreadable bytes it consists of.
    pub(super) fn not_data(&self, size: u64) -> Option<FileKind> {
        // Excel's note beside an open workbook of who has it open: 165 bytes, called `~$` and the name.
        if self.0.starts_with("~$") && size <= 512 {
            return Some(FileKind::NotData("the lock file of an open document"));
        }
        let what = match self.0.as_str() {
            "thumbs.db" | "ehthumbs.db" => "a folder's preview pictures",
            ".ds_store" | "desktop.ini" => "a folder's settings",
            name if name.starts_with("delivery-status") => "a delivery report",
            name if name.starts_with("rfc822-headers") => "the headers of another email",
            name if name.starts_with("._") => "a macOS attribute file",
            _ => match self.extension() {
                "p7s" | "p7c" | "p7b" | "asc" | "sig" => "a signature",
                "cer" | "crt" | "pem" => "a certificate",
                "ics" | "vcs" | "ical" => "a calendar entry",
                "vcf" => "a contact card",
                "dsn" => "a delivery report",
                "p7m" => return Some(FileKind::Encrypted(SMIME)),
                "pgp" | "gpg" => return Some(FileKind::Encrypted(PGP)),
                _ => return None,
            },
        };
        Some(FileKind::NotData(what))
    }

    /// The kind that the extension stands for, for bytes that nothing recognised: most likely a broken
    /// file of that kind, and its reader can say so better than "unknown".
    pub(super) fn of_broken_binary(&self) -> Option<FileKind> {
        let kind = match self.extension() {
            "xls" | "xlt" => FileKind::Spreadsheet(SpreadsheetKind::Xls),
            "xlsx" | "xlsm" | "xltx" | "xltm" => FileKind::Spreadsheet(SpreadsheetKind::Xlsx),
            "xlsb" => FileKind::Spreadsheet(SpreadsheetKind::Xlsb),
            "ods" | "ots" => FileKind::Spreadsheet(SpreadsheetKind::Ods),
            "zip" => FileKind::Archive(ArchiveKind::Zip),
            "gz" | "tgz" => FileKind::Archive(ArchiveKind::Gzip),
            "tar" => FileKind::Archive(ArchiveKind::Tar),
            "7z" => FileKind::Unsupported(closed_archive::SEVEN_ZIP),
            "rar" => FileKind::Unsupported(closed_archive::RAR),
            "lzma" => FileKind::Unsupported(closed_archive::LZMA),
            "bz2" | "tbz" | "tbz2" => FileKind::Unsupported(closed_archive::BZIP2),
            "pdf" => FileKind::Unsupported("a PDF document"),
            "doc" | "docx" | "docm" | "dot" => FileKind::Unsupported(WORD),
            "ppt" | "pptx" | "pptm" | "pps" => FileKind::Unsupported(POWERPOINT),
            "msg" => FileKind::Unsupported(OUTLOOK),
            "exe" | "dll" | "scr" | "com" => FileKind::Unsupported("a program"),
            "jpg" | "jpeg" | "png" | "gif" | "bmp" | "tif" | "tiff" | "ico" | "emf" | "wmf" | "webp" | "heic"
            | "heif" => FileKind::NotData("an image"),
            "mp3" | "wav" | "m4a" | "wma" | "aac" | "ogg" => FileKind::NotData("a sound file"),
            "mp4" | "mov" | "avi" | "wmv" | "mkv" | "mpg" | "mpeg" => FileKind::NotData("a video"),
            "ttf" | "otf" | "woff" | "woff2" | "eot" => FileKind::NotData("a font"),
            "dat" if self.0 == "winmail.dat" => FileKind::Unsupported(WINMAIL),
            _ => return None,
        };
        Some(kind)
    }
}

pub(super) const SMIME: &str = "an S/MIME message that is encrypted or sealed";
pub(super) const PGP: &str = "a file that is encrypted with PGP";
pub(super) const WORD: &str = "a Word document";
pub(super) const POWERPOINT: &str = "a PowerPoint presentation";
pub(super) const OUTLOOK: &str = "an Outlook message";

fn is_trailing_noise(char: char) -> bool {
    char == '.' || char.is_whitespace() || char.is_control()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_and_dots_after_the_extension_do_not_hide_it() {
        for name in ["hh data.CSV", "a/b\\hh.csv ", "hh.csv..", "hh.Csv\u{a0}. ", ".csv"] {
            assert!(Name::new(name).is_csv(), "{name:?}");
        }
        for name in ["csv", "hh.csv.txt", "hh.csvx", "", ".", "hh.csv/x"] {
            assert!(!Name::new(name).is_csv(), "{name:?}");
        }
    }

    #[test]
    fn a_lock_file_is_small() {
        let name = Name::new("~$Half hourly.xlsx");
        assert!(name.not_data(165).is_some());
        assert!(name.not_data(16_500).is_none());
    }
}
