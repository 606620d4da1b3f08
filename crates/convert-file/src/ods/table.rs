//! A table: rows and cells that may stand for many of the same kind (ODF 1.3 part 3, 9.1).

use std::io::BufRead;

use quick_xml::events::{BytesStart, Event};

use pipeline_core::Limits;

use super::cell::{Head, OwnedValue};
use super::styles::{Styles, style_name};
use super::text;
use crate::error::ConvertError;
use crate::grid::long_row;
use crate::sheet_chooser::SheetChooser;
use crate::value::CellRef;
use crate::xml::{Xml, attribute};

/// Of repeated cells that nobody will write, a few suffice to tell a table.
const SAMPLE: u32 = 3;
/// A row has far fewer different cells; LibreOffice stops at 16,384 columns.
const ROW_CELLS: usize = 100_000;
/// And so do its columns.
const COLUMN_STYLES: usize = 100_000;

/// A filled cell of the row at hand, and how often it stands there.
struct Filled {
    column: u32,
    repeated: u32,
    value: OwnedValue,
}

/// The state of a table, while it is read.
#[derive(Default)]
struct Table {
    /// The default style of the columns up to (but not including) a number.
    column_styles: Vec<(u32, Option<String>)>,
    next_row: u32,
    row: Vec<Filled>,
    row_bytes: u64,
    next_column: u32,
    row_style: Option<String>,
    rows_repeated: u32,
}

/// After the start of a table: shows its cells to the chooser, and reads to its end.
pub(super) fn read<R: BufRead>(
    element: &BytesStart<'_>,
    xml: &mut Xml<R>,
    styles: &Styles,
    chooser: &mut SheetChooser<'_>,
) -> Result<(), ConvertError> {
    let name = attribute(element, "name").unwrap_or_default();
    let hidden = attribute(element, "style-name").is_some_and(|style| styles.is_hidden(&style));
    chooser.begin(&name, hidden)?;
    let mut table = Table::default();
    let mut shown = String::new();
    let inside = xml.depth();
    let mut wanted = true;
    while xml.depth() >= inside {
        match xml.next()? {
            // The whole document is read in any case: only then is it known to be whole.
            _ if !wanted => {}
            Event::Start(element) => match element.local_name().as_ref() {
                "table-column" => table.add_columns(&element),
                "table-row" => table.begin_row(&element),
                "table-cell" | "covered-table-cell" => {
                    let head = Head::read(&element);
                    shown.clear();
                    text::read_cell(xml, &mut shown)?;
                    table.add_cell(head, &shown, styles, chooser.limits())?;
                }
                "table-source" | "shapes" | "forms" | "scenario" | "table" => xml.skip()?,
                _ => {}
            },
            Event::End(element) if element.local_name().as_ref() == "table-row" => wanted = table.end_row(chooser)?,
            _ => {}
        }
    }
    chooser.end(!hidden)
}

/// An attribute that counts; 1 if it is not there.
fn repeated(element: &BytesStart<'_>, name: &str) -> u32 {
    attribute(element, name)
        .and_then(|count| count.trim().parse().ok())
        .unwrap_or(1)
        .max(1)
}

impl Table {
    fn add_columns(&mut self, element: &BytesStart<'_>) {
        let start = self.column_styles.last().map_or(0, |(end, _)| *end);
        let end = start.saturating_add(repeated(element, "number-columns-repeated"));
        if self.column_styles.len() < COLUMN_STYLES {
            let style = style_name(element, "default-cell-style-name");
            self.column_styles.push((end, style));
        }
    }

    fn begin_row(&mut self, element: &BytesStart<'_>) {
        self.row.clear();
        self.row_bytes = 0;
        self.next_column = 0;
        self.row_style = style_name(element, "default-cell-style-name");
        self.rows_repeated = repeated(element, "number-rows-repeated");
    }

    fn add_cell(&mut self, head: Head, shown: &str, styles: &Styles, limits: &Limits) -> Result<(), ConvertError> {
        let (column, repeated) = (self.next_column, head.repeated);
        self.next_column = column.saturating_add(repeated);
        let style = head
            .style
            .as_deref()
            .or(self.row_style.as_deref())
            .or_else(|| self.column_style(column));
        let format = style.and_then(|style| styles.format(style));
        if let Some(value) = head.value(shown, format) {
            if self.row.len() >= ROW_CELLS {
                return Err(ConvertError::TooLarge("a row holds more than 100,000 cells".to_owned()));
            }
            self.row_bytes += value.text_bytes() as u64;
            if self.row_bytes > limits.row_bytes {
                return Err(ConvertError::TooLarge(long_row(self.next_row, limits.row_bytes)));
            }
            self.row.push(Filled {
                column,
                repeated,
                value,
            });
        }
        Ok(())
    }

    fn column_style(&self, column: u32) -> Option<&str> {
        let at = self.column_styles.partition_point(|(end, _)| *end <= column);
        self.column_styles.get(at).and_then(|(_, style)| style.as_deref())
    }

    /// Shows the row to the chooser, as often as it stands there; `false` when no more rows are wanted.
    fn end_row(&mut self, chooser: &mut SheetChooser<'_>) -> Result<bool, ConvertError> {
        let first = self.next_row;
        self.next_row = first.saturating_add(self.rows_repeated);
        let Some(last) = self.row.last() else {
            return Ok(true);
        };
        let corner = CellRef::new(self.next_row - 1, last.column.saturating_add(last.repeated - 1));
        let expand = chooser.reach(corner);
        let rows = if expand {
            self.rows_repeated
        } else {
            self.rows_repeated.min(SAMPLE)
        };
        for row in first..first.saturating_add(rows) {
            for cell in &self.row {
                let columns = if expand {
                    cell.repeated
                } else {
                    cell.repeated.min(SAMPLE)
                };
                for column in cell.column..cell.column.saturating_add(columns) {
                    if !chooser.cell(CellRef::new(row, column), cell.value.as_value())? {
                        return Ok(false);
                    }
                }
            }
        }
        Ok(true)
    }
}
