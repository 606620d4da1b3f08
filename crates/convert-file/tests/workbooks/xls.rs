//! xls: what Excel 5 to 2003 and the writers of that time produce.

use pipeline_core::ReasonCode;

use crate::biff::{Biff, bool_or_error, contained, formula, many_rk, number, record, rk, shared};
use crate::common::{csv_of, reason_of, try_convert};
use convert_file::Options;

/// An integer in the squeezed form.
fn small(value: u32) -> u32 {
    (value << 2) | 2
}

/// Styles: 0 General, 1 a day, 2 a day and a time, 3 a unit, 4 a duration, 5 a built-in date.
fn styled(biff: Biff) -> Biff {
    biff.format(164, "dd/mm/yyyy")
        .format(165, "dd/mm/yyyy hh:mm")
        .format(166, "0.0\" kWh\"")
        .format(400, "[h]:mm")
        .style(0)
        .style(164)
        .style(165)
        .style(166)
        .style(400)
        .style(14)
}

fn excel_97() -> Biff {
    styled(Biff::of_excel_97())
}

#[test]
fn every_kind_of_cell_of_excel_97_is_read() {
    let text_result = formula((3, 0, 0), [0, 0, 0, 0, 0, 0, 0xFF, 0xFF]);
    let text = record(0x0207, &[5, 0, 0, b'T', b'o', b't', b'a', b'l']);
    let shared_formula = record(0x04BC, &[0; 10]);
    let bytes = excel_97()
        .strings(&["MPAN", "Zähler £", "two\nlines"])
        .sheet(
            "Half hourly",
            &[
                shared((0, 0, 0), 0),
                shared((0, 1, 0), 1),
                shared((0, 2, 0), 2),
                number((1, 0, 0), 2_199_989_614_123.0),
                number((1, 1, 1), 45_170.25),
                number((1, 2, 2), 45_170.044_432_87),
                many_rk(
                    2,
                    0,
                    &[(3, small(7)), (4, small(1)), (5, small(45_170)), (0, small(1234) | 1)],
                ),
                text_result,
                shared_formula,
                text,
                formula((3, 1, 0), [1, 0, 1, 0, 0, 0, 0xFF, 0xFF]),
                formula((3, 2, 0), [2, 0, 0x2A, 0, 0, 0, 0xFF, 0xFF]),
                formula((3, 3, 2), 45_170.5_f64.to_le_bytes()),
                formula((4, 0, 0), [3, 0, 0, 0, 0, 0, 0xFF, 0xFF]),
                bool_or_error((4, 1, 0), 0, false),
                bool_or_error((4, 2, 0), 0x07, true),
                rk((4, 3, 0), 0x3FF8_0000),
            ],
        )
        .bytes();
    assert_eq!(
        csv_of(&bytes),
        "MPAN,Zähler £,\"two\nlines\",\n\
         2199989614123,2023-09-01,2023-09-01T01:03:59+00:00,\n\
         7,24:00:00,2023-09-01,12.34\n\
         Total,true,#N/A,2023-09-01T12:00:00+00:00\n\
         ,false,#DIV/0!,1.5\n"
    );
}

#[test]
fn excel_95_has_its_texts_in_a_code_page() {
    let bytes = styled(Biff::of_excel_95().global(0x0042, &1252_u16.to_le_bytes()))
        .sheet(
            "Sheet1",
            &[
                Biff::label((0, 0, 0), b"Z\xE4hler \xA3"),
                Biff::label((0, 1, 0), b"Date"),
                number((1, 0, 0), 0.5),
                number((1, 1, 1), 45_170.0),
                formula((2, 0, 0), [0, 0, 0, 0, 0, 0, 0xFF, 0xFF]),
                record(0x0207, b"\x03\x00k\x80h"),
                rk((2, 1, 2), small(45_170)),
            ],
        )
        .bytes();
    assert_eq!(csv_of(&bytes), "Zähler £,Date\n0.5,2023-09-01\nk€h,2023-09-01\n");
}

#[test]
fn another_code_page_is_another_alphabet() {
    let bytes = styled(Biff::of_excel_95().global(0x0042, &1251_u16.to_le_bytes()))
        .sheet("Sheet1", &[Biff::label((0, 0, 0), b"\xC4\xE0\xF2\xE0")])
        .bytes();
    assert_eq!(csv_of(&bytes), "Дата\n");
}

#[test]
fn workbooks_of_1904_have_the_right_dates() {
    let bytes = excel_97()
        .global(0x0022, &[1, 0])
        .sheet(
            "Sheet1",
            &[
                number((0, 0, 1), 43_708.0),
                number((0, 1, 2), 43_708.5),
                number((0, 2, 4), 1.5),
            ],
        )
        .bytes();
    assert_eq!(csv_of(&bytes), "2023-09-01,2023-09-01T12:00:00+00:00,36:00:00\n");
}

#[test]
fn shared_texts_go_on_in_further_records() {
    let long = "x".repeat(9000);
    let mut first = [3_u32.to_le_bytes(), 3_u32.to_le_bytes()].concat();
    first.extend([3, 0, 0x08, 1, 0]);
    first.extend(b"Gas");
    first.extend([0, 0, 1, 0]);
    first.extend(9000_u16.to_le_bytes());
    first.push(0);
    let (narrow, rest) = long.split_at(8000);
    first.extend(narrow.as_bytes());
    let mut second = vec![1];
    second.extend(rest.encode_utf16().flat_map(u16::to_le_bytes));
    second.extend([2, 0, 0x05, 4, 0, 0, 0]);
    let third = [&[1, b'k', 0, b'W', 0][..], b"ruby"].concat();
    let globals = [record(0x00FC, &first), record(0x003C, &second), record(0x003C, &third)].concat();
    let bytes = excel_97()
        .raw_globals(&globals)
        .sheet(
            "Sheet1",
            &[shared((0, 0, 0), 0), shared((0, 1, 0), 1), shared((0, 2, 0), 2)],
        )
        .bytes();
    assert_eq!(csv_of(&bytes), format!("Gas,{long},kW\n"));
}

#[test]
fn cells_written_column_by_column_land_in_their_places() {
    let cells: Vec<Vec<u8>> = (0..3)
        .flat_map(|column| (0..4).map(move |row| number((row, column, 0), f64::from(row * 10 + column))))
        .collect();
    let bytes = excel_97()
        .sheet("Cover", &[number((0, 0, 0), 1.0)])
        .sheet("Sheet1", &cells)
        .bytes();
    assert_eq!(csv_of(&bytes), "0,1,2\n10,11,12\n20,21,22\n30,31,32\n");
}

#[test]
fn hidden_sheets_charts_and_modules_are_passed_over() {
    let table: Vec<Vec<u8>> = (0..9).map(|cell| number((cell / 3, cell % 3, 0), 1.0)).collect();
    let bytes = excel_97()
        .tab("Hidden", 1, 0, &table)
        .tab("Very hidden", 2, 0, &table)
        .tab("Macro", 0, 1, &table)
        .tab("Chart", 0, 2, &table)
        .tab("Module", 0, 6, &table)
        .tab("Readings", 0, 0, &table)
        .bytes();
    let converted = try_convert(&bytes, &Options::default()).unwrap();
    assert_eq!(converted.conversion.delivered, ["Readings"]);
    assert_eq!(converted.conversion.left_out, ["Hidden", "Very hidden"]);
}

#[test]
fn a_chart_in_a_sheet_is_not_its_cells() {
    let chart = [
        record(0x0809, &[0, 6, 0x20, 0, 0, 0, 0, 0]),
        number((0, 0, 0), 99.0),
        record(0x000A, &[]),
    ]
    .concat();
    let bytes = excel_97().sheet("Sheet1", &[chart, number((0, 0, 0), 1.0)]).bytes();
    assert_eq!(csv_of(&bytes), "1\n");
}

#[test]
fn a_stream_without_a_container_works() {
    let stream = excel_97().sheet("Sheet1", &[number((0, 0, 0), 1.5)]).stream();
    assert_eq!(csv_of(&stream), "1.5\n");
}

#[test]
fn a_password_makes_it_encrypted() {
    let bytes = excel_97()
        .global(0x002F, &[0, 0, 1, 2, 3, 4])
        .sheet("Sheet1", &[number((0, 0, 0), 1.5)])
        .bytes();
    assert_eq!(reason_of(&bytes), ReasonCode::Encrypted);
}

#[test]
fn office_2007_and_later_encrypt_into_a_container() {
    for stream in ["EncryptedPackage", "EncryptionInfo"] {
        assert_eq!(reason_of(&contained(stream, b"secret")), ReasonCode::Encrypted);
    }
}

#[test]
fn a_stream_that_ends_early_makes_it_corrupt() {
    let stream = excel_97()
        .sheet("Sheet1", &[number((0, 0, 0), 1.5), number((1, 0, 0), 2.5)])
        .stream();
    for length in [5, 30, stream.len() / 2, stream.len() - 1] {
        assert_eq!(
            reason_of(&contained("Workbook", &stream[..length])),
            ReasonCode::CorruptSpreadsheet,
            "{length}"
        );
    }
}

#[test]
fn a_container_without_a_workbook_is_corrupt() {
    assert_eq!(
        reason_of(&contained("WordDocument", b"Dear Sir or Madam")),
        ReasonCode::CorruptSpreadsheet
    );
}
