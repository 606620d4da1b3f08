//! Where rows and cells say that they are (ECMA-376 part 1, 18.3.1.73 and 18.3.1.4).
//!
//! Only who says nothing follows the one before: a value whose place cannot be read would land in another column.

use crate::error::ConvertError;
use crate::value::CellRef;

/// A number with more digits than this is no place; what is longer is not quoted to people.
const LONGEST: usize = 24;

/// A row's `r`, counted from 0.
pub(super) fn row(text: &str) -> Result<u32, ConvertError> {
    let text = text.trim();
    text.parse::<u32>()
        .ok()
        .and_then(|number| number.checked_sub(1))
        .ok_or_else(|| unreadable("row", text, text))
}

/// A cell's `r`.
pub(super) fn cell(text: &str) -> Result<CellRef, ConvertError> {
    let text = text.trim();
    let digits = text.trim_start_matches(|c: char| c == '$' || c.is_ascii_alphabetic());
    CellRef::parse(text).ok_or_else(|| {
        let digits = if digits.len() < text.len() { digits } else { "" };
        unreadable("cell", text, digits)
    })
}

/// A place beyond all sheets is told from what is no place by its row `number`.
fn unreadable(what: &str, text: &str, number: &str) -> ConvertError {
    let is_number = number.bytes().all(|byte| byte.is_ascii_digit()) && number.bytes().any(|byte| byte != b'0');
    let text: String = text.chars().take(LONGEST).collect();
    if is_number {
        ConvertError::TooLarge(format!(
            "{what} {text} lies beyond XFD1048576, the last cell of any sheet"
        ))
    } else {
        ConvertError::corrupt(format!("the place of a {what} is given as {text:?}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_as_it_is_written() {
        assert_eq!(row(" 12 ").unwrap(), 11);
        assert_eq!(cell(" $B$12 ").unwrap(), CellRef::new(11, 1));
    }

    #[test]
    fn a_place_beyond_all_sheets_is_too_large_and_named() {
        for error in [row("4294967297").unwrap_err(), cell("A4294967297").unwrap_err()] {
            assert!(matches!(&error, ConvertError::TooLarge(why) if why.contains("4294967297")));
        }
        assert!(matches!(cell("ZZZZZZZZ2"), Err(ConvertError::TooLarge(why)) if why.contains("ZZZZZZZZ2")));
    }

    #[test]
    fn what_is_no_place_is_corrupt() {
        for text in ["", "0", "-1", "x", "1.5", "000"] {
            assert!(matches!(row(text), Err(ConvertError::Corrupt { .. })), "{text}");
        }
        for text in ["", "A", "7", "A0", "1A", "A-1", "R1C1", "ü1"] {
            assert!(matches!(cell(text), Err(ConvertError::Corrupt { .. })), "{text}");
        }
    }
}
