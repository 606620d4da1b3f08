//! The records that every binary part is made of ([MS-XLSB] 2.1.4).

use std::io::{BufRead, Read as _};

use crate::error::ConvertError;
use crate::fields::Fields;
use crate::xml::broken_part;

/// No record of cells, styles or texts comes near this.
const RECORD_BYTES: u32 = 16 * 1024 * 1024;

/// The numbers of the records that are read ([MS-XLSB] 2.3.2).
pub(super) mod id {
    pub(in super::super) const ROW_HDR: u16 = 0;
    pub(in super::super) const CELL_BLANK: u16 = 1;
    pub(in super::super) const CELL_RK: u16 = 2;
    pub(in super::super) const CELL_ERROR: u16 = 3;
    pub(in super::super) const CELL_BOOL: u16 = 4;
    pub(in super::super) const CELL_REAL: u16 = 5;
    pub(in super::super) const CELL_ST: u16 = 6;
    pub(in super::super) const CELL_ISST: u16 = 7;
    pub(in super::super) const FMLA_STRING: u16 = 8;
    pub(in super::super) const FMLA_NUM: u16 = 9;
    pub(in super::super) const FMLA_BOOL: u16 = 10;
    pub(in super::super) const FMLA_ERROR: u16 = 11;
    pub(in super::super) const SHORT_BLANK: u16 = 12;
    pub(in super::super) const SHORT_RK: u16 = 13;
    pub(in super::super) const SHORT_ERROR: u16 = 14;
    pub(in super::super) const SHORT_BOOL: u16 = 15;
    pub(in super::super) const SHORT_REAL: u16 = 16;
    pub(in super::super) const SHORT_ST: u16 = 17;
    pub(in super::super) const SHORT_ISST: u16 = 18;
    pub(in super::super) const SST_ITEM: u16 = 19;
    pub(in super::super) const FMT: u16 = 44;
    pub(in super::super) const XF: u16 = 47;
    pub(in super::super) const CELL_R_STRING: u16 = 62;
    pub(in super::super) const WB_PROP: u16 = 153;
    pub(in super::super) const BUNDLE_SH: u16 = 156;
    pub(in super::super) const BEGIN_CELL_XFS: u16 = 617;
    pub(in super::super) const END_CELL_XFS: u16 = 618;
}

/// Reads records one after another.
pub(super) struct Records<R> {
    part: R,
    record: Vec<u8>,
}

impl<R: BufRead> Records<R> {
    pub(super) const fn new(part: R) -> Self {
        Self {
            part,
            record: Vec::new(),
        }
    }

    /// The next record's number and fields; `None` at the end of the part.
    pub(super) fn next(&mut self) -> Result<Option<(u16, Fields<'_>)>, ConvertError> {
        let Some(id) = self.varying(2)? else {
            return Ok(None);
        };
        let size = self.varying(4)?.ok_or_else(cut_short)?;
        if size > RECORD_BYTES {
            return Err(ConvertError::corrupt("a record is too long to be one"));
        }
        self.record.clear();
        let read = (&mut self.part)
            .take(u64::from(size))
            .read_to_end(&mut self.record)
            .map_err(broken_part)?;
        if read as u64 != u64::from(size) {
            return Err(cut_short());
        }
        let id = u16::try_from(id).map_err(|_| cut_short())?;
        Ok(Some((id, Fields::new(&self.record))))
    }

    /// An integer of up to `bytes` bytes, seven bits each; `None` at the end of the part.
    fn varying(&mut self, bytes: u32) -> Result<Option<u32>, ConvertError> {
        let mut value = 0;
        for at in 0..bytes {
            let mut byte = [0];
            if self.part.read(&mut byte).map_err(broken_part)? == 0 {
                return if at == 0 { Ok(None) } else { Err(cut_short()) };
            }
            let [byte] = byte;
            value |= u32::from(byte & 0x7F) << (7 * at);
            if byte & 0x80 == 0 {
                break;
            }
        }
        Ok(Some(value))
    }
}

fn cut_short() -> ConvertError {
    ConvertError::corrupt("a part of it is cut short")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_have_numbers_and_sizes_of_varying_length() {
        let mut part = vec![0x07, 0x02, 0xAA, 0xBB, 0x9C, 0x01, 0x80, 0x01];
        part.extend([7; 128]);
        let mut records = Records::new(part.as_slice());
        let (id, fields) = records.next().unwrap().unwrap();
        assert_eq!((id, fields.rest()), (7, [0xAA, 0xBB].as_slice()));
        let (id, fields) = records.next().unwrap().unwrap();
        assert_eq!((id, fields.rest().len()), (156, 128));
        assert!(records.next().unwrap().is_none());
    }

    #[test]
    fn a_record_that_lies_about_its_size_is_broken() {
        assert!(Records::new([0x07, 0x05, 0xAA].as_slice()).next().is_err());
        assert!(Records::new([0x07, 0xFF, 0xFF, 0xFF, 0x7F].as_slice()).next().is_err());
    }
}
