//! Nothing that a workbook claims or hides may fill the memory or the bucket.

use convert_file::Options;
use pipeline_core::{Limits, ReasonCode};

use crate::biff::{Biff, number};
use crate::common::{RawXlsx, reason_of, refusal_of, try_convert, written, zip_of};

fn refused_with(bytes: &[u8], limits: Limits) -> (ReasonCode, String) {
    let options = Options {
        limits,
        ..Options::default()
    };
    match try_convert(bytes, &options) {
        Ok(converted) => panic!("{:?}", converted.csvs.len()),
        Err(error) => {
            let rejection = error.rejection().unwrap();
            (rejection.reason_code, rejection.reason)
        }
    }
}

#[test]
fn a_cell_far_away_is_too_large_and_named() {
    let bytes = written(|sheet| {
        for row in 0..3 {
            for column in 0..4 {
                sheet.write_number(row, column, 1).unwrap();
            }
        }
        sheet.write_string(1_048_575, 16_383, "x").unwrap();
    });
    let (code, reason) = refusal_of(&bytes);
    assert_eq!(code, ReasonCode::TooLarge);
    assert!(reason.contains("XFD1048576"), "{reason}");
}

#[test]
fn a_cell_far_away_in_a_sheet_that_is_passed_over_does_not_matter() {
    let mut workbook = rust_xlsxwriter::Workbook::new();
    let cover = workbook.add_worksheet();
    cover
        .write_string(0, 0, "Cover")
        .unwrap()
        .write_string(1_048_575, 16_383, "x")
        .unwrap();
    let readings = workbook.add_worksheet();
    for cell in 0..9_u16 {
        readings.write_number(u32::from(cell / 3), cell % 3, 1).unwrap();
    }
    let converted = try_convert(&workbook.save_to_buffer().unwrap(), &Options::default()).unwrap();
    assert_eq!(converted.csvs[0].1, "1,1,1\n1,1,1\n1,1,1\n");
}

#[test]
fn the_limit_counts_the_blank_cells_in_between() {
    let cells = |row: u16| {
        Biff::of_excel_97()
            .style(0)
            .sheet("A", &[number((0, 0, 0), 1.0), number((row, 9, 0), 1.0)])
            .bytes()
    };
    let limits = || Limits {
        sheet_cells: 100,
        ..Limits::default()
    };
    let fits = try_convert(
        &cells(9),
        &Options {
            limits: limits(),
            ..Options::default()
        },
    )
    .unwrap();
    assert_eq!(fits.csvs[0].1.lines().count(), 10);
    let (code, reason) = refused_with(&cells(10), limits());
    assert_eq!(code, ReasonCode::TooLarge);
    assert!(reason.contains("J11"), "{reason}");
}

#[test]
fn a_part_that_unpacks_without_end_is_too_large() {
    let blanks = vec![b' '; 3_000_000];
    let strings = [b"<sst><si><t>", blanks.as_slice(), b"</t></si></sst>"].concat();
    let mut raw = RawXlsx::of_rows(r#"<row><c t="s"><v>0</v></c></row>"#);
    raw.strings = String::from_utf8(strings).unwrap();
    let limits = Limits {
        member_bytes: 1_000_000,
        ..Limits::default()
    };
    assert_eq!(refused_with(&raw.bytes(), limits).0, ReasonCode::TooLarge);
}

#[test]
fn one_long_text_that_every_cell_shares_cannot_fill_the_bucket() {
    let mut raw = RawXlsx::of_rows(&r#"<row><c t="s"><v>0</v></c></row>"#.repeat(400));
    raw.strings = format!("<sst><si><t>{}</t></si></sst>", "x".repeat(32_000));
    let limits = Limits {
        member_bytes: 1_000_000,
        ..Limits::default()
    };
    assert_eq!(refused_with(&raw.bytes(), limits).0, ReasonCode::TooLarge);
}

#[test]
fn a_text_without_end_is_too_large() {
    let mut raw = RawXlsx::of_rows(r#"<row><c><v>1</v></c></row>"#);
    raw.strings = format!("<sst><si><t>{}</t></si></sst>", "x".repeat(20_000_000));
    assert_eq!(reason_of(&raw.bytes()), ReasonCode::TooLarge);
}

#[test]
fn markup_that_nests_without_end_is_refused() {
    let deep = "<a>".repeat(100_000);
    let bytes = zip_of(&[
        ("[Content_Types].xml", b"<Types/>"),
        ("xl/workbook.xml", deep.as_bytes()),
    ]);
    assert_eq!(reason_of(&bytes), ReasonCode::CorruptSpreadsheet);
}

#[test]
fn columns_and_rows_beyond_all_sheets_are_only_numbers() {
    let raw = RawXlsx::of_rows(
        r#"<row r="4294967295"><c r="ZZZZZZ4294967295"><v>1</v></c><c><v>2</v></c></row><row><c><v>1</v></c></row>"#,
    );
    assert_eq!(reason_of(&raw.bytes()), ReasonCode::TooLarge);
}

#[test]
fn a_sheet_that_is_listed_again_and_again_is_read_once() {
    let tabs = r#"<sheet name="Again" id="rId1"/>"#.repeat(10_000);
    let raw = RawXlsx::of_rows(r#"<row><c><v>1</v></c></row>"#)
        .workbook(&format!("<workbook><sheets>{tabs}</sheets></workbook>"));
    let converted = try_convert(&raw.bytes(), &Options::default()).unwrap();
    assert!(converted.conversion.left_out.is_empty());
}

#[test]
fn more_sheets_than_members_are_too_many() {
    let table = |number| format!(r#"<table:table table:name="{number}"/>"#);
    let tables: String = (0..20).map(table).collect();
    let content =
        format!("<office:document-content xmlns:office='o' xmlns:table='t'>{tables}</office:document-content>");
    let bytes = zip_of(&[("content.xml", content.as_bytes())]);
    let limits = Limits {
        members: 10,
        ..Limits::default()
    };
    assert_eq!(refused_with(&bytes, limits).0, ReasonCode::TooLarge);
}

#[test]
fn one_text_the_shared_texts_a_row_and_everything_together_have_limits() {
    let texts = format!("<si><t>{}</t></si>", "x".repeat(100_000)).repeat(5);
    let cells: String = (0..5).map(|n| format!(r#"<c t="s"><v>{n}</v></c>"#)).collect();
    let mut raw = RawXlsx::of_rows(&format!("<row>{cells}</row>"));
    raw.strings = format!("<sst>{texts}</sst>");
    let workbook = raw.bytes();
    assert!(try_convert(&workbook, &Options::default()).is_ok());
    let default = Limits::default;
    let text_bytes = 99_999;
    let shared_texts_bytes = 499_999;
    let row_bytes = 499_999;
    let unpacked_bytes = 499_999;
    for limits in [
        Limits {
            text_bytes,
            ..default()
        },
        Limits {
            shared_texts_bytes,
            ..default()
        },
        Limits { row_bytes, ..default() },
        Limits {
            unpacked_bytes,
            ..default()
        },
    ] {
        assert_eq!(
            refused_with(&workbook, limits.clone()).0,
            ReasonCode::TooLarge,
            "{limits:?}"
        );
    }
}
