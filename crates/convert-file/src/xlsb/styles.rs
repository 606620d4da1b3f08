//! Which number format each cell style has ([MS-XLSB] 2.4.658 `BrtFmt`, 2.4.846 `BrtXF`).

use std::collections::HashMap;
use std::io::BufRead;

use super::records::{Records, id};
use crate::error::ConvertError;
use crate::number_format::{NumberFormat, built_in, of_code};

/// The number format of each cell style, which cells name by their number.
pub(super) fn read<R: BufRead>(records: &mut Records<R>) -> Result<Vec<NumberFormat>, ConvertError> {
    let mut codes: HashMap<u16, NumberFormat> = HashMap::new();
    let mut ids = Vec::new();
    let mut of_cells = false;
    while let Some((id, mut fields)) = records.next()? {
        match id {
            id::FMT => {
                if let (Some(format), Some(code)) = (fields.u16(), fields.wide_string()) {
                    codes.insert(format, of_code(&code));
                }
            }
            id::BEGIN_CELL_XFS => of_cells = true,
            id::END_CELL_XFS => of_cells = false,
            id::XF if of_cells => {
                fields.u16();
                ids.push(fields.u16().unwrap_or(0));
            }
            _ => {}
        }
    }
    Ok(ids
        .into_iter()
        .map(|id| codes.get(&id).copied().unwrap_or_else(|| built_in(u32::from(id))))
        .collect())
}
