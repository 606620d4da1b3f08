//! Workbooks of Excel 2007 and later, in the shapes that programs give them.

use std::fmt::Write as _;
use std::io::{Seek, Write};

use zip::ZipWriter;

use crate::archive::deflated;
use crate::readings::{Day, days, kwh};

/// Whose way of writing cells it is. What a reader has to look at differs, not what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Excel and XlsxWriter: rows with spans, numbers without a type.
    Excel,
    /// openpyxl: a type on every cell.
    OpenPyxl,
    /// LibreOffice: rows with six attributes, a style and a type on every cell.
    LibreOffice,
    /// Google Sheets: whole numbers end in `.0`.
    Google,
    /// Reporting tools: texts in the cells, no places.
    Reporting,
}

impl Shape {
    /// All of them, and their names.
    pub const ALL: [(Self, &str); 5] = [
        (Self::Excel, "excel"),
        (Self::OpenPyxl, "openpyxl"),
        (Self::LibreOffice, "libreoffice"),
        (Self::Google, "google"),
        (Self::Reporting, "reporting"),
    ];
}

/// A sheet in the making, and the texts that it shares.
struct Sheet {
    shape: Shape,
    xml: String,
    shared: Vec<String>,
    row: usize,
    column: usize,
}

/// Styles: general, and a date (`dd/mm/yyyy`).
const DATE: usize = 1;

impl Sheet {
    fn new(shape: Shape) -> Self {
        let xml = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n<worksheet xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\" xmlns:x14ac=\"http://schemas.microsoft.com/office/spreadsheetml/2009/9/ac\"><sheetData>";
        Self {
            shape,
            xml: xml.to_owned(),
            shared: Vec::new(),
            row: 0,
            column: 0,
        }
    }

    fn begin_row(&mut self, columns: usize) {
        self.row += 1;
        self.column = 0;
        let row = self.row;
        match self.shape {
            Shape::Excel => write!(self.xml, "<row r=\"{row}\" spans=\"1:{columns}\" x14ac:dyDescent=\"0.25\">"),
            Shape::LibreOffice => write!(
                self.xml,
                "<row r=\"{row}\" customFormat=\"false\" ht=\"12.8\" hidden=\"false\" customHeight=\"false\" outlineLevel=\"0\" collapsed=\"false\">"
            ),
            Shape::OpenPyxl | Shape::Google => write!(self.xml, "<row r=\"{row}\">"),
            Shape::Reporting => write!(self.xml, "<row>"),
        }
        .unwrap();
    }

    fn end_row(&mut self) {
        self.xml.push_str("</row>");
    }

    /// The start of a cell, its attributes in the order of the program.
    fn cell(&mut self, style: usize, kind: &str) {
        self.column += 1;
        self.xml.push_str("<c");
        if self.shape != Shape::Reporting {
            let (row, column) = (self.row, column_name(self.column));
            write!(self.xml, " r=\"{column}{row}\"").unwrap();
        }
        if style != 0 || self.shape == Shape::LibreOffice {
            write!(self.xml, " s=\"{style}\"").unwrap();
        }
        let has_type = kind != "n" || matches!(self.shape, Shape::OpenPyxl | Shape::LibreOffice);
        if has_type {
            write!(self.xml, " t=\"{kind}\"").unwrap();
        }
        self.xml.push('>');
    }

    fn number(&mut self, style: usize, value: f64) {
        self.cell(style, "n");
        if self.shape == Shape::Google {
            write!(self.xml, "<v>{value:?}</v></c>")
        } else {
            write!(self.xml, "<v>{value}</v></c>")
        }
        .unwrap();
    }

    /// A text that may be shared with a cell before: `number` is its place among the shared ones.
    fn shared(&mut self, number: usize) {
        if self.shape == Shape::Reporting {
            let text = self.shared[number].clone();
            self.cell(0, "inlineStr");
            write!(self.xml, "<is><t>{text}</t></is></c>").unwrap();
        } else {
            self.cell(0, "s");
            write!(self.xml, "<v>{number}</v></c>").unwrap();
        }
    }

    fn text(&mut self, text: &str) {
        self.shared.push(text.replace('&', "&amp;").replace('<', "&lt;"));
        self.shared(self.shared.len() - 1);
    }

    fn save(mut self, out: impl Write + Seek) {
        self.xml.push_str("</sheetData></worksheet>");
        let count = self.shared.len();
        let mut strings = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n<sst xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\" count=\"{count}\" uniqueCount=\"{count}\">"
        );
        for text in &self.shared {
            write!(strings, "<si><t>{text}</t></si>").unwrap();
        }
        strings.push_str("</sst>");
        let mut zip = ZipWriter::new(out);
        for (name, content) in PARTS.iter().map(|(name, content)| (*name, *content)).chain([
            ("xl/worksheets/sheet1.xml", self.xml.as_str()),
            ("xl/sharedStrings.xml", &strings),
        ]) {
            zip.start_file(name, deflated()).unwrap();
            zip.write_all(content.as_bytes()).unwrap();
        }
        zip.finish().unwrap();
    }
}

/// Writes so many days as Digital Energy lays them out: 53 columns, dates as dates, readings as numbers.
///
/// # Panics
/// If it cannot be written.
pub fn half_hourly(out: impl Write + Seek, shape: Shape, seed: u64, rows: usize) {
    const HEADINGS: [&str; 4] = ["Meter Name", "MPAN", "Serial", "Date"];
    let mut sheet = Sheet::new(shape);
    sheet.begin_row(53);
    for heading in HEADINGS {
        sheet.text(heading);
    }
    for time in crate::readings::half_hours().split(',') {
        sheet.text(time);
    }
    sheet.text("Total");
    sheet.end_row();
    let mut last: Option<(Day, usize)> = None;
    for day in days(seed).take(rows) {
        // Every meter has texts of its own, which its days share.
        let texts = match &last {
            Some((other, texts)) if other.mpan == day.mpan => *texts,
            _ => {
                sheet.shared.extend([day.plain_site().to_owned(), day.serial.clone()]);
                sheet.shared.len() - 2
            }
        };
        sheet.begin_row(53);
        sheet.shared(texts);
        sheet.number(0, day.mpan as f64);
        sheet.shared(texts + 1);
        sheet.number(DATE, day.serial_date() as f64);
        for reading in day.readings {
            sheet.number(0, kwh(reading));
        }
        sheet.number(0, day.total());
        sheet.end_row();
        last = Some((day, texts));
    }
    sheet.save(out);
}

/// Writes so many meters as Stark lists them, all of it texts: of eight in a row, nearly five are shared with no other cell.
///
/// # Panics
/// If it cannot be written.
pub fn meter_list(out: impl Write + Seek, seed: u64, rows: usize) {
    const HEADINGS: [&str; 8] = [
        "Company Name",
        "Site Name",
        "Online Meter Name",
        "MPAN",
        "Meter ID",
        "Type",
        "Est",
        "Date",
    ];
    let mut sheet = Sheet::new(Shape::Excel);
    sheet.begin_row(HEADINGS.len());
    for heading in HEADINGS {
        sheet.text(heading);
    }
    sheet.end_row();
    let common = sheet.shared.len();
    sheet.shared.extend(["kWh", "A", "E"].map(str::to_owned));
    let first_date = sheet.shared.len();
    sheet.shared.extend(days(seed).take(365).map(|day| day.british_date()));
    let mut rng = fastrand::Rng::with_seed(seed);
    for (row, day) in days(seed).step_by(7).take(rows).enumerate() {
        let site = day.plain_site();
        sheet.begin_row(HEADINGS.len());
        if row % 5 < 3 {
            sheet.text(&format!("Academy Trust {} Limited", rng.u32(..)));
        } else {
            sheet.shared(0);
        }
        sheet.text(&format!("{site}, Building {row}"));
        sheet.text(&format!("{site} Main Incomer {row}"));
        sheet.text(&format!("{}", 2_000_000_000_000 + rng.u64(..999_999_999_999)));
        sheet.text(&format!("E{:02}UP{row:06}", rng.u32(1..99)));
        sheet.shared(common);
        sheet.shared(common + 1 + rng.usize(..2));
        sheet.shared(first_date + row % 365);
        sheet.end_row();
    }
    sheet.save(out);
}

fn column_name(number: usize) -> String {
    let letter = |number: usize| char::from(b'A' + u8::try_from(number).unwrap());
    if number <= 26 {
        letter(number - 1).to_string()
    } else {
        [letter((number - 1) / 26 - 1), letter((number - 1) % 26)]
            .iter()
            .collect()
    }
}

const PARTS: [(&str, &str); 5] = [
    (
        "[Content_Types].xml",
        r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/><Override PartName="/xl/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/><Override PartName="/xl/sharedStrings.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"/></Types>"#,
    ),
    (
        "_rels/.rels",
        r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#,
    ),
    (
        "xl/workbook.xml",
        r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?><workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="Half hourly" sheetId="1" r:id="rId1"/></sheets></workbook>"#,
    ),
    (
        "xl/_rels/workbook.xml.rels",
        r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="styles.xml"/><Relationship Id="rId3" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings" Target="sharedStrings.xml"/></Relationships>"#,
    ),
    (
        "xl/styles.xml",
        r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?><styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><fonts count="1"><font><sz val="11"/><name val="Calibri"/></font></fonts><fills count="1"><fill><patternFill patternType="none"/></fill></fills><borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders><cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs><cellXfs count="2"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/><xf numFmtId="14" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/></cellXfs></styleSheet>"#,
    ),
];
