//! Shapes of xlsx that writers other than Excel produce.

use pipeline_core::ReasonCode;

use crate::common::{ROOT_RELS, RawXlsx, TYPES, WORKBOOK, WORKBOOK_RELS, csv_of, reason_of, written, zip_of};

const ROWS: &str = r#"<row r="1"><c r="A1" t="inlineStr"><is><t>MPAN</t></is></c><c r="B1" t="inlineStr"><is><t>kWh</t></is></c></row><row r="2"><c r="A2"><v>2199989614123</v></c><c r="B2"><v>1.5</v></c></row>"#;
const CSV: &str = "MPAN,kWh\n2199989614123,1.5\n";

#[test]
fn a_workbook_under_8_kilobytes_works() {
    let bytes = RawXlsx::of_rows(ROWS).bytes();
    assert!(bytes.len() < 4096);
    assert_eq!(csv_of(&bytes), CSV);
}

#[test]
fn strict_namespaces_work() {
    let strict = |text: &str| {
        text.replace(
            "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
            "http://purl.oclc.org/ooxml/spreadsheetml/main",
        )
        .replace(
            "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
            "http://purl.oclc.org/ooxml/officeDocument/relationships",
        )
    };
    let raw = RawXlsx::of_rows(ROWS);
    let bytes = zip_of(&[
        ("[Content_Types].xml", TYPES.as_bytes()),
        ("_rels/.rels", strict(ROOT_RELS).as_bytes()),
        ("xl/workbook.xml", strict(WORKBOOK).as_bytes()),
        ("xl/_rels/workbook.xml.rels", strict(WORKBOOK_RELS).as_bytes()),
        ("xl/worksheets/sheet1.xml", strict(&raw.sheet).as_bytes()),
    ]);
    assert_eq!(csv_of(&bytes), CSV);
}

#[test]
fn prefixed_namespaces_work() {
    let sheet = r#"<?xml version="1.0" encoding="utf-8"?><x:worksheet xmlns:x="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><x:sheetData><x:row r="1"><x:c r="A1" t="s"><x:v>0</x:v></x:c><x:c r="B1" t="inlineStr"><x:is><x:t>kWh</x:t></x:is></x:c></x:row><x:row r="2"><x:c r="A2"><x:v>2199989614123</x:v></x:c><x:c r="B2"><x:v>1.5</x:v></x:c></x:row></x:sheetData></x:worksheet>"#;
    let strings = r#"<x:sst xmlns:x="m"><x:si><x:r><x:t>MP</x:t></x:r><x:r><x:t>AN</x:t></x:r></x:si></x:sst>"#;
    let workbook = r#"<x:workbook xmlns:x="m" xmlns:q="r"><x:sheets><x:sheet name="A" sheetId="1" q:id="rId1"/></x:sheets></x:workbook>"#;
    assert_eq!(RawXlsx::of_sheet(sheet).strings(strings).workbook(workbook).csv(), CSV);
}

#[test]
fn cells_and_rows_without_a_reference_follow_the_one_before() {
    let rows = r#"<row><c><v>1</v></c><c r="C1"><v>3</v></c><c><v>4</v></c></row><row><c><v>5</v></c></row><row r="5"><c r="B5"><v>6</v></c></row><row><c><v>7</v></c></row>"#;
    assert_eq!(RawXlsx::of_rows(rows).csv(), "1,,3,4\n5,,,\n,,,\n,,,\n,6,,\n7,,,\n");
}

#[test]
fn rows_and_cells_in_any_order_land_in_their_places() {
    let rows = r#"<row r="3"><c r="B3"><v>32</v></c><c r="A3"><v>31</v></c></row><row r="1"><c r="C1"><v>13</v></c><c r="A1"><v>11</v></c></row>"#;
    assert_eq!(RawXlsx::of_rows(rows).csv(), "11,,13\n,,\n31,32,\n");
}

#[test]
fn a_lie_about_the_dimension_is_not_believed() {
    for dimension in ["A1:XFD1048576", "A1", "Z9:B2", "nonsense"] {
        let sheet = format!(r#"<worksheet><dimension ref="{dimension}"/><sheetData>{ROWS}</sheetData></worksheet>"#);
        assert_eq!(RawXlsx::of_sheet(&sheet).csv(), CSV);
    }
}

#[test]
fn relations_may_be_absolute_or_odd() {
    for target in [
        "/xl/worksheets/sheet1.xml",
        "../xl/worksheets/sheet1.xml",
        "./worksheets/sheet1.xml",
        "worksheets\\sheet1.xml",
        "Worksheets/Sheet1.XML",
    ] {
        let mut raw = RawXlsx::of_rows(ROWS);
        raw.workbook_rels = raw.workbook_rels.replace("worksheets/sheet1.xml", target);
        assert_eq!(raw.csv(), CSV, "{target}");
    }
}

#[test]
fn the_workbook_may_lie_anywhere() {
    let rels =
        r#"<Relationships><Relationship Id="a" Type="x/officeDocument" Target="/data/book.xml"/></Relationships>"#;
    let sheets = r#"<Relationships><Relationship Id="rId1" Type="x/worksheet" Target="one.xml"/></Relationships>"#;
    let bytes = zip_of(&[
        ("[Content_Types].xml", TYPES.as_bytes()),
        ("_rels/.rels", rels.as_bytes()),
        ("data/book.xml", WORKBOOK.as_bytes()),
        ("data/_rels/book.xml.rels", sheets.as_bytes()),
        ("data/one.xml", RawXlsx::of_rows(ROWS).sheet.as_bytes()),
    ]);
    assert_eq!(csv_of(&bytes), CSV);
}

#[test]
fn missing_relations_are_made_up_for_by_the_usual_names() {
    let bytes = zip_of(&[
        ("[Content_Types].xml", TYPES.as_bytes()),
        ("xl/workbook2.xml", WORKBOOK.as_bytes()),
        ("xl/worksheets/sheet1.xml", RawXlsx::of_rows(ROWS).sheet.as_bytes()),
    ]);
    assert_eq!(csv_of(&bytes), CSV);
}

#[test]
fn names_with_backslashes_and_a_leading_slash_work() {
    let raw = RawXlsx::of_rows(ROWS);
    let bytes = zip_of(&[
        ("[Content_Types].xml", TYPES.as_bytes()),
        ("/_rels/.rels", ROOT_RELS.as_bytes()),
        ("xl\\workbook.xml", WORKBOOK.as_bytes()),
        ("xl\\_rels\\workbook.xml.rels", WORKBOOK_RELS.as_bytes()),
        ("xl\\worksheets\\sheet1.xml", raw.sheet.as_bytes()),
    ]);
    assert_eq!(csv_of(&bytes), CSV);
}

#[test]
fn parts_in_utf_16_and_with_a_byte_order_mark_work() {
    let mut raw = RawXlsx::of_rows(ROWS);
    raw.workbook = format!("\u{FEFF}{}", raw.workbook);
    let utf_16: Vec<u8> = format!("\u{FEFF}<?xml version=\"1.0\" encoding=\"UTF-16\"?>{}", raw.sheet)
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let bytes = zip_of(&[
        ("[Content_Types].xml", TYPES.as_bytes()),
        ("_rels/.rels", ROOT_RELS.as_bytes()),
        ("xl/workbook.xml", raw.workbook.as_bytes()),
        ("xl/_rels/workbook.xml.rels", WORKBOOK_RELS.as_bytes()),
        ("xl/worksheets/sheet1.xml", &utf_16),
    ]);
    assert_eq!(csv_of(&bytes), CSV);
}

#[test]
fn escapes_and_preserved_blanks_are_text() {
    let strings = r#"<sst><si><t xml:space="preserve">  two_x000D_
lines_x0009_ </t></si><si><t>_x005F_x0041_</t></si><si><t>a &lt; b &#163;<![CDATA[<c>]]></t></si></sst>"#;
    let rows = r#"<row><c t="s"><v>0</v></c><c t="s"><v>1</v></c><c t="s"><v> 2 </v></c></row>"#;
    assert_eq!(
        RawXlsx::of_rows(rows).strings(strings).csv(),
        "\"  two\r\nlines\t \",_x0041_,a < b £<c>\n"
    );
}

#[test]
fn what_extensions_add_to_a_cell_is_not_its_value() {
    let rows = r#"<row spans="1:2" ht="15"><extLst/><c r="A1" vm="1"><extLst><ext><v>9</v></ext></extLst><f t="shared" si="0">1+1</f><v>2</v></c><!-- note --><c r="B1"><v>3</v></c></row>"#;
    assert_eq!(RawXlsx::of_rows(rows).csv(), "2,3\n");
}

#[test]
fn a_number_that_is_none_is_text() {
    assert_eq!(
        RawXlsx::of_rows(
            r#"<row><c><v>n/a</v></c><c t="n"><v>NaN</v></c><c t="n"><v> 7 </v></c><c t="b"><v>maybe</v></c></row>"#
        )
        .csv(),
        "n/a,NaN,7,maybe\n"
    );
}

#[test]
fn a_shared_text_that_is_not_there_makes_the_workbook_corrupt() {
    let raw = RawXlsx::of_rows(r#"<row><c t="s"><v>4</v></c></row>"#);
    assert_eq!(reason_of(&raw.bytes()), ReasonCode::CorruptSpreadsheet);
}

#[test]
fn a_part_that_does_not_match_its_checksum_makes_the_workbook_corrupt() {
    let stored = {
        use std::io::Write as _;
        let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        let options = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
        let raw = RawXlsx::of_rows(ROWS);
        for (name, content) in [
            ("_rels/.rels", ROOT_RELS),
            ("xl/workbook.xml", WORKBOOK),
            ("xl/_rels/workbook.xml.rels", WORKBOOK_RELS),
            ("xl/worksheets/sheet1.xml", raw.sheet.as_str()),
        ] {
            zip.start_file(name, options).unwrap();
            zip.write_all(content.as_bytes()).unwrap();
        }
        zip.finish().unwrap().into_inner()
    };
    assert_eq!(csv_of(&stored), CSV);
    let mut altered = stored;
    let at = altered
        .windows(13)
        .position(|window| window == b"2199989614123")
        .unwrap();
    altered[at] = b'9';
    assert_eq!(reason_of(&altered), ReasonCode::CorruptSpreadsheet);
}

#[test]
fn an_xlsm_is_an_xlsx_with_a_program_in_it() {
    let bytes = written(|sheet| {
        sheet.write_string(0, 0, "MPAN").unwrap();
    });
    assert_eq!(csv_of(&bytes), "MPAN\n");
}

#[test]
fn bytes_before_a_workbook_do_no_harm() {
    for prefix in [
        b"\r\n".as_slice(),
        b"\xEF\xBB\xBF",
        b"MZ\x90\0 a program that unpacks itself",
        &[0; 9000],
    ] {
        let bytes = [prefix, &RawXlsx::of_rows(ROWS).bytes()].concat();
        assert_eq!(csv_of(&bytes), CSV);
    }
}

#[test]
fn a_first_cell_that_looks_like_a_page_is_quoted() {
    let rows = ROWS.replace("MPAN", "&lt;html&gt;");
    assert_eq!(RawXlsx::of_rows(&rows).csv(), CSV.replace("MPAN", "\"<html>\""));
}

#[test]
fn a_place_that_cannot_be_read_moves_no_value_elsewhere() {
    for (rows, code) in [
        (
            r#"<row r="2"><c r="A2"><v>1</v></c><c r="ZZZZZZZZ2"><v>2</v></c></row>"#,
            ReasonCode::TooLarge,
        ),
        (r#"<row r="4294967297"><c><v>1</v></c></row>"#, ReasonCode::TooLarge),
        (r#"<row r="one"><c><v>1</v></c></row>"#, ReasonCode::CorruptSpreadsheet),
        (r#"<row><c r="?"><v>1</v></c></row>"#, ReasonCode::CorruptSpreadsheet),
    ] {
        assert_eq!(reason_of(&RawXlsx::of_rows(rows).bytes()), code, "{rows}");
    }
}

#[test]
fn only_the_sheets_own_rows_count() {
    let odd = r#"<row r="9"><c r="A9"><v>9</v></c></row>"#;
    let sheet = format!(
        r#"<worksheet><extLst><ext><sheetData>{odd}</sheetData></ext></extLst><sheetData>{ROWS}</sheetData><oddData>{odd}</oddData><extLst><ext>{odd}</ext></extLst></worksheet>"#
    );
    assert_eq!(RawXlsx::of_sheet(&sheet).csv(), CSV);
}
