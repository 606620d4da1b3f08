//! Making workbooks, and looking at what becomes of them.

use std::io::{Cursor, Write};

use convert_file::{Conversion, ConvertError, Options, Sheets, convert};
use pipeline_core::ReasonCode;
use rust_xlsxwriter::{Workbook, Worksheet};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// A conversion, and the CSV of each sheet that was delivered.
pub(crate) struct Converted {
    pub(crate) csvs: Vec<(String, String)>,
    pub(crate) conversion: Conversion,
}

pub(crate) fn try_convert(bytes: &[u8], options: &Options) -> Result<Converted, ConvertError> {
    let mut csvs = Vec::new();
    let conversion = convert(Cursor::new(bytes), options, &mut |mut sheet| {
        let mut csv = Vec::new();
        sheet.write_to(&mut csv)?;
        assert!(sheet.rows() > 0);
        csvs.push((sheet.name().to_owned(), String::from_utf8(csv).unwrap()));
        Ok(())
    })?;
    Ok(Converted { csvs, conversion })
}

/// The CSV of the one sheet that is delivered.
#[track_caller]
pub(crate) fn csv_of(bytes: &[u8]) -> String {
    let converted = try_convert(bytes, &Options::default()).unwrap_or_else(|error| panic!("{error:?}"));
    assert_eq!(converted.csvs.len(), 1);
    converted.csvs.into_iter().next().unwrap().1
}

/// Why a workbook is refused, and the sentence for people.
#[track_caller]
pub(crate) fn refusal_of(bytes: &[u8]) -> (ReasonCode, String) {
    match try_convert(bytes, &Options::default()) {
        Ok(converted) => panic!("it was converted: {:?}", converted.csvs),
        Err(error) => {
            let rejection = error.rejection().expect("the workbook's fault");
            (rejection.reason_code, rejection.reason)
        }
    }
}

#[track_caller]
pub(crate) fn reason_of(bytes: &[u8]) -> ReasonCode {
    refusal_of(bytes).0
}

pub(crate) fn all_sheets() -> Options {
    Options {
        sheets: Sheets::All,
        ..Options::default()
    }
}

pub(crate) fn zip_of(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in parts {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// A workbook of one sheet, as a well-kept writer makes it.
pub(crate) fn written(fill: impl FnOnce(&mut Worksheet)) -> Vec<u8> {
    let mut workbook = Workbook::new();
    fill(workbook.add_worksheet());
    workbook.save_to_buffer().unwrap()
}

pub(crate) const TYPES: &str = r#"<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="xml" ContentType="application/xml"/></Types>"#;
pub(crate) const ROOT_RELS: &str = r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#;
pub(crate) const WORKBOOK: &str = r#"<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="Half hourly" sheetId="1" r:id="rId1"/></sheets></workbook>"#;
pub(crate) const WORKBOOK_RELS: &str = r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="styles.xml"/><Relationship Id="rId3" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings" Target="sharedStrings.xml"/></Relationships>"#;

/// The parts of an xlsx that a test does not care about.
pub(crate) struct RawXlsx {
    pub(crate) workbook: String,
    pub(crate) workbook_rels: String,
    pub(crate) styles: String,
    pub(crate) strings: String,
    pub(crate) sheet: String,
}

impl RawXlsx {
    /// A sheet with these rows.
    pub(crate) fn of_rows(rows: &str) -> Self {
        Self::of_sheet(&format!(
            r#"<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{rows}</sheetData></worksheet>"#
        ))
    }

    pub(crate) fn of_sheet(sheet: &str) -> Self {
        Self {
            workbook: WORKBOOK.to_owned(),
            workbook_rels: WORKBOOK_RELS.to_owned(),
            styles: "<styleSheet/>".to_owned(),
            strings: "<sst/>".to_owned(),
            sheet: sheet.to_owned(),
        }
    }

    pub(crate) fn styles(mut self, styles: &str) -> Self {
        styles.clone_into(&mut self.styles);
        self
    }

    pub(crate) fn strings(mut self, strings: &str) -> Self {
        strings.clone_into(&mut self.strings);
        self
    }

    pub(crate) fn workbook(mut self, workbook: &str) -> Self {
        workbook.clone_into(&mut self.workbook);
        self
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        zip_of(&[
            ("[Content_Types].xml", TYPES.as_bytes()),
            ("_rels/.rels", ROOT_RELS.as_bytes()),
            ("xl/workbook.xml", self.workbook.as_bytes()),
            ("xl/_rels/workbook.xml.rels", self.workbook_rels.as_bytes()),
            ("xl/styles.xml", self.styles.as_bytes()),
            ("xl/sharedStrings.xml", self.strings.as_bytes()),
            ("xl/worksheets/sheet1.xml", self.sheet.as_bytes()),
        ])
    }

    pub(crate) fn csv(&self) -> String {
        csv_of(&self.bytes())
    }
}
