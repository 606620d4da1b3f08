//! The rows of a finished sheet from top to bottom, late cells sorted in.

use std::io::{BufReader, Seek as _};

use tempfile::SpooledTempFile;

use crate::error::ConvertError;
use crate::row::{Row, Slot};
use crate::value::Value;

/// Reads a sheet's rows back.
#[derive(Debug)]
pub(crate) struct SheetRows {
    file: BufReader<SpooledTempFile>,
    stored: Row,
    stored_number: Option<u32>,
    started: bool,
    late: Vec<(u32, Slot)>,
    next_late: usize,
    late_text: String,
    row: Row,
}

impl SheetRows {
    /// `late` must be sorted by row and column.
    pub(crate) fn new(file: SpooledTempFile, late: Vec<(u32, Slot)>, late_text: String) -> Self {
        Self {
            file: BufReader::with_capacity(64 * 1024, file),
            stored: Row::default(),
            stored_number: None,
            started: false,
            late,
            next_late: 0,
            late_text,
            row: Row::default(),
        }
    }

    /// Starts again at the top.
    pub(crate) fn rewind(&mut self) -> Result<(), ConvertError> {
        self.file.rewind().map_err(ConvertError::Spool)?;
        self.started = false;
        self.next_late = 0;
        Ok(())
    }

    /// The next row that holds a value, and its number.
    pub(crate) fn next_row(&mut self) -> Result<Option<(u32, &Row)>, ConvertError> {
        if !self.started {
            self.started = true;
            self.load()?;
        }
        let late_number = self.late.get(self.next_late).map(|(number, _)| *number);
        let number = match (self.stored_number, late_number) {
            (None, None) => return Ok(None),
            (Some(stored), None) => stored,
            (None, Some(late)) => late,
            (Some(stored), Some(late)) => stored.min(late),
        };
        if self.stored_number == Some(number) {
            std::mem::swap(&mut self.row, &mut self.stored);
            self.load()?;
        } else {
            self.row.clear();
        }
        while let Some((_, slot)) = self.late.get(self.next_late).filter(|(late, _)| *late == number) {
            self.row.push(slot.column, Value::Text(slot.text(&self.late_text)));
            self.next_late += 1;
        }
        self.row.settle();
        Ok(Some((number, &self.row)))
    }

    fn load(&mut self) -> Result<(), ConvertError> {
        self.stored_number = self.stored.load(&mut self.file).map_err(ConvertError::Spool)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn late_cells_are_sorted_in_and_win_over_earlier_ones() {
        let mut file = SpooledTempFile::new(1024);
        let mut bytes = Vec::new();
        for (number, text) in [(1, "b"), (4, "e")] {
            let mut row = Row::default();
            row.push(1, Value::Text(text));
            row.store(number, &mut bytes).unwrap();
        }
        file.write_all(&bytes).unwrap();
        let late = vec![
            (0, Slot::new(0, 0, 1)),
            (1, Slot::new(1, 1, 2)),
            (2, Slot::new(3, 2, 3)),
            (9, Slot::new(0, 3, 4)),
        ];
        let mut rows = SheetRows::new(file, late, "ABCD".to_owned());
        for _ in 0..2 {
            rows.rewind().unwrap();
            let mut seen = Vec::new();
            while let Some((number, row)) = rows.next_row().unwrap() {
                seen.push((number, row.line().to_owned()));
            }
            let expected = [(0, "A"), (1, ",B"), (2, ",,,C"), (4, ",e"), (9, "D")];
            assert_eq!(seen, expected.map(|(number, line)| (number, line.to_owned())));
        }
    }
}
