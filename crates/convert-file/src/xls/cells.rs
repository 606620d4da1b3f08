//! The cells of a worksheet ([MS-XLS] 2.1.7.20.5, Worksheet Substream).

use std::io::{Read, Seek};

use super::globals::Globals;
use super::records::{Records, cut_short, id};
use crate::error::ConvertError;
use crate::fields::Fields;
use crate::sheet_chooser::SheetChooser;
use crate::value::{CellRef, Value, error_name};

/// Shows every cell with a value to the chooser.
pub(super) fn read<S: Read + Seek>(
    records: &mut Records<S>,
    offset: u32,
    globals: &Globals,
    chooser: &mut SheetChooser<'_>,
) -> Result<(), ConvertError> {
    records.seek(offset)?;
    if records.next()?.0 != id::BOF {
        return Err(ConvertError::corrupt("a sheet is not where it should be"));
    }
    let mut reading = Reading {
        globals,
        chooser,
        formula: None,
    };
    let mut nested = 0_u32;
    loop {
        let (id, fields) = records.next()?;
        let wanted = match id {
            // A chart in a sheet is a substream of its own.
            id::BOF => {
                nested += 1;
                true
            }
            id::EOF if nested == 0 => return Ok(()),
            id::EOF => {
                nested -= 1;
                true
            }
            _ if nested > 0 => true,
            id::LABEL | id::R_STRING => reading.label(records)?,
            id::STRING => reading.string(records)?,
            id::LABEL_SST => reading.shared(fields)?,
            id::MUL_RK => reading.many(fields)?,
            id::FORMULA => reading.formula(fields)?,
            id::NUMBER | id::RK | id::BOOL_ERR => reading.plain(id, fields)?,
            _ => true,
        };
        if !wanted {
            return Ok(());
        }
    }
}

/// One worksheet, while it is read.
struct Reading<'r, 'd> {
    globals: &'r Globals,
    chooser: &'r mut SheetChooser<'d>,
    /// The place of a formula whose text comes in a record of its own.
    formula: Option<CellRef>,
}

/// The place of a cell, and which style it has.
fn head(fields: &mut Fields<'_>) -> Result<(CellRef, u16), ConvertError> {
    let head = (|| Some((fields.u16()?, fields.u16()?, fields.u16()?)))();
    let (row, column, style) = head.ok_or_else(cut_short)?;
    Ok((CellRef::new(u32::from(row), u32::from(column)), style))
}

impl Reading<'_, '_> {
    fn number(&self, value: f64, style: u16) -> Value<'static> {
        let format = self
            .globals
            .formats
            .get(usize::from(style))
            .copied()
            .unwrap_or_default();
        Value::Number(value, format, self.globals.epoch)
    }

    /// Text in the cell itself: all of it in BIFF5, rarely in BIFF8.
    fn label<S: Read + Seek>(&mut self, records: &mut Records<S>) -> Result<bool, ConvertError> {
        let (at, _) = head(&mut records.fields())?;
        let mut text = String::new();
        self.globals.rules.long(&mut records.continued(6), &mut text)?;
        self.chooser.cell(at, Value::Text(&text))
    }

    /// The text of the formula before.
    fn string<S: Read + Seek>(&mut self, records: &mut Records<S>) -> Result<bool, ConvertError> {
        let Some(at) = self.formula.take() else {
            return Ok(true);
        };
        let mut text = String::new();
        self.globals.rules.long(&mut records.continued(0), &mut text)?;
        self.chooser.cell(at, Value::Text(&text))
    }

    fn shared(&mut self, mut fields: Fields<'_>) -> Result<bool, ConvertError> {
        let (at, _) = head(&mut fields)?;
        let index = fields.u32().ok_or_else(cut_short)?;
        let text = usize::try_from(index)
            .ok()
            .and_then(|index| self.globals.strings.get(index));
        let text = text.ok_or_else(|| ConvertError::corrupt("a cell names a shared text that is not there"))?;
        self.chooser.cell(at, Value::Text(text))
    }

    fn plain(&mut self, id: u16, mut fields: Fields<'_>) -> Result<bool, ConvertError> {
        let (at, style) = head(&mut fields)?;
        let value = match id {
            id::NUMBER => self.number(fields.f64().ok_or_else(cut_short)?, style),
            id::RK => self.number(fields.rk().ok_or_else(cut_short)?, style),
            _ => match (fields.u8().ok_or_else(cut_short)?, fields.u8().ok_or_else(cut_short)?) {
                (value, 0) => Value::Bool(value != 0),
                (code, _) => Value::Error(error_name(code)),
            },
        };
        self.chooser.cell(at, value)
    }

    /// Numbers side by side ([MS-XLS] 2.4.175 `MulRk`).
    fn many(&mut self, mut fields: Fields<'_>) -> Result<bool, ConvertError> {
        let first = (|| Some((fields.u16()?, fields.u16()?)))();
        let (row, column) = first.ok_or_else(cut_short)?;
        let mut at = CellRef::new(u32::from(row), u32::from(column));
        // The last column's number ends the record.
        while fields.rest().len() >= 8 {
            let cell = (|| Some((fields.u16()?, fields.rk()?)))();
            let (style, value) = cell.ok_or_else(cut_short)?;
            if !self.chooser.cell(at, self.number(value, style))? {
                return Ok(false);
            }
            at.column += 1;
        }
        Ok(true)
    }

    /// A formula's cached value ([MS-XLS] 2.5.133 `FormulaValue`).
    fn formula(&mut self, mut fields: Fields<'_>) -> Result<bool, ConvertError> {
        let (at, style) = head(&mut fields)?;
        self.formula = None;
        let value = fields.take(8).ok_or_else(cut_short)?;
        match value {
            [0, .., 0xFF, 0xFF] => {
                self.formula = Some(at);
                Ok(true)
            }
            [1, _, value, .., 0xFF, 0xFF] => self.chooser.cell(at, Value::Bool(*value != 0)),
            [2, _, code, .., 0xFF, 0xFF] => self.chooser.cell(at, Value::Error(error_name(*code))),
            [_, .., 0xFF, 0xFF] => Ok(true),
            number => {
                let number = Fields::new(number).f64().ok_or_else(cut_short)?;
                self.chooser.cell(at, self.number(number, style))
            }
        }
    }
}
