//! Which delimiter a file uses, told from its first lines.

use std::io;

use memchr::memchr_iter;

use crate::lines::{is_blank, split_line};
use crate::quotes::QUOTE;
use crate::scanner::Scanner;
use crate::sizes::Sizes;

/// The first wins where nothing else decides.
const CANDIDATES: [u8; 4] = *b",;\t|";

/// The delimiter that the beginning of a text shows. It begins with a line that is not blank; `is_whole` says that it
/// does not go on, and then it ends in LF.
///
/// A `sep=` line decides. Else it is the delimiter that stands most evenly on the lines, or a rival of it under which
/// every quote is legal, if under the first not every quote is. Repairs add nothing but quotes and make them all
/// legal, so a cleaned file shows the same delimiter.
pub(crate) fn detect(sample: &[u8], is_whole: bool, sizes: Sizes) -> u8 {
    if let Some(named) = named_by_sep(sample) {
        return named;
    }
    let lines = whole_lines(sample, is_whole);
    let mut candidates = CANDIDATES.map(|delimiter| (Evenness::of(lines, delimiter), delimiter));
    // Stable: the order above breaks ties.
    candidates.sort_by_key(|(evenness, _)| std::cmp::Reverse(*evenness));
    let [(evenness, best), others @ ..] = candidates;
    if memchr::memchr(QUOTE, sample).is_none() {
        return best;
    }
    let rivals = others
        .into_iter()
        .filter(|(other, _)| other.rivals(evenness))
        .map(|(_, delimiter)| delimiter);
    let is_legal = |delimiter: &u8| is_legal(sample, *delimiter, is_whole, sizes);
    std::iter::once(best).chain(rivals).find(is_legal).unwrap_or(best)
}

/// `sep=;`, as Excel reads and writes it, also in quotes, or filled up with delimiters to the width of the table.
fn named_by_sep(text: &[u8]) -> Option<u8> {
    let (mut line, _) = split_line(text);
    while let Some(unmarked) = line.strip_prefix("\u{FEFF}".as_bytes()) {
        line = unmarked;
    }
    let is_quoted = line.first() == Some(&QUOTE);
    let (sep, rest) = line.get(usize::from(is_quoted)..)?.split_at_checked(4)?;
    let (&named, rest) = rest.split_first()?;
    let is_delimiter = named == b'\t' || (named.is_ascii_punctuation() && named != QUOTE);
    // What is taken for a `sep=` line needs no repair, so that it still is one when the file is cleaned again.
    let filling = if is_quoted {
        rest.strip_prefix(&[QUOTE])?
    } else {
        rest.trim_ascii_end()
    };
    let is_filled = filling.iter().all(|byte| *byte == named);
    (sep.eq_ignore_ascii_case(b"sep=") && is_delimiter && is_filled).then_some(named)
}

/// The sample without a last line that is cut off, unless that is all there is.
fn whole_lines(sample: &[u8], is_whole: bool) -> &[u8] {
    let end = memchr::memrchr(b'\n', sample).filter(|_| !is_whole);
    end.and_then(|end| sample.get(..=end)).unwrap_or(sample)
}

/// How evenly a delimiter stands on the lines. Greater is better. Blank lines and quotes do not count, as cleaning
/// changes those.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Evenness {
    /// The lines that agree on a number of columns, three or more.
    table_lines: usize,
    /// The lines that agree on a number of columns, two or more.
    lines: usize,
    /// All of this delimiter.
    delimiters: usize,
}

impl Evenness {
    fn of(text: &[u8], delimiter: u8) -> Self {
        let mut counts = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let (line, behind) = split_line(rest);
            let count = memchr_iter(delimiter, line).count();
            if count > 0 && !is_blank(line) {
                counts.push(count);
            }
            rest = behind;
        }
        counts.sort_unstable();
        let agreeing = |least: usize| {
            let groups = counts.chunk_by(|one, other| one == other);
            groups
                .filter(|group| group.first() >= Some(&least))
                .map(<[usize]>::len)
                .max()
                .unwrap_or_default()
        };
        Self {
            table_lines: agreeing(2),
            lines: agreeing(1),
            delimiters: counts.iter().sum(),
        }
    }

    /// Whether it comes near a better one: a comma in every address does, a semicolon in one does not.
    const fn rivals(self, best: Self) -> bool {
        self.lines * 2 >= best.lines
    }
}

fn is_legal(sample: &[u8], delimiter: u8, is_whole: bool, sizes: Sizes) -> bool {
    let mut scanner = Scanner::new(delimiter, sizes);
    let scanned = scanner.scan(sample, is_whole, &mut io::sink());
    scanned.is_ok() && !scanner.has_repaired()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> char {
        char::from(detect(text.as_bytes(), true, Sizes::default()))
    }

    #[test]
    fn the_delimiter_of_most_lines_wins() {
        assert_eq!(of("MPR,Date,hr0030\n1,01/02/2023,0.5\n"), ',');
        assert_eq!(of("MPR;Date;hr0030\n1;01/02/2023;0.5\n"), ';');
        assert_eq!(of("MPR\tDate\thr0030\n1\t01/02/2023\t0.5\n"), '\t');
        assert_eq!(of("MPR|Date|hr0030\n1|01/02/2023|0.5\n"), '|');
        assert_eq!(of("MPR Date\n"), ',');
        assert_eq!(of(""), ',');
    }

    #[test]
    fn decimal_commas_are_no_delimiters() {
        assert_eq!(
            of("MPAN;Date;00:30;01:00\n2000000000001;01/02/2023;1,25;0,5\n2000000000001;02/02/2023;1,5;0,75\n"),
            ';'
        );
        assert_eq!(of("\"2000000000001\";\"1,25\";\"0,5\"\n"), ';');
    }

    #[test]
    fn commas_in_quoted_text_are_no_delimiters() {
        let address = "\"Abbey School, 1 High Street, Leeds, West Yorkshire\"";
        assert_eq!(
            of(&format!("{address};2000000000001;0.5\n{address};2000000000001;0.75\n")),
            ';'
        );
    }

    #[test]
    fn report_headers_do_not_hide_the_table() {
        assert_eq!(
            of("Report: half hourly; all sites\nFrom 01/02/2023; to 28/02/2023\nMPAN,Date,\"00:30\"\n1,2,3\n1,2,3\n"),
            ','
        );
    }

    #[test]
    fn one_line_that_another_delimiter_would_make_legal_decides_nothing() {
        assert_eq!(
            of("Site,MPR,kWh\n\"Abbey\"; annexe,9000000001,0.5\nLeeds,9000000002,0.5\n"),
            ','
        );
    }

    #[test]
    fn a_sep_line_decides() {
        assert_eq!(of("sep=;\na,b,c,d\n"), ';');
        assert_eq!(of("\u{feff}SEP=|\na,b,c\n"), '|');
        assert_eq!(of("\"sep=\t\"\na,b,c\n"), '\t');
        assert_eq!(of("sep=,,,,\na;b;c;d\n"), ',');
        assert_eq!(of("\"sep=|\"|||\na,b,c,d\n"), '|');
        assert_eq!(of("\u{feff}\u{feff}sep=|  \na,b,c,d\n"), '|');
        assert_eq!(of("sep=x\na;b;c;d\n"), ';');
        assert_eq!(of("separator=;\na,b,c,d\n"), ',');
    }
}
