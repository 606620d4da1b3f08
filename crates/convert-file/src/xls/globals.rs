//! What the beginning of the stream says about the whole workbook ([MS-XLS] 2.1.7.20.3, Globals Substream).

use std::collections::HashMap;
use std::io::{Read, Seek};

use encoding_rs::WINDOWS_1252;

use pipeline_core::Limits;

use super::records::{Records, cut_short, id};
use super::strings::{TextRules, encoding, read_shared};
use crate::date::Epoch;
use crate::error::ConvertError;
use crate::number_format::{NumberFormat, built_in, of_code};
use crate::text_pool::TextPool;

/// The version of BIFF8 in a `BOF` record.
const BIFF8: u16 = 0x0600;
/// And that of Excel 5 and 95.
const BIFF5: u16 = 0x0500;

/// Sheets are numbered in 16 bits.
const TABS: usize = 65_536;

/// A worksheet as the globals list it.
pub(super) struct Tab {
    pub(super) name: String,
    pub(super) offset: u32,
    pub(super) hidden: bool,
}

/// What all sheets need to make sense of their cells.
pub(super) struct Globals {
    pub(super) rules: TextRules,
    pub(super) epoch: Epoch,
    pub(super) tabs: Vec<Tab>,
    pub(super) strings: TextPool,
    pub(super) formats: Vec<NumberFormat>,
}

/// Reads the globals. Charts, macro sheets and modules are no worksheets, and are left away.
pub(super) fn read<S: Read + Seek>(records: &mut Records<S>, limits: &Limits) -> Result<Globals, ConvertError> {
    let (id, mut fields) = records.next()?;
    let version = fields.u16().ok_or_else(cut_short)?;
    if id != id::BOF || (version != BIFF8 && version != BIFF5) {
        return Err(ConvertError::corrupt(
            "its stream does not begin as that of Excel 5 to 2003",
        ));
    }
    let mut globals = Globals {
        rules: TextRules {
            biff8: version == BIFF8,
            code_page: WINDOWS_1252,
        },
        epoch: Epoch::Y1900,
        tabs: Vec::new(),
        strings: TextPool::default(),
        formats: Vec::new(),
    };
    let mut codes: HashMap<u16, NumberFormat> = HashMap::new();
    let mut ids = Vec::new();
    loop {
        let (id, mut fields) = records.next()?;
        match id {
            id::EOF => break,
            id::FILE_PASS => return Err(ConvertError::Encrypted),
            id::DATE_1904 if fields.u16() == Some(1) => globals.epoch = Epoch::Y1904,
            id::CODE_PAGE => globals.rules.code_page = encoding(fields.u16().ok_or_else(cut_short)?),
            // A cell names its style in 16 bits.
            id::XF if ids.len() <= usize::from(u16::MAX) => {
                fields.u16();
                ids.push(fields.u16().unwrap_or(0));
            }
            id::FORMAT => {
                let format = fields.u16().ok_or_else(cut_short)?;
                let mut code = String::new();
                let mut data = records.continued(2);
                let read = if globals.rules.biff8 {
                    globals.rules.long(&mut data, &mut code)
                } else {
                    globals.rules.short(&mut data, &mut code)
                };
                if read.is_ok() {
                    codes.insert(format, of_code(&code));
                }
            }
            id::BOUND_SHEET => {
                let offset = fields.u32().ok_or_else(cut_short)?;
                let state = fields.u8().ok_or_else(cut_short)?;
                let kind = fields.u8().ok_or_else(cut_short)?;
                if globals.tabs.len() >= TABS {
                    return Err(ConvertError::corrupt("it lists more sheets than there can be"));
                }
                if kind == 0 {
                    let mut name = String::new();
                    globals.rules.short(&mut records.continued(6), &mut name)?;
                    name.retain(|c| c != '\0');
                    globals.tabs.push(Tab {
                        name,
                        offset,
                        hidden: state & 3 != 0,
                    });
                }
            }
            id::SST => globals.strings = read_shared(records.continued(0), limits)?,
            _ => {}
        }
    }
    globals.formats = ids
        .into_iter()
        .map(|id| codes.get(&id).copied().unwrap_or_else(|| built_in(u32::from(id))))
        .collect();
    Ok(globals)
}
