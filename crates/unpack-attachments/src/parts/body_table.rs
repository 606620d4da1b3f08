//! Whether a text of an email is a table that somebody pasted or a program wrote into it.

use memchr::memmem;
use pipeline_core::kind;

/// Stricter than for files: letters have commas too, and a link in a letter must be found. Nearly every line behind the
/// first has a digit in at least half of its fields, and nowhere is a web address.
pub(super) fn is_table(text: &[u8]) -> bool {
    if memmem::find(text, b"://").is_some() || !kind::looks_like_table(text) {
        return false;
    }
    let lines = text.split(|byte| matches!(byte, b'\n' | b'\r'));
    let rows = lines.filter(|line| !line.trim_ascii().is_empty()).skip(1);
    let (with_numbers, others) = count(rows, is_row_of_numbers);
    with_numbers > 0 && with_numbers >= others.saturating_mul(9)
}

fn is_row_of_numbers(line: &[u8]) -> bool {
    let fields = line.split(|byte| matches!(byte, b',' | b';' | b'\t' | b'|'));
    let (numbers, others) = count(fields, |field| field.iter().any(u8::is_ascii_digit));
    numbers >= others
}

/// How many are so, and how many are not. They are not collected: a line for every byte would be sixteen times the text.
fn count<'a>(all: impl Iterator<Item = &'a [u8]>, is_so: impl Fn(&'a [u8]) -> bool) -> (usize, usize) {
    all.fold(
        (0, 0),
        |(so, others), one| {
            if is_so(one) { (so + 1, others) } else { (so, others + 1) }
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readings_are_a_table_and_letters_are_not() {
        assert!(is_table(b"MPR,Date,hr0030\r\n9100000001,23/03/2025,0.1\r\n"));
        assert!(is_table(
            b"MPR;Date;hr0030;Type\n9100000001;23/03/2025;0.1;A\n9100000001;24/03/2025;;E\n"
        ));
        assert!(!is_table(b"Hello Tom, Dick, Harry\nYour files, as agreed, are here\n"));
        assert!(!is_table(
            b"Site, meter, link\nA, 1, https://example.org/1\nB, 2, https://example.org/2\n"
        ));
        assert!(!is_table(b"Dear all, dear Tom, hello\n"));
        assert!(!is_table(b""));
    }
}
