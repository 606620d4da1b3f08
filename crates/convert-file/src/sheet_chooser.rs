//! Which sheets of a workbook are delivered, and which are left out.

use pipeline_core::{Limits, bytes_in_words};

use crate::config::{Options, Sheets};
use crate::error::ConvertError;
use crate::grid::{FilledGrid, Grid};
use crate::package_sheets::too_many;
use crate::sheet_csv::SheetCsv;
use crate::value::{CellRef, Value};

/// A sheet's name has 31 characters in Excel; what a stranger calls one is kept so far.
const NAME_CHARACTERS: usize = 255;

/// What became of a workbook's sheets.
#[derive(Debug, Default)]
pub struct Conversion {
    /// The sheets that were delivered.
    pub delivered: Vec<String>,
    /// The sheets that hold values and were not delivered.
    pub left_out: Vec<String>,
    /// The sheets that should have been delivered and could not be.
    pub broken: Vec<(String, ConvertError)>,
}

/// Takes the sheets that are to be delivered.
pub type Deliver<'d> = dyn FnMut(SheetCsv) -> Result<(), ConvertError> + 'd;

/// Takes the worksheets of a workbook in the order of their tabs, and passes on those that are to be delivered.
///
/// The readers of all formats tell it what they find: [`begin`](Self::begin), then cells, then [`end`](Self::end).
pub(crate) struct SheetChooser<'d> {
    options: &'d Options,
    deliver: &'d mut Deliver<'d>,
    name: String,
    sheets: u64,
    /// How much all sheets may still weigh together: a small file can stand for thousands of sheets, each just within the limits.
    left: u64,
    reading: Reading,
    chosen: Option<(String, FilledGrid)>,
    fallback: Option<(String, FilledGrid)>,
    with_values: Vec<String>,
    delivered: Vec<String>,
    broken: Vec<(String, ConvertError)>,
}

/// How much of the sheet at hand matters.
enum Reading {
    /// All its cells.
    Whole(Box<Grid>),
    /// Whether it has any value.
    Peek { has_values: bool },
}

impl<'d> SheetChooser<'d> {
    pub(crate) fn new(options: &'d Options, deliver: &'d mut Deliver<'d>) -> Self {
        Self {
            options,
            deliver,
            name: String::new(),
            sheets: 0,
            left: options.limits.unpacked_bytes,
            reading: Reading::Peek { has_values: false },
            chosen: None,
            fallback: None,
            with_values: Vec::new(),
            delivered: Vec::new(),
            broken: Vec::new(),
        }
    }

    /// The limits of the conversion.
    pub(crate) const fn limits(&self) -> &'d Limits {
        &self.options.limits
    }

    /// A worksheet begins. `hidden` if it is known already that it is hidden.
    pub(crate) fn begin(&mut self, name: &str, hidden: bool) -> Result<(), ConvertError> {
        self.name = name.chars().take(NAME_CHARACTERS).collect();
        self.sheets += 1;
        if self.sheets > self.options.limits.members {
            return Err(too_many(self.options.limits.members));
        }
        self.reading = if hidden || self.chosen.is_some() {
            Reading::Peek { has_values: false }
        } else {
            Reading::Whole(Box::new(Grid::new(&self.options.limits)))
        };
        Ok(())
    }

    /// A cell of the worksheet; `false` when no more cells are wanted.
    pub(crate) fn cell(&mut self, at: CellRef, value: Value<'_>) -> Result<bool, ConvertError> {
        match &mut self.reading {
            Reading::Whole(grid) => grid.put(at, value).map(|()| true),
            Reading::Peek { has_values } => {
                *has_values |= !matches!(value, Value::Text("") | Value::Error(""));
                Ok(!*has_values)
            }
        }
    }

    /// Announces that values reach as far as `at`, before they are expanded; `false` if there is no use in doing so.
    pub(crate) fn reach(&mut self, at: CellRef) -> bool {
        match &mut self.reading {
            Reading::Whole(grid) => grid.reach(at),
            Reading::Peek { .. } => false,
        }
    }

    /// The worksheet is complete.
    pub(crate) fn end(&mut self, visible: bool) -> Result<(), ConvertError> {
        match std::mem::replace(&mut self.reading, Reading::Peek { has_values: false }) {
            Reading::Peek { has_values } => {
                if has_values {
                    self.with_values.push(self.name.clone());
                }
                Ok(())
            }
            Reading::Whole(grid) => self.take(grid.finish()?, visible),
        }
    }

    /// The worksheet cannot be read. That matters only if it might have been delivered.
    pub(crate) fn end_broken(&mut self, visible: bool, error: ConvertError) -> Result<(), ConvertError> {
        let machine = error.rejection().is_none();
        match self.options.sheets {
            _ if machine => return Err(error),
            Sheets::First if visible && self.chosen.is_none() => return Err(error),
            Sheets::All if visible => self.broken.push((self.name.clone(), error)),
            _ => self.with_values.push(self.name.clone()),
        }
        Ok(())
    }

    fn take(&mut self, grid: FilledGrid, visible: bool) -> Result<(), ConvertError> {
        self.left = self.left.checked_sub(grid.weight()).ok_or_else(|| {
            let most = bytes_in_words(self.options.limits.unpacked_bytes);
            ConvertError::TooLarge(format!("its sheets have more than {most} in all"))
        })?;
        if !grid.has_values() {
            return Ok(());
        }
        let name = self.name.clone();
        if visible && self.options.sheets == Sheets::All {
            return match self.pass_on(name.clone(), grid) {
                Err(error) if error.rejection().is_some() => {
                    self.broken.push((name, error));
                    Ok(())
                }
                result => result,
            };
        }
        self.with_values.push(name.clone());
        if visible && grid.is_table() {
            self.chosen = Some((name, grid.sorted()?));
        } else if visible && self.fallback.is_none() {
            self.fallback = Some((name, grid.sorted()?));
        }
        Ok(())
    }

    fn pass_on(&mut self, name: String, grid: FilledGrid) -> Result<(), ConvertError> {
        let csv = SheetCsv::new(name.clone(), grid)?;
        (self.deliver)(csv)?;
        self.delivered.push(name);
        Ok(())
    }

    /// The workbook is complete: what was chosen is delivered now.
    pub(crate) fn finish(mut self) -> Result<Conversion, ConvertError> {
        if let Some((name, grid)) = self.chosen.take().or_else(|| self.fallback.take()) {
            if let Some(at) = self.with_values.iter().position(|other| *other == name) {
                self.with_values.remove(at);
            }
            self.pass_on(name, grid)?;
        }
        self.conclude()
    }

    /// The workbook could not be read to its end. What was delivered already stays delivered, and the sheet at hand is
    /// told as broken.
    pub(crate) fn fail(mut self, error: ConvertError) -> Result<Conversion, ConvertError> {
        if self.delivered.is_empty() || error.rejection().is_none() {
            return Err(error);
        }
        self.broken.push((self.name.clone(), error));
        self.conclude()
    }

    fn conclude(mut self) -> Result<Conversion, ConvertError> {
        if self.delivered.is_empty() {
            let first = self.broken.drain(..).next();
            return Err(first.map_or(ConvertError::Empty, |(_, error)| error));
        }
        Ok(Conversion {
            delivered: self.delivered,
            left_out: self.with_values,
            broken: self.broken,
        })
    }
}
