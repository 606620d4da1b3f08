//! The table of renderings, a test for each row: the importer stores dates as text, and tells duplicates by them.

use rust_xlsxwriter::{ExcelDateTime, Format, FormatAlign, Formula, Note, Url, Workbook};

use crate::common::{RawXlsx, csv_of, written};

/// A number under a number format, rendered.
fn number(value: f64, format: &str) -> String {
    let csv = csv_of(&written(|sheet| {
        let format = Format::new().set_num_format(format);
        sheet.write_number_with_format(0, 0, value, &format).unwrap();
    }));
    csv.strip_suffix('\n').unwrap().to_owned()
}

#[test]
fn text_is_as_it_is_and_quoted_only_where_csv_needs_it() {
    let csv = csv_of(&written(|sheet| {
        for (column, text) in [
            " MPAN ",
            "00012345",
            "1,5",
            "say \"hi\"",
            "two\nlines",
            "'quoted'; Zähler £ 日本 😀",
        ]
        .iter()
        .enumerate()
        {
            sheet.write_string(0, u16::try_from(column).unwrap(), *text).unwrap();
        }
    }));
    assert_eq!(
        csv,
        " MPAN ,00012345,\"1,5\",\"say \"\"hi\"\"\",\"two\nlines\",'quoted'; Zähler £ 日本 😀\n"
    );
}

#[test]
fn a_number_is_the_shortest_decimal_that_reads_back_the_same() {
    for (value, text) in [
        (0.5, "0.5"),
        (5.0, "5"),
        (-0.25, "-0.25"),
        (1.1, "1.1"),
        (0.1 + 0.2, "0.30000000000000004"),
        (2_199_989_614_123.0, "2199989614123"),
        (1_234_567_890_123_456.0, "1234567890123456"),
        (1e-7, "0.0000001"),
        (1e20, "100000000000000000000"),
        (-0.0, "0"),
        (12_345_678.9, "12345678.9"),
    ] {
        assert_eq!(number(value, "General"), text);
        assert_eq!(number(value, "#,##0.00"), text);
        assert_eq!(number(value, "0.00E+00"), text);
    }
    assert_eq!(
        RawXlsx::of_rows("<row><c><v>1.1000000000000001</v></c><c><v>-0</v></c><c><v>1E3</v></c></row>").csv(),
        "1.1,0,1000\n"
    );
}

#[test]
fn a_date_only_format_is_a_day_whatever_the_fraction() {
    for format in [
        "dd/mm/yyyy",
        "d-mmm-yy",
        "mm-dd-yy",
        "yyyy-mm-dd",
        "[$-809]dddd, d mmmm yyyy",
        "mmm-yy",
    ] {
        assert_eq!(number(45_170.0, format), "2023-09-01", "{format}");
        assert_eq!(number(45_170.75, format), "2023-09-01", "{format}");
    }
}

#[test]
fn a_day_and_a_time_are_to_the_nearest_second() {
    for format in [
        "dd/mm/yyyy hh:mm",
        "m/d/yy h:mm",
        "yyyy-mm-dd\"T\"hh:mm:ss.000",
        "hh:mm",
        "h:mm AM/PM",
    ] {
        assert_eq!(
            number(45_170.044_432_87, format),
            "2023-09-01T01:03:59+00:00",
            "{format}"
        );
        assert_eq!(
            number(45_170.020_833_333_336, format),
            "2023-09-01T00:30:00+00:00",
            "{format}"
        );
        assert_eq!(number(45_170.999_999_99, format), "2023-09-02", "{format}");
    }
}

#[test]
fn exactly_midnight_is_the_day_alone() {
    for format in ["dd/mm/yyyy hh:mm", "m/d/yy h:mm", "hh:mm:ss"] {
        assert_eq!(number(45_170.0, format), "2023-09-01", "{format}");
    }
}

#[test]
fn a_time_of_day_alone_has_no_day() {
    for format in [
        "hh:mm",
        "h:mm:ss",
        "h:mm AM/PM",
        "dd/mm/yyyy hh:mm",
        "[h]:mm",
        "mm:ss.0",
    ] {
        assert_eq!(number(0.999_988_425_925_925_9, format), "23:59:59", "{format}");
        assert_eq!(number(0.020_833_333_333_333_332, format), "00:30:00", "{format}");
        assert_eq!(number(0.0, format), "00:00:00", "{format}");
    }
}

#[test]
fn twenty_four_hours_and_more_stay_durations() {
    for format in ["[h]:mm", "[h]:mm:ss", "[hh]:mm", "[mm]:ss", "[s]", "[h]:mm;@"] {
        assert_eq!(number(1.0, format), "24:00:00", "{format}");
        assert_eq!(number(1.520_833_333_333_333_3, format), "36:30:00", "{format}");
    }
    assert_eq!(number(1.0, "hh:mm"), "24:00:00");
}

#[test]
fn percentages_currencies_and_units_are_bare_numbers() {
    for format in [
        "0.0%",
        "\"£\"#,##0.00",
        "[$€-407] #,##0.00",
        "0.0\" kWh\"",
        "0.0\\ \\m\\³",
        "\"day\" 0",
        "[Red]0.0;[Blue]-0.0",
        "0.0_ ;[Red]\\-0.0\\ ",
        "_-* #,##0.00\\ \"h\"_-",
        "[>=1000]0.0,\"MWh\";0.0\"kWh\"",
        "# ?/?",
        "@",
        "0.00E+00",
        "\"Hours: \"General",
    ] {
        assert_eq!(number(0.125, format), "0.125", "{format}");
        assert_eq!(number(45_170.0, format), "45170", "{format}");
    }
}

#[test]
fn a_truth_value_is_a_lower_case_word() {
    let csv = csv_of(&written(|sheet| {
        sheet
            .write_boolean(0, 0, true)
            .unwrap()
            .write_boolean(0, 1, false)
            .unwrap();
    }));
    assert_eq!(csv, "true,false\n");
    assert_eq!(
        RawXlsx::of_rows(r#"<row><c t="b"><v>1</v></c><c t="b"><v>false</v></c><c t="b"><v>0</v></c></row>"#).csv(),
        "true,false,false\n"
    );
}

#[test]
fn an_error_is_spelled_as_the_spreadsheet_shows_it() {
    let rows: String = [
        "#N/A", "#DIV/0!", "#REF!", "#VALUE!", "#NAME?", "#NUM!", "#NULL!", "#SPILL!", "#CALC!",
    ]
    .map(|error| format!(r#"<c t="e"><v>{error}</v></c>"#))
    .concat();
    let csv = RawXlsx::of_rows(&format!("<row>{rows}</row>")).csv();
    assert_eq!(csv, "#N/A,#DIV/0!,#REF!,#VALUE!,#NAME?,#NUM!,#NULL!,#SPILL!,#CALC!\n");
}

#[test]
fn a_formula_is_its_cached_value_by_the_same_rules() {
    let csv = csv_of(&written(|sheet| {
        let day = Format::new().set_num_format("dd/mm/yyyy hh:mm");
        sheet
            .write_formula(0, 0, Formula::new("=1+1").set_result("2.50"))
            .unwrap();
        sheet
            .write_formula_with_format(0, 1, Formula::new("=NOW()").set_result("45170.25"), &day)
            .unwrap();
        sheet
            .write_formula(0, 2, Formula::new("=\"a\"&\"b\"").set_result("ab"))
            .unwrap();
    }));
    assert_eq!(csv, "2.5,2023-09-01T06:00:00+00:00,ab\n");
    let rows = r#"<row><c t="str"><f>A2</f><v>a_x000D_b &amp; c</v></c><c t="b"><f>1=1</f><v>1</v></c><c t="e"><f>NA()</f><v>#N/A</v></c><c><v>7</v><f>3+4</f></c></row>"#;
    assert_eq!(RawXlsx::of_rows(rows).csv(), "\"a\rb & c\",true,#N/A,7\n");
}

#[test]
fn a_formula_without_a_cached_value_is_empty_and_the_workbook_still_converts() {
    let rows = r#"<row><c><f>SUM(B1:C1)</f></c><c><v>1</v></c><c><v>2</v></c><c><f>B1</f><v/></c><c t="str"><f>B1</f><v></v></c></row>"#;
    assert_eq!(RawXlsx::of_rows(rows).csv(), ",1,2\n");
}

#[test]
fn a_hyperlink_is_its_text() {
    let csv = csv_of(&written(|sheet| {
        sheet
            .write_url(0, 0, Url::new("https://example.org/meter").set_text("Meter 1"))
            .unwrap();
        sheet.write_string(0, 1, "kWh").unwrap();
    }));
    assert_eq!(csv, "Meter 1,kWh\n");
}

#[test]
fn rich_text_is_its_text_without_phonetic_hints() {
    let bold = Format::new().set_bold();
    let plain = Format::new();
    let csv = csv_of(&written(|sheet| {
        sheet
            .write_rich_string(0, 0, &[(&plain, "Import "), (&bold, "kWh"), (&plain, " (total)")])
            .unwrap();
        sheet.insert_note(0, 0, &Note::new("not a value")).unwrap();
    }));
    assert_eq!(csv, "Import kWh (total)\n");
    let strings = r#"<sst><si><r><t>課</t></r><r><t xml:space="preserve"> きゅ</t></r><rPh sb="0" eb="1"><t>カ</t></rPh></si><si><t/></si></sst>"#;
    let rows = r#"<row><c t="s"><v>0</v></c><c t="inlineStr"><is><r><t>in</t></r><r><t>line</t></r><rPh><t>no</t></rPh></is></c></row>"#;
    assert_eq!(RawXlsx::of_rows(rows).strings(strings).csv(), "課 きゅ,inline\n");
}

#[test]
fn workbooks_of_1904_have_the_right_dates() {
    let styles = r#"<styleSheet><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="22"/><xf numFmtId="20"/><xf numFmtId="46"/></cellXfs></styleSheet>"#;
    let rows = r#"<row><c s="1"><v>43708</v></c><c s="2"><v>43708.5</v></c><c s="3"><v>0.5</v></c><c s="4"><v>1.5</v></c><c s="1"><v>0</v></c><c s="4"><v>-0.25</v></c></row>"#;
    for flag in ["1", "true"] {
        let workbook = format!(
            r#"<workbook><workbookPr date1904="{flag}"/><sheets><sheet name="A" id="rId1"/></sheets></workbook>"#
        );
        let csv = RawXlsx::of_rows(rows).styles(styles).workbook(&workbook).csv();
        assert_eq!(
            csv,
            "2023-09-01,2023-09-01T12:00:00+00:00,12:00:00,36:00:00,1904-01-01,-06:00:00\n"
        );
    }
}

#[test]
fn the_1900_system_keeps_the_leap_day_that_never_was() {
    for (serial, day) in [
        (1.0, "1900-01-01"),
        (59.0, "1900-02-28"),
        (60.0, "1900-02-29"),
        (61.0, "1900-03-01"),
        (2_958_465.0, "9999-12-31"),
    ] {
        assert_eq!(number(serial, "dd/mm/yyyy"), day);
    }
}

#[test]
fn what_no_date_can_be_stays_a_number() {
    assert_eq!(number(-1.0, "dd/mm/yyyy"), "-1");
    assert_eq!(number(2_199_989_614_123.0, "dd/mm/yyyy"), "2199989614123");
}

#[test]
fn dates_stored_as_text_by_iso_are_dates() {
    let styles = r#"<styleSheet><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>"#;
    let rows = r#"<row><c t="d"><v>2023-09-01T01:03:59.4Z</v></c><c t="d"><v>2023-09-01</v></c><c t="d" s="1"><v>2023-09-01T12:00:00</v></c><c t="d"><v>soon</v></c></row>"#;
    assert_eq!(
        RawXlsx::of_rows(rows).styles(styles).csv(),
        "2023-09-01T01:03:59+00:00,2023-09-01,2023-09-01,soon\n"
    );
}

#[test]
fn a_merged_cell_has_its_value_at_the_top_left_only() {
    let csv = csv_of(&written(|sheet| {
        let centred = Format::new().set_align(FormatAlign::Center);
        sheet.merge_range(0, 0, 1, 2, "Sheffield", &centred).unwrap();
        sheet.write_number(2, 2, 1).unwrap();
    }));
    assert_eq!(csv, "Sheffield,,\n,,\n,,1\n");
}

#[test]
fn the_csv_reaches_from_a1_to_the_last_value_and_no_further() {
    let csv = csv_of(&written(|sheet| {
        let bold = Format::new().set_bold();
        sheet
            .write_string(4, 2, "MPAN")
            .unwrap()
            .write_string(4, 3, "kWh")
            .unwrap();
        sheet.write_number(6, 2, 1).unwrap();
        for row in 7..60 {
            sheet.write_blank(row, 30, &bold).unwrap();
        }
        sheet.write_string(6, 9, "").unwrap();
    }));
    assert_eq!(csv, ",,,\n,,,\n,,,\n,,,\n,,MPAN,kWh\n,,,\n,,1,\n");
}

#[test]
fn a_week_of_half_hours_is_a_week_of_half_hours() {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    let (day, time) = (
        Format::new().set_num_format("dd/mm/yyyy"),
        Format::new().set_num_format("hh:mm"),
    );
    sheet.write_string(0, 0, "Date").unwrap();
    for half_hour in 1..=48_u16 {
        let heading = f64::from(half_hour) / 48.0;
        sheet.write_number_with_format(0, half_hour, heading, &time).unwrap();
    }
    for row in 1..=7_u8 {
        let date = ExcelDateTime::from_ymd(2023, 9, row).unwrap();
        sheet
            .write_datetime_with_format(u32::from(row), 0, &date, &day)
            .unwrap();
        for half_hour in 1..=48 {
            sheet
                .write_number(u32::from(row), half_hour, f64::from(half_hour) / 10.0)
                .unwrap();
        }
    }
    let csv = csv_of(&workbook.save_to_buffer().unwrap());
    let lines: Vec<&str> = csv.lines().collect();
    assert!(
        lines[0].starts_with("Date,00:30:00,01:00:00,01:30:00,") && lines[0].ends_with(",23:30:00,24:00:00"),
        "{}",
        lines[0]
    );
    assert!(
        lines[7].starts_with("2023-09-07,0.1,0.2,0.3,") && lines[7].ends_with(",4.7,4.8"),
        "{}",
        lines[7]
    );
}
