//! Zip, and what is told from the members.

use pipeline_core::kind::{ArchiveKind, FileKind, SpreadsheetKind};

use crate::build::{Member, end_record, local_header, zip};
use crate::{HALF_HOURS, kind_of};

const ZIP: FileKind = FileKind::Archive(ArchiveKind::Zip);
const XLSX: FileKind = FileKind::Spreadsheet(SpreadsheetKind::Xlsx);
const XLSB: FileKind = FileKind::Spreadsheet(SpreadsheetKind::Xlsb);
const ODS: FileKind = FileKind::Spreadsheet(SpreadsheetKind::Ods);

const WORKBOOK: &[Member<'_>] = &[
    ("[Content_Types].xml", b"<Types/>"),
    ("_rels/.rels", b"<R/>"),
    ("xl/workbook.xml", b"<w/>"),
];

#[test]
fn a_workbook_is_one_whatever_its_name() {
    for name in ["hh.csv", "hh.zip", "hh.xls", "hh"] {
        assert_eq!(kind_of(zip(WORKBOOK, b"", b""), name), XLSX, "{name}");
    }
    let binary = [
        ("[Content_Types].xml", &b"<Types/>"[..]),
        ("xl/workbook.bin", b"\x83\x01\0"),
    ];
    assert_eq!(kind_of(zip(&binary, b"", b""), "hh.xlsx"), XLSB);
}

#[test]
fn a_zip_that_holds_a_workbook_stays_a_zip() {
    let inner = zip(WORKBOOK, b"", b"");
    let outer = zip(&[("feb.xlsx", &inner), ("readme.txt", b"hello")], b"", b"");
    assert_eq!(kind_of(&outer, "feb.xlsx"), ZIP);
    // Stored as the last member and cut right after it, the file ends as the workbook does.
    let cut = 30 + "feb.xlsx".len() + inner.len();
    assert_eq!(kind_of(&outer[..cut], "feb.zip"), ZIP);
}

#[test]
fn an_open_document_says_its_type_in_its_first_member() {
    for (mimetype, kind) in [
        ("application/vnd.oasis.opendocument.spreadsheet", ODS),
        ("application/vnd.oasis.opendocument.spreadsheet-template", ODS),
        (
            "application/vnd.oasis.opendocument.text",
            FileKind::Unsupported("an OpenDocument text or drawing"),
        ),
        ("application/epub+zip", FileKind::Unsupported("an e-book")),
    ] {
        let members = [
            ("mimetype", mimetype.as_bytes()),
            ("content.xml", b"<x/>"),
            ("META-INF/manifest.xml", b"<m/>"),
        ];
        assert_eq!(kind_of(zip(&members, b"", b""), "hh"), kind, "{mimetype}");
        assert_eq!(
            kind_of(&zip(&members, b"", b"")[..150], "hh"),
            kind,
            "{mimetype} truncated"
        );
        let late = [members[1], members[0], members[2]];
        assert_eq!(kind_of(zip(&late, b"junk", b""), "hh"), kind, "{mimetype} late");
    }
}

#[test]
fn an_open_document_that_is_encrypted_as_a_whole_is_encrypted() {
    let members = [
        ("mimetype", &b"application/vnd.oasis.opendocument.spreadsheet"[..]),
        ("encrypted-package", b"\x01"),
    ];
    assert_eq!(kind_of(zip(&members, b"", b""), "hh.ods").as_str(), "encrypted");
}

#[test]
fn bytes_before_the_first_header_do_not_hide_an_archive() {
    let members = [("hh.csv", HALF_HOURS.as_bytes())];
    for prefix in [
        &b"MZ\x90\0\x03\0\0\0"[..],
        b"\xef\xbb\xbf",
        b"\r\n",
        &[0; 70_000],
        &[7; 100_000],
    ] {
        assert_eq!(kind_of(zip(&members, prefix, b""), "hh.zip"), ZIP);
        assert_eq!(kind_of(zip(WORKBOOK, prefix, b""), "hh.zip"), XLSX);
        if prefix.len() != 2 && prefix.len() != 3 {
            assert_eq!(kind_of(zip(&members, prefix, b""), "hh.bin"), ZIP);
        }
    }
}

#[test]
fn an_end_record_counts_where_the_name_is_zip_or_the_directory_fits() {
    let broken = [&[3; 500][..], &end_record(7, 99, 44, b"")].concat();
    assert_eq!(kind_of(&broken, "hh.zip"), ZIP);
    assert_eq!(kind_of(&broken, "hh.bin"), FileKind::Unknown);
}

#[test]
fn a_program_is_a_program_without_an_archive_behind_it() {
    let program = [&b"MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff"[..], &[1; 500]].concat();
    assert_eq!(kind_of(program, "setup.zip.exe"), FileKind::Unsupported("a program"));
}

#[test]
fn an_empty_archive_is_an_archive() {
    assert_eq!(kind_of(zip(&[], b"", b""), "hh"), ZIP);
    assert_eq!(kind_of(zip(&[], b"", b"nothing new"), "hh.csv"), ZIP);
}

#[test]
fn a_comment_may_hold_what_looks_like_an_end() {
    let comment = end_record(1, 46, 0, b"");
    assert_eq!(kind_of(zip(WORKBOOK, b"", &comment), "hh"), XLSX);
    let longest = vec![b'x'; 0xffff];
    assert_eq!(kind_of(zip(WORKBOOK, b"", &longest), "hh"), XLSX);
}

#[test]
fn without_its_end_an_archive_is_told_from_its_first_members() {
    let whole = zip(WORKBOOK, b"", b"");
    let directory = whole.windows(4).position(|bytes| bytes == b"PK\x01\x02").unwrap();
    assert_eq!(kind_of(&whole[..directory], "hh"), XLSX);
    assert_eq!(kind_of(&whole[..60], "hh.xlsx"), XLSX);
    assert_eq!(kind_of(&whole[..60], "hh.zip"), ZIP);
    let csv = zip(&[("hh.csv", HALF_HOURS.as_bytes())], b"", b"");
    assert_eq!(kind_of(&csv[..90], "hh.xlsx"), ZIP);
    assert_eq!(kind_of(&csv[..5], "hh"), ZIP);
}

#[test]
fn a_workbook_of_which_only_the_marker_is_left_is_a_broken_workbook() {
    let mut rubble = b"PK\x03\x04".to_vec();
    rubble.extend((0..200_u8).map(|n| n.wrapping_mul(151)));
    assert_eq!(kind_of(&rubble[..], "hh.xlsx"), XLSX);
    assert_eq!(kind_of(&rubble[..4], "hh.xlsx"), XLSX);
    assert_eq!(kind_of(&rubble[..], "hh.zip"), ZIP);
}

#[test]
fn a_stored_workbook_in_a_truncated_archive_is_passed_over() {
    let inner = zip(WORKBOOK, b"", b"");
    let mut outer = local_header("feb.xlsx", inner.len() as u32);
    outer.extend(&inner[..inner.len() - 10]);
    assert_eq!(kind_of(&outer, "feb.zip"), ZIP);
}

#[test]
fn markers_of_spanned_archives_are_known() {
    let whole = zip(WORKBOOK, b"", b"");
    for marker in [b"PK\x07\x08", b"PK00"] {
        assert_eq!(kind_of([&marker[..], &whole].concat(), "hh"), XLSX);
    }
}

#[test]
fn zip64_records_are_followed() {
    let whole = zip(WORKBOOK, b"", b"");
    let end = whole.len() - 22;
    let directory = whole.windows(4).position(|bytes| bytes == b"PK\x01\x02").unwrap();
    for prefix in [&b""[..], b"\x01\x02\x03\x04\x05\x06"] {
        let mut file = [prefix, &whole[..end]].concat();
        let record_at = end as u64;
        file.extend(b"PK\x06\x06");
        file.extend(44_u64.to_le_bytes());
        file.extend([45, 0, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        for number in [3, 3, (end - directory) as u64, directory as u64] {
            file.extend(number.to_le_bytes());
        }
        file.extend(b"PK\x06\x07\0\0\0\0");
        file.extend(record_at.to_le_bytes());
        file.extend(1_u32.to_le_bytes());
        file.extend(end_record(u16::MAX, u32::MAX, u32::MAX, b""));
        assert_eq!(kind_of(&file, "hh"), XLSX);
    }
}

#[test]
fn offsets_that_lead_nowhere_are_no_errors() {
    for (length, offset) in [(u32::MAX, 0), (0, u32::MAX), (u32::MAX, u32::MAX), (46, 1 << 30)] {
        let mut file = local_header("hh.csv", 9);
        file.extend(b"PK\x06\x06");
        file.resize(file.len() + 52, 0xff);
        file.extend(b"PK\x06\x07\0\0\0\0");
        file.extend(u64::MAX.to_le_bytes());
        file.extend([1, 0, 0, 0]);
        file.extend(end_record(1, length, offset, b""));
        assert_eq!(kind_of(&file, "hh"), ZIP);
    }
}
