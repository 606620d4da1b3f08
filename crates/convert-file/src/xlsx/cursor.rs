//! Steps over the bytes of markup in its plainest shape; whatever is not of it gives nothing.

use std::str;

/// Any two decimals of at most so many digits are different doubles, so that each is the shortest that reads back as its own (IEEE 754).
const EXACT_DIGITS: usize = 15;
/// What stands for a character that is markup otherwise (XML 1.0, 4.6).
const ENTITIES: [(&str, char); 5] = [
    ("amp;", '&'),
    ("lt;", '<'),
    ("gt;", '>'),
    ("quot;", '"'),
    ("apos;", '\''),
];

/// What of the bytes at hand is still to be read.
pub(super) struct Cursor<'w> {
    rest: &'w [u8],
}

impl<'w> Cursor<'w> {
    pub(super) const fn new(window: &'w [u8]) -> Self {
        Self { rest: window }
    }

    /// How many bytes are left.
    pub(super) const fn left(&self) -> usize {
        self.rest.len()
    }

    /// Moves on if this comes next.
    pub(super) fn eat<const N: usize>(&mut self, prefix: &[u8; N]) -> bool {
        match self.rest.split_first_chunk::<N>() {
            Some((chunk, rest)) if chunk == prefix => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    pub(super) fn blanks(&mut self) {
        while let Some((b' ' | b'\n' | b'\r' | b'\t', rest)) = self.rest.split_first() {
            self.rest = rest;
        }
    }

    fn take(&mut self, bytes: usize) -> Option<&'w [u8]> {
        let (taken, rest) = self.rest.split_at_checked(bytes)?;
        self.rest = rest;
        Some(taken)
    }

    /// What stands before the next markup, and whether it has nothing that may be more than it seems.
    pub(super) fn text(&mut self) -> Option<(&'w [u8], bool)> {
        let mut odd = false;
        let end = self.rest.iter().position(|byte| {
            odd |= matches!(byte, b'&' | b'\r' | b'_');
            *byte == b'<'
        });
        Some((self.take(end?)?, !odd))
    }

    /// The same, if it says just what it seems to.
    pub(super) fn literal(&mut self) -> Option<&'w str> {
        let (text, usual) = self.text()?;
        let text = str::from_utf8(text).ok()?;
        (usual || (!text.contains('&') && is_resolvable(text))).then_some(text)
    }

    /// What stands before the next markup, if it may be a number, and whether that is spelled as we render it.
    pub(super) fn number(&mut self) -> Option<(&'w str, bool)> {
        let start = self.rest;
        let minus = self.eat(b"-");
        let whole = self.digits()?;
        let decimals = if self.eat(b".") { Some(self.digits()?) } else { None };
        if self.rest.first() == Some(&b'<') {
            let text = start.get(..start.len() - self.rest.len())?;
            return Some((str::from_utf8(text).ok()?, is_rendered(minus, whole, decimals)));
        }
        self.rest = start;
        let (text, _) = self.text()?;
        let may_be = |byte: &u8| matches!(byte, b'0'..=b'9' | b'.' | b'-' | b'+' | b'e' | b'E');
        text.iter().all(may_be).then_some((str::from_utf8(text).ok()?, false))
    }

    fn digits(&mut self) -> Option<&'w [u8]> {
        let end = self.rest.iter().position(|byte| !byte.is_ascii_digit())?;
        self.take(end)
    }

    /// ` name="value"`; an inner `None` if no attribute comes, an outer one if it is unusual.
    pub(super) fn attribute(&mut self) -> Option<Option<(&'w [u8], &'w [u8])>> {
        if !self.eat(b" ") {
            return Some(None);
        }
        let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b':';
        let name = self.rest.iter().position(|byte| !is_name(byte))?;
        let name = self.take(name).filter(|name| !name.is_empty())?;
        if !self.eat(b"=\"") {
            return None;
        }
        let end = self.rest.iter().position(|byte| matches!(byte, b'"' | b'&' | b'<'))?;
        let value = self.take(end)?;
        self.eat(b"\"").then_some(Some((name, value)))
    }
}

/// Whether a number is spelled as the shortest decimal that reads back the same.
fn is_rendered(minus: bool, whole: &[u8], decimals: Option<&[u8]>) -> bool {
    let all = whole.len() + decimals.map_or(0, <[u8]>::len);
    let ends_well = decimals.is_none_or(|decimals| decimals.last().is_some_and(|last| *last != b'0'));
    let begins_well = match whole {
        [] => false,
        [b'0'] => !minus || decimals.is_some(),
        [first, ..] => *first != b'0',
    };
    begins_well && ends_well && all <= EXACT_DIGITS
}

/// Appends a text with its references resolved.
pub(super) fn push_resolved(text: &str, out: &mut String) {
    let mut parts = text.split('&');
    out.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let resolved = ENTITIES
            .iter()
            .find_map(|(name, character)| Some((character, part.strip_prefix(name)?)));
        let (character, rest) = resolved.unwrap_or((&'&', part));
        out.push(*character);
        out.push_str(rest);
    }
}

/// Whether a text says just what it seems to, but for the references that every XML has: no line ends to normalise, no characters spelled `_xHHHH_`.
pub(super) fn is_resolvable(text: &str) -> bool {
    let known = |part: &str| ENTITIES.iter().any(|(name, _)| part.starts_with(name));
    !text.contains('\r') && !text.contains("_x") && text.split('&').skip(1).all(known)
}
