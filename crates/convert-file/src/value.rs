//! A cell's value, and how it is rendered: the contract with the importer.

use crate::date::{Epoch, write_serial};
use crate::number::write_number;
use crate::number_format::NumberFormat;

/// What a cell holds, whatever the workbook's format. A formula is its cached value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Value<'a> {
    /// Text, also text that looks like a number.
    Text(&'a str),
    /// A number that is spelled as it is rendered.
    Plain(&'a str),
    /// A number, and what its format makes of it.
    Number(f64, NumberFormat, Epoch),
    /// A truth value.
    Bool(bool),
    /// An error, spelled as the spreadsheet shows it: `#N/A`.
    Error(&'a str),
}

impl Value<'_> {
    /// Appends the value as it stands in the CSV, before any quoting.
    pub(crate) fn render(self, out: &mut String) {
        match self {
            Self::Text(text) | Self::Error(text) => push_printable(text, out),
            Self::Plain(number) => out.push_str(number),
            Self::Bool(true) => out.push_str("true"),
            Self::Bool(false) => out.push_str("false"),
            Self::Number(value, format, epoch) => {
                if !write_serial(value, format, epoch, out) && !write_number(value, out) {
                    // No cell can hold an infinity; a writer that stored one meant an overflow.
                    out.push_str("#NUM!");
                }
            }
        }
    }
}

/// Control characters other than tabs and line ends are left out: a CSV that has many of them is no text any more, and
/// nobody has ever typed one.
fn push_printable(text: &str, out: &mut String) {
    let is_control = |byte: u8| byte < b' ' && !matches!(byte, b'\t' | b'\n' | b'\r');
    // Without an early end the compiler looks at many bytes at once.
    if text.bytes().fold(false, |found, byte| found | is_control(byte)) {
        out.extend(text.chars().filter(|c| !u8::try_from(*c).is_ok_and(is_control)));
    } else {
        out.push_str(text);
    }
}

/// The errors of the binary formats ([MS-XLS] 2.5.10 `BErr`, [MS-XLSB] 2.5.97.2).
pub(crate) fn error_name(code: u8) -> &'static str {
    match code {
        0x00 => "#NULL!",
        0x07 => "#DIV/0!",
        0x0F => "#VALUE!",
        0x17 => "#REF!",
        0x1D => "#NAME?",
        0x24 => "#NUM!",
        0x2A => "#N/A",
        0x2B => "#GETTING_DATA",
        _ => "#UNKNOWN!",
    }
}

/// A cell's place, both counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct CellRef {
    pub(crate) row: u32,
    pub(crate) column: u32,
}

impl std::fmt::Display for CellRef {
    /// `A1`, `XFD1048576`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut letters = [0_u8; 7];
        let mut rest = u64::from(self.column) + 1;
        let mut length = 0;
        for letter in letters.iter_mut().rev() {
            if rest == 0 {
                break;
            }
            rest -= 1;
            *letter = b'A' + (rest % 26) as u8;
            rest /= 26;
            length += 1;
        }
        for letter in letters.iter().skip(letters.len() - length) {
            write!(f, "{}", char::from(*letter))?;
        }
        write!(f, "{}", u64::from(self.row) + 1)
    }
}

impl CellRef {
    pub(crate) const fn new(row: u32, column: u32) -> Self {
        Self { row, column }
    }

    /// Reads a reference such as `B12` or `$B$12`; `None` if it is none, or beyond what [`u32`] counts.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut column = 0_u32;
        let mut row = 0_u32;
        let mut in_row = false;
        for byte in text.bytes() {
            match byte {
                b'$' => {}
                b'A'..=b'Z' | b'a'..=b'z' if !in_row => {
                    let letter = u32::from(byte.to_ascii_uppercase() - b'A') + 1;
                    column = column.checked_mul(26)?.checked_add(letter)?;
                }
                b'0'..=b'9' => {
                    in_row = true;
                    row = row.checked_mul(10)?.checked_add(u32::from(byte - b'0'))?;
                }
                _ => return None,
            }
        }
        Some(Self::new(row.checked_sub(1)?, column.checked_sub(1)?))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rendered(value: Value<'_>) -> String {
        let mut out = String::new();
        value.render(&mut out);
        out
    }

    #[test]
    fn truth_values_are_lower_case_words() {
        assert_eq!(rendered(Value::Bool(true)), "true");
        assert_eq!(rendered(Value::Bool(false)), "false");
    }

    #[test]
    fn text_that_looks_like_a_number_stays_text() {
        assert_eq!(rendered(Value::Text(" 0012.50")), " 0012.50");
    }

    #[test]
    fn control_characters_are_no_part_of_a_text() {
        assert_eq!(rendered(Value::Text("\u{0}MP\u{1}AN\tA\r\nB\u{1b}")), "MPAN\tA\r\nB");
    }

    #[test]
    fn a_number_that_its_date_format_cannot_hold_stays_a_number() {
        assert_eq!(rendered(Value::Number(-1.5, NumberFormat::Date, Epoch::Y1900)), "-1.5");
        assert_eq!(
            rendered(Value::Number(2_199_989_614_123.0, NumberFormat::DateTime, Epoch::Y1900)),
            "2199989614123"
        );
    }

    #[test]
    fn a_number_that_is_none_is_an_error_value() {
        assert_eq!(
            rendered(Value::Number(f64::NAN, NumberFormat::Number, Epoch::Y1900)),
            "#NUM!"
        );
    }

    #[test]
    fn cells_are_named_as_people_name_them() {
        for (row, column, name) in [
            (0, 0, "A1"),
            (0, 25, "Z1"),
            (9, 26, "AA10"),
            (1_048_575, 16_383, "XFD1048576"),
        ] {
            assert_eq!(CellRef::new(row, column).to_string(), name);
            assert_eq!(CellRef::parse(name), Some(CellRef::new(row, column)));
        }
        for name in ["", "A", "1", "A0", "1A", "A1B", "A-1", "A99999999999", "AAAAAAAAAA1"] {
            assert_eq!(CellRef::parse(name), None, "{name}");
        }
        assert_eq!(CellRef::parse("$b$3"), Some(CellRef::new(2, 1)));
    }

    proptest! {
        #[test]
        fn every_cell_is_found_by_its_name(row in 0..u32::MAX, column in 0..u32::MAX) {
            let cell = CellRef::new(row, column);
            prop_assert_eq!(CellRef::parse(&cell.to_string()), Some(cell));
        }
    }
}
