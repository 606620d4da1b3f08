//! Bytes as text: headers without a charset, and bodies with one.

use std::borrow::Cow;

use encoding_rs::WINDOWS_1252;
use mail_parser::decoders::charsets::map::charset_decoder;

/// Text whose charset nobody tells: UTF-8 (RFC 6532) if it is valid, else Windows-1252, which is what mail programs
/// mean that write raw 8-bit headers.
#[must_use]
pub(crate) fn guess(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => WINDOWS_1252.decode_without_bom_handling(bytes).0,
    }
}

/// Text in the charset that a header names. An unknown or wrong label is passed over.
#[must_use]
pub(crate) fn decode<'a>(bytes: &'a [u8], charset: &str) -> Cow<'a, str> {
    let charset = charset.trim_matches(|c: char| c.is_ascii_whitespace() || c == '"' || c == '\'');
    let is_guessed = ["", "utf-8", "utf8", "us-ascii", "ascii"]
        .iter()
        .any(|known| known.eq_ignore_ascii_case(charset));
    match charset_decoder(charset.as_bytes()) {
        Some(decoder) if !is_guessed => Cow::Owned(decoder(bytes)),
        _ => guess(bytes),
    }
}

/// A text of at most `max_bytes`: of a longer one the end, where a file's extension is, behind a part of its beginning.
#[must_use]
pub(crate) fn shortened(text: String, max_bytes: usize) -> String {
    const END: usize = 100;
    if text.len() <= max_bytes {
        return text;
    }
    let start = text.floor_char_boundary(max_bytes.saturating_sub(END + '…'.len_utf8()));
    let end = text.ceil_char_boundary(text.len().saturating_sub(END));
    [text.get(..start), text.get(end..)]
        .map(Option::unwrap_or_default)
        .join("…")
}

/// Whether there is nothing but white space.
#[must_use]
pub(crate) fn is_blank(bytes: &[u8]) -> bool {
    bytes.iter().all(u8::is_ascii_whitespace)
}

/// Whether `bytes` begin with `prefix`, which is ASCII in lower case, in any case.
#[must_use]
pub(crate) fn starts_with_ignoring_case(bytes: &[u8], prefix: &[u8]) -> bool {
    bytes
        .get(..prefix.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn raw_text_is_utf_8_where_valid_and_windows_1252_where_not() {
        assert_eq!(guess("Zähler.csv".as_bytes()), "Zähler.csv");
        assert_eq!(guess(b"Z\xe4hler \x80.csv"), "Zähler €.csv");
    }

    #[test]
    fn a_long_text_keeps_its_end() {
        let name = format!("{}.csv", "ä".repeat(5_000));
        let short = shortened(name, 2_001);
        assert!(short.len() <= 2_001 && short.starts_with("ää") && short.ends_with("ä.csv") && short.contains('…'));
        assert_eq!(shortened("gas.csv".to_owned(), 2_000), "gas.csv");
    }

    #[test]
    fn a_named_charset_counts_unless_it_is_unknown_or_wrong() {
        assert_eq!(decode(b"Z\xe4hler", "ISO-8859-1"), "Zähler");
        assert_eq!(decode(b"\xbd", "iso-8859-15"), "œ");
        assert_eq!(decode(b"Z\xe4hler", "utf-8"), "Zähler");
        assert_eq!(decode("Zähler".as_bytes(), "x-unknown"), "Zähler");
    }
}
