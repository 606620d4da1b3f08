//! Workbooks of LibreOffice.

use std::fmt::Write as _;
use std::io::{Seek, Write};

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::archive::deflated;
use crate::readings::{Layout, days, kwh};

/// Writes so many days as British Gas lays them out.
///
/// # Panics
/// If it cannot be written.
pub fn half_hourly(out: impl Write + Seek, seed: u64, rows: usize) {
    let mut content = String::from(
        r#"<?xml version="1.0" encoding="UTF-8"?><office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" office:version="1.3"><office:body><office:spreadsheet><table:table table:name="Half hourly">"#,
    );
    content.push_str("<table:table-row>");
    for heading in Layout::BritishGas.headings().split(',') {
        text(heading, &mut content);
    }
    content.push_str("</table:table-row>");
    for day in days(seed).take(rows) {
        content.push_str("<table:table-row>");
        text(&day.mpan.to_string(), &mut content);
        text(&day.serial, &mut content);
        write!(
            content,
            r#"<table:table-cell office:value-type="date" office:date-value="{}"><text:p>{}</text:p></table:table-cell>"#,
            day.date,
            day.british_date()
        )
        .unwrap();
        for reading in day.readings {
            let value = kwh(reading);
            write!(
                content,
                r#"<table:table-cell office:value-type="float" office:value="{value}"><text:p>{value:.1}</text:p></table:table-cell>"#
            )
            .unwrap();
        }
        content.push_str("</table:table-row>");
    }
    content.push_str("</table:table></office:spreadsheet></office:body></office:document-content>");
    let mut zip = ZipWriter::new(out);
    let stored = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    zip.start_file("mimetype", stored).unwrap();
    zip.write_all(b"application/vnd.oasis.opendocument.spreadsheet")
        .unwrap();
    zip.start_file("content.xml", deflated()).unwrap();
    zip.write_all(content.as_bytes()).unwrap();
    zip.finish().unwrap();
}

fn text(text: &str, out: &mut String) {
    write!(
        out,
        r#"<table:table-cell office:value-type="string"><text:p>{text}</text:p></table:table-cell>"#
    )
    .unwrap();
}
