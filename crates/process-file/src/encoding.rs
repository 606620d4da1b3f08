//! Which encoding a file is in, told from its first bytes.

/// How the text of a file was encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// UTF-8 (RFC 3629) on every line; ASCII is UTF-8.
    Utf8,
    /// Windows-1252, as the WHATWG Encoding Standard defines it, on one line at least.
    Windows1252,
    /// UTF-16, the low byte first (RFC 2781).
    Utf16Le,
    /// UTF-16, the high byte first (RFC 2781).
    Utf16Be,
}

impl Encoding {
    /// The name that the WHATWG Encoding Standard gives it, for logs and receipts.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Utf8 => "UTF-8",
            Self::Windows1252 => "windows-1252",
            Self::Utf16Le => "UTF-16LE",
            Self::Utf16Be => "UTF-16BE",
        }
    }
}

/// The encoding that the beginning of a file shows, and the length of its byte order mark.
///
/// [`Encoding::Utf8`] means as much as "not UTF-16": the lines decide.
pub(crate) fn detect(head: &[u8]) -> (Encoding, usize) {
    match head {
        [0xEF, 0xBB, 0xBF, ..] => (Encoding::Utf8, 3),
        [0xFF, 0xFE, ..] => (Encoding::Utf16Le, 2),
        [0xFE, 0xFF, ..] => (Encoding::Utf16Be, 2),
        _ => (utf16_without_mark(head).unwrap_or(Encoding::Utf8), 0),
    }
}

/// Latin text in UTF-16 has a NUL in nearly every pair of bytes, always on the same side.
///
/// Pairs of two NULs tell nothing: padding has them, and UTF-32, which is UTF-16 with NULs between.
fn utf16_without_mark(head: &[u8]) -> Option<Encoding> {
    memchr::memchr(0, head)?;
    let (mut first, mut second, mut telling) = (0_usize, 0_usize, 0_usize);
    for pair in head.as_chunks::<2>().0 {
        telling += usize::from(*pair != [0, 0]);
        first += usize::from(pair[0] == 0 && pair[1] != 0);
        second += usize::from(pair[0] != 0 && pair[1] == 0);
    }
    if second > telling / 2 && second > 4 * first {
        Some(Encoding::Utf16Le)
    } else if first > telling / 2 && first > 4 * second {
        Some(Encoding::Utf16Be)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(bytes).collect()
    }

    #[test]
    fn byte_order_marks_decide() {
        assert_eq!(detect(b"\xEF\xBB\xBFM\0P\0A\0N\0"), (Encoding::Utf8, 3));
        assert_eq!(detect(b"\xFF\xFEMPAN"), (Encoding::Utf16Le, 2));
        assert_eq!(detect(b"\xFE\xFFMPAN"), (Encoding::Utf16Be, 2));
    }

    #[test]
    fn utf16_without_a_mark_is_told_by_where_its_nuls_lie() {
        let text = "MPAN,Site\n2000000000001,Café – Straße 電力\n";
        assert_eq!(detect(&utf16(text, u16::to_le_bytes)), (Encoding::Utf16Le, 0));
        assert_eq!(detect(&utf16(text, u16::to_be_bytes)), (Encoding::Utf16Be, 0));
    }

    #[test]
    fn padding_with_nuls_hides_no_utf16() {
        let mut file = utf16("MPAN,Date\n", u16::to_le_bytes);
        file.extend([0; 1000]);
        assert_eq!(detect(&file).0, Encoding::Utf16Le);
    }

    #[test]
    fn nuls_here_and_there_make_no_utf16() {
        for file in [
            &b"MPAN,Date\0\n2000000000001,01/02/2023\n"[..],
            b"MPAN,Date\n\0\0\0\0\0\0\0\0\0\0\0\0",
            b"\0\0\0",
            b"",
        ] {
            assert_eq!(detect(file), (Encoding::Utf8, 0), "{file:?}");
        }
    }
}
