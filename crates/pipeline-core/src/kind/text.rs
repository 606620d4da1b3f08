//! Whether bytes are text, and that text as one byte string that the other rules can read.

use std::borrow::Cow;

const UTF8_BOM: &[u8] = b"\xef\xbb\xbf";

/// The text in `head`: without byte order mark and NULs, UTF-16 as UTF-8, any other encoding as it is
/// (all that the rules look for is ASCII). `None` where it is not text.
///
/// Text has at most 2 % control characters beside white space and the DOS end-of-file mark. NULs are
/// neutral, because stray NULs and padding with NULs occur in suppliers' CSV; NULs alone are no text.
pub(super) fn decode(head: &[u8]) -> Option<Cow<'_, [u8]>> {
    if head.is_empty() {
        return Some(Cow::Borrowed(head));
    }
    let text = match Encoding::of(head) {
        Encoding::Utf16(rest, from_bytes) => Cow::Owned(utf16(rest, from_bytes)?),
        Encoding::Ascii(rest) if memchr::memchr(0, rest).is_some() => {
            Cow::Owned(rest.iter().copied().filter(|byte| *byte != 0).collect())
        }
        Encoding::Ascii(rest) => Cow::Borrowed(rest),
    };
    let only_nuls = text.is_empty() && !is_byte_order_mark(head);
    (!only_nuls && has_few_controls(&text)).then_some(text)
}

/// Nothing but a byte order mark.
pub(super) fn is_byte_order_mark(bytes: &[u8]) -> bool {
    matches!(
        bytes,
        b"\xef\xbb\xbf" | b"\xff\xfe" | b"\xfe\xff" | b"\xff\xfe\0\0" | b"\0\0\xfe\xff"
    )
}

type FromBytes = fn([u8; 2]) -> u16;

enum Encoding<'a> {
    /// Any superset of ASCII, byte order mark taken off.
    Ascii(&'a [u8]),
    /// UTF-16, byte order mark taken off.
    Utf16(&'a [u8], FromBytes),
}

impl<'a> Encoding<'a> {
    fn of(head: &'a [u8]) -> Self {
        if let Some(rest) = head.strip_prefix(b"\xff\xfe") {
            return Self::Utf16(rest, u16::from_le_bytes);
        }
        if let Some(rest) = head.strip_prefix(b"\xfe\xff") {
            return Self::Utf16(rest, u16::from_be_bytes);
        }
        if let Some(rest) = head.strip_prefix(UTF8_BOM) {
            // Tools that add a mark to what already has one are common enough.
            return Self::Ascii(rest.strip_prefix(UTF8_BOM).unwrap_or(rest));
        }
        match byte_order_by_nuls(head) {
            Some(from_bytes) => Self::Utf16(head, from_bytes),
            None => Self::Ascii(head),
        }
    }
}

/// UTF-16 without a mark: Western text in it has a NUL in nearly every pair, always on the same side.
fn byte_order_by_nuls(head: &[u8]) -> Option<FromBytes> {
    memchr::memchr(0, head)?;
    let (mut little, mut big, mut filled) = (0_usize, 0_usize, 0_usize);
    for pair in head.as_chunks::<2>().0 {
        match pair {
            [0, 0] => continue,
            [_, 0] => little += 1,
            [0, _] => big += 1,
            _ => {}
        }
        filled += 1;
    }
    let most = |nuls: usize| nuls * 10 >= filled * 7;
    let few = |nuls: usize| nuls * 20 <= filled;
    match (filled >= 2, little, big) {
        (true, little, big) if most(little) && few(big) => Some(u16::from_le_bytes),
        (true, little, big) if most(big) && few(little) => Some(u16::from_be_bytes),
        _ => None,
    }
}

/// `None` where more than 2 % are halves of surrogate pairs or private characters: any two bytes make some
/// UTF-16, but not text.
fn utf16(bytes: &[u8], from_bytes: FromBytes) -> Option<Vec<u8>> {
    let units = bytes.as_chunks::<2>().0.iter().map(|pair| from_bytes(*pair));
    let mut text = Vec::with_capacity(bytes.len());
    let (mut chars, mut strange) = (0_usize, 0_usize);
    for char in char::decode_utf16(units.filter(|unit| *unit != 0)) {
        let char = char.unwrap_or(char::REPLACEMENT_CHARACTER);
        chars += 1;
        strange += usize::from(matches!(char, '\u{e000}'..='\u{f8ff}' | '\u{fff0}'..='\u{ffff}'));
        text.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes());
    }
    (strange * 50 <= chars).then_some(text)
}

fn has_few_controls(text: &[u8]) -> bool {
    let controls = text.iter().filter(|byte| is_control(**byte)).count();
    controls * 50 <= text.len()
}

const fn is_control(byte: u8) -> bool {
    matches!(byte, 0x00..=0x08 | 0x0e..=0x19 | 0x1b..=0x1f)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "MPAN,Date,HH1,HH2\r\n2000012345678,01/02/2023,0.5,0.75\r\n";

    fn utf16_of(text: &str, to_bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(to_bytes).collect()
    }

    #[test]
    fn byte_order_marks_go_and_decide() {
        for bytes in [
            [UTF8_BOM, HEADER.as_bytes()].concat(),
            [UTF8_BOM, UTF8_BOM, HEADER.as_bytes()].concat(),
            utf16_of(&format!("\u{feff}{HEADER}"), u16::to_le_bytes),
            utf16_of(&format!("\u{feff}{HEADER}"), u16::to_be_bytes),
        ] {
            assert_eq!(decode(&bytes).unwrap().as_ref(), HEADER.as_bytes());
        }
    }

    #[test]
    fn utf_16_without_a_mark_is_recognised_by_its_nuls() {
        for to_bytes in [u16::to_le_bytes, u16::to_be_bytes] {
            let bytes = utf16_of(HEADER, to_bytes);
            assert_eq!(decode(&bytes).unwrap().as_ref(), HEADER.as_bytes());
        }
    }

    #[test]
    fn stray_nuls_and_padding_with_nuls_are_no_obstacle() {
        let padded = [HEADER.as_bytes(), &[0; 4096]].concat();
        assert_eq!(decode(&padded).unwrap().as_ref(), HEADER.as_bytes());
        assert_eq!(decode(b"MPAN\0,Date\0,HH1\n").unwrap().as_ref(), b"MPAN,Date,HH1\n");
    }

    #[test]
    fn nothing_but_nuls_is_no_text() {
        assert_eq!(decode(&[0; 4096]), None);
        assert_eq!(decode(b"\0"), None);
        assert_eq!(decode(b"\xff\xfe\0\0\0\0\0\0"), None);
    }

    #[test]
    fn latin_1_is_text_and_two_controls_in_a_hundred_are_forgiven() {
        assert!(decode(b"Z\xe4hler;Stra\xdfe;\x80 je kWh\n").is_some());
        let mut line = vec![b'7'; 98];
        line.extend([1, 2]);
        assert!(decode(&line).is_some());
        line.push(3);
        assert!(decode(&line).is_none());
    }

    #[test]
    fn a_mark_before_noise_does_not_make_text_of_it() {
        let mut noise = b"\xff\xfe".to_vec();
        let mut state = 1_u32;
        for _ in 0..2000 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            noise.push(state.to_be_bytes()[0]);
        }
        assert_eq!(decode(&noise), None);
    }
}
