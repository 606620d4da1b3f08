//! Text: tables, pages, emails, and what is none of these.

use pipeline_core::ReasonCode;
use pipeline_core::kind::{FileKind, SpreadsheetKind};

use crate::{HALF_HOURS, kind_of};

const HTML_TABLE: FileKind = FileKind::Spreadsheet(SpreadsheetKind::HtmlTable);
const SPREADSHEET_ML: FileKind = FileKind::Spreadsheet(SpreadsheetKind::SpreadsheetMl);

#[test]
fn text_called_csv_or_cns_is_csv() {
    for name in ["hh.csv", "HH.CSV", "hh.Cns", "hh.csv ", "hh.csv.", "folder/hh.CNS"] {
        for text in [
            HALF_HOURS,
            "one line",
            "{\"mpan\": 1}",
            "<?xml version=\"1.0\"?><readings/>",
            "12345\n",
        ] {
            assert_eq!(kind_of(text, name), FileKind::Csv, "{name} {text}");
        }
    }
}

#[test]
fn other_text_is_csv_where_it_plainly_is_a_table() {
    for name in ["hh.xls", "hh.xlsx", "hh.txt", "hh.dat", "hh.zip", "hh.json", "hh", ""] {
        assert_eq!(kind_of(HALF_HOURS, name), FileKind::Csv, "{name}");
        assert_eq!(kind_of(HALF_HOURS.replace(',', "\t"), name), FileKind::Csv, "{name}");
        assert_eq!(
            kind_of("Dear Sir,\nhere are the readings.\n", name),
            FileKind::Text,
            "{name}"
        );
        assert_eq!(
            kind_of("Date,kWh\n01/02/2023,5\n02/02/2023,6\n", name),
            FileKind::Text,
            "{name}"
        );
    }
    assert_eq!(FileKind::Text.rejection().unwrap().reason_code, ReasonCode::NotATable);
}

#[test]
fn a_long_table_is_a_table_though_its_head_ends_within_a_row() {
    let rows = "E10BG12345,\"Main, site\",01/02/2023 00:30,0.5\r\n".repeat(9000);
    assert_eq!(
        kind_of(
            format!("Report of February\r\n\r\nMSN,Site,DateTime,Kwh\r\n{rows}"),
            "hh.txt"
        ),
        FileKind::Csv
    );
}

#[test]
fn wide_characters_are_text() {
    for to_bytes in [u16::to_le_bytes, u16::to_be_bytes] {
        let with_mark: Vec<u8> = "\u{feff}"
            .encode_utf16()
            .chain(HALF_HOURS.encode_utf16())
            .flat_map(to_bytes)
            .collect();
        for bytes in [&with_mark[..], &with_mark[2..]] {
            assert_eq!(kind_of(bytes, "hh.csv"), FileKind::Csv);
            assert_eq!(kind_of(bytes, "hh.xls"), FileKind::Csv);
        }
        let page: Vec<u8> = "<html><body>".encode_utf16().flat_map(to_bytes).collect();
        assert_eq!(kind_of(page, "hh.csv"), FileKind::Html);
    }
}

#[test]
fn latin_1_nuls_and_an_end_of_file_mark_are_no_obstacle() {
    let text = [HALF_HOURS.as_bytes(), b"\xa3\xe9,1,2,3,4\r\n\x1a", &[0; 300]].concat();
    assert_eq!(kind_of(&text, "hh.csv"), FileKind::Csv);
    assert_eq!(kind_of(&text, "hh.dat"), FileKind::Csv);
}

#[test]
fn no_byte_or_only_a_mark_is_empty_whatever_the_name() {
    for name in ["hh.csv", "hh.xlsx", "hh.zip", "logo.png", ""] {
        for bytes in [&b""[..], b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"] {
            assert_eq!(kind_of(bytes, name), FileKind::Empty, "{name} {bytes:?}");
        }
    }
}

#[test]
fn blanks_called_csv_are_csv_and_else_empty() {
    assert_eq!(kind_of(" \r\n\t\n", "hh.csv"), FileKind::Csv);
    assert_eq!(kind_of(" \r\n\t\n", "hh.txt"), FileKind::Empty);
    assert_eq!(kind_of("\u{feff}\n", "hh.xlsx"), FileKind::Empty);
}

#[test]
fn a_page_is_never_csv() {
    for page in [
        "<!DOCTYPE html><html><body>Session expired",
        "\u{feff}\r\n  <HTML><head>",
        "<?xml version=\"1.0\"?>\n<!DOCTYPE html PUBLIC \"x\">",
        "<!-- exported -->\n<html>\n<table><tr><td>1,2,3",
        "<table><tr><td>MPAN</td></tr></table>",
        "<head><title>502 Bad Gateway</title></head>",
    ] {
        for name in ["data.csv", "data.CNS", "data.txt", "data", "data.zip"] {
            assert_eq!(kind_of(page, name), FileKind::Html, "{name} {page}");
        }
        for name in ["data.xls", "data.XLSX", "data.xls "] {
            assert_eq!(kind_of(page, name), HTML_TABLE, "{name} {page}");
        }
    }
    assert_eq!(FileKind::Html.rejection().unwrap().reason_code, ReasonCode::Html);
}

#[test]
fn a_spreadsheet_in_xml_is_a_workbook_whatever_its_name() {
    let workbook = "<?xml version=\"1.0\"?>\n<?mso-application progid=\"Excel.Sheet\"?>\n\
        <Workbook xmlns=\"urn:schemas-microsoft-com:office:spreadsheet\"/>";
    for name in ["hh.csv", "hh.xls", "hh.xml", "hh"] {
        assert_eq!(kind_of(workbook, name), SPREADSHEET_ML, "{name}");
    }
    let wide: Vec<u8> = format!("\u{feff}{workbook}")
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    assert_eq!(kind_of(wide, "hh.xls"), SPREADSHEET_ML);
}

#[test]
fn other_text_formats_are_named() {
    for (text, kind) in [
        ("{\\rtf1\\ansi Hello}", "unsupported"),
        ("%!PS-Adobe-3.0\n", "unsupported"),
        (
            "<?xml version=\"1.0\"?>\n<Readings>\n<a>1,2,3</a>\n</Readings>",
            "unsupported",
        ),
        ("<Readings><Reading/></Readings>", "unsupported"),
        (
            "{\"mpan\": 1, \"hh1\": 2, \"hh2\": 3}\n{\"mpan\": 1, \"hh1\": 2, \"hh2\": 3}\n",
            "unsupported",
        ),
        ("[\n  {\"mpan\": 1}\n]", "unsupported"),
        ("<svg xmlns=\"http://www.w3.org/2000/svg\"/>", "not-data"),
        ("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n", "not-data"),
        ("begin:vcard\r\nFN:A\r\n", "not-data"),
        (
            "Reporting-MTA: dns; mx.example.org\r\n\r\nFinal-Recipient: rfc822; x\r\n",
            "not-data",
        ),
        ("-----BEGIN PGP SIGNATURE-----\n\niQ==\n", "not-data"),
        ("-----BEGIN PGP MESSAGE-----\n\nhQ==\n", "encrypted"),
    ] {
        assert_eq!(kind_of(text, "attachment-1.txt").as_str(), kind, "{text}");
    }
}

#[test]
fn an_email_among_data_files_is_told_by_its_header() {
    let email = format!("From: HH <hh@example.org>\r\nSubject: Readings\r\nMIME-Version: 1.0\r\n\r\n{HALF_HOURS}");
    assert_eq!(kind_of(&email, "forwarded.eml"), FileKind::Email);
    assert_eq!(kind_of(&email, "attachment-1"), FileKind::Email);
    assert_eq!(
        FileKind::Email.rejection().unwrap().reason_code,
        ReasonCode::Unsupported
    );
    let preamble = format!("Site: Abbey School,,,,\r\nDate: 01/02/2023,,,,\r\n{HALF_HOURS}");
    assert_eq!(kind_of(&preamble, "hh.txt"), FileKind::Csv);
}

#[test]
fn a_page_saved_with_its_pictures_comes_with_advice() {
    let saved =
        "MIME-Version: 1.0\r\nX-Document-Type: Workbook\r\nContent-Type: multipart/related; boundary=\"x\"\r\n\r\n--x";
    let rejection = kind_of(saved, "hh.xls").rejection().unwrap();
    assert_eq!(rejection.reason_code, ReasonCode::Unsupported);
    assert!(
        rejection
            .reason
            .ends_with("Please open it in Excel and save it as XLSX or CSV."),
        "{}",
        rejection.reason
    );
    assert_eq!(kind_of(saved, "hh.eml"), FileKind::Email);
}
