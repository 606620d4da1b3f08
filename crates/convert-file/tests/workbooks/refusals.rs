//! What cannot become CSV, and why.

use pipeline_core::ReasonCode;

use crate::common::{RawXlsx, reason_of, refusal_of, written, zip_of};

#[test]
fn a_workbook_without_a_value_is_empty() {
    assert_eq!(reason_of(&written(|_| {})), ReasonCode::Empty);
    assert_eq!(
        reason_of(&RawXlsx::of_rows(r#"<row><c s="1"/><c t="inlineStr"><is><t/></is></c></row>"#).bytes()),
        ReasonCode::Empty
    );
    assert_eq!(reason_of(b""), ReasonCode::Empty);
}

#[test]
fn a_workbook_that_lost_its_end_is_corrupt() {
    let whole = written(|sheet| {
        for row in 0..200 {
            sheet.write_number(row, 0, row).unwrap();
        }
    });
    for length in [4, 100, whole.len() / 2, whole.len() - 30] {
        assert_eq!(reason_of(&whole[..length]), ReasonCode::CorruptSpreadsheet, "{length}");
    }
}

#[test]
fn an_archive_that_holds_no_workbook_is_corrupt() {
    assert_eq!(
        reason_of(&zip_of(&[("readings.csv", b"MPAN,kWh\n")])),
        ReasonCode::CorruptSpreadsheet
    );
}

#[test]
fn something_else_is_corrupt() {
    for bytes in [
        b"MPAN,kWh\n1,2\n".as_slice(),
        b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1",
        b"\x09\x08",
        b"PK",
        b"%PDF-1.4",
        &[0; 600],
    ] {
        assert_eq!(reason_of(bytes), ReasonCode::CorruptSpreadsheet, "{bytes:?}");
    }
}

#[test]
fn a_reason_is_a_sentence_for_people() {
    let (_, reason) = refusal_of(&written(|_| {}));
    assert!(reason.ends_with('.') && reason.contains("workbook"), "{reason}");
}
