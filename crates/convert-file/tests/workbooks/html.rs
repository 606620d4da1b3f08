//! Web pages that call themselves workbooks.

use convert_file::Options;
use pipeline_core::ReasonCode;

use crate::common::{all_sheets, csv_of, reason_of, refusal_of, try_convert};

const READINGS: &str = "<table border=1><tr><th>MPR<th>Site<th>Date<th>Consumption (kWh)</tr>\
    <tr><td>7512345678</td><td>St Mary&#39;s &amp; St Peter&rsquo;s</td><td>01/09/2023</td><td>1,234.5</td></tr>\
    <tr><td>7512345678</td><td></td><td>02/09/2023</td><td>&nbsp;</td></tr></table>";

#[test]
fn a_table_of_readings_is_taken_as_it_is_shown() {
    let page =
        format!("<html><head><style>td {{ mso-number-format:'@' }}</style></head><body>{READINGS}</body></html>");
    assert_eq!(
        csv_of(page.as_bytes()),
        "MPR,Site,Date,Consumption (kWh)\n7512345678,St Mary's & St Peter’s,01/09/2023,\"1,234.5\"\n7512345678,,02/09/2023,\n"
    );
}

#[test]
fn a_bare_table_is_a_page_too() {
    assert!(csv_of(READINGS.as_bytes()).starts_with("MPR,Site,"));
}

#[test]
fn pages_without_a_table_of_readings_are_refused() {
    for page in [
        "<!DOCTYPE html><html><body><h1>Error 500</h1><p>Please try again.</p></body></html>",
        "<html><table><tr><td>Error</td><td>500</td></tr><tr><td>At</td><td>10:30</td></tr></table></html>",
        "<html><table><tr><td>Home</td><td>About</td><td>Contact</td></tr><tr><td>a</td><td>b</td><td>c</td></tr></table>&copy; 2023</html>",
        "<html><table><tr><td>1</td><td>2</td><td>3</td></tr></table></html>",
        "<html><!-- <table><tr><td>1<td>2<td>3<tr><td>1<td>2<td>3</table> --></html>",
        "<html>",
    ] {
        assert_eq!(reason_of(page.as_bytes()), ReasonCode::Html, "{page}");
    }
}

#[test]
fn a_page_laid_out_by_tables_gives_the_table_of_readings() {
    let page = format!("<html><table><tr><td>Logo</td><td>{READINGS}</td></tr></table>{READINGS}</html>");
    let converted = try_convert(page.as_bytes(), &Options::default()).unwrap();
    assert_eq!(converted.conversion.delivered, ["table 2"]);
    assert_eq!(converted.conversion.left_out, ["table 3"]);
    assert_eq!(
        try_convert(page.as_bytes(), &all_sheets())
            .unwrap()
            .conversion
            .delivered,
        ["table 2", "table 3"]
    );
}

#[test]
fn spans_leave_places_blank() {
    let page = "<table><tr><th rowspan=2>Meter</th><th colspan='2'>September</th><th>Unit</th></tr><tr><th>01<th>02<th>kWh</tr><tr><td>A<td>1<td>2<td>x</table>";
    assert_eq!(csv_of(page.as_bytes()), "Meter,September,,Unit\n,01,02,kWh\nA,1,2,x\n");
}

#[test]
fn the_page_says_how_it_is_encoded() {
    let table = READINGS.replace("Site", "Z\u{e4}hler \u{a3}");
    let page = format!("<html><meta http-equiv=Content-Type content=\"text/html; charset=windows-1252\">{table}");
    let latin: Vec<u8> = page.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    assert!(csv_of(&latin).starts_with("MPR,Zähler £,"));
    let utf_16: Vec<u8> = format!("\u{FEFF}{table}")
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    assert!(csv_of(&utf_16).starts_with("MPR,Zähler £,"));
}

#[test]
fn a_page_that_does_not_say_how_it_is_encoded_may_be_windows_1252() {
    let page = READINGS.replace("Site", "Z\u{e4}hler \u{a3}");
    let latin: Vec<u8> = page.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    assert!(csv_of(&latin).starts_with("MPR,Zähler £,"));
    assert!(csv_of(page.as_bytes()).starts_with("MPR,Zähler £,"));
}

#[test]
fn tags_that_are_never_closed_do_no_harm() {
    let page = "<TABLE><TR><TD>Date<TD>Time<TD>kWh<TR><TD>01/09/2023<TD>00:30<TD>1.5";
    assert_eq!(csv_of(page.as_bytes()), "Date,Time,kWh\n01/09/2023,00:30,1.5\n");
}

#[test]
fn a_less_than_sign_in_a_cell_is_text() {
    let page = "<table><tr><td>Date<td>Band<td>kWh<tr><td>01/09/2023<td>< 5<td>x <6 y</table>";
    assert_eq!(csv_of(page.as_bytes()), "Date,Band,kWh\n01/09/2023,< 5,x <6 y\n");
}

#[test]
fn a_cell_and_a_row_have_their_limits() {
    let digits = |mebibytes: usize| "\u{1D7D8}".repeat(mebibytes << 18);
    let cell = format!("<table><tr><td>{0}<b>{0}</table>", digits(9));
    let (code, reason) = refusal_of(cell.as_bytes());
    assert_eq!(code, ReasonCode::TooLarge);
    assert!(reason.contains("one cell"), "{reason}");
    let row = format!("<table><tr>{}</table>", format!("<td>{}", digits(13)).repeat(5));
    let (code, reason) = refusal_of(row.as_bytes());
    assert_eq!(code, ReasonCode::TooLarge);
    assert!(reason.contains("row 1"), "{reason}");
}
