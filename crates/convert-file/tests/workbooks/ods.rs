//! ods, as LibreOffice, Google Sheets and small libraries write it.

use convert_file::Options;
use pipeline_core::ReasonCode;

use crate::common::{csv_of, reason_of, refusal_of, try_convert, zip_of};

const STYLES: &str = r#"<office:automatic-styles>
    <number:date-style style:name="N1"><number:day/><number:text>/</number:text><number:month/><number:text>/</number:text><number:year/></number:date-style>
    <number:date-style style:name="N2"><number:day/><number:month/><number:year/><number:text> </number:text><number:hours/><number:minutes/></number:date-style>
    <number:time-style style:name="N3"><number:hours/><number:text>:</number:text><number:minutes/></number:time-style>
    <number:time-style style:name="N4" number:truncate-on-overflow="false"><number:hours/><number:minutes/></number:time-style>
    <number:number-style style:name="N5"><number:number number:decimal-places="2"/></number:number-style>
    <number:text-style style:name="N6"><number:text>-</number:text></number:text-style>
    <number:text-style style:name="N7"><number:text-content/><style:map style:condition="value()&lt;=1.79E+308" style:apply-style-name="N1"/></number:text-style>
    <number:date-style style:name="N8"><number:day/><style:map style:condition="value()=0" style:apply-style-name="N6"/></number:date-style>
    <number:date-style style:name="N9"><number:day/><style:map style:condition="value()&gt;0" style:apply-style-name="N5"/></number:date-style>
    <number:text-style style:name="N10"><style:map style:apply-style-name="N10"/><style:map style:apply-style-name="N10"/><style:map style:apply-style-name="N7"/></number:text-style>
    <style:style style:name="mapped-day" style:family="table-cell" style:data-style-name="N7"/>
    <style:style style:name="dash-or-day" style:family="table-cell" style:data-style-name="N8"/>
    <style:style style:name="number-or-day" style:family="table-cell" style:data-style-name="N9"/>
    <style:style style:name="circle" style:family="table-cell" style:data-style-name="N10"/>
    <style:style style:name="day" style:family="table-cell" style:data-style-name="N1"/>
    <style:style style:name="moment" style:family="table-cell" style:data-style-name="N2"/>
    <style:style style:name="bold-moment" style:family="table-cell" style:parent-style-name="moment"/>
    <style:style style:name="clock" style:family="table-cell" style:data-style-name="N3"/>
    <style:style style:name="hours" style:family="table-cell" style:data-style-name="N4"/>
    <style:style style:name="ta1" style:family="table"><style:table-properties table:display="true"/></style:style>
    <style:style style:name="ta2" style:family="table"><style:table-properties table:display="false"/></style:style>
    </office:automatic-styles>"#;

/// A document with this in its spreadsheet element.
fn book(tables: &str) -> Vec<u8> {
    let content = format!(
        r#"<?xml version="1.0" encoding="UTF-8"?><office:document-content xmlns:office="o" xmlns:table="t" xmlns:text="x" xmlns:style="s" xmlns:number="n" xmlns:calcext="c">{STYLES}<office:body><office:spreadsheet>{tables}</office:spreadsheet></office:body></office:document-content>"#
    );
    zip_of(&[
        ("mimetype", b"application/vnd.oasis.opendocument.spreadsheet"),
        ("content.xml", content.as_bytes()),
        (
            "META-INF/manifest.xml",
            b"<manifest:manifest xmlns:manifest=\"m\"><manifest:file-entry/></manifest:manifest>",
        ),
    ])
}

fn csv_of_table(rows: &str) -> String {
    csv_of(&book(&format!(
        r#"<table:table table:name="Sheet1" table:style-name="ta1">{rows}</table:table>"#
    )))
}

fn csv_of_cells(cells: &str) -> String {
    csv_of_table(&format!("<table:table-row>{cells}</table:table-row>"))
}

#[test]
fn every_kind_of_value_is_read() {
    let csv = csv_of_cells(
        r#"<table:table-cell office:value-type="string"><text:p>MPAN</text:p></table:table-cell>
           <table:table-cell office:value-type="float" office:value="2199989614123"><text:p>2.2E12</text:p></table:table-cell>
           <table:table-cell office:value-type="percentage" office:value="0.125"><text:p>12.5%</text:p></table:table-cell>
           <table:table-cell office:value-type="currency" office:currency="GBP" office:value="2.5"><text:p>£2.50</text:p></table:table-cell>
           <table:table-cell office:value-type="boolean" office:boolean-value="true"><text:p>TRUE</text:p></table:table-cell>
           <table:table-cell office:value-type="string" office:string-value="" calcext:value-type="error"><text:p>#DIV/0!</text:p></table:table-cell>
           <table:table-cell table:formula="of:=[.A1]" office:value-type="string"><text:p>cached</text:p></table:table-cell>
           <table:table-cell table:formula="of:=[.A1]"/>
           <table:table-cell office:value-type="string"><text:p><text:a>link</text:a></text:p><text:p>below</text:p></table:table-cell>"#,
    );
    assert_eq!(
        csv,
        "MPAN,2199989614123,0.125,2.5,true,#DIV/0!,cached,,\"link\nbelow\"\n"
    );
}

#[test]
fn the_style_tells_days_from_moments() {
    let cell = |style: &str, value: &str| {
        format!(
            r#"<table:table-cell table:style-name="{style}" office:value-type="date" office:date-value="{value}"/>"#
        )
    };
    let cells = [
        cell("day", "2023-09-01"),
        cell("day", "2023-09-01T18:00:00"),
        cell("moment", "2023-09-01T01:03:59.4"),
        cell("moment", "2023-09-01"),
        cell("bold-moment", "2023-09-01T00:00:00"),
        cell("bold-moment", "1899-12-30T12:00:00"),
        cell("nobody", "2023-09-01T12:00:00"),
        cell("day", "1900-01-01"),
    ];
    assert_eq!(
        csv_of_cells(&cells.concat()),
        "2023-09-01,2023-09-01,2023-09-01T01:03:59+00:00,2023-09-01,2023-09-01,12:00:00,2023-09-01T12:00:00+00:00,1900-01-01\n"
    );
}

#[test]
fn a_style_may_hand_values_over_to_another() {
    let cell = |style: &str| {
        format!(
            r#"<table:table-cell table:style-name="{style}" office:value-type="date" office:date-value="2023-09-01T18:00:00"/>"#
        )
    };
    assert_eq!(
        csv_of_cells(&["mapped-day", "dash-or-day", "circle"].map(cell).concat()),
        "2023-09-01,2023-09-01,2023-09-01\n"
    );
    assert_eq!(csv_of_cells(&cell("number-or-day")), "2023-09-01T18:00:00+00:00\n");
}

#[test]
fn times_of_day_and_durations_are_told_apart() {
    let cell = |style: &str, value: &str| {
        format!(
            r#"<table:table-cell table:style-name="{style}" office:value-type="time" office:time-value="{value}"/>"#
        )
    };
    let cells = [
        cell("clock", "PT23H59M59S"),
        cell("hours", "PT24H00M00S"),
        cell("hours", "PT36H30M00S"),
        // LibreOffice stores any number under a time format as a time, also a day with a time.
        cell("clock", "PT1084081H03M59S"),
        cell("", "PT00H30M00S"),
    ];
    assert_eq!(
        csv_of_cells(&cells.concat()),
        "23:59:59,24:00:00,36:30:00,2023-09-01T01:03:59+00:00,00:30:00\n"
    );
}

#[test]
fn a_cell_takes_the_style_of_its_row_or_column() {
    let value = r#"<table:table-cell office:value-type="date" office:date-value="2023-09-01T12:00:00"/>"#;
    let csv = csv_of_table(&format!(
        r#"<table:table-column table:number-columns-repeated="2" table:default-cell-style-name="day"/><table:table-column table:default-cell-style-name="moment"/>
           <table:table-row>{value}{value}{value}</table:table-row>
           <table:table-row table:default-cell-style-name="moment">{value}</table:table-row>"#
    ));
    assert_eq!(
        csv,
        "2023-09-01,2023-09-01,2023-09-01T12:00:00+00:00\n2023-09-01T12:00:00+00:00,,\n"
    );
}

#[test]
fn repeated_cells_and_rows_are_written_out_but_blank_ones_widen_nothing() {
    let csv = csv_of_table(
        r#"<table:table-header-rows><table:table-row><table:table-cell table:number-columns-repeated="2"/><table:table-cell office:value-type="float" office:value="7" table:number-columns-repeated="3"/><table:table-cell table:number-columns-repeated="16379"/></table:table-row></table:table-header-rows>
           <table:table-row table:number-rows-repeated="2"><table:table-cell table:number-columns-repeated="16384"/></table:table-row>
           <table:table-row-group><table:table-row table:number-rows-repeated="2"><table:table-cell office:value-type="float" office:value="1"/></table:table-row></table:table-row-group>
           <table:table-row table:number-rows-repeated="1048570"><table:table-cell table:number-columns-repeated="16384"/></table:table-row>"#,
    );
    assert_eq!(csv, ",,7,7,7\n,,,,\n,,,,\n1,,,,\n1,,,,\n");
}

#[test]
fn a_lie_about_repetition_is_too_large() {
    let bytes = book(
        r#"<table:table table:name="A"><table:table-row table:number-rows-repeated="1048576"><table:table-cell office:value-type="float" office:value="1" table:number-columns-repeated="16384"/></table:table-row></table:table>"#,
    );
    let (code, reason) = refusal_of(&bytes);
    assert_eq!(code, ReasonCode::TooLarge);
    assert!(reason.contains("XFD1048576"), "{reason}");
}

#[test]
fn comments_and_drawings_are_no_values() {
    let csv = csv_of_table(
        r#"<table:shapes><draw:frame><table:table table:name="x"><table:table-row><table:table-cell office:value-type="float" office:value="9"/></table:table-row></table:table></draw:frame></table:shapes>
           <table:table-row><table:table-cell office:value-type="float" office:value="1"><office:annotation><text:p>why?</text:p></office:annotation><text:p>1</text:p></table:table-cell><table:table-cell><office:annotation><text:p>only a comment</text:p></office:annotation></table:table-cell></table:table-row>"#,
    );
    assert_eq!(csv, "1\n");
}

#[test]
fn merged_cells_have_their_value_at_the_top_left_only() {
    let csv = csv_of_cells(
        r#"<table:table-cell table:number-columns-spanned="2" office:value-type="string"><text:p>Sheffield</text:p></table:table-cell><table:covered-table-cell/><table:table-cell office:value-type="float" office:value="1"/>"#,
    );
    assert_eq!(csv, "Sheffield,,1\n");
}

#[test]
fn hidden_tables_and_tracked_changes_are_passed_over() {
    let row = r#"<table:table-row><table:table-cell office:value-type="float" office:value="1" table:number-columns-repeated="3"/></table:table-row>"#;
    let bytes = book(&format!(
        r#"<table:tracked-changes><table:cell-content-change><table:table-cell office:value-type="float" office:value="9"/></table:cell-content-change></table:tracked-changes>
           <table:table table:name="Hidden" table:style-name="ta2">{row}{row}</table:table><table:table table:name="Shown" table:style-name="ta1">{row}{row}</table:table><table:named-expressions/>"#
    ));
    let converted = try_convert(&bytes, &Options::default()).unwrap();
    assert_eq!(converted.csvs, [("Shown".to_owned(), "1,1,1\n1,1,1\n".to_owned())]);
    assert_eq!(converted.conversion.left_out, ["Hidden"]);
}

#[test]
fn a_manifest_with_keys_makes_it_encrypted() {
    let manifest = br#"<manifest:manifest xmlns:manifest="m"><manifest:file-entry manifest:full-path="content.xml"><manifest:encryption-data><manifest:algorithm/></manifest:encryption-data></manifest:file-entry></manifest:manifest>"#;
    let bytes = zip_of(&[
        ("mimetype", b"application/vnd.oasis.opendocument.spreadsheet"),
        ("content.xml", b"\x8F\x12\x00garbage"),
        ("META-INF/manifest.xml", manifest),
    ]);
    assert_eq!(reason_of(&bytes), ReasonCode::Encrypted);
    let whole_package = zip_of(&[
        ("mimetype", b"application/vnd.oasis.opendocument.spreadsheet"),
        ("encrypted-package", b"secret"),
    ]);
    assert_eq!(reason_of(&whole_package), ReasonCode::Encrypted);
}

#[test]
fn content_that_breaks_off_makes_it_corrupt() {
    let bytes = zip_of(&[(
        "content.xml",
        b"<office:document-content><office:body><office:spreadsheet><table:table><table:table-row>",
    )]);
    assert_eq!(reason_of(&bytes), ReasonCode::CorruptSpreadsheet);
}
