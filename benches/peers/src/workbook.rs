//! The first sheet of a workbook to CSV with calamine and the crate csv: by its range, which is what its documentation shows, and for xlsx
//! by its cells, which takes less memory.

use std::fs::File;
use std::io::{BufReader, Write};

use anyhow::Context as _;
use calamine::{Data, DataRef, ExcelDateTime, Reader as _, Xlsx, open_workbook_auto};

/// Cells as texts: dates as the pipeline writes them, so that outputs can be compared.
fn date(value: &ExcelDateTime) -> String {
    value
        .as_datetime()
        .map_or_else(String::new, |date| date.format("%Y-%m-%d").to_string())
}

pub fn by_range(path: &str, out: impl Write) -> anyhow::Result<()> {
    let mut workbook = open_workbook_auto(path)?;
    let range = workbook.worksheet_range_at(0).context("no sheet")??;
    let mut writer = csv::Writer::from_writer(out);
    for row in range.rows() {
        for cell in row {
            match cell {
                Data::String(text) => writer.write_field(text)?,
                Data::DateTime(value) => writer.write_field(date(value))?,
                other => writer.write_field(other.to_string())?,
            }
        }
        writer.write_record(None::<&[u8]>)?;
    }
    writer.flush()?;
    Ok(())
}

pub fn by_cells(path: &str, out: impl Write) -> anyhow::Result<()> {
    let mut workbook = Xlsx::new(BufReader::new(File::open(path)?))?;
    let name = workbook.sheet_names().first().context("no sheet")?.clone();
    let mut writer = csv::Writer::from_writer(out);
    let mut cells = workbook.worksheet_cells_reader(&name)?;
    let (mut row, mut column) = (0, 0);
    let mut number = String::new();
    while let Some(cell) = cells.next_cell()? {
        let at = cell.get_position();
        while row < at.0 {
            writer.write_record(None::<&[u8]>)?;
            row += 1;
            column = 0;
        }
        while column < at.1 {
            writer.write_field("")?;
            column += 1;
        }
        match cell.get_value() {
            DataRef::Empty => writer.write_field("")?,
            DataRef::String(text) => writer.write_field(text)?,
            DataRef::SharedString(text) => writer.write_field(text)?,
            DataRef::Float(value) => {
                use std::fmt::Write as _;
                number.clear();
                write!(number, "{value}")?;
                writer.write_field(&number)?;
            }
            DataRef::Int(value) => writer.write_field(value.to_string())?,
            DataRef::Bool(value) => writer.write_field(value.to_string())?,
            DataRef::DateTime(value) => writer.write_field(date(value))?,
            DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => writer.write_field(text)?,
            DataRef::Error(error) => writer.write_field(error.to_string())?,
        }
        column += 1;
    }
    writer.write_record(None::<&[u8]>)?;
    writer.flush()?;
    Ok(())
}
