//! Workbooks.

use std::io::Cursor;

use convert_file::{Conversion, ConvertError, Options, SheetCsv, Sheets};
use pipeline_core::{FileKind, kind};

use crate::{limits, parts};

/// A workbook of any format, container and all.
///
/// # Panics
/// As [`check`].
pub(crate) fn workbook(bytes: &[u8]) {
    check(|options, deliver| convert_file::convert(Cursor::new(bytes), options, deliver));
}

/// The parts of an xlsx, xlsb or ods, of which a sound package is made.
///
/// # Panics
/// As [`check`].
pub(crate) fn package(bytes: &[u8]) {
    if let Some(package) = parts::packed(bytes) {
        workbook(&package);
    }
}

/// The records of an xls, its sheets where its list of sheets says that they are.
///
/// # Panics
/// As [`check`].
pub(crate) fn xls(bytes: &[u8]) {
    workbook(&with_offsets(bytes));
}

/// SpreadsheetML 2003.
///
/// # Panics
/// As [`check`].
pub(crate) fn spreadsheet_ml(bytes: &[u8]) {
    check(|options, deliver| convert_file::convert_spreadsheet_ml(bytes, options, deliver));
}

/// A web page that calls itself a workbook.
///
/// # Panics
/// As [`check`].
pub(crate) fn html_table(bytes: &[u8]) {
    check(|options, deliver| convert_file::convert_html(bytes, options, deliver));
}

type Deliver<'d> = dyn FnMut(SheetCsv) -> Result<(), ConvertError> + 'd;

/// Converts a workbook and looks at what comes out.
///
/// # Panics
/// If a sheet is larger than the limits allow, is not as many rows as it says, is taken for something else than CSV, or
/// is delivered although the conversion failed.
fn check(convert: impl Fn(&Options, &mut Deliver<'_>) -> Result<Conversion, ConvertError>) {
    for sheets in [Sheets::All, Sheets::First] {
        let options = Options {
            sheets,
            limits: limits(),
        };
        let mut delivered = Vec::new();
        let result = convert(&options, &mut |mut sheet| {
            let mut csv = Vec::new();
            sheet.write_to(&mut csv)?;
            delivered.push((sheet.rows(), csv));
            Ok(())
        });
        match result {
            Ok(conversion) => assert_eq!(conversion.delivered.len(), delivered.len()),
            Err(error) => {
                assert!(error.rejection().is_some(), "{error} is no fault of the workbook");
                assert!(delivered.is_empty(), "a sheet was delivered of a workbook that failed");
            }
        }
        // What this package reads, the next stage has to take for a CSV.
        for (rows, csv) in &delivered {
            check_csv(*rows, csv);
        }
    }
}

fn check_csv(rows: u64, csv: &[u8]) {
    let kind = kind::classify(&mut Cursor::new(csv), "import.csv");
    assert_eq!(kind.ok(), Some(FileKind::Csv), "the next stage would not take it");
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(csv);
    let (mut read, mut cells) = (0, 0);
    for record in reader.records() {
        assert!(record.is_ok(), "{record:?}");
        read += 1;
        cells += record.map_or(0, |record| record.len() as u64);
    }
    assert_eq!(read, rows, "it has other rows than it says");
    assert!(cells <= limits().sheet_cells, "it has too many cells");
}

/// Puts the offset of each sheet into the record that lists it ([MS-XLS] 2.4.28 `BoundSheet8`), so that a fuzzer may
/// lengthen what stands before it.
fn with_offsets(bytes: &[u8]) -> Vec<u8> {
    const BOF: u16 = 0x0809;
    const EOF: u16 = 0x000A;
    const BOUND_SHEET: u16 = 0x0085;
    let mut stream = bytes.to_vec();
    // How a stream without a container is told.
    if let Some(magic) = stream.first_chunk_mut::<2>() {
        *magic = BOF.to_le_bytes();
    }
    let (mut lists, mut sheets) = (Vec::new(), Vec::new());
    let (mut at, mut open) = (0, 0_u32);
    while let Some([low, high, length @ ..]) = stream.get(at..).and_then(|rest| rest.first_chunk::<4>()) {
        match u16::from_le_bytes([*low, *high]) {
            BOF => {
                open += 1;
                if open == 1 && at > 0 {
                    sheets.push(at);
                }
            }
            EOF => open = open.saturating_sub(1),
            BOUND_SHEET if sheets.is_empty() => lists.push(at + 4),
            _ => {}
        }
        at += 4 + usize::from(u16::from_le_bytes(*length));
    }
    for (list, sheet) in lists.into_iter().zip(sheets) {
        let offset = stream.get_mut(list..).and_then(|rest| rest.first_chunk_mut::<4>());
        if let (Some(offset), Ok(sheet)) = (offset, u32::try_from(sheet)) {
            *offset = sheet.to_le_bytes();
        }
    }
    stream
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sheets_of(bytes: &[u8]) -> Vec<String> {
        let options = Options {
            sheets: Sheets::All,
            limits: limits(),
        };
        convert_file::convert(Cursor::new(bytes), &options, &mut |_| Ok(()))
            .map(|conversion| conversion.delivered)
            .unwrap_or_default()
    }

    #[test]
    fn what_is_put_around_the_bytes_lets_them_through_to_the_cells() {
        for seed in [
            &include_bytes!("../../../fuzz/corpus/package/every-kind-of-cell.xlsx.txt")[..],
            include_bytes!("../../../fuzz/corpus/package/every-kind-of-cell.xlsb.txt"),
            include_bytes!("../../../fuzz/corpus/package/every-kind-of-cell.ods.txt"),
        ] {
            assert_eq!(sheets_of(&parts::packed(seed).unwrap()), ["A"]);
        }
        let records = include_bytes!("../../../fuzz/corpus/xls/excel-97-every-kind-of-cell");
        assert_eq!(sheets_of(records), Vec::<String>::new());
        assert_eq!(sheets_of(&with_offsets(records)), ["A"]);
    }
}
