//! Steps over markup in its plainest shape; whatever is not of it gives nothing.

use crate::value::CellRef;

/// A worksheet's last cell is XFD1048576; what has more letters or digits is left to the parser.
const LETTERS: usize = 3;
const DIGITS: usize = 7;
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

/// What of the markup at hand is still to be read.
pub(super) struct Cursor<'w> {
    rest: &'w str,
}

impl<'w> Cursor<'w> {
    pub(super) const fn new(window: &'w str) -> Self {
        Self { rest: window }
    }

    /// How many bytes are left.
    pub(super) const fn left(&self) -> usize {
        self.rest.len()
    }

    /// Moves on if this comes next.
    pub(super) fn eat<const N: usize>(&mut self, prefix: &[u8; N]) -> bool {
        let is_next = self.rest.as_bytes().first_chunk() == Some(prefix);
        is_next && self.take(N).is_some()
    }

    pub(super) fn blanks(&mut self) {
        let is_blank = |byte: &u8| matches!(byte, b' ' | b'\n' | b'\r' | b'\t');
        let blanks = self.rest.bytes().take_while(is_blank).count();
        self.take(blanks);
    }

    fn take(&mut self, bytes: usize) -> Option<&'w str> {
        let (taken, rest) = self.rest.split_at_checked(bytes)?;
        self.rest = rest;
        Some(taken)
    }

    fn take_while(&mut self, mut matches: impl FnMut(u8) -> bool) -> Option<&'w str> {
        let end = self.rest.bytes().position(|byte| !matches(byte))?;
        self.take(end)
    }

    /// What stands before the next markup, and whether it has nothing that may be more than it seems.
    pub(super) fn text(&mut self) -> Option<(&'w str, bool)> {
        let mut odd = false;
        let text = self.take_while(|byte| {
            odd |= matches!(byte, b'&' | b'\r' | b'_');
            byte != b'<'
        })?;
        Some((text, !odd))
    }

    /// The same, if it says just what it seems to.
    pub(super) fn literal(&mut self) -> Option<&'w str> {
        let (text, usual) = self.text()?;
        (usual || (!text.contains('&') && is_resolvable(text))).then_some(text)
    }

    /// What stands before the next markup, if it may be a number, and whether that is spelled as we render it.
    pub(super) fn number(&mut self) -> Option<(&'w str, bool)> {
        let start = self.rest;
        let minus = self.eat(b"-");
        let whole = self.digits()?;
        let decimals = if self.eat(b".") { Some(self.digits()?) } else { None };
        if self.rest.starts_with('<') {
            let text = start.get(..start.len() - self.rest.len())?;
            return Some((text, is_rendered(minus, whole, decimals)));
        }
        self.rest = start;
        let (text, _) = self.text()?;
        let may_be = |byte| matches!(byte, b'0'..=b'9' | b'.' | b'-' | b'+' | b'e' | b'E');
        text.bytes().all(may_be).then_some((text, false))
    }

    fn digits(&mut self) -> Option<&'w [u8]> {
        self.take_while(|byte| byte.is_ascii_digit()).map(str::as_bytes)
    }

    /// A number that counts something: digits, and few of them.
    pub(super) fn index(&mut self) -> Option<u32> {
        let digits = self.digits().filter(|digits| (1..=DIGITS).contains(&digits.len()))?;
        let value = |value, digit: &u8| value * 10 + u32::from(digit - b'0');
        Some(digits.iter().fold(0, value))
    }

    /// A cell's place.
    pub(super) fn place(&mut self) -> Option<CellRef> {
        let letters = self.take_while(|byte| byte.is_ascii_uppercase())?;
        let value = |value, letter| value * 26 + u32::from(letter - b'A') + 1;
        let column: u32 = letters.bytes().take(LETTERS + 1).fold(0, value);
        let column = column.checked_sub(1).filter(|_| letters.len() <= LETTERS)?;
        Some(CellRef::new(self.index()?.checked_sub(1)?, column))
    }

    /// ` name="value"`; an inner `None` if no attribute comes, an outer one if it is unusual.
    pub(super) fn attribute(&mut self) -> Option<Option<(&'w str, &'w str)>> {
        if !self.eat(b" ") {
            return Some(None);
        }
        let name = self.take_while(|byte| byte.is_ascii_alphanumeric() || byte == b':')?;
        if name.is_empty() || !self.eat(b"=\"") {
            return None;
        }
        let value = self.take_while(|byte| !matches!(byte, b'"' | b'&' | b'<'))?;
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
