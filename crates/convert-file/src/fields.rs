//! The little-endian fields of the binary formats' records.

use std::borrow::Cow;

use encoding_rs::UTF_16LE;

/// What is left of a record; every read that asks for more than that gives `None`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fields<'r>(&'r [u8]);

impl<'r> Fields<'r> {
    pub(crate) const fn new(record: &'r [u8]) -> Self {
        Self(record)
    }

    pub(crate) const fn rest(&self) -> &'r [u8] {
        self.0
    }

    pub(crate) fn take(&mut self, bytes: usize) -> Option<&'r [u8]> {
        let (taken, rest) = self.0.split_at_checked(bytes)?;
        self.0 = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*taken)
    }

    pub(crate) fn u8(&mut self) -> Option<u8> {
        self.array().map(u8::from_le_bytes)
    }

    pub(crate) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    pub(crate) fn f64(&mut self) -> Option<f64> {
        self.array().map(f64::from_le_bytes)
    }

    /// A number squeezed into four bytes ([MS-XLS] 2.5.217 `RkNumber`).
    pub(crate) fn rk(&mut self) -> Option<f64> {
        let raw = self.u32()?;
        let value = if raw & 2 == 0 {
            f64::from_bits(u64::from(raw & !3) << 32)
        } else {
            f64::from(raw.cast_signed() >> 2)
        };
        Some(if raw & 1 == 0 { value } else { value / 100.0 })
    }

    /// Text of `units` UTF-16 code units.
    pub(crate) fn utf16(&mut self, units: usize) -> Option<Cow<'r, str>> {
        let bytes = self.take(units.checked_mul(2)?)?;
        Some(UTF_16LE.decode_without_bom_handling(bytes).0)
    }

    /// Text whose length in UTF-16 code units comes first ([MS-XLSB] 2.5.168 `XLWideString`). No length is no text.
    pub(crate) fn wide_string(&mut self) -> Option<Cow<'r, str>> {
        match self.u32()? {
            u32::MAX => Some(Cow::Borrowed("")),
            units => self.utf16(usize::try_from(units).ok()?),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rk(raw: u32) -> f64 {
        Fields::new(&raw.to_le_bytes()).rk().unwrap()
    }

    #[test]
    fn squeezed_numbers_are_doubles_or_integers_perhaps_in_hundredths() {
        assert_eq!(rk(0x3FF0_0000), 1.0);
        assert_eq!(rk(0x3FF0_0001), 0.01);
        assert_eq!(rk((1234 << 2) | 2), 1234.0);
        assert_eq!(rk((1234 << 2) | 3), 12.34);
        assert_eq!(rk((-5_i32 << 2).cast_unsigned() | 2), -5.0);
    }

    #[test]
    fn a_field_beyond_the_record_is_none() {
        let mut fields = Fields::new(&[1, 0, 0]);
        assert_eq!(fields.u32(), None);
        assert_eq!(fields.u16(), Some(1));
        assert_eq!(fields.take(2), None);
        assert_eq!(Fields::new(&[255, 255, 255, 127, 1]).wide_string(), None);
    }

    proptest! {
        #[test]
        fn integers_in_hundredths_are_what_people_typed(cents in -100_000_000_i32..100_000_000) {
            let raw = (cents << 2).cast_unsigned() | 3;
            prop_assert_eq!(rk(raw), format!("{cents}e-2").parse::<f64>().unwrap());
        }
    }
}
