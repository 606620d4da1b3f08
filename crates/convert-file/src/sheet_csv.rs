//! A sheet that is to be delivered, and its CSV.

use std::io::{self, BufWriter, Write};

use crate::error::ConvertError;
use crate::first_bytes::FirstBytes;
use crate::grid::{Extent, FilledGrid};
use crate::sheet_rows::SheetRows;

const COMMAS: &[u8] = &[b','; 256];

/// A sheet that is to be delivered: written by whoever takes it, row by row, never whole in memory.
#[derive(Debug)]
pub struct SheetCsv {
    name: String,
    extent: Extent,
    rows: SheetRows,
}

impl SheetCsv {
    /// Fails as too large if the sheet is over a limit.
    pub(crate) fn new(name: String, grid: FilledGrid) -> Result<Self, ConvertError> {
        let (extent, rows) = grid.into_rows()?;
        Ok(Self { name, extent, rows })
    }

    /// The sheet's name as the workbook has it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How many rows the CSV has, headings and blank rows included.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.extent.rows()
    }

    /// Writes the CSV (RFC 4180, but with LF): from A1 to the last cell that holds a value, every row equally wide,
    /// quoted only where CSV needs it, or where the first cell would have it taken for something else than CSV.
    ///
    /// # Errors
    /// [`ConvertError::Write`] if `out` fails, [`ConvertError::Spool`] if the temporary file does.
    pub fn write_to(&mut self, out: impl Write) -> Result<(), ConvertError> {
        let mut out = BufWriter::with_capacity(64 * 1024, FirstBytes::new(out));
        let mut written = 0_u64;
        while let Some((number, row)) = self.rows.next_row()? {
            while written < u64::from(number) {
                write_line(&mut out, "", self.extent.columns() - 1).map_err(ConvertError::Write)?;
                written += 1;
            }
            let missing = self.extent.columns().saturating_sub(row.columns().into());
            write_line(&mut out, row.line(), missing).map_err(ConvertError::Write)?;
            written += 1;
        }
        out.flush().map_err(ConvertError::Write)
    }
}

/// Writes a row, and as many empty fields after it as are missing.
fn write_line(out: &mut impl Write, line: &str, missing: u64) -> io::Result<()> {
    if line.is_empty() && missing == 0 {
        // A blank line would be no row at all.
        out.write_all(b"\"\"")?;
    }
    out.write_all(line.as_bytes())?;
    let mut missing = missing;
    while missing > 0 {
        let commas = COMMAS
            .get(..missing.min(COMMAS.len() as u64) as usize)
            .unwrap_or(COMMAS);
        out.write_all(commas)?;
        missing -= commas.len() as u64;
    }
    out.write_all(b"\n")
}

#[cfg(test)]
mod tests {
    use pipeline_core::Limits;
    use proptest::prelude::*;

    use super::*;
    use crate::grid::Grid;
    use crate::value::{CellRef, Value};

    fn csv_of(cells: &[(u32, u32, &str)]) -> String {
        let mut grid = Grid::new(&Limits::default());
        for (row, column, text) in cells {
            grid.put(CellRef::new(*row, *column), Value::Text(text)).unwrap();
        }
        let mut out = Vec::new();
        SheetCsv::new("Sheet1".to_owned(), grid.finish().unwrap())
            .unwrap()
            .write_to(&mut out)
            .unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_csv_begins_at_a1_and_every_row_is_equally_wide() {
        assert_eq!(
            csv_of(&[(2, 1, "MPAN"), (2, 2, "kWh"), (4, 1, "2199989614123")]),
            ",,\n,,\n,MPAN,kWh\n,,\n,2199989614123,\n"
        );
    }

    #[test]
    fn only_what_needs_quotes_is_quoted() {
        assert_eq!(
            csv_of(&[
                (0, 0, "a,b"),
                (0, 1, "say \"hi\""),
                (0, 2, "two\nlines"),
                (0, 3, " plain; 'text'")
            ]),
            "\"a,b\",\"say \"\"hi\"\"\",\"two\nlines\", plain; 'text'\n"
        );
    }

    #[test]
    fn cells_in_any_order_land_in_their_places() {
        assert_eq!(
            csv_of(&[(1, 1, "d"), (0, 1, "b"), (1, 0, "c"), (0, 0, "a")]),
            "a,b\nc,d\n"
        );
    }

    proptest! {
        #[test]
        fn the_csv_reads_back_as_the_cells(cells in proptest::collection::vec((0_u32..6, 0_u32..6, "[a-z,\"\n\r ;é]{1,6}"), 1..30)) {
            let cells: Vec<(u32, u32, &str)> = cells.iter().map(|(row, column, text)| (*row, *column, text.as_str())).collect();
            let csv = csv_of(&cells);
            let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(csv.as_bytes());
            let read: Vec<csv::StringRecord> = reader.records().collect::<Result<_, _>>().unwrap();
            let rows = cells.iter().map(|cell| cell.0).max().unwrap() as usize + 1;
            let columns = cells.iter().map(|cell| cell.1).max().unwrap() as usize + 1;
            prop_assert_eq!(read.len(), rows);
            for (row, record) in read.iter().enumerate() {
                prop_assert_eq!(record.len(), columns);
                for (column, field) in record.iter().enumerate() {
                    let last = cells.iter().rev().find(|cell| (cell.0 as usize, cell.1 as usize) == (row, column));
                    prop_assert_eq!(field, last.map_or("", |cell| cell.2));
                }
            }
        }
    }
}
