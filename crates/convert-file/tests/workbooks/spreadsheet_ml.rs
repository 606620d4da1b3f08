//! SpreadsheetML 2003, as Excel and reporting tools write it.

use convert_file::Options;
use pipeline_core::ReasonCode;

use crate::common::{csv_of, reason_of, try_convert};

const STYLES: &str = r#"<Styles><Style ss:ID="Default" ss:Name="Normal"/><Style ss:ID="s1"><NumberFormat ss:Format="Short Date"/></Style><Style ss:ID="s2"><NumberFormat ss:Format="General Date"/></Style><Style ss:ID="s3"><NumberFormat ss:Format="h:mm;@"/></Style><Style ss:ID="s4"><NumberFormat ss:Format="[h]:mm"/></Style><Style ss:ID="s5"><NumberFormat ss:Format="0.0&quot; kWh&quot;"/></Style><Style ss:ID="s6" ss:Parent="s1"><Font ss:Bold="1"/></Style></Styles>"#;

fn book(content: &str) -> Vec<u8> {
    format!(
        "<?xml version=\"1.0\"?>\r\n<?mso-application progid=\"Excel.Sheet\"?>\r\n<Workbook xmlns=\"urn:schemas-microsoft-com:office:spreadsheet\" xmlns:o=\"urn:schemas-microsoft-com:office:office\" xmlns:x=\"urn:schemas-microsoft-com:office:excel\" xmlns:ss=\"urn:schemas-microsoft-com:office:spreadsheet\">{content}</Workbook>"
    )
    .into_bytes()
}

fn table(rows: &str) -> Vec<u8> {
    book(&format!(
        r#"{STYLES}<Worksheet ss:Name="Sheet1"><Table>{rows}</Table></Worksheet>"#
    ))
}

#[test]
fn every_kind_of_value_is_read() {
    let csv = csv_of(&table(
        r#"<Row><Cell><Data ss:Type="String">MPAN &amp; more&#10;lines</Data><Comment><ss:Data>no</ss:Data></Comment></Cell><Cell><Data ss:Type="Number">2199989614123</Data></Cell><Cell ss:StyleID="s5"><Data ss:Type="Number">1.1000000000000001</Data></Cell><Cell><Data ss:Type="Boolean">1</Data></Cell><Cell ss:Formula="=NA()"><Data ss:Type="Error">#N/A</Data></Cell><Cell ss:Formula="=1"/><Cell><ss:Data ss:Type="String" xmlns="http://www.w3.org/TR/REC-html40"><B>k</B><Font>Wh</Font></ss:Data></Cell></Row>"#,
    ));
    assert_eq!(csv, "\"MPAN & more\nlines\",2199989614123,1.1,true,#N/A,,kWh\n");
}

#[test]
fn dates_follow_their_format() {
    let cell = |style: &str, value: &str| {
        format!(r#"<Cell ss:StyleID="{style}"><Data ss:Type="DateTime">{value}</Data></Cell>"#)
    };
    let cells = [
        cell("s1", "2023-09-01T18:00:00.000"),
        cell("s6", "2023-09-01T18:00:00.000"),
        cell("s2", "2023-09-01T01:03:59.400"),
        cell("s2", "2023-09-01T00:00:00.000"),
        cell("s3", "1899-12-31T23:59:59.000"),
        cell("s4", "1900-01-01T12:30:00.000"),
        cell("s0", "2023-09-01T12:00:00.000"),
    ];
    let csv = csv_of(&table(&format!(
        r#"<Row>{}<Cell ss:StyleID="s1"><Data ss:Type="Number">45170.5</Data></Cell></Row>"#,
        cells.concat()
    )));
    assert_eq!(
        csv,
        "2023-09-01,2023-09-01,2023-09-01T01:03:59+00:00,2023-09-01,23:59:59,36:30:00,2023-09-01T12:00:00+00:00,2023-09-01\n"
    );
}

#[test]
fn workbooks_of_1904_have_the_right_dates() {
    let bytes = book(&format!(
        r#"<ExcelWorkbook xmlns="urn:schemas-microsoft-com:office:excel"><Date1904/></ExcelWorkbook>{STYLES}<Worksheet ss:Name="A"><Table><Row><Cell ss:StyleID="s1"><Data ss:Type="DateTime">2023-09-01T00:00:00.000</Data></Cell><Cell ss:StyleID="s1"><Data ss:Type="Number">43708</Data></Cell><Cell ss:StyleID="s3"><Data ss:Type="DateTime">1904-01-01T00:30:00.000</Data></Cell></Row></Table></Worksheet>"#
    ));
    assert_eq!(csv_of(&bytes), "2023-09-01,2023-09-01,00:30:00\n");
}

#[test]
fn places_are_counted_with_indices_spans_and_merges() {
    let cell =
        |attributes: &str, value: u32| format!(r#"<Cell {attributes}><Data ss:Type="Number">{value}</Data></Cell>"#);
    let rows = format!(
        r#"<Column ss:Index="2" ss:Span="1" ss:StyleID="s1"/><Row ss:Index="2">{}{}</Row><Row ss:Span="1"/><Row>{}{}</Row>"#,
        cell(r#"ss:MergeAcross="1""#, 1),
        cell("", 2),
        cell(r#"ss:Index="3""#, 45_170),
        cell("", 45_170),
    );
    assert_eq!(
        csv_of(&table(&rows)),
        ",,,\n1,,2,\n,,,\n,,,\n,,2023-09-01,45170\n".replace("1,,2,", "1,,1900-01-02,")
    );
}

#[test]
fn hidden_sheets_are_passed_over() {
    let sheet = |name: &str, visible: &str| {
        let row = r#"<Row><Cell><Data ss:Type="Number">1</Data></Cell><Cell><Data ss:Type="Number">2</Data></Cell><Cell><Data ss:Type="Number">3</Data></Cell></Row>"#;
        format!(
            r#"<Worksheet ss:Name="{name}"><Table>{row}{row}</Table><WorksheetOptions xmlns="urn:schemas-microsoft-com:office:excel">{visible}</WorksheetOptions></Worksheet>"#
        )
    };
    let bytes = book(
        &[
            sheet("Hidden", "<Visible>SheetHidden</Visible>"),
            sheet("Very hidden", "<Visible>SheetVeryHidden</Visible>"),
            sheet("Shown", ""),
        ]
        .concat(),
    );
    let converted = try_convert(&bytes, &Options::default()).unwrap();
    assert_eq!(converted.conversion.delivered, ["Shown"]);
    assert_eq!(converted.conversion.left_out, ["Hidden", "Very hidden"]);
}

#[test]
fn other_encodings_work() {
    let text = String::from_utf8(table(
        r#"<Row><Cell><Data ss:Type="String">Zähler £</Data></Cell></Row>"#,
    ))
    .unwrap();
    let utf_16: Vec<u8> = format!("\u{FEFF}{text}")
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    assert_eq!(csv_of(&utf_16), "Zähler £\n");
    let latin: Vec<u8> = text
        .replace(
            "<?xml version=\"1.0\"?>",
            "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>",
        )
        .chars()
        .map(|c| u8::try_from(u32::from(c)).unwrap())
        .collect();
    assert_eq!(csv_of(&latin), "Zähler £\n");
}

#[test]
fn a_file_that_breaks_off_is_corrupt() {
    let whole = table(r#"<Row><Cell><Data ss:Type="Number">1</Data></Cell></Row>"#);
    assert_eq!(reason_of(&whole[..whole.len() - 20]), ReasonCode::CorruptSpreadsheet);
}

#[test]
fn a_workbook_that_does_not_say_how_it_is_encoded_may_be_windows_1252() {
    let bytes = table(r#"<Row><Cell><Data ss:Type="String">Unit rate #</Data></Cell></Row>"#);
    let latin: Vec<u8> = bytes
        .into_iter()
        .map(|byte| if byte == b'#' { 0xA3 } else { byte })
        .collect();
    assert_eq!(csv_of(&latin), "Unit rate £\n");
}
