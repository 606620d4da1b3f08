//! SpreadsheetML 2003: a workbook in one XML file, often called `.xls` (Microsoft's "XML Spreadsheet Reference").

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read};

use quick_xml::events::{BytesStart, Event};

use crate::date::{Epoch, serial_of_iso};
use crate::error::ConvertError;
use crate::number::parse_number;
use crate::number_format::{NumberFormat, of_spreadsheet_ml};
use crate::sheet_chooser::SheetChooser;
use crate::utf8_reader::{Utf8Reader, xml_declaration};
use crate::value::{CellRef, Value};
use crate::xml::{Xml, attribute, broken_part, is_true, push_text};

/// Styles are held in memory.
const STYLES: usize = 100_000;
/// And so are their names; a longer one is none.
const NAME_BYTES: usize = 255;
/// Columns that are formatted as a whole; more than Excel has.
const COLUMNS: u32 = 16_384;

/// Shows all worksheets to the chooser.
pub(crate) fn read<R: Read>(reader: R, chooser: &mut SheetChooser<'_>) -> Result<(), ConvertError> {
    let text = Utf8Reader::new(BufReader::with_capacity(64 * 1024, reader), xml_declaration).map_err(broken_part)?;
    let mut xml = Xml::new(text, chooser.limits().text_bytes);
    let mut book = Book::default();
    loop {
        match xml.next()? {
            Event::Start(element) if element.local_name().as_ref() == "Workbook" => {
                return book.read(&mut xml, chooser);
            }
            Event::Start(_) | Event::Eof => return Err(ConvertError::corrupt("its markup is not that of a workbook")),
            _ => {}
        }
    }
}

/// What holds for all worksheets.
#[derive(Default)]
struct Book {
    formats: HashMap<String, NumberFormat>,
    epoch: Epoch,
}

/// The state of a worksheet, while it is read.
#[derive(Default)]
struct Table {
    row: u32,
    next_row: u32,
    next_cell: u32,
    row_format: Option<NumberFormat>,
    column_formats: HashMap<u32, NumberFormat>,
    next_column: u32,
    /// Columns come from left to right; what comes again is not looked at again.
    styled_columns: u32,
    table_format: Option<NumberFormat>,
}

impl Book {
    /// After the start of the workbook: reads to its end.
    fn read<R: BufRead>(&mut self, xml: &mut Xml<R>, chooser: &mut SheetChooser<'_>) -> Result<(), ConvertError> {
        let inside = xml.depth();
        let mut style = String::new();
        while xml.depth() >= inside {
            if let Event::Start(element) = xml.next()? {
                match element.local_name().as_ref() {
                    "Style" => {
                        if self.formats.len() > STYLES {
                            return Err(ConvertError::TooLarge("it has more than 100,000 styles".to_owned()));
                        }
                        style = attribute(&element, "ID").unwrap_or_default().into_owned();
                        if style.len() > NAME_BYTES {
                            style.clear();
                        }
                        // Styles inherit what they do not say themselves.
                        let parent =
                            attribute(&element, "Parent").and_then(|parent| self.formats.get(parent.as_ref()).copied());
                        self.formats.extend(parent.map(|format| (style.clone(), format)));
                    }
                    "NumberFormat" => {
                        if let Some(format) = attribute(&element, "Format") {
                            self.formats.insert(style.clone(), of_spreadsheet_ml(&format));
                        }
                    }
                    "Date1904" => self.epoch = Epoch::Y1904,
                    "Worksheet" => {
                        let name = attribute(&element, "Name").unwrap_or_default().into_owned();
                        self.read_sheet(&name, xml, chooser)?;
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }

    /// After the start of a worksheet: reads to its end. Only there it says whether it is hidden.
    fn read_sheet<R: BufRead>(
        &self,
        name: &str,
        xml: &mut Xml<R>,
        chooser: &mut SheetChooser<'_>,
    ) -> Result<(), ConvertError> {
        chooser.begin(name, false)?;
        let mut table = Table::default();
        let mut hidden = false;
        let mut text = String::new();
        let inside = xml.depth();
        while xml.depth() >= inside {
            if let Event::Start(element) = xml.next()? {
                match element.local_name().as_ref() {
                    "Table" => table.table_format = self.format(&element),
                    "Column" => table.add_column(&element, self.format(&element)),
                    "Row" => table.begin_row(&element, self.format(&element)),
                    "Cell" => {
                        let (at, format) = table.begin_cell(&element, self.format(&element));
                        let format = format
                            .or_else(|| self.formats.get("Default").copied())
                            .unwrap_or_default();
                        text.clear();
                        let kind = read_data(xml, &mut text)?;
                        // The answer does not matter: the file is read to its end in any case.
                        chooser.cell(at, self.value(&kind, &text, format))?;
                    }
                    "Visible" => {
                        text.clear();
                        xml.text(&mut text)?;
                        hidden = text.trim().ends_with("Hidden");
                    }
                    _ => {}
                }
            }
        }
        chooser.end(!hidden)
    }

    /// What the style of an element makes of numbers; `None` if it has no style.
    fn format(&self, element: &BytesStart<'_>) -> Option<NumberFormat> {
        let style = attribute(element, "StyleID")?;
        Some(self.formats.get(style.as_ref()).copied().unwrap_or_default())
    }

    fn value<'t>(&self, kind: &str, text: &'t str, format: NumberFormat) -> Value<'t> {
        let number_or_text = |number: Option<f64>, format| {
            number.map_or(Value::Text(text), |number| Value::Number(number, format, self.epoch))
        };
        match kind {
            "Number" => number_or_text(parse_number(text), format),
            "DateTime" => {
                let format = if format == NumberFormat::Number {
                    NumberFormat::DateTime
                } else {
                    format
                };
                number_or_text(serial_of_iso(text, self.epoch), format)
            }
            "Boolean" if !text.is_empty() => Value::Bool(is_true(text)),
            "Error" => Value::Error(text),
            _ => Value::Text(text),
        }
    }
}

fn count(element: &BytesStart<'_>, name: &str) -> Option<u32> {
    attribute(element, name).and_then(|count| count.trim().parse().ok())
}

impl Table {
    fn add_column(&mut self, element: &BytesStart<'_>, format: Option<NumberFormat>) {
        let first = count(element, "Index")
            .and_then(|index| index.checked_sub(1))
            .unwrap_or(self.next_column);
        let last = first.saturating_add(count(element, "Span").unwrap_or(0));
        self.next_column = last.saturating_add(1);
        if let Some(format) = format
            && first >= self.styled_columns
        {
            self.styled_columns = last.saturating_add(1);
            for column in first..=last.min(COLUMNS) {
                self.column_formats.insert(column, format);
            }
        }
    }

    fn begin_row(&mut self, element: &BytesStart<'_>, format: Option<NumberFormat>) {
        self.row = count(element, "Index")
            .and_then(|index| index.checked_sub(1))
            .unwrap_or(self.next_row);
        // An empty row may stand for several.
        let span = count(element, "Span").unwrap_or(0);
        self.next_row = self.row.saturating_add(span).saturating_add(1);
        self.next_cell = 0;
        self.row_format = format;
    }

    /// Where a cell is, and what its style, or else that of its row, column or table, makes of numbers. Cells beside it
    /// that it is merged with are not in the file.
    fn begin_cell(
        &mut self,
        element: &BytesStart<'_>,
        format: Option<NumberFormat>,
    ) -> (CellRef, Option<NumberFormat>) {
        let column = count(element, "Index")
            .and_then(|index| index.checked_sub(1))
            .unwrap_or(self.next_cell);
        let merged = count(element, "MergeAcross").unwrap_or(0);
        self.next_cell = column.saturating_add(merged).saturating_add(1);
        let at = CellRef::new(self.row, column);
        let format = format
            .or(self.row_format)
            .or_else(|| self.column_formats.get(&column).copied())
            .or(self.table_format);
        (at, format)
    }
}

/// After the start of a cell: appends the text of its data, with all of its runs, reads to its end, and returns the
/// data's type. Comments hold data too, which are not the cell's.
fn read_data<R: BufRead>(xml: &mut Xml<R>, out: &mut String) -> Result<String, ConvertError> {
    let mut kind = String::new();
    let inside = xml.depth();
    while xml.depth() >= inside {
        if let Event::Start(element) = xml.next()? {
            if element.local_name().as_ref() == "Data" {
                kind = attribute(&element, "Type").unwrap_or_default().into_owned();
                let data = xml.depth();
                while xml.depth() >= data {
                    push_text(&xml.next()?, out);
                    xml.bounded(out.len())?;
                }
            } else {
                xml.skip()?;
            }
        }
    }
    Ok(kind)
}
