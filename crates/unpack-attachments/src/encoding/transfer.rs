//! Content-Transfer-Encoding (RFC 2045 section 6): back to the bytes that were attached, and nothing else.

use std::borrow::Cow;

use bytes::{Bytes, BytesMut};

use crate::encoding::base64::{base64, base64_in_place, looks_like_base64};
use crate::encoding::in_place::in_place;
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

    /// As [`decode`](Self::decode), in the memory of the body wherever that is possible.
    #[must_use]
    pub(crate) fn decode_in_place(self, mut body: BytesMut) -> Option<Bytes> {
        match self {
            Self::Base64 if looks_like_base64(&body) => base64_in_place(&mut body)?,
            Self::QuotedPrintable => in_place(&mut body, quoted_printable_lines)?,
            Self::Uuencode => return self.decode(&body.freeze()),
            Self::Identity | Self::Base64 => {}
        }
        Some(body.freeze())
    }
}

/// Quoted-printable (RFC 2045 section 6.7): soft line breaks and the blanks that mail servers add at line ends go,
/// an escape that is none stays as it is, line ends stay what they are.
#[must_use]
pub(crate) fn quoted_printable(body: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(body.len());
    quoted_printable_lines(Lines::of(body), &mut decoded);
    decoded
}

/// Decodes whole lines.
fn quoted_printable_lines(lines: Lines<'_>, decoded: &mut Vec<u8>) {
    let body = lines.bytes();
    for line in lines {
        let whole = body.get(line.start..line.end).unwrap_or_default();
        let line_end = whole.get(line.text.len()..).unwrap_or_default();
        let text = trim_blanks_at_end(line.text);
        match text.strip_suffix(b"=") {
            Some(soft) => unescape(soft, decoded),
            None => {
                unescape(text, decoded);
                decoded.extend_from_slice(line_end);
            }
        }
    }
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
        fn what_is_decoded_in_place_is_what_is_decoded_beside(body in prop::collection::vec("[ -~]{0,90}=?(\r\n|\n|=20\r\n| \r\n)", 0..300)) {
            let body = Bytes::from(body.concat());
            for encoding in [TransferEncoding::QuotedPrintable, TransferEncoding::Base64, TransferEncoding::Identity] {
                prop_assert_eq!(encoding.decode_in_place(BytesMut::from(body.as_ref())), encoding.decode(&body));
            }
        }
    }
}
