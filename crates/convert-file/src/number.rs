//! Numbers as the importer reads them: plain decimals.

use std::fmt::Write as _;

/// From here on a number is written with an exponent: its digits would be padding.
const EXPONENT_FROM: f64 = 1e21;

/// Appends the shortest decimal that reads back as the same IEEE 754 double: without separators, without `.0`,
/// and below 1e21 without an exponent. `-0` is `0`; what is not finite gives nothing and `false`.
pub(crate) fn write_number(value: f64, out: &mut String) -> bool {
    if !value.is_finite() {
        return false;
    }
    if write_short_decimal(value, out) {
        return true;
    }
    let written = if value.abs() >= EXPONENT_FROM {
        write!(out, "{value:e}")
    } else {
        write!(out, "{value}")
    };
    written.is_ok()
}

/// A decimal of at most 15 digits is the only such one that reads back as its double, so it is the shortest.
const EXACT_BELOW: f64 = 1e15;
const MILLION: u64 = 1_000_000;

/// Writes a number of at most 15 digits, up to 6 of them decimals, as the readings of meters are: in a fraction of the time
/// that other numbers take. `false` if it is none.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "what is cast is positive and below 1e15"
)]
fn write_short_decimal(value: f64, out: &mut String) -> bool {
    let size = value.abs();
    if size >= EXACT_BELOW {
        return false;
    }
    let (mut whole, mut millionths) = (size as u64, 0);
    if whole as f64 != size {
        let scaled = size * MILLION as f64 + 0.5;
        let number = scaled as u64;
        // Both operands are exact, so that the quotient is what reading the decimal gives, however `scaled` was rounded.
        if scaled >= EXACT_BELOW || number as f64 / MILLION as f64 != size {
            return false;
        }
        (whole, millionths) = (number / MILLION, number % MILLION);
    }
    let mut digits = itoa::Buffer::new();
    if value < 0.0 {
        out.push('-');
    }
    out.push_str(digits.format(whole));
    if let Some(decimals) = digits.format(MILLION + millionths).get(1..).filter(|_| millionths > 0) {
        out.push('.');
        out.push_str(decimals.trim_end_matches('0'));
    }
    true
}

/// Reads a number as the spreadsheet formats store it (XML Schema `double`): `None` for anything else, also for
/// `NaN` and `INF`, which no cell can hold.
pub(crate) fn parse_number(text: &str) -> Option<f64> {
    text.trim().parse::<f64>().ok().filter(|value| value.is_finite())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(value: f64) -> String {
        let mut out = String::new();
        assert!(write_number(value, &mut out));
        out
    }

    #[test]
    fn a_number_is_the_shortest_decimal_that_reads_back_the_same() {
        for (text, expected) in [
            ("1.1000000000000001", "1.1"),
            ("0.30000000000000004", "0.30000000000000004"),
            ("5.0", "5"),
            ("-0", "0"),
            ("-0.0", "0"),
            ("1E5", "100000"),
            ("1.5E-7", "0.00000015"),
            ("-12.50", "-12.5"),
            ("0.1", "0.1"),
        ] {
            assert_eq!(written(parse_number(text).unwrap()), expected, "{text}");
        }
    }

    #[test]
    fn mpans_and_16_digit_numbers_stay_whole() {
        for text in ["2199989614123", "1234567890123456", "9007199254740992"] {
            assert_eq!(written(parse_number(text).unwrap()), text);
        }
    }

    #[test]
    fn there_is_no_exponent_below_1e21() {
        assert_eq!(written(1e20), "100000000000000000000");
        assert_eq!(written(999_999_999_999_999_900_000.0), "999999999999999900000");
        assert_eq!(written(1e21), "1e21");
    }

    #[test]
    fn words_that_rust_takes_for_numbers_are_not_numbers() {
        for text in ["inf", "nan", "infinity", "-INF", "", " ", "0x10", "1,5"] {
            assert_eq!(parse_number(text), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn every_finite_number_reads_back_the_same(value in any::<f64>().prop_filter("finite", |v| v.is_finite())) {
            let text = written(value);
            prop_assert_eq!(text.parse::<f64>().unwrap(), value);
            if value.abs() < 1e21 {
                prop_assert!(!text.contains(['e', 'E', ',']));
            }
        }

        #[test]
        fn readings_of_meters_are_written_like_all_numbers(digits in -10_000_000_000_000_000_i64..10_000_000_000_000_000, decimals in 0..9) {
            let value = digits as f64 / 10_f64.powi(decimals);
            prop_assert_eq!(written(value), format!("{}", value + 0.0));
        }
    }
}
