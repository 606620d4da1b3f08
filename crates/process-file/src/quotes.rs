//! What the quote at the beginning of a field is.

use memchr::{memchr2, memrchr};

pub(crate) const QUOTE: u8 = b'"';
pub(crate) const LF: u8 = b'\n';

/// What a quote at the very start of a field turns out to be. Positions count from the same beginning as the text's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Opening {
    /// It opens a field that this quote closes.
    Closed(usize),
    /// The first quote that could close the field, at this place on the same line, has text behind it: illegal.
    TextBehind(usize),
    /// It opened nothing: no quote closes it in time, or the first that could lies on a later line and has text
    /// behind it, as the opening quote of another field has.
    Nothing,
    /// The text does not go far enough.
    Undecided,
}

/// Decides about the quote at `open` in `text`.
///
/// A quote closes a field if a delimiter or a line end follows it; two quotes are one that is meant (RFC 4180 section
/// 2). `last` says that there is no text after this, which then ends in LF. Over line ends a field closes within
/// `limit` bytes, or never.
pub(crate) fn opening(text: &[u8], open: usize, delimiter: u8, last: bool, limit: usize) -> Opening {
    let mut from = open + 1;
    let mut on_later_line = false;
    loop {
        let Some(at) = find(QUOTE, LF, text, from) else {
            let too_far = on_later_line && text.len() - open > limit;
            return if last || too_far {
                Opening::Nothing
            } else {
                Opening::Undecided
            };
        };
        let is_line_end = text.get(at) == Some(&LF);
        on_later_line |= is_line_end;
        if on_later_line && at - open > limit {
            return Opening::Nothing;
        }
        match text.get(at + 1) {
            _ if is_line_end => from = at + 1,
            Some(&QUOTE) => from = at + 2,
            Some(&LF) => return Opening::Closed(at),
            Some(&next) if next == delimiter => return Opening::Closed(at),
            Some(_) if on_later_line => return Opening::Nothing,
            Some(_) => return Opening::TextBehind(at),
            None => return Opening::Undecided,
        }
    }
}

/// Where a field ends that goes on at `from` outside quotes: at its delimiter or its LF. `None` if the text does not
/// go far enough.
pub(crate) fn field_end(text: &[u8], from: usize, delimiter: u8) -> Option<usize> {
    find(delimiter, LF, text, from)
}

/// Where the field starts that `at` lies in; the fields between `from`, itself a start, and `at` are on one line.
pub(crate) fn field_start(text: &[u8], from: usize, at: usize, delimiter: u8) -> usize {
    let before = text.get(from..at).unwrap_or_default();
    memrchr(delimiter, before).map_or(from, |found| from + found + 1)
}

/// The first of two bytes at `from` or after it.
pub(crate) fn find(one: u8, other: u8, text: &[u8], from: usize) -> Option<usize> {
    memchr2(one, other, text.get(from..)?).map(|at| from + at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at_start(text: &str, last: bool) -> Opening {
        opening(text.as_bytes(), 0, b',', last, 20)
    }

    #[test]
    fn a_quote_closes_before_a_delimiter_or_a_line_end() {
        assert_eq!(at_start("\"MPR\",1", false), Opening::Closed(4));
        assert_eq!(at_start("\"MPR\"\n", false), Opening::Closed(4));
        assert_eq!(at_start("\"MPR\"", false), Opening::Undecided);
    }

    #[test]
    fn two_quotes_close_nothing() {
        assert_eq!(at_start("\"12\"\" pipe\",", false), Opening::Closed(10));
        assert_eq!(at_start("\"\"\"\"\n", false), Opening::Closed(3));
        assert_eq!(at_start("\"\"\"\"", false), Opening::Undecided);
        assert_eq!(at_start("\"\",", false), Opening::Closed(1));
    }

    #[test]
    fn a_field_may_go_on_over_line_ends_within_the_limit() {
        assert_eq!(at_start("\"High St\n\nLeeds\",", false), Opening::Closed(15));
        assert_eq!(at_start("\"High Street\n\nLeeds 12\",", false), Opening::Nothing);
        assert_eq!(at_start("\"High Street\n\nLeeds LS1", false), Opening::Nothing);
        assert_eq!(at_start("\"High Street\n\nLeeds", false), Opening::Undecided);
    }

    #[test]
    fn on_its_own_line_a_field_may_be_of_any_length() {
        assert_eq!(at_start("\"Abbey Road Primary School\",", false), Opening::Closed(26));
        assert_eq!(at_start("\"Abbey Road Primary School\n\",", false), Opening::Nothing);
    }

    #[test]
    fn text_behind_a_quote_is_illegal_on_the_line_and_a_new_field_on_a_later_one() {
        assert_eq!(at_start("\"abc\"def,", false), Opening::TextBehind(4));
        assert_eq!(at_start("\"abc\n1,\"x\"", false), Opening::Nothing);
    }

    #[test]
    fn a_quote_never_closed_opened_nothing() {
        assert_eq!(at_start("\"\n", true), Opening::Nothing);
        assert_eq!(at_start("\"abc\n1,2\n", true), Opening::Nothing);
    }
}
