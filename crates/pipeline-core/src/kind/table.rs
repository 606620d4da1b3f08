//! Whether text plainly is a table (the design's rule for text that is not called `.csv`).

use super::bytes::{is_blank, starts_with_ignore_case};
use super::{HEAD_BYTES, text};

const DELIMITERS: [u8; 4] = *b",;\t|";
const LEAST_COLUMNS: usize = 3;
const LEAST_LINES: usize = 2;

/// Whether `bytes` are text that plainly is a table: some delimiter among `, ; tab |` gives at least three
/// columns, the same number on at least nine lines of ten. Of long text, the first 64 KiB count.
#[must_use]
pub fn looks_like_table(bytes: &[u8]) -> bool {
    let (head, is_cut) = match bytes.split_at_checked(HEAD_BYTES) {
        Some((head, rest)) => (head, !rest.is_empty()),
        None => (bytes, false),
    };
    text::decode(head).is_some_and(|text| is_table(&text, is_cut))
}

/// As [`looks_like_table`], for decoded text; `is_cut` when the text goes on, so that its last line may be
/// half a line.
pub(super) fn is_table(text: &[u8], is_cut: bool) -> bool {
    let text = without_separator_line(if is_cut { whole_lines(text) } else { text });
    DELIMITERS
        .iter()
        .any(|delimiter| has_one_width(widths(text, *delimiter)))
}

fn whole_lines(text: &[u8]) -> &[u8] {
    let end = memchr::memrchr2(b'\n', b'\r', text).unwrap_or(0);
    text.get(..end).unwrap_or_default()
}

/// Without Excel's `sep=;` line, which tells the delimiter and is no row.
fn without_separator_line(text: &[u8]) -> &[u8] {
    if !starts_with_ignore_case(text, b"sep=") && !starts_with_ignore_case(text, b"\"sep=") {
        return text;
    }
    let end = memchr::memchr2(b'\n', b'\r', text).unwrap_or(text.len());
    text.get(end..).unwrap_or_default()
}

fn has_one_width(mut widths: Vec<usize>) -> bool {
    widths.sort_unstable();
    let most = widths
        .chunk_by(|a, b| a == b)
        .filter(|same| same.first().is_some_and(|width| *width >= LEAST_COLUMNS))
        .map(<[usize]>::len)
        .max();
    widths.len() >= LEAST_LINES && most.is_some_and(|most| most * 10 >= widths.len() * 9)
}

/// The number of columns of each line that is not blank; a quoted field may span lines.
fn widths(text: &[u8], delimiter: u8) -> Vec<usize> {
    let mut widths = Vec::new();
    let (mut columns, mut is_blank_line, mut is_field_start) = (1, true, true);
    // Once a quote did not close, later ones are characters like any other: a second search could only
    // reach the same end, and a file of quotes would take quadratic time.
    let mut do_quotes_close = true;
    let mut rest = text;
    while let Some((byte, tail)) = rest.split_first() {
        rest = tail;
        match *byte {
            b'\n' | b'\r' => {
                if !is_blank_line {
                    widths.push(columns);
                }
                (columns, is_blank_line, is_field_start) = (1, true, true);
            }
            b'"' if is_field_start && do_quotes_close => {
                (is_blank_line, is_field_start) = (false, false);
                match after_quoted_field(tail, delimiter) {
                    Some(after) => rest = after,
                    None => do_quotes_close = false,
                }
            }
            byte => {
                is_blank_line &= is_blank(byte);
                is_field_start = byte == delimiter;
                columns += usize::from(is_field_start);
            }
        }
    }
    if !is_blank_line {
        widths.push(columns);
    }
    widths
}

/// What follows the quote that closes the field whose opening quote is just before `text`.
fn after_quoted_field(text: &[u8], delimiter: u8) -> Option<&[u8]> {
    let mut rest = text;
    loop {
        let (_, after) = rest.split_at_checked(memchr::memchr(b'"', rest)? + 1)?;
        match after.split_first() {
            Some((b'"', second)) => rest = second,
            None => return Some(after),
            Some((byte, _)) if *byte == delimiter || matches!(byte, b'\n' | b'\r') => {
                return Some(after);
            }
            Some(_) => rest = after,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_of_the_four_delimiters_makes_a_table() {
        for delimiter in [",", ";", "\t", "|"] {
            let text = "MSN,DateTime,Kwh\nE10BG,01/02/2023 00:30,0.5\n".replace(',', delimiter);
            assert!(looks_like_table(text.as_bytes()), "{delimiter:?}");
        }
    }

    #[test]
    fn two_columns_or_one_line_are_no_table() {
        assert!(!looks_like_table(b"Date,kWh\n01/02/2023,5\n02/02/2023,6\n"));
        assert!(!looks_like_table(b"MSN,DateTime,Kwh\n"));
        assert!(!looks_like_table(b"MSN,DateTime,Kwh\n\n  \n\x1a"));
        assert!(!looks_like_table(b""));
    }

    #[test]
    fn one_line_in_ten_may_differ_and_two_may_not() {
        let rows = "E10BG,01/02/2023 00:30,0.5\n".repeat(18);
        assert!(looks_like_table(format!("Report\nSite: A\n{rows}").as_bytes()));
        assert!(!looks_like_table(
            format!("Report\nSite: A\nFrom 1 to 2\n{rows}").as_bytes()
        ));
    }

    #[test]
    fn delimiters_and_line_ends_in_quotes_do_not_count() {
        assert!(looks_like_table(
            b"\"Site, name\",MPAN,kWh\r\n\"a\r\nb, c\",2000,\"1,5\"\r\n"
        ));
        assert!(!looks_like_table(b"\"a,b,c\",d\n\"a,b,c\",d\n"));
        assert!(looks_like_table(b"\"say \"\"hi\"\", ok\",b,c\n1,2,3\n"));
    }

    #[test]
    fn a_quote_that_never_closes_opened_nothing() {
        assert!(looks_like_table(
            b"MPAN,Date,kWh\n\"2000,01/02/2023,5\n2000,02/02/2023,6\n"
        ));
    }

    #[test]
    fn a_quote_within_a_field_opens_nothing() {
        assert!(looks_like_table(b"Pipe 12\",Date,kWh\nPipe 12\",01/02/2023,5\n"));
    }

    #[test]
    fn a_separator_line_and_blank_lines_are_passed_over() {
        assert!(looks_like_table(
            b"sep=;\r\nMSN;DateTime;Kwh\r\n\r\n \r\nE10;01/02/2023;0,5\r\n"
        ));
    }

    #[test]
    fn old_mac_line_ends_are_line_ends() {
        assert!(looks_like_table(b"MSN,DateTime,Kwh\rE10,01/02/2023,5\r"));
    }

    #[test]
    fn the_half_line_at_the_end_of_the_head_is_left_out() {
        let row = "2000012345678,01/02/2023,0.5,0.75,1.25\n";
        let long = row.repeat(2 * HEAD_BYTES / row.len());
        assert!(looks_like_table(long.as_bytes()));
        assert!(is_table(b"a,b,c\nd,e,f\ng,h", true));
        assert!(!is_table(b"a,b,c\nd,e,f\ng,h", false));
    }

    #[test]
    fn prose_is_no_table() {
        let letter = b"Dear Sir or Madam,\n\nplease find attached, as agreed, the readings of January.\n\
            Should you have any questions, do call us.\n\nKind regards,\n\nThe team\n";
        assert!(!looks_like_table(letter));
    }

    #[test]
    fn a_file_of_quotes_takes_no_quadratic_time() {
        for noise in ["\"", ",\"", "\"x,", "\n\"\"a"] {
            assert!(!looks_like_table(noise.repeat(HEAD_BYTES).as_bytes()), "{noise:?}");
        }
    }
}
