//! What a zip is, told from its members: a workbook, another document, a program, or an archive.

use super::bytes::starts_with_ignore_case;
use super::file_kind::{ArchiveKind, FileKind, SpreadsheetKind};
use super::name::{Name, POWERPOINT, WORD};

const ZIP: FileKind = FileKind::Archive(ArchiveKind::Zip);
const XLSX: FileKind = FileKind::Spreadsheet(SpreadsheetKind::Xlsx);
const XLSB: FileKind = FileKind::Spreadsheet(SpreadsheetKind::Xlsb);
const ODS: FileKind = FileKind::Spreadsheet(SpreadsheetKind::Ods);

/// What the names of a zip's members are signs of. Names count from the archive's root: a workbook within
/// an archive is a member of an archive.
#[derive(Debug, Default)]
pub(super) struct Signs {
    members: usize,
    begins_as_package: bool,
    content_types: bool,
    xl_workbook: bool,
    xl_binary_workbook: bool,
    other_workbook: bool,
    other_binary_workbook: bool,
    xl: bool,
    word: bool,
    powerpoint: bool,
    visio: bool,
    xps: bool,
    open_document: bool,
    open_document_manifest: bool,
    encrypted_package: bool,
    iwork: bool,
    java_manifest: bool,
    java_class: bool,
    android: bool,
}

impl Signs {
    /// How many members were seen.
    pub(super) const fn members(&self) -> usize {
        self.members
    }

    /// What the first members of an archive are that lost its end: a package only if it begins as one, and then
    /// although the list of its content types is missing, as many programs write that last.
    pub(super) fn kind_of_truncated(mut self, mimetype: &[u8], name: &Name) -> FileKind {
        if !self.begins_as_package {
            return ZIP;
        }
        self.content_types |= mimetype.is_empty();
        self.kind(mimetype, name)
    }

    /// Takes one member's name into account.
    pub(super) fn see(&mut self, raw_name: &[u8]) {
        // Some writers put backslashes, a root or other cases; Excel opens what they write.
        let lower: String = raw_name
            .iter()
            .map(|byte| char::from(byte.to_ascii_lowercase()))
            .collect();
        let slashed = lower.replace('\\', "/");
        let name = slashed.trim_start_matches("./").trim_start_matches('/');
        let (folder, file) = name.rsplit_once('/').unwrap_or(("", name));
        let top = folder.split('/').next().unwrap_or_default();
        // Besides `workbook.xml` there are `workbook2.xml` and the like, which SharePoint writes.
        let is_workbook = file.starts_with("workbook") && file.ends_with(".xml");
        let is_binary_workbook = file.starts_with("workbook") && file.ends_with(".bin");

        self.content_types |= name == "[content_types].xml";
        self.xl_workbook |= folder == "xl" && is_workbook;
        self.xl_binary_workbook |= folder == "xl" && is_binary_workbook;
        self.other_workbook |= is_workbook;
        self.other_binary_workbook |= is_binary_workbook;
        self.xl |= top == "xl";
        self.word |= top == "word";
        self.powerpoint |= top == "ppt";
        self.visio |= top == "visio";
        self.xps |= file == "fixeddocseq.fdseq" || file == "fixeddocumentsequence.fdseq";
        self.open_document |= name == "content.xml";
        self.open_document_manifest |= name == "meta-inf/manifest.xml";
        self.encrypted_package |= name == "encrypted-package";
        self.iwork |= name == "index.zip" || (top == "index" && file.ends_with(".iwa"));
        self.java_manifest |= name == "meta-inf/manifest.mf";
        self.java_class |= file.ends_with(".class");
        self.android |= name == "androidmanifest.xml";
        if self.members == 0 {
            let is_part = file.ends_with(".xml") || file.ends_with(".rels") || file.ends_with(".bin");
            let is_package_folder = matches!(top, "_rels" | "xl" | "docprops" | "word" | "ppt" | "customxml");
            self.begins_as_package =
                matches!(name, "mimetype" | "[content_types].xml") || (is_package_folder && is_part);
        }
        self.members += 1;
    }

    /// What it is. `mimetype` is the content of the member of that name, which OpenDocument and EPUB put
    /// first and uncompressed (OpenDocument 1.3, part 2, section 3.3), or empty.
    pub(super) fn kind(&self, mimetype: &[u8], name: &Name) -> FileKind {
        if self.encrypted_package {
            return FileKind::Encrypted("a document that is protected by a password");
        }
        self.office_open_xml(name)
            .or_else(|| self.open_document(mimetype, name))
            .or_else(|| self.other_package())
            .unwrap_or(ZIP)
    }

    fn office_open_xml(&self, name: &Name) -> Option<FileKind> {
        if self.xl_binary_workbook {
            return Some(XLSB);
        }
        if self.xl_workbook {
            return Some(XLSX);
        }
        if !self.content_types {
            return None;
        }
        match () {
            () if self.word => Some(FileKind::Unsupported(WORD)),
            () if self.powerpoint => Some(FileKind::Unsupported(POWERPOINT)),
            () if self.visio => Some(FileKind::Unsupported("a Visio drawing")),
            () if self.xps => Some(FileKind::Unsupported("an XPS document")),
            // The relationships may name any place for the workbook.
            () if self.other_binary_workbook => Some(XLSB),
            () if self.other_workbook || self.xl => Some(XLSX),
            () => name.of_broken_binary().filter(|kind| matches!(*kind, XLSX | XLSB)),
        }
    }

    fn open_document(&self, mimetype: &[u8], name: &Name) -> Option<FileKind> {
        const TYPES: [(&[u8], FileKind); 5] = [
            (b"application/vnd.oasis.opendocument.spreadsheet", ODS),
            (
                b"application/vnd.sun.xml.calc",
                FileKind::Unsupported("an OpenOffice 1 workbook"),
            ),
            (
                b"application/vnd.oasis.opendocument",
                FileKind::Unsupported("an OpenDocument text or drawing"),
            ),
            (
                b"application/vnd.sun.xml",
                FileKind::Unsupported("an OpenOffice 1 document"),
            ),
            (b"application/epub+zip", FileKind::Unsupported("an e-book")),
        ];
        let by_type = TYPES.iter().find(|(name, _)| starts_with_ignore_case(mimetype, name));
        if let Some((_, kind)) = by_type {
            return Some(*kind);
        }
        (self.open_document && self.open_document_manifest).then(|| match name.extension() {
            "odt" | "odp" | "odg" | "ott" | "otp" => FileKind::Unsupported("an OpenDocument text or drawing"),
            _ => ODS,
        })
    }

    fn other_package(&self) -> Option<FileKind> {
        let what = match () {
            () if self.iwork => "an Apple Numbers, Pages or Keynote document",
            () if self.android && self.java_manifest => "an Android program",
            () if self.java_class && self.java_manifest => "a Java program",
            () => return None,
        };
        Some(FileKind::Unsupported(what))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind_of(members: &[&str], name: &str) -> FileKind {
        let mut signs = Signs::default();
        for member in members {
            signs.see(member.as_bytes());
        }
        signs.kind(b"", &Name::new(name))
    }

    #[test]
    fn workbooks_are_told_from_their_members() {
        for (members, kind) in [
            (&["[Content_Types].xml", "_rels/.rels", "xl/workbook.xml"][..], XLSX),
            (&["[content_types].XML", "XL\\Workbook.xml"][..], XLSX),
            (&["/[Content_Types].xml", "/xl/workbook22.xml"][..], XLSX),
            (
                &["[Content_Types].xml", "workbook.xml", "worksheets/sheet1.xml"][..],
                XLSX,
            ),
            (&["[Content_Types].xml", "xl/worksheets/sheet1.xml"][..], XLSX),
            (&["xl/workbook.xml", "xl/worksheets/sheet1.xml"][..], XLSX),
            (
                &["[Content_Types].xml", "xl/workbook.xml", "xl/vbaProject.bin"][..],
                XLSX,
            ),
            (&["[Content_Types].xml", "xl/workbook.bin"][..], XLSB),
            (&["content.xml", "META-INF/manifest.xml"][..], ODS),
        ] {
            assert_eq!(kind_of(members, "data.zip"), kind, "{members:?}");
        }
    }

    #[test]
    fn an_archive_that_holds_a_workbook_is_an_archive() {
        for members in [
            &["half hourly.xlsx", "readme.txt"][..],
            &["xl.csv", "workbook.xml"][..],
            &["report/[Content_Types].xml", "report/xl/workbook.xml"][..],
            &["word/document.xml"][..],
            &["META-INF/MANIFEST.MF", "hh.csv"][..],
            &[][..],
        ] {
            assert_eq!(kind_of(members, "data.xlsx"), ZIP, "{members:?}");
        }
    }

    #[test]
    fn other_documents_are_named() {
        for (members, what) in [
            (
                &[
                    "[Content_Types].xml",
                    "word/document.xml",
                    "word/embeddings/workbook1.xlsx",
                ][..],
                WORD,
            ),
            (&["[Content_Types].xml", "ppt/presentation.xml"][..], POWERPOINT),
            (
                &["META-INF/MANIFEST.MF", "org/example/Main.class"][..],
                "a Java program",
            ),
            (
                &["Index/Document.iwa", "preview.jpg"][..],
                "an Apple Numbers, Pages or Keynote document",
            ),
        ] {
            assert_eq!(kind_of(members, "data"), FileKind::Unsupported(what));
        }
    }
}
