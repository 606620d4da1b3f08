//! OLE2 files are told by their streams.

use pipeline_core::ReasonCode;
use pipeline_core::kind::{FileKind, SpreadsheetKind};

use crate::build::ole;
use crate::kind_of;

const XLS: FileKind = FileKind::Spreadsheet(SpreadsheetKind::Xls);

fn reason(kind: FileKind) -> (ReasonCode, String) {
    let rejection = kind.rejection().unwrap();
    (rejection.reason_code, rejection.reason)
}

#[test]
fn a_workbook_stream_makes_an_xls_whatever_the_name() {
    for name in ["hh.csv", "hh.xlsx", "hh.doc", "hh"] {
        assert_eq!(kind_of(ole(&["Workbook"], None), name), XLS);
        assert_eq!(kind_of(ole(&["\u{5}SummaryInformation", "BOOK"], None), name), XLS);
    }
}

#[test]
fn an_encrypted_package_is_a_document_protected_by_a_password() {
    let kind = kind_of(ole(&["EncryptionInfo", "EncryptedPackage"], None), "hh.xlsx");
    let (code, sentence) = reason(kind);
    assert_eq!(code, ReasonCode::Encrypted);
    assert!(sentence.contains("is protected by a password"), "{sentence}");
}

#[test]
fn other_office_files_are_named_to_their_sender() {
    for (stream, phrase) in [
        ("WordDocument", "a Word document"),
        ("PowerPoint Document", "a PowerPoint presentation"),
        ("__properties_version1.0", "an Outlook message"),
        ("__substg1.0_0037001F", "an Outlook message"),
        ("VisioDocument", "a Visio drawing"),
    ] {
        let (code, sentence) = reason(kind_of(ole(&[stream], None), "hh.xls"));
        assert_eq!(code, ReasonCode::Unsupported);
        assert!(sentence.contains(phrase), "{sentence}");
    }
}

#[test]
fn preview_pictures_are_not_data() {
    let kind = kind_of(ole(&["Catalog", "1", "2"], None), "Thumbs.db");
    assert_eq!(reason(kind).0, ReasonCode::NotData);
    let kind = kind_of(ole(&["256_5a6b"], None), "x");
    assert_eq!(reason(kind).0, ReasonCode::NotData);
}

#[test]
fn what_a_document_embeds_does_not_make_it_that() {
    let letter = ole(&["WordDocument", "1Table"], Some(("ObjectPool", &["Workbook"])));
    assert_eq!(kind_of(letter, "letter.doc"), FileKind::Unsupported("a Word document"));
    let message = ole(
        &["__properties_version1.0"],
        Some(("__attach_version1.0_#00000000", &["Workbook"])),
    );
    assert_eq!(kind_of(message, "mail"), FileKind::Unsupported("an Outlook message"));
    let workbook = ole(&["Workbook"], Some(("MBD00A1", &["WordDocument"])));
    assert_eq!(kind_of(workbook, "hh"), XLS);
}

#[test]
fn streams_that_no_tree_reaches_still_count() {
    let mut file = ole(&["\u{5}SummaryInformation", "x", "y", "Workbook"], None);
    // The root's child, in the first directory sector, which is the last sector of the file.
    let root = file.len() - 512;
    file[root + 76..root + 80].copy_from_slice(&u32::MAX.to_le_bytes());
    assert_eq!(kind_of(file, "hh"), XLS);
}

#[test]
fn a_directory_that_runs_in_circles_ends() {
    let mut file = ole(&["a", "b", "c", "d", "e"], None);
    // Every link of the allocation table leads to the directory's first sector.
    for link in file[512..1024].chunks_mut(4) {
        link.copy_from_slice(&2_u32.to_le_bytes());
    }
    assert_eq!(kind_of(file, "hh.xls"), XLS);
}

#[test]
fn an_unreadable_file_is_what_its_name_says() {
    let file = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 and then nothing of use";
    assert_eq!(kind_of(file, "hh.XLS"), XLS);
    assert_eq!(kind_of(file, "letter.doc"), FileKind::Unsupported("a Word document"));
    assert_eq!(reason(kind_of(file, "hh.csv")).0, ReasonCode::Unsupported);
    assert_eq!(reason(kind_of(file, "hh.xlsx")).0, ReasonCode::Unsupported);
    assert_eq!(reason(kind_of(file, "Thumbs.db")).0, ReasonCode::NotData);
}

#[test]
fn biff_without_ole2_around_it_is_an_xls() {
    for record in [
        &b"\x09\x00\x04\x00\x02\x00\x10\x00"[..],
        b"\x09\x02\x06\x00\x00\x00\x10\x00\x00\x00",
        b"\x09\x04\x06\x00\x00\x00\x00\x01\x00\x00",
        b"\x09\x08\x08\x00\x00\x05\x05\x00\x00\x00\x00\x00",
        b"\x09\x08\x10\x00\x00\x06\x10\x00\x00\x00\x00\x00",
    ] {
        assert_eq!(kind_of(record, "hh.csv"), XLS, "{record:?}");
    }
}
