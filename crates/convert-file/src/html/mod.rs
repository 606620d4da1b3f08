//! HTML tables that call themselves `.xls`, as reporting tools make them.
//!
//! Only a table that looks like readings is taken: at least two rows of three filled cells, and digits in one of them.
//! Everything else is a web page, for instance somebody's error page.

mod references;
mod tables;
mod tokens;

use std::io::{BufReader, Read, Seek, SeekFrom};

use pipeline_core::Limits;

use crate::error::ConvertError;
use crate::sheet_chooser::SheetChooser;
use crate::utf8_reader::{Utf8Reader, html_meta};
use crate::value::{CellRef, Value};
use crate::xml::broken_part;
use tables::{Found, walk};
use tokens::Tokens;

/// Filled cells of a row, and such rows, that make a table of readings.
const FILLED: usize = 3;
const ROWS: u64 = 2;

/// What the first reading learns about a table.
#[derive(Debug, Default)]
struct Facts {
    parent: Option<usize>,
    rows: u64,
    digits: bool,
}

impl Facts {
    const fn is_readings(&self) -> bool {
        self.rows >= ROWS && self.digits
    }
}

/// Shows all tables of readings to the chooser, as sheets named `table 1` and so on. Of tables in tables, the outermost
/// that holds readings is taken: most pages are laid out by tables around tables.
pub(crate) fn read<R: Read + Seek>(mut reader: R, chooser: &mut SheetChooser<'_>) -> Result<(), ConvertError> {
    let facts = read_facts(&mut reader, chooser.limits())?;
    let mut wanted: Vec<bool> = Vec::with_capacity(facts.len());
    let mut covered: Vec<bool> = Vec::with_capacity(facts.len());
    for table in &facts {
        let inside = table
            .parent
            .and_then(|parent| covered.get(parent))
            .copied()
            .unwrap_or(false);
        wanted.push(table.is_readings() && !inside);
        covered.push(table.is_readings() || inside);
    }
    if !wanted.contains(&true) {
        return Err(ConvertError::Html);
    }
    reader.seek(SeekFrom::Start(0)).map_err(broken_part)?;
    let limits = chooser.limits();
    walk(tokens(&mut reader, limits)?, limits, |table, found| {
        if !wanted.get(table).copied().unwrap_or(false) {
            return Ok(());
        }
        match found {
            Found::Begin { .. } => chooser.begin(&format!("table {}", table + 1), false)?,
            Found::Row { number, cells } => {
                for (column, text) in cells.iter() {
                    chooser.cell(CellRef::new(number, column), Value::Text(text))?;
                }
            }
            Found::End => chooser.end(true)?,
        }
        Ok(())
    })
}

fn tokens<R: Read>(reader: R, limits: &Limits) -> Result<Tokens<Utf8Reader<BufReader<R>>>, ConvertError> {
    let text = Utf8Reader::new(BufReader::with_capacity(64 * 1024, reader), html_meta).map_err(broken_part)?;
    Ok(Tokens::new(text, limits.text_bytes))
}

fn read_facts<R: Read>(reader: R, limits: &Limits) -> Result<Vec<Facts>, ConvertError> {
    let mut facts: Vec<Facts> = Vec::new();
    walk(tokens(reader, limits)?, limits, |table, found| {
        match found {
            Found::Begin { parent } => facts.push(Facts {
                parent,
                ..Facts::default()
            }),
            Found::Row { cells, .. } => {
                let filled = cells.iter().filter(|(_, text)| !text.is_empty()).count();
                if let Some(facts) = facts.get_mut(table)
                    && filled >= FILLED
                {
                    facts.rows += 1;
                    facts.digits |= cells
                        .iter()
                        .any(|(_, text)| text.bytes().any(|byte| byte.is_ascii_digit()));
                }
            }
            Found::End => {}
        }
        Ok(())
    })?;
    Ok(facts)
}
