//! Calamine reads the same values: numbers, texts, truth values and errors, in the same places.

use std::fs;
use std::io::Cursor;
use std::path::Path;

use calamine::{Data, Reader, open_workbook_auto_from_rs};
use convert_file::Options;
use proptest::prelude::*;
use rust_xlsxwriter::Format;

use crate::biff::{Biff, bool_or_error, number, shared};
use crate::common::{csv_of, try_convert, written};
use crate::shapes::{self, Cells, Content, written_as};
use crate::xlsb;

/// The cells of a sheet from A1 on, as calamine reads them.
fn oracle(bytes: &[u8], sheet: &str) -> Vec<Vec<Data>> {
    let mut workbook = open_workbook_auto_from_rs(Cursor::new(bytes)).unwrap();
    let range = workbook.worksheet_range(sheet).unwrap();
    let (rows, columns) = range.end().unwrap();
    let value = |at| range.get_value(at).cloned().unwrap_or_default();
    (0..=rows)
        .map(|row| (0..=columns).map(|column| value((row, column))).collect())
        .collect()
}

fn ours(csv: &str) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(csv.as_bytes());
    reader
        .records()
        .map(|record| record.unwrap().iter().map(str::to_owned).collect())
        .collect()
}

fn content() -> impl Strategy<Value = Content> {
    prop_oneof![
        any::<f64>()
            .prop_filter("a cell holds it", |value| value.is_finite()
                && (value.abs() > 1e-300 || *value == 0.0))
            .prop_map(Content::Number),
        (-1_000_000_i32..1_000_000).prop_map(|value| Content::Number(f64::from(value) / 100.0)),
        // From 1 March 1900 on, up to which programs count in two ways.
        (61_u16..60_000).prop_map(Content::Date),
        "[a-zA-Z0-9 ,\"£é_<>&\n]{1,12}".prop_map(Content::Text),
        any::<bool>().prop_map(Content::Truth),
    ]
}

fn cells() -> impl Strategy<Value = Cells> {
    proptest::collection::btree_map((0_u32..9, 0_u32..6), content(), 1..30)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn xlsx_cells_are_what_calamine_reads_in_every_programs_shape(cells in cells()) {
        for shape in shapes::ALL {
            compare(&written_as(shape, &cells)).map_err(|error| TestCaseError::fail(format!("{shape:?}: {error}")))?;
        }
    }

    #[test]
    fn xlsx_cells_of_a_real_writer_are_what_calamine_reads(cells in cells()) {
        let bytes = written(|sheet| {
            let date = Format::new().set_num_format("dd/mm/yyyy");
            for ((row, column), content) in &cells {
                let (row, column) = (*row, u16::try_from(*column).unwrap());
                match content {
                    Content::Number(value) => sheet.write_number(row, column, *value),
                    Content::Date(days) => sheet.write_number_with_format(row, column, *days, &date),
                    Content::Text(text) => sheet.write_string(row, column, text),
                    Content::Truth(value) => sheet.write_boolean(row, column, *value),
                }
                .unwrap();
            }
        });
        compare(&bytes)?;
    }

    #[test]
    fn xls_cells_are_what_calamine_reads(cells in cells()) {
        let mut texts = Vec::new();
        let mut records = Vec::new();
        for ((row, column), content) in &cells {
            let at = |style| (u16::try_from(*row).unwrap(), u16::try_from(*column).unwrap(), style);
            records.push(match content {
                Content::Number(value) => number(at(0), *value),
                Content::Date(days) => number(at(1), f64::from(*days)),
                Content::Text(text) => {
                    texts.push(text.as_str());
                    shared(at(0), u32::try_from(texts.len()).unwrap() - 1)
                }
                Content::Truth(value) => bool_or_error(at(0), u8::from(*value), false),
            });
        }
        let bytes = Biff::of_excel_97().style(0).style(14).strings(&texts).sheet("Sheet1", &records).bytes();
        compare(&bytes)?;
    }
}

/// Numbers are compared as numbers: `1e21` may be spelled in two ways.
fn compare(bytes: &[u8]) -> Result<(), TestCaseError> {
    let converted =
        try_convert(bytes, &Options::default()).map_err(|error| TestCaseError::fail(format!("{error:?}")))?;
    let (sheet, csv) = &converted.csvs[0];
    let (ours, oracle) = (ours(csv), oracle(bytes, sheet));
    prop_assert_eq!(ours.len(), oracle.len());
    for (ours, oracle) in ours.iter().zip(&oracle) {
        prop_assert_eq!(ours.len(), oracle.len());
        for (ours, oracle) in ours.iter().zip(oracle) {
            prop_assert!(is_same(ours, oracle), "{:?} is not {:?}", ours, oracle);
        }
    }
    Ok(())
}

fn is_same(ours: &str, oracle: &Data) -> bool {
    match oracle {
        Data::Empty => ours.is_empty(),
        Data::Float(value) => ours.parse() == Ok(*value),
        Data::DateTime(value) if value.is_duration() => ours == duration(value.as_f64()),
        Data::DateTime(value) => {
            let (year, month, day, hour, minute, second, _) = value.to_ymd_hms_milli();
            let (date, time) = (
                format!("{year}-{month:02}-{day:02}"),
                format!("{hour:02}:{minute:02}:{second:02}"),
            );
            // A format that shows the day alone leaves out the time.
            ours == format!("{date}T{time}+00:00") || ours == time || ours == date
        }
        Data::String(text) | Data::DateTimeIso(text) | Data::DurationIso(text) => ours == text,
        Data::Bool(value) => ours == value.to_string(),
        Data::Error(error) => ours == error.to_string(),
        Data::Int(value) => ours.parse() == Ok(*value),
    }
}

/// Days as hours, minutes and seconds.
#[expect(clippy::cast_possible_truncation, reason = "of days that a file of ours has")]
fn duration(days: f64) -> String {
    let seconds = (days * 86_400.0).round() as i64;
    format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

#[test]
fn the_workbooks_of_the_golden_folder_are_what_calamine_reads() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut compared = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let is_known = path
            .extension()
            .is_some_and(|extension| extension == "xlsx" || extension == "xls");
        let bytes = fs::read(&path).unwrap();
        if is_known
            && path.with_added_extension("csv").exists()
            && open_workbook_auto_from_rs(Cursor::new(&bytes)).is_ok()
        {
            compare(&bytes).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            compared += 1;
        }
    }
    assert!(compared >= 6, "only {compared} were compared");
}

#[test]
fn xlsb_cells_lie_where_calamine_sees_them() {
    let bytes = xlsb::book(&[("Half hourly", 0, xlsb::readings())], 0);
    let (ours, oracle) = (ours(&csv_of(&bytes)), oracle(&bytes, "Half hourly"));
    for (row, ours) in ours.iter().enumerate() {
        for (column, ours) in ours.iter().enumerate() {
            let oracle = &oracle[row][column];
            // Calamine has no errors of formulas.
            assert!(
                is_same(ours, oracle) || (row, column) == (5, 1),
                "{ours:?} is not {oracle:?} in row {row}, column {column}"
            );
        }
    }
}
