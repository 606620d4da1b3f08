//! Header values with parameters, `Content-Type` and `Content-Disposition` (RFC 2045 section 5.1, RFC 2183, RFC 2231),
//! and what mail programs, scripts and web servers make of them.

use std::collections::BTreeMap;

use crate::encoding::encoded_word::decode_words;
use crate::encoding::text::{decode, guess};
use crate::encoding::transfer::hex;
use crate::header::fields::unfold;

/// Parameters of one header that are read; more is an attack.
const MAX_PARAMETERS: usize = 20_000;

/// A value and its parameters.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Parameterized {
    /// What stands before the first semicolon, lower-cased, without comments: `text/csv`, `attachment`.
    pub value: String,
    parameters: Vec<(String, Vec<u8>)>,
}

impl Parameterized {
    /// Reads a raw, folded header value. Whatever it is, something comes out.
    #[must_use]
    pub fn parse(raw: &[u8]) -> Self {
        let line = unfold(raw);
        let (value, rest) = split_value(&line);
        let mut cursor = Cursor { rest };
        let mut parameters = Vec::new();
        while let Some((name, value)) = cursor.next_parameter() {
            if parameters.len() >= MAX_PARAMETERS {
                break;
            }
            parameters.push((name, value));
        }
        Self { value, parameters }
    }

    /// The bytes of a plain parameter, as they stand there.
    #[must_use]
    pub fn raw(&self, name: &str) -> Option<&[u8]> {
        self.parameters
            .iter()
            .find(|(found, _)| found == name)
            .map(|(_, value)| value.as_slice())
    }

    /// The text of a parameter: from RFC 2231's extended or continued form where there is one, else the plain one, in
    /// which encoded words are decoded although RFC 2047 section 5 forbids them there. `None` if absent or blank.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<String> {
        self.extended(name)
            .or_else(|| self.continued(name))
            .or_else(|| self.raw(name).map(plain_text))
            .filter(|text| !text.trim().is_empty())
    }

    /// `name*=charset'language'percent-encoded`.
    fn extended(&self, name: &str) -> Option<String> {
        let value = self.raw(&format!("{name}*"))?;
        let (charset, encoded) = split_charset(value).unwrap_or(("", value));
        // Quotes do not belong here, but are seen.
        let encoded = encoded.strip_prefix(b"\"").unwrap_or(encoded);
        Some(decode(&percent_decode(encoded), charset).into_owned())
    }

    /// `name*0=…; name*1*=…`, in any order, by some senders counted from one; what stands behind a gap is ignored.
    fn continued(&self, name: &str) -> Option<String> {
        let prefix = format!("{name}*");
        let mut sections = BTreeMap::new();
        for (found, value) in &self.parameters {
            let Some(number) = found.strip_prefix(&prefix) else {
                continue;
            };
            let (number, is_encoded) = number
                .strip_suffix('*')
                .map_or((number, false), |number| (number, true));
            if let Ok(number) = number.parse::<usize>() {
                sections.entry(number).or_insert((is_encoded, value.as_slice()));
            }
        }
        let mut charset = "";
        let mut joined = Vec::new();
        let first = sections.keys().next().copied().filter(|first| *first <= 1)?;
        for (expected, (number, (is_encoded, value))) in (first..).zip(sections) {
            if number != expected {
                break;
            }
            match split_charset(value).filter(|_| is_encoded && number == first) {
                Some((named, encoded)) => {
                    charset = named;
                    joined.extend(percent_decode(encoded));
                }
                None if is_encoded => joined.extend(percent_decode(value)),
                None => joined.extend_from_slice(value),
            }
        }
        if joined.is_empty() {
            return None;
        }
        Some(if charset.is_empty() {
            plain_text(&joined)
        } else {
            decode(&joined, charset).into_owned()
        })
    }
}

/// A plain value as text: encoded words and, where a sender took the asterisk for optional, RFC 2231's form.
fn plain_text(value: &[u8]) -> String {
    match split_charset(value) {
        Some((charset, encoded)) if is_charset(charset) => decode(&percent_decode(encoded), charset).into_owned(),
        _ => decode_words(value),
    }
}

fn is_charset(label: &str) -> bool {
    let label = label.to_ascii_lowercase();
    label == "utf-8" || label == "us-ascii" || label.starts_with("iso-8859-") || label.starts_with("windows-125")
}

/// `charset'language'rest`.
fn split_charset(value: &[u8]) -> Option<(&str, &[u8])> {
    let mut pieces = value.splitn(3, |&byte| byte == b'\'');
    let (charset, _language, rest) = (pieces.next()?, pieces.next()?, pieces.next()?);
    std::str::from_utf8(charset).ok().map(|charset| (charset, rest))
}

/// Percent-encoded bytes (RFC 3986 section 2.1); a percent sign that escapes nothing stays.
#[must_use]
pub(crate) fn percent_decode(encoded: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(encoded.len());
    let mut rest = encoded;
    loop {
        rest = match rest {
            [] => return decoded,
            [b'%', high, low, after @ ..] if hex(*high).is_some() && hex(*low).is_some() => {
                decoded.push(hex(*high).unwrap_or_default() << 4 | hex(*low).unwrap_or_default());
                after
            }
            [byte, after @ ..] => {
                decoded.push(*byte);
                after
            }
        };
    }
}

/// The value before the parameters. Some senders forget the value, or the semicolon behind it.
fn split_value(line: &[u8]) -> (String, &[u8]) {
    let end = line.iter().position(|&byte| byte == b';').unwrap_or(line.len());
    let (before, after) = line.split_at_checked(end).unwrap_or((line, &[]));
    let before_start = before.trim_ascii_start();
    let token_end = before_start
        .iter()
        .position(|&byte| byte.is_ascii_whitespace() || byte == b'(' || byte == b'=')
        .unwrap_or(before_start.len());
    let (token, behind) = before_start.split_at_checked(token_end).unwrap_or((before_start, &[]));
    let is_parameter = behind.trim_ascii_start().starts_with(b"=");
    let has_parameter = behind.contains(&b'=') && !behind.trim_ascii_start().starts_with(b"(");
    let token = guess(token).trim_matches('"').to_ascii_lowercase();
    match (is_parameter, has_parameter) {
        (true, _) => (String::new(), line),
        (_, true) => {
            let behind_at = end - before_start.len() + token_end;
            (token, line.get(behind_at..).unwrap_or_default())
        }
        _ => (token, after),
    }
}

struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    fn next_parameter(&mut self) -> Option<(String, Vec<u8>)> {
        loop {
            self.skip_separators()?;
            let end = self.rest.iter().position(|&byte| byte == b'=' || byte == b';')?;
            let name = self.take(end);
            if self.rest.first() == Some(&b'=') {
                self.skip(1);
                let name = guess(name.trim_ascii()).to_ascii_lowercase();
                return Some((name, self.value()));
            }
        }
    }

    /// Skips semicolons, blanks and comments; `None` if nothing follows.
    fn skip_separators(&mut self) -> Option<()> {
        loop {
            let start = self
                .rest
                .iter()
                .position(|&byte| byte != b';' && !byte.is_ascii_whitespace())?;
            self.skip(start);
            if self.rest.first() != Some(&b'(') {
                return Some(());
            }
            let end = self.rest.iter().position(|&byte| byte == b')')?;
            self.skip(end + 1);
        }
    }

    fn value(&mut self) -> Vec<u8> {
        self.rest = self.rest.trim_ascii_start();
        match self.rest.strip_prefix(b"\"") {
            Some(quoted) => {
                self.rest = quoted;
                self.quoted()
            }
            None => self.token(),
        }
    }

    /// A quoted string. Backslashes escape quotes and backslashes only, since Windows programs send whole paths.
    fn quoted(&mut self) -> Vec<u8> {
        let mut value = Vec::new();
        let mut bytes = self.rest.iter().copied().enumerate().peekable();
        let mut closed_at = None;
        while let Some((at, byte)) = bytes.next() {
            match byte {
                b'\\' => match bytes.next_if(|(_, next)| *next == b'"' || *next == b'\\') {
                    Some((_, escaped)) => value.push(escaped),
                    None => value.push(byte),
                },
                b'"' => {
                    closed_at = Some(at);
                    break;
                }
                _ => value.push(byte),
            }
        }
        let Some(at) = closed_at else {
            return self.unterminated();
        };
        self.skip(at + 1);
        let end = self
            .rest
            .iter()
            .position(|&byte| byte == b';')
            .unwrap_or(self.rest.len());
        let behind = self.take(end).trim_ascii();
        match behind.strip_suffix(b"\"") {
            // A second quoted string, of an encoded word cut in two.
            Some(more) if more.starts_with(b"\"") => {
                value.push(b' ');
                value.extend_from_slice(more.strip_prefix(b"\"").unwrap_or(more));
            }
            // Quotes inside the value that nobody escaped.
            Some(more) if !more.is_empty() => {
                value.push(b'"');
                value.extend_from_slice(more);
            }
            _ => {}
        }
        value
    }

    /// A quote that never closes: up to the next parameter, else to the end.
    fn unterminated(&mut self) -> Vec<u8> {
        let next = self.rest.iter().enumerate().find(|(at, byte)| {
            **byte == b';' && begins_parameter(self.rest.get(at + 1..).unwrap_or_default().trim_ascii_start())
        });
        let end = next.map_or(self.rest.len(), |(at, _)| at);
        self.take(end).trim_ascii().to_vec()
    }

    /// An unquoted value; it may contain blanks, as in `filename=half hourly.csv`, and end where another parameter
    /// begins without a semicolon.
    fn token(&mut self) -> Vec<u8> {
        // No further than the value: to look for every semicolon first would take quadratic time where there are none.
        let end = self.rest.iter().enumerate().find(|(at, byte)| {
            **byte == b';'
                || (byte.is_ascii_whitespace() && begins_parameter(self.rest.get(at + 1..).unwrap_or_default()))
        });
        let end = end.map_or(self.rest.len(), |(at, _)| at);
        let value = self.take(end).trim_ascii();
        let single = value.strip_prefix(b"'").and_then(|value| value.strip_suffix(b"'"));
        let value = single.unwrap_or(value);
        value.strip_suffix(b"\"").unwrap_or(value).to_vec()
    }

    fn skip(&mut self, count: usize) {
        self.take(count);
    }

    fn take(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.rest.split_at_checked(count).unwrap_or((self.rest, &[]));
        self.rest = rest;
        taken
    }
}

/// Whether `bytes` begin with a parameter's name and an equals sign (and not with the padding of an encoded word).
fn begins_parameter(bytes: &[u8]) -> bool {
    let name = bytes
        .iter()
        .take(32)
        .take_while(|byte| byte.is_ascii_alphanumeric() || b"-*".contains(byte))
        .count();
    name > 0 && bytes.get(name) == Some(&b'=') && bytes.get(name + 1) != Some(&b'=')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(raw: &str) -> String {
        name_of(raw.as_bytes())
    }

    fn name_of(raw: &[u8]) -> String {
        Parameterized::parse(raw).text("filename").unwrap_or_default()
    }

    #[test]
    fn the_value_is_lower_cased_and_free_of_comments() {
        assert_eq!(
            Parameterized::parse(b" Text/CSV (comma separated); x=1").value,
            "text/csv"
        );
        assert_eq!(Parameterized::parse(b"\"text/csv\"").value, "text/csv");
        assert_eq!(Parameterized::parse(b"").value, "");
    }

    #[test]
    fn a_forgotten_value_or_semicolon_does_not_hide_the_parameters() {
        let parsed = Parameterized::parse(b" filename=\"x.csv\"");
        assert_eq!(
            (parsed.value.as_str(), parsed.text("filename").as_deref()),
            ("", Some("x.csv"))
        );
        let parsed = Parameterized::parse(b" text/csv charset=utf-8; filename=x.csv");
        assert_eq!(parsed.value, "text/csv");
        assert_eq!(parsed.text("charset").as_deref(), Some("utf-8"));
        assert_eq!(parsed.text("filename").as_deref(), Some("x.csv"));
    }

    #[test]
    fn quoted_names_may_contain_semicolons_escapes_and_paths() {
        assert_eq!(name("attachment; filename=\"a;b.csv\"; size=4"), "a;b.csv");
        assert_eq!(name(r#"attachment; filename="a\"b\\c.csv""#), r#"a"b\c.csv"#);
        assert_eq!(name(r#"attachment; filename="C:\out\gas.csv""#), r"C:\out\gas.csv");
    }

    #[test]
    fn unquoted_names_end_where_the_next_parameter_begins() {
        assert_eq!(name("attachment; filename=x.csv; size=49"), "x.csv");
        assert_eq!(name("attachment; filename=x.csv size=49"), "x.csv");
        assert_eq!(name("attachment; filename=half hourly (1).csv"), "half hourly (1).csv");
        assert_eq!(name("attachment; FileName='x.csv' ;"), "x.csv");
    }

    #[test]
    fn quotes_that_are_not_closed_or_not_escaped_lose_nothing() {
        assert_eq!(name("attachment; filename=\"x.csv"), "x.csv");
        assert_eq!(name("attachment; filename=\"x.csv; size=49"), "x.csv");
        assert_eq!(name("attachment; filename=\"x.csv\" (junk); size=49"), "x.csv");
        assert_eq!(
            name("attachment; filename=\"the \"June\" file.csv\"; size=1"),
            "the \"June\" file.csv"
        );
    }

    #[test]
    fn raw_latin_1_and_utf_8_names_are_read() {
        assert_eq!(name_of(b"attachment; filename=\"Z\xe4hler.csv\""), "Zähler.csv");
        assert_eq!(name("attachment; filename=Zähler.csv"), "Zähler.csv");
    }

    #[test]
    fn encoded_words_are_decoded_inside_and_outside_quotes() {
        assert_eq!(
            name("attachment; filename=\"=?utf-8?B?WsOkaGxlci5jc3Y=?=\""),
            "Zähler.csv"
        );
        assert_eq!(name("attachment; filename==?utf-8?B?WsOkaGxlci5jc3Y=?="), "Zähler.csv");
        assert_eq!(
            name("attachment; filename=\"=?utf-8?Q?Z=C3=A4?=\r\n =?utf-8?Q?hler.csv?=\""),
            "Zähler.csv"
        );
        assert_eq!(
            name("attachment; filename=\"=?utf-8?Q?Z=C3=A4?=\"\r\n \"=?utf-8?Q?hler.csv?=\""),
            "Zähler.csv"
        );
    }

    #[test]
    fn comments_between_parameters_are_passed_over() {
        assert_eq!(name("attachment (here; it=is); (and) filename=x.csv"), "x.csv");
        assert_eq!(name("attachment; filename=x.csv; (never closed"), "x.csv");
    }

    #[test]
    fn rfc_2231_names_have_charsets_and_continuations() {
        assert_eq!(
            name("attachment; filename=fallback.csv; filename*=UTF-8'en'Z%C3%A4hler.csv"),
            "Zähler.csv"
        );
        assert_eq!(name("attachment; filename*=iso-8859-1''Z%E4hler.csv"), "Zähler.csv");
        assert_eq!(name("attachment; filename*=Z%C3%A4hler.csv"), "Zähler.csv");
        assert_eq!(name("attachment; filename*=UTF-8''\"Z%C3%A4hler.csv\""), "Zähler.csv");
        assert_eq!(
            name("attachment; filename*0=\"half \"; filename*1=\"hourly.csv\""),
            "half hourly.csv"
        );
        assert_eq!(
            name("attachment; filename*1=%A4hler; filename*2=.csv; filename*0*=UTF-8''Z%C3"),
            "Z\u{c3}%A4hler.csv"
        );
        assert_eq!(
            name("attachment; filename*1*=%A4hler; filename*2=.csv; filename*0*=UTF-8''Z%C3"),
            "Zähler.csv"
        );
    }

    #[test]
    fn an_apostrophe_is_part_of_a_name() {
        assert_eq!(name("attachment; filename*=UTF-8''St%20John's.csv"), "St John's.csv");
        assert_eq!(
            name("attachment; filename=\"St John's 'A' site.csv\""),
            "St John's 'A' site.csv"
        );
        assert_eq!(name("attachment; filename=\"utf-8''St%20Mary.csv\""), "St Mary.csv");
    }

    #[test]
    fn many_continuations_are_in_order_of_their_numbers() {
        let raw = (0..12)
            .rev()
            .fold("attachment".to_owned(), |raw, n| format!("{raw}; filename*{n}={n}."));
        assert_eq!(name(&raw), "0.1.2.3.4.5.6.7.8.9.10.11.");
    }

    #[test]
    fn continuations_may_be_counted_from_one_and_end_at_a_gap() {
        assert_eq!(
            name("attachment; filename*1*=UTF-8''Z%C3%A4; filename*2=hler.csv"),
            "Zähler.csv"
        );
        assert_eq!(
            name("attachment; filename*0*=UTF-8''Z%C3%A4hler.csv; filename*2=.exe"),
            "Zähler.csv"
        );
        assert_eq!(
            name("attachment; filename*0=a; filename*0=b; filename*1=.csv; filename*99999999999999999999999=x"),
            "a.csv"
        );
        assert_eq!(name("attachment; filename*2=b.csv; filename=a.csv"), "a.csv");
    }

    #[test]
    fn a_header_of_nothing_but_parameters_takes_no_time() {
        let raw = b"attachment; a=b c=d".repeat(100_000);
        assert_eq!(Parameterized::parse(&raw).value, "attachment");
        let raw = [&b"attachment; filename=\""[..], &b"; x".repeat(500_000)].concat();
        assert!(Parameterized::parse(&raw).text("filename").is_some());
    }
}
