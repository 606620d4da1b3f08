//! Calamine reads the same values: numbers, texts, truth values and errors, in the same places. (Dates are where we know more.)

use std::io::Cursor;

use calamine::{Data, Reader, open_workbook_auto_from_rs};
use proptest::prelude::*;
use rust_xlsxwriter::Workbook;

use crate::biff::{Biff, bool_or_error, number, shared};
use crate::common::csv_of;
use crate::xlsb;

/// The cells of the first sheet from A1 on, as calamine reads them.
fn oracle(bytes: &[u8]) -> Vec<Vec<String>> {
    let mut workbook = open_workbook_auto_from_rs(Cursor::new(bytes)).unwrap();
    let range = workbook.worksheet_range_at(0).unwrap().unwrap();
    let (rows, columns) = range.end().unwrap();
    let text = |row, column| match range.get_value((row, column)) {
        None | Some(Data::Empty) => String::new(),
        Some(Data::Float(value)) => value.to_string(),
        Some(Data::DateTime(value)) => format!("date {}", value.as_f64()),
        Some(value) => value.to_string(),
    };
    (0..=rows)
        .map(|row| (0..=columns).map(|column| text(row, column)).collect())
        .collect()
}

fn ours(bytes: &[u8]) -> Vec<Vec<String>> {
    let csv = csv_of(bytes);
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(csv.as_bytes());
    reader
        .records()
        .map(|record| record.unwrap().iter().map(str::to_owned).collect())
        .collect()
}

#[derive(Debug, Clone)]
enum Content {
    Number(f64),
    Text(String),
    Truth(bool),
}

fn content() -> impl Strategy<Value = Content> {
    prop_oneof![
        any::<f64>()
            .prop_filter("a cell holds it", |value| value.is_finite()
                && (value.abs() > 1e-300 || *value == 0.0))
            .prop_map(Content::Number),
        (-1_000_000_i32..1_000_000).prop_map(|value| Content::Number(f64::from(value) / 100.0)),
        "[a-zA-Z0-9 ,\"£é_<>&\n]{1,12}".prop_map(Content::Text),
        any::<bool>().prop_map(Content::Truth),
    ]
}

fn cells() -> impl Strategy<Value = Vec<(u16, u16, Content)>> {
    proptest::collection::vec((0_u16..9, 0_u16..6, content()), 1..30)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn xlsx_cells_are_what_calamine_reads(cells in cells()) {
        let mut workbook = Workbook::new();
        let sheet = workbook.add_worksheet();
        for (row, column, content) in &cells {
            match content {
                Content::Number(value) => sheet.write_number(u32::from(*row), *column, *value),
                Content::Text(text) => sheet.write_string(u32::from(*row), *column, text),
                Content::Truth(value) => sheet.write_boolean(u32::from(*row), *column, *value),
            }
            .unwrap();
        }
        let bytes = workbook.save_to_buffer().unwrap();
        compare(&bytes)?;
    }

    #[test]
    fn xls_cells_are_what_calamine_reads(cells in cells()) {
        let texts: Vec<&str> = cells
            .iter()
            .filter_map(|(_, _, content)| match content {
                Content::Text(text) => Some(text.as_str()),
                _ => None,
            })
            .collect();
        let mut next_text = 0;
        let records: Vec<Vec<u8>> = cells
            .iter()
            .map(|(row, column, content)| match content {
                Content::Number(value) => number((*row, *column, 0), *value),
                Content::Text(_) => {
                    next_text += 1;
                    shared((*row, *column, 0), next_text - 1)
                }
                Content::Truth(value) => bool_or_error((*row, *column, 0), u8::from(*value), false),
            })
            .collect();
        let bytes = Biff::of_excel_97().style(0).strings(&texts).sheet("Sheet1", &records).bytes();
        compare(&bytes)?;
    }
}

/// Numbers are compared as numbers: `1e21` may be spelled in two ways.
fn compare(bytes: &[u8]) -> Result<(), TestCaseError> {
    let (ours, oracle) = (ours(bytes), oracle(bytes));
    prop_assert_eq!(ours.len(), oracle.len());
    for (ours, oracle) in ours.iter().flatten().zip(oracle.iter().flatten()) {
        let same_number = matches!((ours.parse::<f64>(), oracle.parse::<f64>()), (Ok(a), Ok(b)) if a == b);
        prop_assert!(ours == oracle || same_number, "{:?} is not {:?}", ours, oracle);
    }
    Ok(())
}

#[test]
fn xlsb_cells_lie_where_calamine_sees_them() {
    let bytes = xlsb::book(&[("Half hourly", 0, xlsb::readings())], 0);
    let (ours, oracle) = (ours(&bytes), oracle(&bytes));
    for (row, ours) in ours.iter().enumerate() {
        for (column, ours) in ours.iter().enumerate() {
            let oracle = &oracle[row][column];
            let same = ours == oracle || (oracle.starts_with("date ") && (ours.contains('-') || ours.contains(':')));
            // Calamine has no errors of formulas.
            assert!(
                same || (row, column) == (5, 1),
                "{ours:?} is not {oracle:?} in row {row}, column {column}"
            );
        }
    }
}
