//! Encoded words (RFC 2047) in header values and, where they should not be, in file names.

use memchr::memmem;

use crate::encoding::base64::base64;
use crate::encoding::text::{decode, guess, is_blank};
use crate::encoding::transfer::quoted_printable_word;

/// The longest charset name with its language (RFC 2231 section 5).
const MAX_CHARSET: usize = 64;

/// The text of a header value. Blanks between two encoded words are dropped, and words of one charset are joined
/// before it is applied, as some mail programs cut in the middle of a character.
#[must_use]
pub(crate) fn decode_words(value: &[u8]) -> String {
    let mut text = String::new();
    let mut word: Option<(String, Vec<u8>)> = None;
    let mut rest = value;
    // Behind the last `?=` there is no word; to look for its end from every beginning would take quadratic time.
    let behind_last_end = memmem::rfind(value, b"?=").map_or(value.len(), |at| value.len() - at);
    while let Some(at) = memmem::find(rest, b"=?").filter(|at| rest.len() - at > behind_last_end) {
        let Some((before, from_word)) = rest.split_at_checked(at) else {
            break;
        };
        let Some((charset, bytes, after)) = first_word(from_word) else {
            flush(&mut text, &mut word);
            let Some((plain, after)) = rest.split_at_checked(at + 2) else {
                break;
            };
            text.push_str(&guess(plain));
            rest = after;
            continue;
        };
        let is_next_word = word.is_some() && is_blank(before);
        if !is_next_word {
            flush(&mut text, &mut word);
            text.push_str(&guess(before));
        }
        match &mut word {
            Some((open, joined)) if open.eq_ignore_ascii_case(&charset) => joined.extend(bytes),
            _ => {
                flush(&mut text, &mut word);
                word = Some((charset, bytes));
            }
        }
        rest = after;
    }
    flush(&mut text, &mut word);
    text.push_str(&guess(rest));
    text
}

fn flush(text: &mut String, word: &mut Option<(String, Vec<u8>)>) {
    if let Some((charset, bytes)) = word.take() {
        text.push_str(&decode(&bytes, &charset));
    }
}

/// `=?charset*language?B or Q?text?=` at the beginning of `bytes`: charset, decoded bytes, what follows.
fn first_word(bytes: &[u8]) -> Option<(String, Vec<u8>, &[u8])> {
    let rest = bytes.strip_prefix(b"=?")?;
    let charset_end = rest.iter().take(MAX_CHARSET).position(|&byte| byte == b'?')?;
    let (charset, rest) = rest.split_at_checked(charset_end)?;
    let [b'?', encoding, b'?', rest @ ..] = rest else {
        return None;
    };
    let decoder = match encoding {
        b'B' | b'b' => base64,
        b'Q' | b'q' => quoted_printable_word,
        _ => return None,
    };
    let (encoded, after) = rest.split_at_checked(memmem::find(rest, b"?=")?)?;
    let charset = charset.split(|&byte| byte == b'*').next().unwrap_or_default();
    Some((
        guess(charset).into_owned(),
        decoder(encoded),
        after.strip_prefix(b"?=")?,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_decoded_and_plain_text_stays() {
        assert_eq!(decode_words(b"=?ISO-8859-1?Q?Z=E4hler_1?= gas.csv"), "Zähler 1 gas.csv");
        assert_eq!(decode_words(b"=?utf-8*de?b?WsOkaGxlci5jc3Y=?="), "Zähler.csv");
        assert_eq!(decode_words(b"half=?hourly?.csv"), "half=?hourly?.csv");
        assert_eq!(decode_words(b"Z\xe4hler.csv"), "Zähler.csv");
    }

    #[test]
    fn blanks_between_words_go_and_blanks_beside_them_stay() {
        assert_eq!(decode_words(b"=?utf-8?Q?half?= =?utf-8?Q?hourly?= x"), "halfhourly x");
        assert_eq!(decode_words(b"a =?utf-8?Q?b?=c"), "a bc");
    }

    #[test]
    fn a_character_cut_between_two_words_is_joined() {
        assert_eq!(decode_words(b"=?utf-8?B?WsM=?=\r\n =?UTF-8?B?pGhsZXI=?="), "Zähler");
    }

    #[test]
    fn a_word_whose_text_begins_with_an_escape_is_whole() {
        assert_eq!(decode_words(b"=?utf-8?Q?=41=3D?="), "A=");
        assert_eq!(decode_words(b"=?utf-8?Q??=x"), "x");
    }

    #[test]
    fn words_without_an_end_take_no_time() {
        for piece in [&b"=?a?q?x"[..], b"=?a?z?x"] {
            let value = [&piece.repeat(200_000), &b" ?="[..]].concat();
            assert!(!decode_words(&value).is_empty());
            let value = piece.repeat(200_000);
            assert_eq!(decode_words(&value).len(), value.len());
        }
    }
}
