//! Line ends, and lines of nothing but white space.

use memchr::{memchr, memchr2};

/// Makes one LF of every CR, LF and CRLF, and removes NULs, in text that comes in pieces.
#[derive(Debug, Default)]
pub(crate) struct LineEnds {
    after_cr: bool,
}

impl LineEnds {
    /// Appends a piece to `text`.
    pub(crate) fn append(&mut self, piece: &[u8], text: &mut Vec<u8>) {
        let mut rest = piece;
        while let Some((&first, tail)) = rest.split_first() {
            if self.after_cr {
                self.after_cr = first == 0;
                if matches!(first, b'\n' | 0) {
                    rest = tail;
                    continue;
                }
            }
            let plain = memchr2(b'\r', 0, rest).unwrap_or(rest.len());
            let (before, after) = rest.split_at_checked(plain).unwrap_or((rest, &[]));
            text.extend_from_slice(before);
            let Some((&special, tail)) = after.split_first() else {
                return;
            };
            // The LF of a CRLF comes with the stretch that follows.
            if special == b'\r' && tail.first() != Some(&b'\n') {
                text.push(b'\n');
                self.after_cr = true;
            }
            rest = tail;
        }
    }
}

/// What the beginning of a line shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Beginning {
    /// The line is blank; so many bytes with its LF.
    Blank(usize),
    /// There is something else than white space in it.
    Text,
    /// Nothing but white space so far, and the end of the line is not here yet.
    Open,
}

/// Looks at the line that `text` begins with.
pub(crate) fn beginning(text: &[u8]) -> Beginning {
    let mut at = 0;
    loop {
        let rest = text.get(at..).unwrap_or_default();
        match (rest.first(), white_space(rest)) {
            (None, _) => return Beginning::Open,
            (Some(b'\n'), _) => return Beginning::Blank(at + 1),
            (_, Some(length)) => at += length,
            (_, None) => return Beginning::Text,
        }
    }
}

/// The length of the blank lines that `text` begins with, and which are whole.
pub(crate) fn leading_blank(text: &[u8]) -> usize {
    let mut at = 0;
    while let Beginning::Blank(length) = beginning(text.get(at..).unwrap_or_default()) {
        at += length;
    }
    at
}

/// Whether a line is blank; it comes with or without its LF.
pub(crate) fn is_blank(line: &[u8]) -> bool {
    beginning(line) != Beginning::Text
}

/// The whole first line of a text, without its LF, and what follows it.
pub(crate) fn split_line(text: &[u8]) -> (&[u8], &[u8]) {
    let end = memchr(b'\n', text).unwrap_or(text.len());
    let (line, rest) = text.split_at_checked(end).unwrap_or((text, &[]));
    (line, rest.get(1..).unwrap_or_default())
}

/// The bytes of the white space that UTF-8 text begins with: one character of Unicode's `White_Space`, or U+FEFF,
/// the zero width no-break space.
fn white_space(text: &[u8]) -> Option<usize> {
    match text {
        [b'\t'..=b'\r' | b' ', ..] => Some(1),
        [0xC2, 0x85 | 0xA0, ..] => Some(2),
        [0xE1, 0x9A, 0x80, ..]
        | [0xE2, 0x80, 0x80..=0x8A | 0xA8 | 0xA9 | 0xAF, ..]
        | [0xE2, 0x81, 0x9F, ..]
        | [0xE3, 0x80, 0x80, ..]
        | [0xEF, 0xBB, 0xBF, ..] => Some(3),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ends(pieces: &[&[u8]]) -> String {
        let (mut line_ends, mut text) = (LineEnds::default(), Vec::new());
        for piece in pieces {
            line_ends.append(piece, &mut text);
        }
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn cr_lf_and_crlf_become_lf() {
        assert_eq!(ends(&[b"a\rb\nc\r\nd\r\re\r\r\nf\n\rg"]), "a\nb\nc\nd\n\ne\n\nf\n\ng");
    }

    #[test]
    fn a_crlf_in_two_pieces_is_one_line_end() {
        assert_eq!(ends(&[b"a\r", b"\nb\r", b"", b"c\r", b"\0", b"\0\nd"]), "a\nb\nc\nd");
    }

    #[test]
    fn nuls_go_wherever_they_are() {
        assert_eq!(ends(&[b"\0a\0\0b\0\r\0\n\0c\0"]), "ab\nc");
    }

    #[test]
    fn white_space_is_what_unicode_says_and_the_byte_order_mark() {
        for c in '\0'..=char::MAX {
            let mut bytes = [0; 4];
            let text = c.encode_utf8(&mut bytes).as_bytes();
            let expected = (c.is_whitespace() || c == '\u{FEFF}').then_some(text.len());
            assert_eq!(white_space(text), expected, "{c:?}");
        }
    }

    #[test]
    fn a_line_is_blank_only_to_its_end() {
        assert_eq!(beginning("\u{a0}\t\u{feff} \nx".as_bytes()), Beginning::Blank(8));
        assert_eq!(beginning(b"  ,\n"), Beginning::Text);
        assert_eq!(beginning(b"  "), Beginning::Open);
        assert_eq!(leading_blank(b"\n \n\t\nMPAN\n\n"), 5);
    }
}
