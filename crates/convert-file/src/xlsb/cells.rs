//! The cells of a worksheet part ([MS-XLSB] 2.1.7.62).

use std::io::BufRead;

use super::records::{Records, id};
use crate::error::ConvertError;
use crate::fields::Fields;
use crate::package_sheets::Shared;
use crate::sheet_chooser::SheetChooser;
use crate::value::{CellRef, Value, error_name};

/// Shows every cell with a value to the chooser.
pub(super) fn read<R: BufRead>(
    records: &mut Records<R>,
    shared: &Shared,
    chooser: &mut SheetChooser<'_>,
) -> Result<(), ConvertError> {
    let cut_short = || ConvertError::corrupt("a cell is cut short");
    let mut next = CellRef::default();
    while let Some((id, mut fields)) = records.next()? {
        match id {
            id::ROW_HDR => next = CellRef::new(fields.u32().ok_or_else(cut_short)?, 0),
            id::CELL_BLANK..=id::SHORT_ISST | id::CELL_R_STRING => {
                // A short cell follows the one before, and so has no column (2.5.14).
                if !(id::SHORT_BLANK..=id::SHORT_ISST).contains(&id) {
                    next.column = fields.u32().ok_or_else(cut_short)?;
                }
                let style = fields.u32().ok_or_else(cut_short)? & 0x00FF_FFFF;
                let at = next;
                next.column = next.column.saturating_add(1);
                let text;
                let value = match id {
                    id::CELL_BLANK | id::SHORT_BLANK => None,
                    id::CELL_ISST | id::SHORT_ISST => {
                        let index = fields.u32().ok_or_else(cut_short)?;
                        let string = usize::try_from(index).ok().and_then(|index| shared.strings.get(index));
                        Some(Value::Text(string.ok_or_else(|| {
                            ConvertError::corrupt("a cell names a shared text that is not there")
                        })?))
                    }
                    id::CELL_ST | id::SHORT_ST | id::FMLA_STRING | id::CELL_R_STRING => {
                        if id == id::CELL_R_STRING {
                            fields.u8();
                        }
                        text = fields.wide_string().ok_or_else(cut_short)?;
                        Some(Value::Text(&text))
                    }
                    _ => Some(plain_value(id, &mut fields, style, shared).ok_or_else(cut_short)?),
                };
                if let Some(value) = value
                    && !chooser.cell(at, value)?
                {
                    return Ok(());
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// Numbers, truth values and errors.
fn plain_value(id: u16, fields: &mut Fields<'_>, style: u32, shared: &Shared) -> Option<Value<'static>> {
    let number = |value| {
        let format = usize::try_from(style).ok().and_then(|style| shared.formats.get(style));
        Value::Number(value, format.copied().unwrap_or_default(), shared.epoch)
    };
    Some(match id {
        id::CELL_RK | id::SHORT_RK => number(fields.rk()?),
        id::CELL_REAL | id::SHORT_REAL | id::FMLA_NUM => number(fields.f64()?),
        id::CELL_BOOL | id::SHORT_BOOL | id::FMLA_BOOL => Value::Bool(fields.u8()? != 0),
        id::CELL_ERROR | id::SHORT_ERROR | id::FMLA_ERROR => Value::Error(error_name(fields.u8()?)),
        _ => Value::Text(""),
    })
}
