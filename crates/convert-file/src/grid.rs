//! The cells of one sheet as they come from a workbook, kept aside until it is known which sheet is delivered and how
//! wide its rows are.
//!
//! Only cells that hold something are kept, as rendered text, in a temporary file: a cell far away costs nothing, and
//! memory does not grow with the sheet. Cells that come after their row was closed (some writers go column by column) are
//! kept in memory and sorted in at the end.

use std::io::{Seek as _, Write as _};

use pipeline_core::{Limits, bytes_in_words};
use tempfile::SpooledTempFile;

use crate::error::ConvertError;
use crate::row::{Row, Slot};
use crate::sheet_rows::SheetRows;
use crate::value::{CellRef, Value};

/// Rows up to this many bytes stay in memory.
const MEMORY_BYTES: usize = 4 * 1024 * 1024;
/// Excel's longest row has 16,384 cells.
const ROW_CELLS: u32 = 1_000_000;
/// What a cell that comes out of order takes beside its text.
const LATE_CELL_BYTES: u64 = size_of::<(u32, Slot)>() as u64;

/// Places in a row, and in what is out of order, are counted in 32 bits.
const MOST_ROW_BYTES: u64 = 1 << 30;

/// Two rows of three filled cells make a table; a cover sheet has fewer.
const TABLE_ROWS: u64 = 2;
const TABLE_CELLS: u32 = 3;

/// How far a sheet reaches from A1.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Extent {
    pub(crate) lowest: CellRef,
    pub(crate) rightmost: CellRef,
}

impl Extent {
    fn include(&mut self, at: CellRef) {
        if at.row > self.lowest.row || (at.row == self.lowest.row && at.column > self.lowest.column) {
            self.lowest = at;
        }
        if at.column > self.rightmost.column || (at.column == self.rightmost.column && at.row > self.rightmost.row) {
            self.rightmost = at;
        }
    }

    pub(crate) fn rows(&self) -> u64 {
        u64::from(self.lowest.row) + 1
    }

    pub(crate) fn columns(&self) -> u64 {
        u64::from(self.rightmost.column) + 1
    }

    /// Names the cells that stretch the sheet so far.
    fn stretched_by(&self) -> String {
        if self.lowest == self.rightmost {
            format!("cell {}", self.lowest)
        } else {
            format!("cells {} and {}", self.rightmost, self.lowest)
        }
    }
}

/// The cells of a sheet, while they come.
#[derive(Debug)]
pub(crate) struct Grid {
    limit_cells: u64,
    limit_bytes: u64,
    /// A row is put together in memory; Excel's longest row of longest texts would not fit, a row of readings always does.
    row_bytes: u64,
    extent: Option<Extent>,
    too_large: Option<String>,
    rows_of_three: u64,
    row: Row,
    row_number: Option<u32>,
    rows: RowsFile,
    rows_bytes: u64,
    late: Vec<(u32, Slot)>,
    late_text: String,
}

impl Grid {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            limit_cells: limits.sheet_cells,
            limit_bytes: limits.member_bytes,
            row_bytes: limits.row_bytes.min(MOST_ROW_BYTES),
            extent: None,
            too_large: None,
            rows_of_three: 0,
            row: Row::default(),
            row_number: None,
            rows: spooled(),
            rows_bytes: 0,
            late: Vec::new(),
            late_text: String::new(),
        }
    }

    /// Takes a cell; whoever comes last to a place has it. Empty texts are no values.
    pub(crate) fn put(&mut self, at: CellRef, value: Value<'_>) -> Result<(), ConvertError> {
        if matches!(value, Value::Text("") | Value::Error("")) {
            return Ok(());
        }
        self.reach(at);
        match self.row_number {
            Some(number) if number == at.row => self.row.push(at.column, value),
            Some(number) if number > at.row => self.put_late(at, value),
            _ => {
                self.close_row()?;
                self.row_number = Some(at.row);
                self.row.push(at.column, value);
            }
        }
        if self.row.text_bytes() as u64 > self.row_bytes {
            self.give_up(long_row(at.row, self.row_bytes));
        }
        if self.row.filled() > ROW_CELLS {
            self.give_up(format!("row {} has more than a million cells", u64::from(at.row) + 1));
            self.row.clear();
        }
        Ok(())
    }

    /// Notes that a value lies at `at`; `false` when the sheet is too large to be kept.
    pub(crate) fn reach(&mut self, at: CellRef) -> bool {
        let extent = self.extent.get_or_insert(Extent {
            lowest: at,
            rightmost: at,
        });
        extent.include(at);
        if self.too_large.is_none() && extent.rows().saturating_mul(extent.columns()) > self.limit_cells {
            self.give_up(String::new());
        }
        self.too_large.is_none()
    }

    /// Stops keeping cells; only the extent is still followed, so that the cell to blame can be named.
    fn give_up(&mut self, why: String) {
        self.too_large.get_or_insert(why);
        self.late = Vec::new();
        self.late_text = String::new();
        self.row.forget_text();
    }

    fn put_late(&mut self, at: CellRef, value: Value<'_>) {
        if self.too_large.is_some() {
            return;
        }
        let start = self.late_text.len();
        value.render(&mut self.late_text);
        self.late
            .push((at.row, Slot::new(at.column, start, self.late_text.len())));
        let kept = self.late.len() as u64 * LATE_CELL_BYTES + self.late_text.len() as u64;
        if kept > self.row_bytes.saturating_mul(2) {
            self.give_up("too many of its cells are out of order".to_owned());
        }
    }

    fn close_row(&mut self) -> Result<(), ConvertError> {
        let Some(number) = self.row_number.take() else {
            return Ok(());
        };
        self.row.settle();
        if self.row.filled() >= TABLE_CELLS {
            self.rows_of_three += 1;
        }
        if self.too_large.is_none() {
            self.rows_bytes += self.row.store(number, &mut self.rows).map_err(ConvertError::Spool)?;
            if self.rows_bytes > self.limit_bytes {
                self.give_up(format!("its text is more than {} bytes", self.limit_bytes));
            }
        }
        self.row.clear();
        if self.too_large.is_some() {
            self.row.forget_text();
        }
        Ok(())
    }

    /// Closes the sheet.
    pub(crate) fn finish(mut self) -> Result<FilledGrid, ConvertError> {
        self.close_row()?;
        let file = closed(self.rows)?;
        // The sort is stable, so that the last value at a place stays last.
        self.late.sort_by_key(|(row, slot)| (*row, slot.column));
        let too_large = match (self.too_large, self.extent) {
            (Some(why), Some(extent)) if why.is_empty() => Some(format!(
                "{} stretches the sheet to {} rows of {} columns, more than {} cells",
                extent.stretched_by(),
                extent.rows(),
                extent.columns(),
                self.limit_cells
            )),
            (why, _) => why,
        };
        let disordered = !self.late.is_empty();
        let mut grid = FilledGrid {
            extent: self.extent,
            too_large,
            rows_of_three: self.rows_of_three,
            rows: SheetRows::new(file, self.late, self.late_text),
            rows_bytes: self.rows_bytes,
            disordered,
        };
        if disordered {
            grid.count_again()?;
        }
        Ok(grid)
    }
}

/// What is said of a row that is too long.
pub(crate) fn long_row(row: u32, most: u64) -> String {
    format!(
        "row {} holds more than {} of text",
        u64::from(row) + 1,
        bytes_in_words(most)
    )
}

type RowsFile = std::io::BufWriter<SpooledTempFile>;

fn spooled() -> RowsFile {
    std::io::BufWriter::with_capacity(64 * 1024, SpooledTempFile::new(MEMORY_BYTES))
}

fn closed(mut rows: RowsFile) -> Result<SpooledTempFile, ConvertError> {
    rows.flush().map_err(ConvertError::Spool)?;
    let file = rows.into_inner();
    let mut file = file.map_err(|error| ConvertError::Spool(error.into_error()))?;
    file.rewind().map_err(ConvertError::Spool)?;
    Ok(file)
}

/// All cells of a sheet.
#[derive(Debug)]
pub(crate) struct FilledGrid {
    extent: Option<Extent>,
    too_large: Option<String>,
    rows_of_three: u64,
    rows: SheetRows,
    rows_bytes: u64,
    disordered: bool,
}

impl FilledGrid {
    /// How much work it was to keep the sheet, and will be to write it: bytes of its cells, and places in it.
    pub(crate) fn weight(&self) -> u64 {
        let places = self
            .extent
            .map_or(0, |extent| extent.rows().saturating_mul(extent.columns()));
        let written = if self.too_large.is_some() { 0 } else { places };
        self.rows_bytes.saturating_add(written)
    }

    /// The same with all cells in the temporary file, so that a sheet that waits for others holds no memory.
    pub(crate) fn sorted(mut self) -> Result<Self, ConvertError> {
        if !std::mem::take(&mut self.disordered) {
            return Ok(self);
        }
        let mut file = spooled();
        while let Some((number, row)) = self.rows.next_row()? {
            row.store(number, &mut file).map_err(ConvertError::Spool)?;
        }
        self.rows = SheetRows::new(closed(file)?, Vec::new(), String::new());
        Ok(self)
    }

    pub(crate) const fn has_values(&self) -> bool {
        self.extent.is_some()
    }

    /// At least two rows of three filled cells.
    pub(crate) const fn is_table(&self) -> bool {
        self.rows_of_three >= TABLE_ROWS
    }

    fn count_again(&mut self) -> Result<(), ConvertError> {
        self.rows_of_three = 0;
        while self.rows_of_three < TABLE_ROWS {
            let Some((_, row)) = self.rows.next_row()? else {
                break;
            };
            if row.filled() >= TABLE_CELLS {
                self.rows_of_three += 1;
            }
        }
        self.rows.rewind()
    }

    /// The sheet's size and its rows, unless it is over a limit.
    pub(crate) fn into_rows(self) -> Result<(Extent, SheetRows), ConvertError> {
        if let Some(why) = self.too_large {
            return Err(ConvertError::TooLarge(why));
        }
        Ok((self.extent.unwrap_or_default(), self.rows))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(cells: &[(u32, u32, &str)], limit: u64) -> FilledGrid {
        let mut grid = Grid::new(&Limits {
            sheet_cells: limit,
            ..Limits::default()
        });
        for (row, column, text) in cells {
            grid.put(CellRef::new(*row, *column), Value::Text(text)).unwrap();
        }
        grid.finish().unwrap()
    }

    fn too_large(cells: &[(u32, u32, &str)]) -> String {
        grid(cells, 1000).into_rows().unwrap_err().to_string()
    }

    #[test]
    fn a_cell_far_away_is_named() {
        let reason = too_large(&[(0, 0, "MPAN"), (0, 1, "Date"), (1_048_575, 16_383, "x")]);
        assert!(reason.contains("XFD1048576"), "{reason}");
    }

    #[test]
    fn two_cells_that_stretch_the_sheet_together_are_both_named() {
        let reason = too_large(&[(0, 900, "x"), (1, 0, "y"), (900, 0, "z")]);
        assert!(reason.contains("AHQ1") && reason.contains("A901"), "{reason}");
    }

    #[test]
    fn a_sheet_over_the_limit_is_still_known_for_a_table() {
        let cells = [
            (0, 0, "a"),
            (0, 1, "b"),
            (0, 2, "c"),
            (1, 0, "d"),
            (1, 1, "e"),
            (1, 2, "f"),
            (9_999, 0, "x"),
        ];
        assert!(grid(&cells, 1000).is_table());
        let stray_first = [
            (0, 0, "a"),
            (0, 1, "b"),
            (0, 5_000, "c"),
            (1, 0, "d"),
            (1, 1, "e"),
            (1, 2, "f"),
        ];
        assert!(grid(&stray_first, 1000).is_table());
    }

    #[test]
    fn a_table_has_two_rows_of_three_filled_cells() {
        let rows = |widths: [u32; 3]| {
            let cells: Vec<(u32, u32, &str)> = (0..)
                .zip(widths)
                .flat_map(|(row, width)| (0..width).map(move |column| (row, column, "x")))
                .collect();
            grid(&cells, 1000).is_table()
        };
        assert!(rows([3, 0, 3]) && rows([1, 5, 3]));
        assert!(!rows([5, 0, 0]) && !rows([2, 2, 2]) && !rows([2, 3, 2]));
    }

    #[test]
    fn a_sheet_filled_column_by_column_is_a_table_too() {
        let cells = [
            (0, 0, "a"),
            (1, 0, "b"),
            (0, 1, "c"),
            (1, 1, "d"),
            (0, 2, "e"),
            (1, 2, "f"),
        ];
        assert!(grid(&cells, 1000).is_table());
    }

    #[test]
    fn empty_text_is_no_value() {
        assert!(!grid(&[(5, 5, "")], 1000).has_values());
    }

    #[test]
    fn text_over_the_byte_limit_is_too_large() {
        let mut grid = Grid::new(&Limits {
            member_bytes: 10,
            ..Limits::default()
        });
        grid.put(CellRef::new(0, 0), Value::Text("more than ten bytes"))
            .unwrap();
        let reason = grid.finish().unwrap().into_rows().unwrap_err();
        assert!(matches!(reason, ConvertError::TooLarge(_)));
    }
}
