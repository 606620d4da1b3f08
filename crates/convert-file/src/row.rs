//! One row of rendered cells, as the line of CSV that it becomes, and how it lies in the temporary file.

use std::io::{self, BufRead, Write};

use crate::csv_line::{close_field, fields, push_commas};
use crate::value::Value;

/// A cell that came too late to be a part of its row's line: its column, and where its text lies.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Slot {
    pub(crate) column: u32,
    start: u32,
    end: u32,
}

impl Slot {
    /// Nobody keeps texts of more than 4 GiB: [`Grid`](crate::grid::Grid) sees to that.
    pub(crate) fn new(column: u32, start: usize, end: usize) -> Self {
        let place = |at| u32::try_from(at).unwrap_or(u32::MAX);
        Self {
            column,
            start: place(start),
            end: place(end),
        }
    }

    pub(crate) fn text<'t>(&self, text: &'t str) -> &'t str {
        text.get(self.start as usize..self.end as usize).unwrap_or_default()
    }
}

/// The filled cells of one row.
#[derive(Debug, Default)]
pub(crate) struct Row {
    /// From column A to the last cell.
    line: String,
    columns: u32,
    filled: u32,
    /// Cells that came after one to their right, or one at their place.
    late: Vec<Slot>,
    late_text: String,
    forgetting: bool,
}

impl Row {
    pub(crate) fn push(&mut self, column: u32, value: Value<'_>) {
        self.filled = self.filled.saturating_add(1);
        if self.forgetting {
            return;
        }
        if column < self.columns {
            let start = self.late_text.len();
            value.render(&mut self.late_text);
            self.late.push(Slot::new(column, start, self.late_text.len()));
            return;
        }
        push_commas(&mut self.line, column - self.columns.saturating_sub(1));
        let start = self.line.len();
        value.render(&mut self.line);
        if matches!(value, Value::Text(_) | Value::Error(_)) {
            close_field(&mut self.line, start);
        }
        self.columns = column.saturating_add(1);
    }

    /// Brings the cells into order; of two at one place the later stays.
    pub(crate) fn settle(&mut self) {
        if self.late.is_empty() {
            return;
        }
        let mut cells: Vec<(u32, String)> = (0..)
            .zip(fields(&self.line))
            .filter(|(_, text)| !text.is_empty())
            .collect();
        let late = self
            .late
            .iter()
            .map(|slot| (slot.column, slot.text(&self.late_text).to_owned()));
        cells.extend(late);
        cells.reverse();
        cells.sort_by_key(|cell| cell.0);
        cells.dedup_by_key(|cell| cell.0);
        self.clear();
        for (column, text) in cells {
            self.push(column, Value::Text(&text));
        }
    }

    /// The cells as CSV, without the line's end. Call [`settle`](Self::settle) first.
    pub(crate) fn line(&self) -> &str {
        &self.line
    }

    /// How many columns the line has.
    pub(crate) const fn columns(&self) -> u32 {
        self.columns
    }

    /// How many cells hold something.
    pub(crate) const fn filled(&self) -> u32 {
        self.filled
    }

    pub(crate) fn text_bytes(&self) -> usize {
        self.line.len() + self.late_text.len()
    }

    pub(crate) fn clear(&mut self) {
        self.line.clear();
        self.columns = 0;
        self.filled = 0;
        self.late.clear();
        self.late_text.clear();
    }

    /// From now on cells are only counted.
    pub(crate) fn forget_text(&mut self) {
        *self = Self {
            filled: self.filled,
            forgetting: true,
            ..Self::default()
        };
    }

    /// Writes the row; returns how many bytes it took.
    pub(crate) fn store(&self, number: u32, out: &mut impl Write) -> io::Result<u64> {
        let length =
            u32::try_from(self.line.len()).map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
        for word in [number, self.columns, self.filled, length] {
            out.write_all(&word.to_le_bytes())?;
        }
        out.write_all(self.line.as_bytes())?;
        Ok(16 + u64::from(length))
    }

    /// Reads the next row that was stored, and its number; `None` at the end.
    pub(crate) fn load(&mut self, input: &mut impl BufRead) -> io::Result<Option<u32>> {
        self.clear();
        if input.fill_buf()?.is_empty() {
            return Ok(None);
        }
        let number = read_word(input)?;
        self.columns = read_word(input)?;
        self.filled = read_word(input)?;
        let mut bytes = std::mem::take(&mut self.line).into_bytes();
        bytes.resize(read_word(input)? as usize, 0);
        input.read_exact(&mut bytes)?;
        self.line = String::from_utf8(bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        Ok(Some(number))
    }
}

fn read_word(input: &mut impl BufRead) -> io::Result<u32> {
    let mut word = [0; 4];
    input.read_exact(&mut word)?;
    Ok(u32::from_le_bytes(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(cells: &[(u32, &str)]) -> Row {
        let mut row = Row::default();
        for (column, text) in cells {
            row.push(*column, Value::Text(text));
        }
        row.settle();
        row
    }

    #[test]
    fn of_two_cells_at_one_place_the_later_stays() {
        let row = row(&[(2, "c"), (0, "a"), (2, "C,"), (1, "b"), (0, "A")]);
        assert_eq!((row.line(), row.columns(), row.filled()), ("A,b,\"C,\"", 3, 3));
    }

    #[test]
    fn empty_places_are_empty_fields() {
        let row = row(&[(1, "b"), (4, "e")]);
        assert_eq!((row.line(), row.columns(), row.filled()), (",b,,,e", 5, 2));
    }

    #[test]
    fn a_stored_row_is_read_back() {
        let row = row(&[(0, "MPAN"), (7, "Zählpunkt, \"A\"\n")]);
        let mut file = Vec::new();
        row.store(3, &mut file).unwrap();
        row.store(9, &mut file).unwrap();
        let mut input = file.as_slice();
        let mut read = Row::default();
        for number in [Some(3), Some(9)] {
            assert_eq!(read.load(&mut input).unwrap(), number);
            assert_eq!((read.line(), read.columns(), read.filled()), (row.line(), 8, 2));
        }
        assert_eq!(read.load(&mut input).unwrap(), None);
    }
}
