//! The tables of a page, and where their cells lie (HTML, 4.9.12 "Forming a table").

use std::io::BufRead;

use super::tokens::{Token, Tokens};
use crate::error::ConvertError;
use crate::grid::ROW_BYTES;

/// Spans beyond these are cut, as browsers do (HTML, 4.9.11).
const COLUMN_SPAN: u32 = 1000;
const ROW_SPAN: u32 = 65_534;
/// Excel's last column.
const COLUMNS: u32 = 16_384;
/// Tables in tables in tables: no page goes deeper.
const NESTED: usize = 64;
/// As in the formats that are XML.
const CELL_BYTES: usize = 16 * 1024 * 1024;
/// Each table of a page is remembered.
const TABLES: usize = 1_000_000;

/// What the page says about a table.
pub(super) enum Found<'c> {
    /// It begins, inside a cell of `parent`.
    Begin { parent: Option<usize> },
    /// One of its rows is complete.
    Row { number: u32, cells: &'c RowCells },
    /// It ends.
    End,
}

/// The cells of a row, with their texts.
#[derive(Debug, Default)]
pub(super) struct RowCells {
    places: Vec<(u32, usize, usize)>,
    text: String,
}

impl RowCells {
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &str)> {
        self.places
            .iter()
            .map(|(column, start, end)| (*column, self.text.get(*start..*end).unwrap_or_default()))
    }
}

/// A table that is not closed yet.
#[derive(Default)]
struct Open {
    number: usize,
    row: u32,
    in_row: bool,
    column: u32,
    /// How many more rows, this one included, each column is covered by a cell.
    covered: Vec<u32>,
    cells: RowCells,
    /// The column of the open cell, and where its text begins.
    cell: Option<(u32, usize)>,
    blank: bool,
}

/// Reads the page to its end, and tells each table's number (counted from 0, in the order of their beginnings) and what
/// was found of it.
pub(super) fn walk<R: BufRead>(
    mut tokens: Tokens<R>,
    mut tell: impl FnMut(usize, Found<'_>) -> Result<(), ConvertError>,
) -> Result<(), ConvertError> {
    let mut open: Vec<Open> = Vec::new();
    let mut count = 0;
    while let Some(token) = tokens.next()? {
        match token {
            Token::Start(tag) if tag.name() == "table" => {
                if open.len() >= NESTED || count >= TABLES {
                    return Err(ConvertError::Html);
                }
                tell(
                    count,
                    Found::Begin {
                        parent: open.last().map(|table| table.number),
                    },
                )?;
                open.push(Open {
                    number: count,
                    ..Open::default()
                });
                count += 1;
            }
            Token::End("table") => {
                if let Some(table) = open.pop() {
                    table.close(&mut tell)?;
                }
            }
            token => {
                if let Some(table) = open.last_mut() {
                    table.take(&token, &mut tell)?;
                }
            }
        }
    }
    while let Some(table) = open.pop() {
        table.close(&mut tell)?;
    }
    Ok(())
}

impl Open {
    fn take(
        &mut self,
        token: &Token<'_>,
        tell: &mut impl FnMut(usize, Found<'_>) -> Result<(), ConvertError>,
    ) -> Result<(), ConvertError> {
        match token {
            Token::Text(text) => return self.push_text(text),
            Token::Start(tag) => match tag.name() {
                "tr" => {
                    self.end_row(tell)?;
                    self.in_row = true;
                }
                "td" | "th" => {
                    self.end_cell();
                    self.in_row = true;
                    let span = |name| tag.attribute(name).and_then(|span| span.parse().ok());
                    self.begin_cell(span("colspan").unwrap_or(1), span("rowspan").unwrap_or(1));
                }
                "br" | "p" | "div" | "li" => self.blank = true,
                _ => {}
            },
            Token::End(name) => match *name {
                "tr" | "thead" | "tbody" | "tfoot" => self.end_row(tell)?,
                "td" | "th" => self.end_cell(),
                "p" | "div" | "li" => self.blank = true,
                _ => {}
            },
        }
        Ok(())
    }

    /// Line ends, non-breaking blanks and the like between words are one blank.
    fn push_text(&mut self, text: &str) -> Result<(), ConvertError> {
        let Some((_, start)) = self.cell else {
            return Ok(());
        };
        for c in text.chars() {
            if c.is_whitespace() {
                self.blank = true;
                continue;
            }
            if std::mem::take(&mut self.blank) && self.cells.text.len() > start {
                self.cells.text.push(' ');
            }
            self.cells.text.push(c);
        }
        if self.cells.text.len() - start > CELL_BYTES {
            return Err(ConvertError::TooLarge(
                "one cell holds more than 16 MiB of text".to_owned(),
            ));
        }
        if self.cells.text.len() > ROW_BYTES {
            return Err(ConvertError::TooLarge(format!(
                "row {} holds more than 64 MiB of text",
                u64::from(self.row) + 1
            )));
        }
        Ok(())
    }

    /// Puts a cell into the first column that no cell from above covers.
    fn begin_cell(&mut self, columns: u32, rows: u32) {
        while self.covered_at(self.column) > 0 {
            self.column += 1;
        }
        let start = self.column.min(COLUMNS);
        let end = start.saturating_add(columns.clamp(1, COLUMN_SPAN)).min(COLUMNS);
        let length = usize::try_from(end).unwrap_or(usize::MAX);
        if self.covered.len() < length {
            self.covered.resize(length, 0);
        }
        let rows = rows.clamp(1, ROW_SPAN);
        for covered in self
            .covered
            .iter_mut()
            .take(length)
            .skip(usize::try_from(start).unwrap_or(usize::MAX))
        {
            *covered = (*covered).max(rows);
        }
        self.column = end;
        self.blank = false;
        self.cell = (start < end).then_some((start, self.cells.text.len()));
    }

    fn covered_at(&self, column: u32) -> u32 {
        usize::try_from(column)
            .ok()
            .and_then(|column| self.covered.get(column))
            .copied()
            .unwrap_or(0)
    }

    fn end_cell(&mut self) {
        if let Some((column, start)) = self.cell.take() {
            self.cells.places.push((column, start, self.cells.text.len()));
        }
    }

    fn end_row(
        &mut self,
        tell: &mut impl FnMut(usize, Found<'_>) -> Result<(), ConvertError>,
    ) -> Result<(), ConvertError> {
        self.end_cell();
        if !std::mem::take(&mut self.in_row) {
            return Ok(());
        }
        tell(
            self.number,
            Found::Row {
                number: self.row,
                cells: &self.cells,
            },
        )?;
        self.row = self.row.saturating_add(1);
        self.column = 0;
        self.cells.places.clear();
        self.cells.text.clear();
        for covered in &mut self.covered {
            *covered = covered.saturating_sub(1);
        }
        Ok(())
    }

    fn close(
        mut self,
        tell: &mut impl FnMut(usize, Found<'_>) -> Result<(), ConvertError>,
    ) -> Result<(), ConvertError> {
        self.end_row(tell)?;
        tell(self.number, Found::End)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rows of all tables, as `table.row: column=text …`.
    fn rows(page: &str) -> Vec<String> {
        let mut rows = Vec::new();
        walk(Tokens::new(page.as_bytes()), |table, found| {
            if let Found::Row { number, cells } = found {
                let cells: Vec<String> = cells.iter().map(|(column, text)| format!("{column}={text}")).collect();
                rows.push(format!("{table}.{number}: {}", cells.join(" ")));
            }
            Ok(())
        })
        .unwrap();
        rows
    }

    #[test]
    fn a_span_leaves_its_other_places_blank() {
        assert_eq!(
            rows("<table><tr><td rowspan=2>a<td colspan=2>b<tr><td>c</td><td>d</td></tr><tr><td>e</table>"),
            ["0.0: 0=a 1=b", "0.1: 1=c 2=d", "0.2: 0=e"]
        );
    }

    #[test]
    fn a_table_in_a_cell_is_a_table_of_its_own() {
        assert_eq!(
            rows("<table><tr><td>a <table><tr><td>x</td></tr></table> b</td></tr></table>"),
            ["1.0: 0=x", "0.0: 0=a b"]
        );
    }

    #[test]
    fn blanks_of_any_kind_are_one_blank() {
        assert_eq!(
            rows("<table><td>&nbsp;Meter<br>  no.\n<b>1</b>&nbsp;</td></table>"),
            ["0.0: 0=Meter no. 1"]
        );
    }

    #[test]
    fn spans_that_lie_do_not_fill_the_memory() {
        let page = format!(
            "<table><tr>{}</tr></table>",
            "<td colspan=4000000000 rowspan=4000000000>x".repeat(100)
        );
        assert!(rows(&page).first().unwrap().len() < 1000);
    }
}
