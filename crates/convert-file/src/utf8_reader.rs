//! Text in whatever encoding it declares, read as UTF-8.

use std::io::{self, BufRead, Read};

use encoding_rs::{CoderResult, Decoder, Encoding, UTF_8, UTF_16BE, UTF_16LE};

use crate::utf8_or_western::Utf8OrWestern;

/// How much of the beginning is searched for a declaration.
const DECLARATION_BYTES: usize = 1024;
const BUFFER_BYTES: usize = 32 * 1024;
const UTF_8_MARK: &[u8] = b"\xEF\xBB\xBF";

/// Reads text as UTF-8: a byte order mark decides, else NULs beside the first `<`, else what is declared, else UTF-8.
/// What is no UTF-8 then is Windows-1252; what cannot be decoded otherwise becomes U+FFFD.
pub(crate) struct Utf8Reader<R> {
    inner: R,
    encoding: TextEncoding,
    decoded: String,
    start: usize,
    finished: bool,
}

enum TextEncoding {
    Utf8(Utf8OrWestern),
    Other(Decoder),
}

impl<R: BufRead> Utf8Reader<R> {
    /// `declared` looks for an encoding's label in the beginning of the text.
    pub(crate) fn new(mut inner: R, declared: fn(&[u8]) -> Option<&[u8]>) -> io::Result<Self> {
        let beginning = inner.fill_buf()?;
        let beginning = beginning.get(..DECLARATION_BYTES).unwrap_or(beginning);
        let encoding = match Encoding::for_bom(beginning) {
            Some((encoding, _)) => encoding,
            None => match beginning {
                [0, b'<', ..] => UTF_16BE,
                [b'<', 0, ..] => UTF_16LE,
                // A declaration that could be read is in no 16-bit encoding, whatever it says.
                _ => declared(beginning)
                    .and_then(Encoding::for_label)
                    .filter(|encoding| *encoding != UTF_16LE && *encoding != UTF_16BE)
                    .unwrap_or(UTF_8),
            },
        };
        let mark = if beginning.starts_with(UTF_8_MARK) {
            UTF_8_MARK.len()
        } else {
            0
        };
        inner.consume(mark);
        Ok(Self {
            inner,
            encoding: if encoding == UTF_8 {
                TextEncoding::Utf8(Utf8OrWestern::default())
            } else {
                TextEncoding::Other(encoding.new_decoder_with_bom_removal())
            },
            decoded: String::with_capacity(BUFFER_BYTES),
            start: 0,
            finished: false,
        })
    }
}

impl<R: BufRead> Utf8Reader<R> {
    /// As [`fill_buf`](BufRead::fill_buf), as the text that it is; nothing if the last reader has stopped inside a character.
    pub(crate) fn fill_text(&mut self) -> io::Result<&str> {
        self.fill_buf()?;
        Ok(self.decoded.get(self.start..).unwrap_or_default())
    }
}

impl<R: BufRead> BufRead for Utf8Reader<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.start == self.decoded.len() && !self.finished {
            let input = self.inner.fill_buf()?;
            let last = input.is_empty();
            self.start = 0;
            self.decoded.clear();
            match &mut self.encoding {
                TextEncoding::Utf8(decoder) => {
                    let input = input.get(..BUFFER_BYTES).unwrap_or(input);
                    let read = input.len();
                    decoder.decode(input, last, &mut self.decoded);
                    self.inner.consume(read);
                    self.finished = last;
                }
                TextEncoding::Other(decoder) => {
                    let (result, read, _) = decoder.decode_to_string(input, &mut self.decoded, last);
                    self.inner.consume(read);
                    self.finished = last && result == CoderResult::InputEmpty;
                }
            }
        }
        Ok(self.decoded.as_bytes().get(self.start..).unwrap_or_default())
    }

    fn consume(&mut self, amount: usize) {
        self.start = (self.start + amount).min(self.decoded.len());
    }
}

impl<R: BufRead> Read for Utf8Reader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(buffer)?;
        self.consume(read);
        Ok(read)
    }
}

/// The label in `<?xml version="1.0" encoding="windows-1252"?>` (XML 1.0, 4.3.3).
pub(crate) fn xml_declaration(beginning: &[u8]) -> Option<&[u8]> {
    let end = beginning.windows(2).position(|pair| pair == b"?>")?;
    quoted_after(beginning.get(..end)?, b"encoding")
}

/// The label in `<meta charset=utf-8>` or `content="text/html; charset=utf-8"` (HTML, 13.2.3.2).
pub(crate) fn html_meta(beginning: &[u8]) -> Option<&[u8]> {
    quoted_after(beginning, b"charset")
}

/// The word after `name`, an equals sign, and perhaps a quote.
fn quoted_after<'b>(text: &'b [u8], name: &[u8]) -> Option<&'b [u8]> {
    let at = text
        .windows(name.len())
        .position(|window| window.eq_ignore_ascii_case(name))?;
    let rest = text
        .get(at + name.len()..)?
        .trim_ascii_start()
        .strip_prefix(b"=")?
        .trim_ascii_start();
    let rest = rest
        .strip_prefix(b"\"")
        .or_else(|| rest.strip_prefix(b"'"))
        .unwrap_or(rest);
    let end = rest
        .iter()
        .position(|byte| !(byte.is_ascii_alphanumeric() || b"-_:.".contains(byte)))
        .unwrap_or(rest.len());
    rest.get(..end).filter(|label| !label.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8], declared: fn(&[u8]) -> Option<&[u8]>) -> String {
        let mut text = String::new();
        Utf8Reader::new(bytes, declared)
            .unwrap()
            .read_to_string(&mut text)
            .unwrap();
        text
    }

    #[test]
    fn the_declared_encoding_is_believed() {
        assert!(
            read(
                b"<?xml version='1.0' encoding='windows-1252'?><a>\xA3</a>",
                xml_declaration
            )
            .ends_with("<a>£</a>")
        );
        assert_eq!(
            read(
                b"<html><meta http-equiv=Content-Type content=\"text/html; charset=iso-8859-1\">\xA3",
                html_meta
            )
            .pop(),
            Some('£')
        );
    }

    #[test]
    fn a_byte_order_mark_decides_and_goes() {
        assert_eq!(read(b"\xEF\xBB\xBF<a/>", xml_declaration), "<a/>");
        assert_eq!(read(b"\xFF\xFE<\0a\0/\0>\0", xml_declaration), "<a/>");
    }

    #[test]
    fn utf_16_without_a_mark_is_told_by_its_nuls() {
        assert_eq!(read(b"<\0a\0/\0>\0", xml_declaration), "<a/>");
        assert_eq!(read(b"\0<\0a\0/\0>", xml_declaration), "<a/>");
    }

    #[test]
    fn what_is_no_utf_8_is_windows_1252_declared_or_not() {
        assert_eq!(read(b"<a>\xA3</a>", xml_declaration), "<a>£</a>");
        assert_eq!(read(b"\xEF\xBB\xBF<a>\xC2\xA3\xA3</a>", xml_declaration), "<a>££</a>");
        assert_eq!(
            read(b"<?xml encoding='UTF-8'?><a>\xA3</a>", xml_declaration),
            "<?xml encoding='UTF-8'?><a>£</a>"
        );
    }

    #[test]
    fn a_declaration_that_could_be_read_is_in_no_16_bit_encoding() {
        assert_eq!(
            read(b"<?xml encoding='UTF-16'?>", xml_declaration),
            "<?xml encoding='UTF-16'?>"
        );
    }
}
