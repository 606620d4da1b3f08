//! The records of a workbook stream ([MS-XLS] 2.1.4), and data that go on in `Continue` records.

use std::io::{BufReader, Read, Seek, SeekFrom};

use crate::error::ConvertError;
use crate::fields::Fields;
use crate::xml::broken_part;

/// The numbers of the records that are read ([MS-XLS] 2.3).
pub(super) mod id {
    pub(in super::super) const FORMULA: u16 = 0x0006;
    pub(in super::super) const EOF: u16 = 0x000A;
    pub(in super::super) const DATE_1904: u16 = 0x0022;
    pub(in super::super) const FILE_PASS: u16 = 0x002F;
    pub(in super::super) const CONTINUE: u16 = 0x003C;
    pub(in super::super) const CODE_PAGE: u16 = 0x0042;
    pub(in super::super) const BOUND_SHEET: u16 = 0x0085;
    pub(in super::super) const MUL_RK: u16 = 0x00BD;
    pub(in super::super) const R_STRING: u16 = 0x00D6;
    pub(in super::super) const XF: u16 = 0x00E0;
    pub(in super::super) const SST: u16 = 0x00FC;
    pub(in super::super) const LABEL_SST: u16 = 0x00FD;
    pub(in super::super) const NUMBER: u16 = 0x0203;
    pub(in super::super) const LABEL: u16 = 0x0204;
    pub(in super::super) const BOOL_ERR: u16 = 0x0205;
    pub(in super::super) const STRING: u16 = 0x0207;
    pub(in super::super) const RK: u16 = 0x027E;
    pub(in super::super) const FORMAT: u16 = 0x041E;
    pub(in super::super) const BOF: u16 = 0x0809;
}

/// A record's number and length.
const HEADER_BYTES: u64 = 4;

/// Reads records one after another; no record is longer than 64 KiB.
pub(super) struct Records<S> {
    stream: BufReader<S>,
    /// The number and length of the next record, if they were read already.
    header: Option<(u16, u16)>,
    record: Vec<u8>,
    /// How many bytes may still be read: sheets may be said to lie within one another.
    left: u64,
}

impl<S: Read + Seek> Records<S> {
    pub(super) fn new(stream: S, limit_bytes: u64) -> Self {
        Self {
            stream: BufReader::with_capacity(64 * 1024, stream),
            header: None,
            record: Vec::new(),
            left: limit_bytes,
        }
    }

    pub(super) fn seek(&mut self, offset: u32) -> Result<(), ConvertError> {
        self.header = None;
        self.stream
            .seek(SeekFrom::Start(u64::from(offset)))
            .map_err(broken_part)?;
        Ok(())
    }

    /// The next record's number and fields. A stream that ends here is cut short: the last record says that it is the last.
    pub(super) fn next(&mut self) -> Result<(u16, Fields<'_>), ConvertError> {
        let id = self.load()?;
        Ok((id, Fields::new(&self.record)))
    }

    /// The fields of the record that was read last.
    pub(super) fn fields(&self) -> Fields<'_> {
        Fields::new(&self.record)
    }

    fn load(&mut self) -> Result<u16, ConvertError> {
        let (id, length) = match self.header.take() {
            Some(header) => header,
            None => self.read_header()?,
        };
        let read = HEADER_BYTES + u64::from(length);
        self.left = self
            .left
            .checked_sub(read)
            .ok_or_else(|| ConvertError::corrupt("its sheets lie within one another"))?;
        self.record.resize(usize::from(length), 0);
        self.stream.read_exact(&mut self.record).map_err(broken_part)?;
        Ok(id)
    }

    fn read_header(&mut self) -> Result<(u16, u16), ConvertError> {
        let mut header = [0; 4];
        self.stream.read_exact(&mut header).map_err(broken_part)?;
        let [a, b, c, d] = header;
        Ok((u16::from_le_bytes([a, b]), u16::from_le_bytes([c, d])))
    }

    /// After [`next`](Self::next): the same record's data from its `at`-th byte on, with what follows in `Continue` records.
    pub(super) const fn continued(&mut self, at: usize) -> Continued<'_, S> {
        Continued { records: self, at }
    }
}

/// Data that may go on in `Continue` records.
pub(super) struct Continued<'r, S> {
    records: &'r mut Records<S>,
    at: usize,
}

impl<S: Read + Seek> Continued<'_, S> {
    /// Whether there are more data. Moves on to a `Continue` record if that is where they are.
    pub(super) fn has_more(&mut self) -> Result<bool, ConvertError> {
        while self.at >= self.records.record.len() {
            let header = match self.records.header {
                Some(header) => header,
                None => self.records.read_header()?,
            };
            self.records.header = Some(header);
            if header.0 != id::CONTINUE {
                return Ok(false);
            }
            self.records.load()?;
            self.at = 0;
        }
        Ok(true)
    }

    fn here(&self) -> &[u8] {
        self.records.record.get(self.at..).unwrap_or_default()
    }

    pub(super) fn u8(&mut self) -> Result<u8, ConvertError> {
        self.has_more()?;
        let byte = *self.here().first().ok_or_else(cut_short)?;
        self.at += 1;
        Ok(byte)
    }

    pub(super) fn u16(&mut self) -> Result<u16, ConvertError> {
        Ok(u16::from_le_bytes([self.u8()?, self.u8()?]))
    }

    pub(super) fn u32(&mut self) -> Result<u32, ConvertError> {
        Ok(u32::from_le_bytes([self.u8()?, self.u8()?, self.u8()?, self.u8()?]))
    }

    pub(super) fn skip(&mut self, mut bytes: u64) -> Result<(), ConvertError> {
        while bytes > 0 {
            if !self.has_more()? {
                return Err(cut_short());
            }
            let step = (self.here().len() as u64).min(bytes);
            self.at += usize::try_from(step).unwrap_or(usize::MAX);
            bytes -= step;
        }
        Ok(())
    }

    /// Text of `units` UTF-16 code units, stored whole or by their low bytes. Where the text goes on in another record,
    /// that record begins with how it is stored from there on ([MS-XLS] 2.5.293).
    pub(super) fn text(&mut self, units: u16, mut wide: bool, out: &mut String) -> Result<(), ConvertError> {
        let mut left = usize::from(units);
        let mut utf16 = Vec::with_capacity(left);
        while left > 0 {
            if self.here().is_empty() {
                if !self.has_more()? {
                    return Err(cut_short());
                }
                wide = self.u8()? & 1 == 1;
                continue;
            }
            let here = self.here();
            let taken = if wide {
                let (units, _) = here.as_chunks::<2>();
                let taken = units.len().min(left);
                if taken == 0 {
                    return Err(cut_short());
                }
                utf16.extend(units.iter().take(taken).map(|unit| u16::from_le_bytes(*unit)));
                self.at += taken * 2;
                taken
            } else {
                let taken = here.len().min(left);
                utf16.extend(here.iter().take(taken).map(|byte| u16::from(*byte)));
                self.at += taken;
                taken
            };
            left -= taken;
        }
        out.extend(char::decode_utf16(utf16).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)));
        Ok(())
    }
}

pub(super) fn cut_short() -> ConvertError {
    ConvertError::corrupt("a record is cut short")
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn stream(records: &[(u16, &[u8])]) -> Records<Cursor<Vec<u8>>> {
        let mut bytes = Vec::new();
        for (id, data) in records {
            bytes.extend(id.to_le_bytes());
            bytes.extend(u16::try_from(data.len()).unwrap().to_le_bytes());
            bytes.extend(*data);
        }
        Records::new(Cursor::new(bytes), 1 << 20)
    }

    #[test]
    fn text_goes_on_in_continue_records_and_may_change_its_storage_there() {
        let mut records = stream(&[
            (id::SST, b"kW"),
            (id::CONTINUE, b"\x01h\0\xA3\0"),
            (id::CONTINUE, b"\0!"),
            (id::EOF, b""),
        ]);
        records.next().unwrap();
        let mut out = String::new();
        records.continued(0).text(5, false, &mut out).unwrap();
        assert_eq!(out, "kWh£!");
        assert_eq!(records.next().unwrap().0, id::EOF);
    }

    #[test]
    fn text_that_never_ends_is_cut_short() {
        let mut records = stream(&[(id::SST, b"kW"), (id::EOF, b"")]);
        records.next().unwrap();
        assert!(records.continued(0).text(9, false, &mut String::new()).is_err());
    }

    #[test]
    fn a_stream_without_an_end_is_cut_short() {
        let mut records = stream(&[(id::BOF, b"")]);
        records.next().unwrap();
        assert!(records.next().is_err());
    }
}
