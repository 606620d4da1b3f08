//! Which sheet is delivered.

use convert_file::Options;
use pipeline_core::ReasonCode;
use rust_xlsxwriter::{Chart, ChartType, Workbook, Worksheet};

use crate::common::{RawXlsx, all_sheets, reason_of, try_convert, zip_of};

/// What a test sheet holds.
#[derive(Clone, Copy)]
enum Content {
    Table,
    Cover,
    Nothing,
}
use Content::{Cover, Nothing, Table};

fn sheet(name: &str, content: Content) -> Worksheet {
    let mut sheet = Worksheet::new();
    sheet.set_name(name).unwrap();
    match content {
        Table => {
            for (column, heading) in ["ID", "Date", "[00:30]"].iter().enumerate() {
                sheet
                    .write_string(0, u16::try_from(column).unwrap(), format!("{heading} {name}"))
                    .unwrap();
                sheet.write_number(1, u16::try_from(column).unwrap(), 1).unwrap();
            }
        }
        Cover => {
            sheet.write_string(1, 1, format!("Cover {name}")).unwrap();
            sheet
                .write_string(3, 0, "From")
                .unwrap()
                .write_string(3, 1, "To")
                .unwrap();
        }
        Nothing => {}
    }
    sheet
}

fn book(sheets: Vec<Worksheet>) -> Vec<u8> {
    let mut workbook = Workbook::new();
    for sheet in sheets {
        workbook.push_worksheet(sheet);
    }
    workbook.save_to_buffer().unwrap()
}

/// The sheets that are delivered, and those that are named as left out.
fn choice(bytes: &[u8], options: &Options) -> (Vec<String>, Vec<String>) {
    let converted = try_convert(bytes, options).unwrap();
    let delivered: Vec<String> = converted.csvs.into_iter().map(|(name, _)| name).collect();
    assert_eq!(delivered, converted.conversion.delivered);
    (delivered, converted.conversion.left_out)
}

fn first(bytes: &[u8]) -> (Vec<String>, Vec<String>) {
    choice(bytes, &Options::default())
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn a_cover_sheet_is_passed_over() {
    let bytes = book(vec![
        sheet("Cover", Cover),
        sheet("Gas", Table),
        sheet("Power", Table),
        sheet("Blank", Nothing),
    ]);
    assert_eq!(first(&bytes), (names(&["Gas"]), names(&["Cover", "Power"])));
}

#[test]
fn without_a_table_the_first_sheet_with_a_value_is_delivered() {
    let bytes = book(vec![sheet("Blank", Nothing), sheet("One", Cover), sheet("Two", Cover)]);
    assert_eq!(first(&bytes), (names(&["One"]), names(&["Two"])));
}

#[test]
fn hidden_and_very_hidden_sheets_are_never_delivered() {
    let mut hidden = sheet("Hidden", Table);
    hidden.set_hidden(true);
    let mut very_hidden = sheet("Very hidden", Table);
    very_hidden.set_very_hidden(true);
    let mut shown = sheet("Readings", Table);
    shown.set_active(true);
    let bytes = book(vec![hidden, very_hidden, shown]);
    assert_eq!(first(&bytes), (names(&["Readings"]), names(&["Hidden", "Very hidden"])));
    assert_eq!(choice(&bytes, &all_sheets()).0, names(&["Readings"]));
}

#[test]
fn values_in_hidden_sheets_alone_make_an_empty_workbook() {
    let mut hidden = sheet("Hidden", Table);
    hidden.set_hidden(true);
    let mut blank = sheet("Blank", Nothing);
    blank.set_active(true);
    assert_eq!(reason_of(&book(vec![hidden, blank])), ReasonCode::Empty);
}

#[test]
fn a_chart_sheet_is_no_worksheet() {
    let mut workbook = Workbook::new();
    let mut chart = Chart::new(ChartType::Line);
    chart.add_series().set_values("Readings!$A$2:$A$3");
    let chart_sheet = workbook.add_chartsheet();
    chart_sheet.insert_chart(0, 0, &chart).unwrap();
    workbook.push_worksheet(sheet("Readings", Table));
    assert_eq!(
        first(&workbook.save_to_buffer().unwrap()),
        (names(&["Readings"]), names(&[]))
    );
}

#[test]
fn macro_and_dialog_sheets_are_no_worksheets() {
    let workbook = r#"<workbook><sheets><sheet name="Macro1" id="rId8"/><sheet name="Dialog1" id="rId9"/><sheet name="Readings" id="rId1"/></sheets></workbook>"#;
    let mut raw = RawXlsx::of_rows("<row><c><v>1</v></c></row>").workbook(workbook);
    raw.workbook_rels = raw.workbook_rels.replace(
        "</Relationships>",
        r#"<Relationship Id="rId8" Type="http://schemas.microsoft.com/office/2006/relationships/xlMacrosheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId9" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/dialogsheet" Target="worksheets/sheet1.xml"/></Relationships>"#,
    );
    assert_eq!(first(&raw.bytes()), (names(&["Readings"]), names(&[])));
}

#[test]
fn all_sheets_are_delivered_one_by_one_if_so_configured() {
    let bytes = book(vec![
        sheet("Cover", Cover),
        sheet("Gas", Table),
        sheet("Blank", Nothing),
        sheet("Power", Table),
    ]);
    assert_eq!(
        choice(&bytes, &all_sheets()),
        (names(&["Cover", "Gas", "Power"]), names(&[]))
    );
}

/// The first sheet is whole, the second breaks off.
fn with_a_broken_second_sheet() -> Vec<u8> {
    let good = r#"<worksheet><sheetData><row><c><v>1</v></c><c><v>2</v></c><c><v>3</v></c></row><row><c><v>4</v></c><c><v>5</v></c><c><v>6</v></c></row></sheetData></worksheet>"#;
    let workbook =
        r#"<workbook><sheets><sheet name="Good" id="rId1"/><sheet name="Bad" id="rId2"/></sheets></workbook>"#;
    let rels = r#"<Relationships><Relationship Id="rId1" Type="r/worksheet" Target="s1.xml"/><Relationship Id="rId2" Type="r/worksheet" Target="s2.xml"/></Relationships>"#;
    zip_of(&[
        ("[Content_Types].xml", b"<Types/>"),
        ("xl/workbook.xml", workbook.as_bytes()),
        ("xl/_rels/workbook.xml.rels", rels.as_bytes()),
        ("xl/s1.xml", good.as_bytes()),
        ("xl/s2.xml", b"<worksheet><sheetData><row><c>"),
    ])
}

#[test]
fn a_broken_sheet_does_not_spoil_one_that_was_chosen_before_it() {
    assert_eq!(
        first(&with_a_broken_second_sheet()),
        (names(&["Good"]), names(&["Bad"]))
    );
}

#[test]
fn of_all_sheets_the_broken_ones_are_told() {
    let converted = try_convert(&with_a_broken_second_sheet(), &all_sheets()).unwrap();
    assert_eq!(converted.conversion.delivered, ["Good"]);
    assert_eq!(converted.conversion.broken.len(), 1);
    assert_eq!(converted.conversion.broken[0].0, "Bad");
}

#[test]
fn a_document_that_breaks_off_gives_the_sheets_before() {
    let row = r#"<table:table-row><table:table-cell office:value-type="float" office:value="1"/></table:table-row>"#;
    let content = format!(
        r#"<office:document-content xmlns:office="o" xmlns:table="t"><table:table table:name="Good">{row}</table:table><table:table table:name="Bad">{row}"#
    );
    let bytes = zip_of(&[("content.xml", content.as_bytes())]);
    let converted = try_convert(&bytes, &all_sheets()).unwrap();
    assert_eq!(converted.conversion.delivered, ["Good"]);
    assert_eq!(converted.conversion.broken[0].0, "Bad");
    assert_eq!(reason_of(&bytes), ReasonCode::CorruptSpreadsheet);
}
