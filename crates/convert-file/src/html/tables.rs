//! The tables of a page, and where their cells lie (HTML, 4.9.12 "Forming a table").

use std::io::BufRead;

use pipeline_core::Limits;

use super::tokens::{Token, Tokens};
use crate::error::ConvertError;
use crate::grid::long_row;
use crate::xml::long_text;

/// Spans beyond these are cut, as browsers do (HTML, 4.9.11).
const COLUMN_SPAN: u32 = 1000;
const ROW_SPAN: u32 = 65_534;
/// Excel's last column.
const COLUMNS: u32 = 16_384;
/// Tables in tables in tables: no page goes deeper.
const NESTED: usize = 64;
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
    /// The first row in which each column is no longer covered by a cell from above.
    covered: Vec<u32>,
    /// Bytes of text that the tables around it hold.
    outside: usize,
    cells: RowCells,
    /// The column of the open cell, and where its text begins.
    cell: Option<(u32, usize)>,
    blank: bool,
}

/// What a page may still hold.
struct Room<'l> {
    limits: &'l Limits,
    /// Places that no cell of its own takes, since another spans over them: a few bytes can make a great many.
    spanned: u64,
}

impl Room<'_> {
    fn span(&mut self, places: u32) -> Result<(), ConvertError> {
        let left = self.spanned.checked_sub(places.into());
        self.spanned = left.ok_or_else(|| {
            let most = self.limits.sheet_cells;
            ConvertError::TooLarge(format!("its cells span over more than {most} places"))
        })?;
        Ok(())
    }
}

/// Reads the page to its end, and tells each table's number (counted from 0, in the order of their beginnings) and what
/// was found of it.
pub(super) fn walk<R: BufRead>(
    mut tokens: Tokens<R>,
    limits: &Limits,
    mut tell: impl FnMut(usize, Found<'_>) -> Result<(), ConvertError>,
) -> Result<(), ConvertError> {
    let mut open: Vec<Open> = Vec::new();
    let mut count = 0;
    let mut room = Room {
        limits,
        spanned: limits.sheet_cells,
    };
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
                let outside = open.last().map_or(0, |table| table.outside + table.cells.text.len());
                open.push(Open {
                    number: count,
                    outside,
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
                    table.take(&token, &mut room, &mut tell)?;
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
        room: &mut Room<'_>,
        tell: &mut impl FnMut(usize, Found<'_>) -> Result<(), ConvertError>,
    ) -> Result<(), ConvertError> {
        match token {
            Token::Text(text) => return self.push_text(text, room.limits),
            Token::Start(tag) => match tag.name() {
                "tr" => {
                    self.end_row(tell)?;
                    self.in_row = true;
                }
                "td" | "th" => {
                    self.end_cell();
                    self.in_row = true;
                    let span = |name| tag.attribute(name).and_then(|span| span.parse().ok());
                    self.begin_cell(span("colspan").unwrap_or(1), span("rowspan").unwrap_or(1), room)?;
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
    fn push_text(&mut self, text: &str, limits: &Limits) -> Result<(), ConvertError> {
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
        if (self.cells.text.len() - start) as u64 > limits.text_bytes {
            return Err(ConvertError::TooLarge(long_text(limits.text_bytes)));
        }
        if (self.outside + self.cells.text.len()) as u64 > limits.row_bytes {
            return Err(ConvertError::TooLarge(long_row(self.row, limits.row_bytes)));
        }
        Ok(())
    }

    /// Puts a cell into the first column that no cell from above covers.
    fn begin_cell(&mut self, columns: u32, rows: u32, room: &mut Room<'_>) -> Result<(), ConvertError> {
        let first = self.column;
        while self.is_covered(self.column) {
            self.column += 1;
        }
        let start = self.column.min(COLUMNS);
        let end = start.saturating_add(columns.clamp(1, COLUMN_SPAN)).min(COLUMNS);
        let length = usize::try_from(end).unwrap_or(usize::MAX);
        if self.covered.len() < length {
            self.covered.resize(length, 0);
        }
        room.span(end.saturating_sub(first).saturating_sub(1))?;
        let end_row = self.row.saturating_add(rows.clamp(1, ROW_SPAN));
        for covered in self
            .covered
            .iter_mut()
            .take(length)
            .skip(usize::try_from(start).unwrap_or(usize::MAX))
        {
            *covered = (*covered).max(end_row);
        }
        self.column = end;
        self.blank = false;
        self.cell = (start < end).then_some((start, self.cells.text.len()));
        Ok(())
    }

    fn is_covered(&self, column: u32) -> bool {
        let end_row = usize::try_from(column).ok().and_then(|column| self.covered.get(column));
        end_row.is_some_and(|end_row| *end_row > self.row)
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
        walk(
            Tokens::new(page.as_bytes(), 1 << 20),
            &Limits::default(),
            |table, found| {
                if let Found::Row { number, cells } = found {
                    let cells: Vec<String> = cells.iter().map(|(column, text)| format!("{column}={text}")).collect();
                    rows.push(format!("{table}.{number}: {}", cells.join(" ")));
                }
                Ok(())
            },
        )
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
