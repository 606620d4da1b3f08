//! Base64 (RFC 2045 section 6.8).

use base64_simd::STANDARD_NO_PAD;
use bytes::BytesMut;

use crate::encoding::in_place::in_place;
use crate::encoding::lines::{Line, Lines, blocks, line_end};

/// Up to a tenth of other characters is damage; more is text.
pub(crate) fn looks_like_base64(body: &[u8]) -> bool {
    let beginning = body.get(..64 * 1024).unwrap_or(body);
    let good = count(
        beginning,
        |byte| matches!(byte, b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' | b'='),
    );
    let blank = count(beginning, |byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'));
    let bad = beginning.len() - good - blank;
    bad * 10 <= good + bad
}

/// How many bytes are of a kind. Counted in bytes first, so that the compiler looks at many at once.
fn count(bytes: &[u8], is_of_kind: impl Fn(u8) -> bool) -> usize {
    let few = |bytes: &[u8]| bytes.iter().map(|byte| u8::from(is_of_kind(*byte))).sum::<u8>();
    bytes
        .chunks(usize::from(u8::MAX))
        .map(|bytes| usize::from(few(bytes)))
        .sum()
}

/// Base64: other characters are ignored, padding may be missing, and several encoded texts in a row are joined. Lines of
/// other text behind the data (a mailing list's footer) are no data.
#[must_use]
pub(crate) fn base64(body: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(body.len() / 4 * 3 + 3);
    let mut decoder = Decoder::default();
    for lines in blocks(body, line_end(body)) {
        decoder.lines(lines, &mut decoded);
    }
    decoder.group.flush(&mut decoded);
    decoded
}

/// As [`base64`], in the memory of the body; `None` if there were no room, which cannot be.
#[must_use]
pub(crate) fn base64_in_place(body: &mut BytesMut) -> Option<()> {
    let mut decoder = Decoder::default();
    in_place(body, |lines, decoded| decoder.lines(lines, decoded))?;
    let mut rest = Vec::new();
    decoder.group.flush(&mut rest);
    body.extend_from_slice(&rest);
    Some(())
}

/// What is carried from line to line.
#[derive(Default)]
struct Decoder {
    group: Group,
    /// Something was decoded.
    has_begun: bool,
    may_end: bool,
    /// The lines at hand without their ends.
    joined: Vec<u8>,
}

impl Decoder {
    fn lines(&mut self, lines: Lines<'_>, decoded: &mut Vec<u8>) {
        if self.regular(&lines, decoded) {
            return;
        }
        for line in lines {
            self.line(line, decoded);
        }
    }

    /// Nearly all lines are whole groups, and equally long but for the last: these are decoded at once. `false` if they are not, and then
    /// nothing was done.
    fn regular(&mut self, lines: &Lines<'_>, decoded: &mut Vec<u8>) -> bool {
        // A line on its own need not be copied.
        let Some(first) = lines.clone().next().filter(|first| first.end < lines.bytes().len()) else {
            return false;
        };
        let width = first.text.len();
        if self.group.sextets != 0 || width == 0 || !width.is_multiple_of(4) {
            return false;
        }
        let line_end = lines.bytes().get(width..first.end).unwrap_or_default();
        self.joined.clear();
        for line in lines.bytes().chunks(first.end) {
            match line.split_at_checked(width) {
                Some((text, end)) if end == line_end => self.joined.extend_from_slice(text),
                // The last of the lines at hand may be shorter.
                _ => match line.strip_suffix(line_end) {
                    Some(text) if text.len().is_multiple_of(4) && !text.is_empty() => {
                        self.joined.extend_from_slice(text)
                    }
                    _ => return false,
                },
            }
        }
        // What is no character of base64, a line end in the wrong place among them, fails here.
        let is_decoded = STANDARD_NO_PAD.decode_append(&self.joined, decoded).is_ok();
        if is_decoded {
            self.has_begun = true;
            self.may_end = false;
        }
        is_decoded
    }

    fn line(&mut self, line: Line<'_>, decoded: &mut Vec<u8>) {
        let text = line.text.trim_ascii();
        let before = decoded.len();
        let is_whole = self.group.sextets == 0 && !text.is_empty() && text.len().is_multiple_of(4);
        if is_whole && STANDARD_NO_PAD.decode_append(text, decoded).is_ok() {
            self.has_begun = true;
            self.may_end = false;
            return;
        }
        let is_clean = text.iter().all(|&byte| byte == b'=' || sextet(byte).is_some());
        if !is_clean && self.may_end {
            return;
        }
        for &byte in text {
            match sextet(byte) {
                Some(bits) => self.group.push(bits, decoded),
                None if byte == b'=' => self.group.flush(decoded),
                None => {}
            }
        }
        self.has_begun |= decoded.len() > before;
        self.may_end = self.has_begun && (text.is_empty() || text.ends_with(b"="));
    }
}

/// Up to four sextets on their way to three bytes.
#[derive(Default)]
struct Group {
    bits: u32,
    sextets: u8,
}

impl Group {
    fn push(&mut self, sextet: u8, decoded: &mut Vec<u8>) {
        self.bits = self.bits << 6 | u32::from(sextet);
        self.sextets += 1;
        if self.sextets == 4 {
            let [_, first, second, third] = self.bits.to_be_bytes();
            decoded.extend([first, second, third]);
            *self = Self::default();
        }
    }

    fn flush(&mut self, decoded: &mut Vec<u8>) {
        let [_, first, second, _] = (self.bits << (6 * (4 - u32::from(self.sextets.min(4))))).to_be_bytes();
        match self.sextets {
            2 => decoded.push(first),
            3 => decoded.extend([first, second]),
            _ => {}
        }
        *self = Self::default();
    }
}

const fn sextet(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn base64_survives_garbage_blanks_and_missing_padding() {
        for encoded in [
            "TVBSLERhdGU=",
            "TVBS LERh\r\n\r\ndGU",
            "TVB*SLERhd\u{7f}GU=",
            "TVBSLERhdGU====",
        ] {
            assert_eq!(base64(encoded.as_bytes()), b"MPR,Date", "{encoded}");
        }
        assert_eq!(base64(b"Q"), b"");
    }

    #[test]
    fn several_base64_texts_in_a_row_are_joined() {
        assert_eq!(base64(b"TVBSLA==\r\nRGF0ZQ=="), b"MPR,Date");
        assert_eq!(base64(b"TVBSLA==RGF0ZQ=="), b"MPR,Date");
    }

    #[test]
    fn a_footer_behind_base64_is_no_data() {
        assert_eq!(
            base64(b"TVBSLERhdGU=\r\n-- \r\nScanned by Example Ltd\r\n"),
            b"MPR,Date"
        );
        assert_eq!(base64(b"TVBSLERh\r\n\r\nThis email was scanned.\r\n"), b"MPR,Da");
    }

    proptest! {
        #[test]
        fn base64_is_decoded_whatever_the_width_of_its_lines(bytes in prop::collection::vec(any::<u8>(), 0..300), width in 1_usize..90, junk in 0_usize..400) {
            let encoded = base64_simd::STANDARD.encode_to_string(&bytes);
            let mut lines: Vec<u8> = encoded.as_bytes().chunks(width).flat_map(|line| [line, b"\r\n"].concat()).collect();
            prop_assert_eq!(base64(&lines), bytes.clone());
            // A character that is none makes its line a slow one, and changes nothing.
            let first = lines.iter().take_while(|byte| **byte != b'=').count();
            lines.insert(junk.min(first), b'*');
            prop_assert_eq!(base64(&lines), bytes);
        }
    }
}
