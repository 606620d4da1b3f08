//! xlsb, made record by record ([MS-XLSB]): no free program writes it.

use convert_file::Options;

use crate::common::{csv_of, try_convert, zip_of};

fn varying(mut value: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let byte = (value & 0x7F) as u8;
        value >>= 7;
        if value == 0 {
            bytes.push(byte);
            return bytes;
        }
        bytes.push(byte | 0x80);
    }
}

fn record(id: u32, data: &[&[u8]]) -> Vec<u8> {
    let data = data.concat();
    [varying(id), varying(u32::try_from(data.len()).unwrap()), data].concat()
}

fn wide(text: &str) -> Vec<u8> {
    let units: Vec<u16> = text.encode_utf16().collect();
    let mut bytes = u32::try_from(units.len()).unwrap().to_le_bytes().to_vec();
    bytes.extend(units.into_iter().flat_map(u16::to_le_bytes));
    bytes
}

fn row(number: u32) -> Vec<u8> {
    record(0, &[&number.to_le_bytes(), &[0; 13], &[0; 4]])
}

fn cell(id: u32, column: u32, style: u32, value: &[u8]) -> Vec<u8> {
    record(id, &[&column.to_le_bytes(), &style.to_le_bytes(), value])
}

/// A cell that follows the one before.
fn short(id: u32, style: u32, value: &[u8]) -> Vec<u8> {
    record(id, &[&style.to_le_bytes(), value])
}

fn sheet(cells: &[Vec<u8>]) -> Vec<u8> {
    [
        record(129, &[]),
        record(148, &[&[0; 16]]),
        record(145, &[]),
        cells.concat(),
        record(146, &[]),
        record(130, &[]),
    ]
    .concat()
}

fn styles() -> Vec<u8> {
    let format = |id: u16, code: &str| record(44, &[&id.to_le_bytes(), &wide(code)]);
    let style = |format: u16| record(47, &[&0_u16.to_le_bytes(), &format.to_le_bytes(), &[0; 12]]);
    [
        record(278, &[]),
        record(615, &[&3_u32.to_le_bytes()]),
        format(164, "dd/mm/yyyy hh:mm"),
        format(165, "0.0\" kWh\""),
        format(166, "[h]:mm"),
        record(616, &[]),
        record(626, &[&1_u32.to_le_bytes()]),
        style(164),
        record(627, &[]),
        record(617, &[&5_u32.to_le_bytes()]),
        style(0),
        style(14),
        style(164),
        style(165),
        style(166),
        record(618, &[]),
        record(279, &[]),
    ]
    .concat()
}

/// A workbook of these sheets, each with its state.
pub(crate) fn book(sheets: &[(&str, u32, Vec<u8>)], flags: u32) -> Vec<u8> {
    let relations = "<Relationships>".to_owned()
        + &(1..=sheets.len())
            .map(|number| format!(r#"<Relationship Id="rId{number}" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet{number}.bin"/>"#))
            .collect::<String>()
        + r#"<Relationship Id="rId98" Type="x/relationships/styles" Target="styles.bin"/><Relationship Id="rId99" Type="x/relationships/sharedStrings" Target="sharedStrings.bin"/></Relationships>"#;
    let tabs: Vec<u8> = sheets
        .iter()
        .enumerate()
        .flat_map(|(number, (name, state, _))| {
            let number = u32::try_from(number + 1).unwrap();
            record(
                156,
                &[
                    &state.to_le_bytes(),
                    &number.to_le_bytes(),
                    &wide(&format!("rId{number}")),
                    &wide(name),
                ],
            )
        })
        .collect();
    let workbook = [
        record(131, &[]),
        record(153, &[&flags.to_le_bytes(), &[0; 4], &wide("")]),
        record(143, &[]),
        tabs,
        record(144, &[]),
        record(132, &[]),
    ]
    .concat();
    let strings = [
        record(159, &[&[2, 0, 0, 0, 2, 0, 0, 0]]),
        record(19, &[&[0], &wide("MPAN")]),
        record(19, &[&[1], &wide("Zähler £"), &[1, 0, 0, 0, 0, 0, 0, 0]]),
        record(160, &[]),
    ]
    .concat();
    let root = r#"<Relationships><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.bin"/></Relationships>"#;
    let names: Vec<String> = (1..=sheets.len())
        .map(|number| format!("xl/worksheets/sheet{number}.bin"))
        .collect();
    let mut parts: Vec<(&str, &[u8])> = vec![
        ("[Content_Types].xml", br#"<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="bin" ContentType="application/vnd.ms-excel.sheet.binary.macroEnabled.main"/><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/></Types>"#),
        ("_rels/.rels", root.as_bytes()),
        ("xl/_rels/workbook.bin.rels", relations.as_bytes()),
    ];
    parts.extend(
        names
            .iter()
            .zip(sheets)
            .map(|(name, (_, _, content))| (name.as_str(), content.as_slice())),
    );
    let styles = styles();
    parts.extend([
        ("xl/workbook.bin", workbook.as_slice()),
        ("xl/styles.bin", styles.as_slice()),
        ("xl/sharedStrings.bin", strings.as_slice()),
    ]);
    zip_of(&parts)
}

pub(crate) fn readings() -> Vec<u8> {
    sheet(&[
        row(0),
        cell(7, 0, 0, &0_u32.to_le_bytes()),
        cell(7, 1, 0, &1_u32.to_le_bytes()),
        cell(6, 2, 0, &wide("inline")),
        row(1),
        cell(5, 0, 0, &2_199_989_614_123.0_f64.to_le_bytes()),
        cell(5, 1, 1, &45_170.5_f64.to_le_bytes()),
        cell(5, 2, 2, &45_170.044_432_87_f64.to_le_bytes()),
        row(3),
        cell(2, 0, 3, &((1234_u32 << 2) | 3).to_le_bytes()),
        cell(5, 1, 4, &1.5_f64.to_le_bytes()),
        cell(1, 2, 2, &[]),
        row(4),
        cell(9, 0, 1, &[&45_170.0_f64.to_le_bytes()[..], &[0; 10]].concat()),
        cell(8, 1, 0, &[wide("text"), vec![0; 10]].concat()),
        cell(10, 2, 0, &[1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
        row(5),
        cell(3, 0, 0, &[0x2A]),
        cell(11, 1, 0, &[0x07, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
        cell(4, 2, 0, &[0]),
        row(6),
        cell(1, 30, 0, &[]),
    ])
}

const CSV: &str = "MPAN,Zähler £,inline\n\
                   2199989614123,2023-09-01,2023-09-01T01:03:59+00:00\n\
                   ,,\n\
                   12.34,36:00:00,\n\
                   2023-09-01,text,true\n\
                   #N/A,#DIV/0!,false\n";

#[test]
fn every_kind_of_cell_is_read() {
    assert_eq!(csv_of(&book(&[("Half hourly", 0, readings())], 0)), CSV);
}

#[test]
fn short_cells_follow_the_one_before() {
    let cells = sheet(&[
        row(0),
        cell(6, 1, 0, &wide("B1")),
        short(17, 0, &wide("C1")),
        short(13, 0, &((7_u32 << 2) | 2).to_le_bytes()),
        short(12, 0, &[]),
        short(16, 2, &45_170.5_f64.to_le_bytes()),
        short(15, 0, &[1]),
        short(18, 0, &0_u32.to_le_bytes()),
        short(14, 0, &[0x2A]),
        cell(62, 9, 0, &[vec![0], wide("rich")].concat()),
    ]);
    assert_eq!(
        csv_of(&book(&[("A", 0, cells)], 0)),
        ",B1,C1,7,,2023-09-01T12:00:00+00:00,true,MPAN,#N/A,rich\n"
    );
}

#[test]
fn workbooks_of_1904_have_the_right_dates() {
    let cells = sheet(&[row(0), cell(5, 0, 1, &43_708.0_f64.to_le_bytes())]);
    assert_eq!(csv_of(&book(&[("A", 0, cells)], 1)), "2023-09-01\n");
}

#[test]
fn hidden_sheets_are_passed_over() {
    let bytes = book(
        &[
            ("Hidden", 1, readings()),
            ("Very hidden", 2, readings()),
            ("Shown", 0, readings()),
        ],
        0,
    );
    let converted = try_convert(&bytes, &Options::default()).unwrap();
    assert_eq!(converted.conversion.delivered, ["Shown"]);
    assert_eq!(converted.conversion.left_out, ["Hidden", "Very hidden"]);
}
