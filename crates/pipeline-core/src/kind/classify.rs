//! The order of the questions: signatures, then text, then the end of the file, then the name.

use std::io::{self, Read, Seek, SeekFrom};

use super::bytes::{is_blank, read_at, trim_start};
use super::file_kind::{ArchiveKind, FileKind, SpreadsheetKind, WEB_ARCHIVE};
use super::name::{Name, SMIME};
use super::xml::Xml;
use super::{email, html, json, magic, ole, table, tar, text, zip_members};

/// What is looked at of a file's start: 64 KiB.
pub const HEAD_BYTES: usize = 64 * 1024;

const ZIP: FileKind = FileKind::Archive(ArchiveKind::Zip);

/// Tells what a file is: content first, name second.
///
/// Reads the first 64 KiB; of what may be a zip also its end and up to 1 MiB of its directory; of an OLE2
/// file up to 512 KiB of its tables and directory. Never the rest. Afterwards `content` stands at its start.
///
/// # Errors
///
/// Only those of `content` itself: a file that contradicts itself is still some kind of file.
pub fn classify<R: Read + Seek>(content: &mut R, name: &str) -> io::Result<FileKind> {
    let size = content.seek(SeekFrom::End(0))?;
    let head = read_at(content, 0, HEAD_BYTES as u64)?;
    let mut file = File {
        content,
        size,
        head,
        name: Name::new(name),
    };
    let kind = file.kind()?;
    file.content.rewind()?;
    Ok(kind)
}

struct File<'c, R> {
    content: &'c mut R,
    /// In bytes.
    size: u64,
    head: Vec<u8>,
    name: Name,
}

impl<R: Read + Seek> File<'_, R> {
    fn kind(&mut self) -> io::Result<FileKind> {
        if self.head.is_empty() || (!self.is_cut() && text::is_byte_order_mark(&self.head)) {
            return Ok(FileKind::Empty);
        }
        if zip_members::begins(&self.head) {
            return self.zip();
        }
        if ole::begins(&self.head) {
            return ole::classify(self.content, &self.head, &self.name);
        }
        if let Some(kind) = magic::strong(&self.head) {
            return Ok(self.sealed(kind));
        }
        if tar::is_tar(&self.head) {
            return Ok(FileKind::Archive(ArchiveKind::Tar));
        }
        let text = text::decode(&self.head);
        if text.is_none() && email::is_email(&self.head) {
            return Ok(FileKind::Email);
        }
        let may_have_prefix = text.is_none() || self.name.extension() == "zip";
        if may_have_prefix && let Some(kind) = Self::prefixed_zip(self.content, self.size, &self.name)? {
            return Ok(kind);
        }
        Ok(match text {
            Some(text) => self.text(&text),
            None => self.binary(),
        })
    }

    /// The file goes on after its head.
    fn is_cut(&self) -> bool {
        self.size > self.head.len() as u64
    }

    /// `.p7m` is for the message itself, of which a signature may be the outermost layer.
    fn sealed(&self, kind: FileKind) -> FileKind {
        match kind {
            FileKind::NotData(_) if self.name.extension() == "p7m" => FileKind::Encrypted(SMIME),
            kind => kind,
        }
    }

    fn zip(&mut self) -> io::Result<FileKind> {
        let directory = zip_members::directory(self.content, self.size)?;
        match directory {
            // An end that counts from elsewhere may be that of a member, in an archive that lost its own.
            Some(directory) if directory.signs.members() > 0 && directory.shift == 0 => {
                Self::package(self.content, &directory, &self.name)
            }
            _ => {
                let (signs, mimetype) = zip_members::first_members(&self.head);
                // A workbook of which no member is left is a broken workbook.
                let by_name = self.name.of_broken_binary().filter(|_| signs.members() == 0);
                Ok(match by_name {
                    Some(workbook @ FileKind::Spreadsheet(_)) => workbook,
                    _ => signs.kind_of_truncated(mimetype, &self.name),
                })
            }
        }
    }

    /// A zip behind other bytes, such as the program that unpacks it or a stray byte order mark.
    fn prefixed_zip(content: &mut R, size: u64, name: &Name) -> io::Result<Option<FileKind>> {
        match zip_members::directory(content, size)? {
            Some(directory) if directory.is_consistent && directory.signs.members() > 0 => {
                Self::package(content, &directory, name).map(Some)
            }
            Some(_) if name.extension() == "zip" => Ok(Some(ZIP)),
            _ => Ok(None),
        }
    }

    fn package(content: &mut R, directory: &zip_members::Directory, name: &Name) -> io::Result<FileKind> {
        let mimetype = match directory.mimetype_at {
            // A header, a short name and the longest media type that is known.
            Some(at) => read_at(content, at, 512)?,
            None => Vec::new(),
        };
        Ok(directory.signs.kind(zip_members::stored_data(&mimetype), name))
    }

    fn text(&self, text: &[u8]) -> FileKind {
        if text.iter().all(|byte| is_blank(*byte)) {
            return match (self.name.is_csv(), self.is_cut()) {
                (true, _) => FileKind::Csv,
                (false, false) => FileKind::Empty,
                (false, true) => FileKind::Text,
            };
        }
        if let Some(kind) = magic::textual(trim_start(text)) {
            return self.sealed(kind);
        }
        let xml = Xml::of(text);
        if xml == Some(Xml::SpreadsheetMl) {
            return FileKind::Spreadsheet(SpreadsheetKind::SpreadsheetMl);
        }
        if html::is_page(text, self.is_cut()) {
            return if self.name.is_excel() {
                FileKind::Spreadsheet(SpreadsheetKind::HtmlTable)
            } else {
                FileKind::Html
            };
        }
        if self.name.is_csv() {
            return FileKind::Csv;
        }
        match xml {
            Some(Xml::Svg) => return FileKind::NotData("an image"),
            Some(Xml::Declared) => return FileKind::Unsupported("an XML file"),
            _ if json::is_json(text) => return FileKind::Unsupported("a JSON file"),
            _ => {}
        }
        if email::is_message(text) {
            return self.message(text);
        }
        if table::is_table(text, self.is_cut()) {
            return FileKind::Csv;
        }
        if xml == Some(Xml::Tag) {
            return FileKind::Unsupported("an XML file");
        }
        self.name.not_data(self.size).unwrap_or(FileKind::Text)
    }

    fn message(&self, text: &[u8]) -> FileKind {
        let is_called_so = self.name.is_excel() || matches!(self.name.extension(), "mht" | "mhtml");
        if is_called_so && email::is_web_archive(text) {
            FileKind::Unsupported(WEB_ARCHIVE)
        } else {
            FileKind::Email
        }
    }

    fn binary(&self) -> FileKind {
        // Cleaning takes NULs away, and says what is left.
        if self.name.is_csv() && self.head.iter().all(|byte| *byte == 0) {
            return FileKind::Csv;
        }
        magic::weak(&self.head)
            .or_else(|| self.name.not_data(self.size))
            .or_else(|| self.name.of_broken_binary())
            .unwrap_or(FileKind::Unknown)
    }
}
