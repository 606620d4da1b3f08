//! How texts are stored: by a code page before BIFF8, in UTF-16 since.

use std::io::{Read, Seek};

use encoding_rs::{
    BIG5, EUC_KR, Encoding, GBK, IBM866, MACINTOSH, SHIFT_JIS, UTF_8, WINDOWS_874, WINDOWS_1250, WINDOWS_1251,
    WINDOWS_1252, WINDOWS_1253, WINDOWS_1254, WINDOWS_1255, WINDOWS_1256, WINDOWS_1257, WINDOWS_1258,
};

use pipeline_core::Limits;

use super::records::{Continued, cut_short};
use crate::error::ConvertError;
use crate::text_pool::TextPool;

/// What a text's storage depends on.
#[derive(Debug, Clone, Copy)]
pub(super) struct TextRules {
    pub(super) biff8: bool,
    pub(super) code_page: &'static Encoding,
}

impl TextRules {
    /// Text behind a length of two bytes: `XLUnicodeString` ([MS-XLS] 2.5.294), or bytes in the code page.
    pub(super) fn long<S: Read + Seek>(
        self,
        data: &mut Continued<'_, S>,
        out: &mut String,
    ) -> Result<(), ConvertError> {
        let length = data.u16()?;
        self.of_length(length, data, out)
    }

    /// Text behind a length of one byte: `ShortXLUnicodeString` ([MS-XLS] 2.5.240), or bytes in the code page.
    pub(super) fn short<S: Read + Seek>(
        self,
        data: &mut Continued<'_, S>,
        out: &mut String,
    ) -> Result<(), ConvertError> {
        let length = u16::from(data.u8()?);
        self.of_length(length, data, out)
    }

    fn of_length<S: Read + Seek>(
        self,
        length: u16,
        data: &mut Continued<'_, S>,
        out: &mut String,
    ) -> Result<(), ConvertError> {
        if self.biff8 {
            if length == 0 {
                return Ok(());
            }
            let wide = data.u8()? & 1 == 1;
            return data.text(length, wide, out);
        }
        let mut bytes = Vec::with_capacity(usize::from(length));
        for _ in 0..length {
            bytes.push(data.u8()?);
        }
        out.push_str(&self.code_page.decode_without_bom_handling(&bytes).0);
        Ok(())
    }
}

/// The encoding of a `CodePage` record ([MS-XLS] 2.4.52). DOS code pages that nobody decodes are read as Windows-1252.
pub(super) fn encoding(code_page: u16) -> &'static Encoding {
    match code_page {
        866 => IBM866,
        874 => WINDOWS_874,
        932 => SHIFT_JIS,
        936 => GBK,
        949 => EUC_KR,
        950 => BIG5,
        1250 => WINDOWS_1250,
        1251 => WINDOWS_1251,
        1253 => WINDOWS_1253,
        1254 => WINDOWS_1254,
        1255 => WINDOWS_1255,
        1256 => WINDOWS_1256,
        1257 => WINDOWS_1257,
        1258 => WINDOWS_1258,
        10_000 | 0x8000 => MACINTOSH,
        65_001 => UTF_8,
        _ => WINDOWS_1252,
    }
}

/// The shared texts ([MS-XLS] 2.4.265 `SST`), without their formatting and phonetic hints. The counts at the beginning are
/// often wrong, so that only the data say how many there are.
pub(super) fn read_shared<S: Read + Seek>(
    mut data: Continued<'_, S>,
    limits: &Limits,
) -> Result<TextPool, ConvertError> {
    let mut strings = TextPool::new(limits);
    data.u32()?;
    let expected = data.u32()?;
    let mut count = 0;
    while data.has_more()? {
        match strings.add(|out| read_rich(&mut data, out)) {
            Ok(()) => count += 1,
            // Padding behind the last text.
            Err(ConvertError::Corrupt { .. }) if count >= expected && expected > 0 => break,
            Err(error) => return Err(error),
        }
    }
    Ok(strings)
}

/// `XLUnicodeRichExtendedString` ([MS-XLS] 2.5.293).
fn read_rich<S: Read + Seek>(data: &mut Continued<'_, S>, out: &mut String) -> Result<(), ConvertError> {
    let units = data.u16()?;
    let flags = data.u8()?;
    let runs = if flags & 8 == 0 { 0 } else { u64::from(data.u16()?) };
    let phonetic = if flags & 4 == 0 { 0 } else { u64::from(data.u32()?) };
    data.text(units, flags & 1 == 1, out)?;
    match data.skip(runs * 4 + phonetic) {
        // The text itself is whole.
        Err(_) if !data.has_more()? => Ok(()),
        Err(_) => Err(cut_short()),
        Ok(()) => Ok(()),
    }
}
