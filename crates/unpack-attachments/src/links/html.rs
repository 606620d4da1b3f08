//! HTML as far as links need it: what is shown, and where it leads.

use mail_parser::decoders::html::add_html_token;
use memchr::memmem;

/// A piece of a page, in its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    /// Text that is shown, entities decoded. What inline elements cut up is one piece.
    Text(String),
    /// A link begins that leads here.
    Link(String),
    /// It ends.
    LinkEnd,
}

/// Elements that do not interrupt a word.
const INLINE: [&str; 14] = [
    "wbr", "span", "b", "i", "u", "em", "strong", "font", "small", "big", "mark", "code", "tt", "o:p",
];

/// Takes a page apart and gives its pieces one by one: a page of tags has more of them than should be kept. Whatever the
/// page is, something comes out.
pub(crate) fn for_each_piece(page: &str, take: impl FnMut(Piece)) {
    let mut parser = Parser {
        take,
        text: String::new(),
        no_tag_ends: false,
    };
    let mut rest = page;
    while let Some((before, from_tag)) = rest.find('<').and_then(|at| rest.split_at_checked(at)) {
        parser.text(before);
        rest = match parser.markup(from_tag) {
            Some(after) => after,
            None => {
                parser.text("<");
                from_tag.get(1..).unwrap_or_default()
            }
        };
    }
    parser.text(rest);
    parser.flush();
}

struct Parser<F> {
    take: F,
    text: String,
    /// No tag ends any more; to look again from every `<` would take quadratic time.
    no_tag_ends: bool,
}

impl<F: FnMut(Piece)> Parser<F> {
    fn text(&mut self, raw: &str) {
        decode_entities(raw, &mut self.text);
    }

    fn flush(&mut self) {
        if !self.text.is_empty() {
            (self.take)(Piece::Text(std::mem::take(&mut self.text)));
        }
    }

    /// Reads what begins with `<`; what follows it, or `None` if it is text.
    fn markup<'a>(&mut self, page: &'a str) -> Option<&'a str> {
        if page.starts_with("<!--") {
            return Some(behind(page, "-->").unwrap_or_default());
        }
        if !page
            .get(1..)?
            .starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?'))
            || self.no_tag_ends
        {
            return None;
        }
        let Some(end) = tag_end(page.as_bytes()) else {
            self.no_tag_ends = true;
            return None;
        };
        let (tag, rest) = page.split_at_checked(end)?;
        let inner = tag.get(1..tag.len().saturating_sub(1)).unwrap_or_default();
        let name_end = inner
            .find(|c: char| c.is_whitespace() || (c == '/' && !inner.starts_with('/')))
            .unwrap_or(inner.len());
        let (name, attributes) = inner.split_at_checked(name_end)?;
        Some(self.tag(&name.to_ascii_lowercase(), attributes, rest))
    }

    fn tag<'a>(&mut self, name: &str, attributes: &str, rest: &'a str) -> &'a str {
        match name {
            "script" | "style" => return behind_element(rest, name),
            "/a" => {
                self.flush();
                (self.take)(Piece::LinkEnd);
            }
            "link" | "base" => {}
            _ => {
                if let Some(href) = attribute(attributes, "href") {
                    self.flush();
                    let mut decoded = String::new();
                    decode_entities(href, &mut decoded);
                    (self.take)(Piece::Link(decoded));
                }
                if !INLINE.contains(&name.strip_prefix('/').unwrap_or(name)) {
                    self.text.push('\n');
                }
            }
        }
        rest
    }
}

/// The offset behind the `>` of a tag: the first one outside quotes, else the first.
fn tag_end(tag: &[u8]) -> Option<usize> {
    let mut quote = None;
    let mut before = b'=';
    for (at, &byte) in tag.iter().enumerate() {
        match (quote, byte) {
            (Some(open), byte) if byte == open => quote = None,
            (Some(_), _) => {}
            (None, b'"' | b'\'') if before == b'=' => quote = Some(byte),
            (None, b'>') => return Some(at + 1),
            _ => {}
        }
        if !byte.is_ascii_whitespace() {
            before = byte;
        }
    }
    memchr::memchr(b'>', tag).map(|at| at + 1)
}

/// The value of an attribute: quoted or not.
fn attribute<'a>(attributes: &'a str, wanted: &str) -> Option<&'a str> {
    let mut rest = attributes;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
        let end = rest.find(|c: char| c.is_whitespace() || c == '=').unwrap_or(rest.len());
        let (name, after) = rest.split_at_checked(end)?;
        let after = after.trim_start();
        let Some(value) = after.strip_prefix('=') else {
            if name.is_empty() {
                return None;
            }
            rest = after;
            continue;
        };
        let value = value.trim_start();
        let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
        let (value, after) = match quote {
            Some(quote) => {
                let inner = value.get(1..).unwrap_or_default();
                inner.split_once(quote).unwrap_or((inner, ""))
            }
            None => value.split_at_checked(value.find(char::is_whitespace).unwrap_or(value.len()))?,
        };
        if name.eq_ignore_ascii_case(wanted) {
            return Some(value);
        }
        rest = after;
    }
}

fn behind<'a>(page: &'a str, end: &str) -> Option<&'a str> {
    let at = memmem::find(page.as_bytes(), end.as_bytes())?;
    page.get(at + end.len()..)
}

/// What follows the end tag of an element whose content is no HTML.
fn behind_element<'a>(page: &'a str, name: &str) -> &'a str {
    let end = memmem::find_iter(page.as_bytes(), b"</").find(|at| {
        let tag = page.as_bytes().get(at + 2..).unwrap_or_default();
        crate::encoding::text::starts_with_ignoring_case(tag, name.as_bytes())
    });
    end.and_then(|at| page.get(at..)).unwrap_or_default()
}

/// Appends text with its character references (HTML section 13.5) decoded; unknown ones stay.
fn decode_entities(raw: &str, text: &mut String) {
    const LONGEST: usize = 40;
    let mut rest = raw;
    while let Some((before, from_entity)) = rest.find('&').and_then(|at| rest.split_at_checked(at)) {
        text.push_str(before);
        let end = from_entity
            .bytes()
            .take(LONGEST)
            .skip(1)
            .position(|byte| !byte.is_ascii_alphanumeric() && byte != b'#')
            .map(|at| at + 1)
            .filter(|at| from_entity.as_bytes().get(*at) == Some(&b';'));
        let length = end.map_or(1, |at| at + 1);
        let (token, after) = from_entity.split_at_checked(length).unwrap_or((from_entity, ""));
        add_html_token(text, token.as_bytes(), false);
        rest = after;
    }
    text.push_str(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(page: &str) -> Vec<Piece> {
        let mut pieces = Vec::new();
        for_each_piece(page, |piece| pieces.push(piece));
        pieces
    }

    fn hrefs(page: &str) -> Vec<String> {
        pieces(page)
            .into_iter()
            .filter_map(|piece| match piece {
                Piece::Link(href) => Some(href),
                _ => None,
            })
            .collect()
    }

    fn text(page: &str) -> String {
        pieces(page)
            .into_iter()
            .filter_map(|piece| match piece {
                Piece::Text(text) => Some(text),
                _ => None,
            })
            .collect()
    }

    #[test]
    fn hrefs_are_found_however_they_are_quoted() {
        assert_eq!(hrefs("<A class='x > y' HREF = \"a?b&amp;c\">"), ["a?b&c"]);
        assert_eq!(hrefs("<a href='a'><area href=b/c ><a\nhref=d>"), ["a", "b/c", "d"]);
        assert_eq!(hrefs("<a data-href=x title=\"href='y'\">"), Vec::<String>::new());
        assert_eq!(hrefs("<a href=\"never closed>text</a>"), ["never closed"]);
    }

    #[test]
    fn inline_elements_do_not_cut_words_and_others_do() {
        assert_eq!(text("half<wbr>hour<b>ly</b><br/>gas<td>x"), "halfhourly\ngas\nx");
    }

    #[test]
    fn scripts_styles_and_comments_are_not_shown() {
        assert_eq!(
            text("a<script>if (1<2) '</b>'</SCRIPT>b<style>c</style>d<!-- <p> -->e"),
            "a\nb\nde"
        );
    }

    #[test]
    fn known_entities_are_decoded_and_others_stay() {
        assert_eq!(
            text("&lt;a&gt; &#8364;&#x20AC; &amp;amp; &unknown; & &;"),
            "<a> €€ &amp; &unknown; & &;"
        );
    }

    #[test]
    fn a_lesser_sign_is_text() {
        assert_eq!(text("1 < 2 <"), "1 < 2 <");
    }
}
