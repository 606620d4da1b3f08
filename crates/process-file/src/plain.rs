//! How far a text needs no care: whole lines, none of them blank, and every quote legal.
//!
//! A line that is long and has no quote takes one search. Else 64 bytes are looked at together, a bit for each. Whatever
//! may need care ends the stretch; whether it does is for the careful way to decide.

use memchr::memchr2;
use wide::{i8x64, u8x64};

use crate::quotes::{LF, QUOTE};

const BLOCK: usize = 64;

/// Where lines are shorter, blocks are faster than a search for each line.
const LONG_LINE: usize = 2 * BLOCK;

/// The lines that a text begins with and that need no care.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Plain {
    /// Bytes.
    pub(crate) length: usize,
    /// How many lines these are; no quoted field in them has a line end.
    pub(crate) lines: u64,
}

/// Looks at a text that begins with a line.
pub(crate) fn lines(text: &[u8], delimiter: u8) -> Plain {
    let long = long_lines(text);
    let others = in_blocks(text.get(long.length..).unwrap_or_default(), delimiter);
    Plain {
        length: long.length + others.length,
        lines: long.lines + others.lines,
    }
}

/// Long lines without quotes: most files have no others.
fn long_lines(text: &[u8]) -> Plain {
    let mut plain = Plain::default();
    let mut rest = text;
    while let Some(first) = rest.first()
        && first.cast_signed() > LAST_WHITE
        && let Some(end) = memchr2(QUOTE, LF, rest)
        && end >= LONG_LINE
        && let Some((line, behind)) = rest.split_at_checked(end + 1)
        && line.last() == Some(&LF)
    {
        plain.length += line.len();
        plain.lines += 1;
        rest = behind;
    }
    plain
}

/// Of bytes taken as signed, white space and all that is beyond ASCII are not above this.
const LAST_WHITE: i8 = b' '.cast_signed();

fn in_blocks(text: &[u8], delimiter: u8) -> Plain {
    let mut plain = Plain::default();
    let mut before = Before {
        byte: LF,
        is_quoted: false,
    };
    for (number, bytes) in text.as_chunks::<BLOCK>().0.iter().enumerate() {
        let block = u8x64::new(*bytes);
        let line_ends = places(block, LF);
        let careful = careful(block, line_ends, delimiter, &mut before);
        before.byte = bytes[BLOCK - 1];
        // Of the line ends those before the first place that needs care.
        let ended = line_ends & !careful & careful.wrapping_sub(1);
        if ended != 0 {
            plain.lines += u64::from(ended.count_ones());
            plain.length = (number + 1) * BLOCK - ended.leading_zeros() as usize;
        }
        if careful != 0 {
            break;
        }
    }
    plain
}

/// What comes before a block.
struct Before {
    byte: u8,
    /// The block begins inside a quoted field, or at the second of two quotes.
    is_quoted: bool,
}

/// The places in a block that may need care. Those behind the first one tell nothing.
#[inline]
fn careful(block: u8x64, line_ends: u64, delimiter: u8, before: &mut Before) -> u64 {
    let line_starts = behind(line_ends, before.byte == LF);
    let perhaps_blank = if line_starts == 0 {
        0
    } else {
        line_starts & block.cast_signed().simd_le(i8x64::splat(LAST_WHITE)).to_bitmask()
    };
    let quotes = places(block, QUOTE);
    if quotes == 0 && !before.is_quoted && before.byte != QUOTE {
        return perhaps_blank;
    }
    let separators = line_ends | places(block, delimiter);
    let field_starts = behind(separators, before.byte == LF || before.byte == delimiter);
    // Every other quote opens a field, the next one closes it; of two that mean one, the first closes and the second
    // opens it again.
    let quoted = up_to_next(quotes) ^ if before.is_quoted { u64::MAX } else { 0 };
    let opening = quotes & quoted;
    let behind_closing = behind(quotes & !quoted, before.byte == QUOTE && !before.is_quoted);
    before.is_quoted = quoted >> (BLOCK - 1) == 1;
    perhaps_blank
        | (opening & !field_starts & !behind_closing)
        | (behind_closing & !separators & !opening)
        | (line_ends & quoted)
}

/// Where the byte is.
#[inline]
fn places(block: u8x64, byte: u8) -> u64 {
    block.simd_eq(u8x64::splat(byte)).to_bitmask()
}

/// The places behind these; `first` is the one behind what comes before the block.
#[inline]
const fn behind(places: u64, first: bool) -> u64 {
    places << 1 | first as u64
}

/// From the first place to before the second, from the third to before the fourth, and so on.
#[inline]
const fn up_to_next(places: u64) -> u64 {
    let mut bits = places;
    bits ^= bits << 1;
    bits ^= bits << 2;
    bits ^= bits << 4;
    bits ^= bits << 8;
    bits ^= bits << 16;
    bits ^ bits << 32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is plain of a text in which only the last block may be left.
    #[track_caller]
    fn plain(text: &str) -> &str {
        let plain = lines(text.as_bytes(), b',');
        let (taken, _) = text.split_at(plain.length);
        assert_eq!(plain.lines, taken.matches('\n').count() as u64);
        taken
    }

    fn padding() -> String {
        "MPAN,Date,00:30\n".repeat(8)
    }

    #[test]
    fn lines_without_anything_odd_are_plain_up_to_the_last_block() {
        let half_hours = ",0.25".repeat(48);
        for line in [
            format!("2000000000001,01/02/2023{half_hours}"),
            "2000000000001,01/02/2023,0.5".to_owned(),
            "\"2000000000001\",\"01/02/2023\",\"0.5\"".to_owned(),
            "MPR,\"Abbey Road, Leeds\",\"\",\"12\"\" pipe\",\"\"\"\",\"\"\"x\"\"\"".to_owned(),
            format!("\"Ysgol y Môr, Bangor\"{half_hours}"),
            ",,".to_owned(),
        ] {
            let text = format!("{line}\n").repeat(100);
            let left = text.len() - plain(&text).len();
            assert!(left < BLOCK + line.len() + 1, "{left} of {line:?}");
        }
    }

    #[test]
    fn a_line_that_needs_care_ends_the_stretch_wherever_it_lies() {
        for line in [
            "",
            " ",
            "\t",
            "\u{a0}",
            "\u{3000}x",
            "12\" pipe,1",
            "1,12\"",
            "1,\"12\"x",
            "1,\"12\" ,2",
            "\"1,2",
            "1,\"",
            "\"a,\"b\",c\",1",
            "1,\"High St\nLeeds\",2",
            "\"\n\"",
        ] {
            for before in 0..2 * BLOCK {
                let before = format!("{}\n", "1".repeat(before + 1));
                let text = format!("{before}{line}\n{}", padding());
                assert_eq!(plain(&text), before, "{line:?}");
                let text = format!("{}{before}{line}\n{}", "1".repeat(LONG_LINE), padding());
                assert_eq!(plain(&text), format!("{}{before}", "1".repeat(LONG_LINE)), "{line:?}");
            }
        }
    }
}
