//! Content-Transfer-Encoding (RFC 2045 section 6): back to the bytes that were attached, and nothing else.

use std::borrow::Cow;

use base64_simd::STANDARD_NO_PAD;
use bytes::Bytes;

use crate::encoding::lines::Lines;
use crate::encoding::uuencode;

/// How the bytes of a part travelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum TransferEncoding {
    /// 7bit, 8bit, binary, nothing, or a name that nobody knows: the bytes are as they are.
    #[default]
    Identity,
    /// `base64`.
    Base64,
    /// `quoted-printable`.
    QuotedPrintable,
    /// `x-uuencode` and its spellings, from before MIME.
    Uuencode,
}

impl TransferEncoding {
    /// The encoding that a header names; case, quotes, comments and what follows do not matter.
    #[must_use]
    pub(crate) fn from_header(value: &[u8]) -> Self {
        let value = value.trim_ascii_start();
        let value = value.strip_prefix(b"\"").unwrap_or(value);
        let name: Vec<u8> = value
            .iter()
            .take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'-')
            .map(u8::to_ascii_lowercase)
            .collect();
        match name.as_slice() {
            b"base64" => Self::Base64,
            b"quoted-printable" => Self::QuotedPrintable,
            b"x-uuencode" | b"uuencode" | b"x-uue" | b"uue" => Self::Uuencode,
            _ => Self::Identity,
        }
    }

    /// The bytes as they were before they were encoded.
    ///
    /// A body that is plainly not encoded although its header says so is left as it is: decoded it would be rubbish.
    /// `None` if it is encoded, and damaged.
    #[must_use]
    pub(crate) fn decode(self, body: &Bytes) -> Option<Bytes> {
        Some(match self {
            Self::Identity => body.clone(),
            Self::Base64 if !looks_like_base64(body) => body.clone(),
            Self::Base64 => base64(body).into(),
            Self::QuotedPrintable => quoted_printable(body).into(),
            Self::Uuencode => match uuencode::only_block(body) {
                Some(block) => block.bytes?.into(),
                None => body.clone(),
            },
        })
    }
}

/// Up to a tenth of other characters is damage; more is text.
fn looks_like_base64(body: &[u8]) -> bool {
    let (mut good, mut bad) = (0_usize, 0_usize);
    for &byte in body.iter().take(64 * 1024) {
        match byte {
            b' ' | b'\t' | b'\r' | b'\n' => {}
            _ if byte == b'=' || sextet(byte).is_some() => good += 1,
            _ => bad += 1,
        }
    }
    bad * 10 <= good + bad
}

/// Base64 (RFC 2045 section 6.8): other characters are ignored, padding may be missing, and several encoded texts in
/// a row are joined. Lines of other text behind the data (a mailing list's footer) are no data.
#[must_use]
pub(crate) fn base64(body: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(body.len() / 4 * 3 + 3);
    let mut group = Group::default();
    let mut may_end = false;
    for line in Lines::of(body) {
        let text = line.text.trim_ascii();
        // Nearly all lines are whole groups, which are decoded many bytes at once.
        let is_whole = group.sextets == 0 && !text.is_empty() && text.len().is_multiple_of(4);
        if is_whole && STANDARD_NO_PAD.decode_append(text, &mut decoded).is_ok() {
            may_end = false;
            continue;
        }
        let is_clean = text.iter().all(|&byte| byte == b'=' || sextet(byte).is_some());
        if !is_clean && may_end {
            continue;
        }
        for &byte in text {
            match sextet(byte) {
                Some(bits) => group.push(bits, &mut decoded),
                None if byte == b'=' => group.flush(&mut decoded),
                None => {}
            }
        }
        may_end = !decoded.is_empty() && (text.is_empty() || text.ends_with(b"="));
    }
    group.flush(&mut decoded);
    decoded
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

/// Quoted-printable (RFC 2045 section 6.7): soft line breaks and the blanks that mail servers add at line ends go,
/// an escape that is none stays as it is, line ends stay what they are.
#[must_use]
pub(crate) fn quoted_printable(body: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(body.len());
    for line in Lines::of(body) {
        let whole = body.get(line.start..line.end).unwrap_or_default();
        let line_end = whole.get(line.text.len()..).unwrap_or_default();
        let text = trim_blanks_at_end(line.text);
        match text.strip_suffix(b"=") {
            Some(soft) => unescape(soft, &mut decoded),
            None => {
                unescape(text, &mut decoded);
                decoded.extend_from_slice(line_end);
            }
        }
    }
    decoded
}

/// The Q encoding of RFC 2047 section 4.2: as quoted-printable, and an underscore is a blank.
#[must_use]
pub(crate) fn quoted_printable_word(word: &[u8]) -> Vec<u8> {
    let blanks: Cow<'_, [u8]> = if word.contains(&b'_') {
        word.iter()
            .map(|&byte| if byte == b'_' { b' ' } else { byte })
            .collect()
    } else {
        Cow::Borrowed(word)
    };
    let mut decoded = Vec::with_capacity(word.len());
    unescape(&blanks, &mut decoded);
    decoded
}

fn unescape(mut text: &[u8], decoded: &mut Vec<u8>) {
    loop {
        match text {
            [] => return,
            [b'=', high, low, rest @ ..] => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => {
                    decoded.push(high << 4 | low);
                    text = rest;
                    continue;
                }
                _ => decoded.push(b'='),
            },
            [byte, ..] => decoded.push(*byte),
        }
        text = text.get(1..).unwrap_or_default();
    }
}

/// The value of a hexadecimal digit of either case.
#[must_use]
pub(crate) const fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

fn trim_blanks_at_end(line: &[u8]) -> &[u8] {
    let kept = line
        .iter()
        .rposition(|&byte| byte != b' ' && byte != b'\t')
        .map_or(0, |at| at + 1);
    line.get(..kept).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_encoding_is_told_whatever_stands_around_its_name() {
        assert_eq!(
            TransferEncoding::from_header(b" BASE64 (by script)\r\n"),
            TransferEncoding::Base64
        );
        assert_eq!(
            TransferEncoding::from_header(b" \"quoted-printable\";"),
            TransferEncoding::QuotedPrintable
        );
        assert_eq!(TransferEncoding::from_header(b"x-unknown"), TransferEncoding::Identity);
    }

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

    #[test]
    fn text_that_claims_to_be_base64_is_left_alone() {
        let csv = Bytes::from_static(b"MPR,Date,hr0030\n1,2023-01-01,0.5\n");
        assert_eq!(TransferEncoding::Base64.decode(&csv), Some(csv.clone()));
        assert_eq!(TransferEncoding::Uuencode.decode(&csv), Some(csv));
    }

    #[test]
    fn a_damaged_block_is_not_decoded() {
        let cut = Bytes::from_static(b"begin 644 gas.csv\n(35!2+$1A=&4\n");
        assert_eq!(TransferEncoding::Uuencode.decode(&cut), None);
    }

    #[test]
    fn soft_line_breaks_go_and_other_line_ends_stay() {
        assert_eq!(
            quoted_printable(b"MPR,=\r\nDate\r\n1=2C2 =  \r\n3\n"),
            b"MPR,Date\r\n1,2 3\n"
        );
        assert_eq!(quoted_printable(b"a=0D=0Ab=0d=0a"), b"a\r\nb\r\n");
        assert_eq!(quoted_printable(b"MPR="), b"MPR");
    }

    #[test]
    fn blanks_that_transport_added_go_and_encoded_ones_stay() {
        assert_eq!(quoted_printable(b"a,b  \r\nc=20\r\n"), b"a,b\r\nc \r\n");
    }

    #[test]
    fn an_escape_that_is_none_stays() {
        assert_eq!(quoted_printable(b"a=XY==3D=4"), b"a=XY===4");
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
