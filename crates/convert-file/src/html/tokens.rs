//! Tags and text of a page, as forgiving as browsers are (HTML, 13.2.5), but only as far as tables need it.

use std::io::{BufRead, Read as _};

use super::references::decode;
use crate::error::ConvertError;
use crate::xml::broken_part;

/// A piece of a page.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Token<'t> {
    Text(&'t str),
    Start(Tag<'t>),
    End(&'t str),
}

/// A start tag.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Tag<'t> {
    name: &'t str,
    attributes: &'t str,
}

/// What a `<` begins (HTML, 13.2.5.6).
enum Markup {
    Tag,
    /// A declaration or a comment.
    Nothing,
    /// The sign itself, as in `< 5`.
    LessThan,
}

/// Reads a page token by token.
pub(super) struct Tokens<R> {
    page: R,
    piece_bytes: u64,
    /// The last byte that was read was a `<`.
    in_tag: bool,
    raw: Vec<u8>,
    text: String,
}

impl<R: BufRead> Tokens<R> {
    /// A piece of text or a tag is held in memory: no more than `piece_bytes` of it.
    pub(super) const fn new(page: R, piece_bytes: u64) -> Self {
        Self {
            page,
            piece_bytes,
            in_tag: false,
            raw: Vec::new(),
            text: String::new(),
        }
    }

    /// The next token; `None` at the end of the page. Comments, declarations, scripts and style sheets are passed over.
    pub(super) fn next(&mut self) -> Result<Option<Token<'_>>, ConvertError> {
        loop {
            if !self.in_tag {
                if !self.read_text()? {
                    return Ok(None);
                }
                if !self.text.is_empty() {
                    return Ok(Some(Token::Text(&self.text)));
                }
                continue;
            }
            self.in_tag = false;
            match self.read_markup()? {
                Markup::Tag => {}
                Markup::Nothing => continue,
                Markup::LessThan => return Ok(Some(Token::Text("<"))),
            }
            let is_raw = ["script", "style"]
                .into_iter()
                .find(|name| self.text == *name || self.text.starts_with(&format!("{name} ")));
            if let Some(name) = is_raw {
                self.pass_over_element(format!("</{name}").as_bytes())?;
                continue;
            }
            return Ok(Some(match self.text.strip_prefix('/') {
                Some(name) => Token::End(name.split(' ').next().unwrap_or_default()),
                None => {
                    let (name, attributes) = self.text.split_once(' ').unwrap_or((&self.text, ""));
                    Token::Start(Tag { name, attributes })
                }
            }));
        }
    }

    /// Reads up to the next `<`; `false` at the end of the page.
    fn read_text(&mut self) -> Result<bool, ConvertError> {
        self.raw.clear();
        (&mut self.page)
            .take(self.piece_bytes)
            .read_until(b'<', &mut self.raw)
            .map_err(broken_part)?;
        if self.raw.is_empty() {
            return Ok(false);
        }
        if self.raw.last() == Some(&b'<') {
            self.raw.pop();
            self.in_tag = true;
        }
        self.text.clear();
        decode(&String::from_utf8_lossy(&self.raw), &mut self.text);
        Ok(true)
    }

    /// After a `<`: reads what it begins; a tag into `text`, its name in lower case and blanks between its attributes.
    fn read_markup(&mut self) -> Result<Markup, ConvertError> {
        let first = self.page.fill_buf().map_err(broken_part)?.first().copied();
        match first {
            Some(b'!') => {
                self.raw.clear();
                (&mut self.page)
                    .take(self.piece_bytes)
                    .read_until(b'>', &mut self.raw)
                    .map_err(broken_part)?;
                if self.raw.starts_with(b"!--") && !self.raw.ends_with(b"-->") {
                    self.pass_over(b"-->")?;
                }
                Ok(Markup::Nothing)
            }
            Some(b'?') => {
                self.pass_over(b">")?;
                Ok(Markup::Nothing)
            }
            Some(byte) if byte == b'/' || byte.is_ascii_alphabetic() => {
                self.read_tag()?;
                Ok(Markup::Tag)
            }
            _ => Ok(Markup::LessThan),
        }
    }

    fn read_tag(&mut self) -> Result<(), ConvertError> {
        self.raw.clear();
        let mut quotes = Quotes::default();
        loop {
            let before = self.raw.len();
            let left = self.piece_bytes.saturating_sub(before as u64);
            (&mut self.page)
                .take(left)
                .read_until(b'>', &mut self.raw)
                .map_err(broken_part)?;
            // Only what is new is looked at: a value may hold as many `>` as bytes.
            quotes.pass(self.raw.get(before..).unwrap_or_default());
            if self.raw.len() == before || quotes.open.is_none() {
                break;
            }
        }
        let raw = self.raw.strip_suffix(b">").unwrap_or(&self.raw);
        let raw = raw.strip_suffix(b"/").unwrap_or(raw);
        let raw = String::from_utf8_lossy(raw);
        let (name, attributes) = raw.split_once(|c: char| c.is_ascii_whitespace()).unwrap_or((&raw, ""));
        self.text.clear();
        self.text.push_str(&name.to_ascii_lowercase());
        if !attributes.is_empty() {
            self.text.push(' ');
            self.text.push_str(attributes);
        }
        Ok(())
    }

    /// Reads past the end tag that begins with `end`, in any case, or to the end of the page: what lies before it is no markup.
    fn pass_over_element(&mut self, end: &[u8]) -> Result<(), ConvertError> {
        loop {
            self.raw.clear();
            let read = (&mut self.page)
                .take(self.piece_bytes)
                .read_until(b'>', &mut self.raw)
                .map_err(broken_part)?;
            let raw = self.raw.strip_suffix(b">").unwrap_or(&self.raw).trim_ascii_end();
            let tail = raw.len().checked_sub(end.len()).and_then(|at| raw.get(at..));
            if read == 0 || tail.is_some_and(|tail| tail.eq_ignore_ascii_case(end)) {
                return Ok(());
            }
        }
    }

    /// Reads past `end`, or to the end of the page.
    fn pass_over(&mut self, end: &[u8]) -> Result<(), ConvertError> {
        let Some(last) = end.last().copied() else {
            return Ok(());
        };
        self.raw.clear();
        loop {
            let read = (&mut self.page)
                .take(self.piece_bytes)
                .read_until(last, &mut self.raw)
                .map_err(broken_part)?;
            let tail = self.raw.len().checked_sub(end.len()).and_then(|at| self.raw.get(at..));
            if read == 0 || tail == Some(end) {
                return Ok(());
            }
            // Only the tail can be part of what is looked for.
            let keep = self.raw.len().saturating_sub(end.len());
            self.raw.drain(..keep);
        }
    }
}

/// Whether a tag's text, as far as it is read, breaks off inside a quoted value: then a `>` belongs to the value.
#[derive(Default)]
struct Quotes {
    open: Option<u8>,
    after_equals: bool,
}

impl Quotes {
    fn pass(&mut self, tag: &[u8]) {
        for byte in tag {
            match (self.open, byte) {
                (Some(open), byte) if *byte == open => self.open = None,
                (None, b'"' | b'\'') if self.after_equals => self.open = Some(*byte),
                _ => {}
            }
            self.after_equals = *byte == b'=' || (self.after_equals && byte.is_ascii_whitespace());
        }
    }
}

impl<'t> Tag<'t> {
    pub(super) const fn name(&self) -> &'t str {
        self.name
    }

    /// The value of an attribute whose values are plain words.
    pub(super) fn attribute(&self, name: &str) -> Option<&'t str> {
        let mut rest = self.attributes;
        while let Some((key, after)) = rest.split_once('=') {
            let after = after.trim_start();
            let (value, next) = match after.chars().next() {
                Some(quote @ ('"' | '\'')) => after.get(1..).and_then(|after| after.split_once(quote))?,
                _ => after
                    .split_once(|c: char| c.is_ascii_whitespace())
                    .unwrap_or((after, "")),
            };
            let key = key.split_ascii_whitespace().next_back().unwrap_or_default();
            if key.eq_ignore_ascii_case(name) {
                return Some(value.trim());
            }
            rest = next;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tokens(page: &str) -> Vec<String> {
        let mut tokens = Tokens::new(page.as_bytes(), 16 << 20);
        let mut seen = Vec::new();
        while let Some(token) = tokens.next().unwrap() {
            seen.push(match token {
                Token::Text(text) => text.to_owned(),
                Token::Start(tag) => format!("<{}>", tag.name()),
                Token::End(name) => format!("</{name}>"),
            });
        }
        seen
    }

    #[test]
    fn comments_scripts_and_declarations_are_passed_over() {
        assert_eq!(
            tokens(
                "<!DOCTYPE html><!--[if gte mso 9]><xml><td></xml><![endif]--><?xml?><!><STYLE type=x>td > a{}</STYLE><script>if (a<b) '<td>'</script>x<TD\nclass='a>b'>y</td >"
            ),
            ["x", "<td>", "y", "</td>"]
        );
    }

    #[test]
    fn a_less_than_sign_before_no_letter_is_text() {
        assert_eq!(tokens("<td>< 5</td>").concat(), "<td>< 5</td>");
        assert_eq!(tokens("x <6 y<=z <").concat(), "x <6 y<=z <");
    }

    #[test]
    fn any_number_of_signs_in_a_value_is_read_in_one_go() {
        let signs = ">".repeat(2_000_000);
        assert_eq!(tokens(&format!("<p title=\"{signs}\">x")), ["<p>", "x"]);
    }

    #[test]
    fn attributes_are_found_quoted_or_not() {
        let tag = Tag {
            name: "td",
            attributes: "class=\"a colspan=9\" ColSpan = '2' rowspan=3 nowrap",
        };
        assert_eq!(tag.attribute("colspan"), Some("2"));
        assert_eq!(tag.attribute("rowspan"), Some("3"));
        assert_eq!(tag.attribute("nowrap"), None);
    }

    proptest! {
        #[test]
        fn every_page_ends(page in "[<>/!\\-='\" a-dtr&;#x0-9é]{0,80}") {
            tokens(&page);
        }
    }
}
