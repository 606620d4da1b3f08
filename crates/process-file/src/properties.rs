//! What holds for every file.

use std::io::{self, Read};

use proptest::prelude::*;

use crate::clean::{Cleaned, clean_with};
use crate::reference;
use crate::sizes::Sizes;
use crate::strict;

fn cleaned(input: &[u8], sizes: Sizes) -> (String, Cleaned) {
    let mut output = Vec::new();
    let cleaned = clean_with(input, &mut output, sizes).unwrap();
    (String::from_utf8(output).expect("what comes out is UTF-8"), cleaned)
}

/// A reader that gives a few bytes at a time.
struct Dribble<'a> {
    rest: &'a [u8],
    steps: Box<dyn Iterator<Item = usize> + 'a>,
}

impl Read for Dribble<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let step = self.steps.next().unwrap_or(1).min(self.rest.len()).min(buffer.len());
        let (now, later) = self.rest.split_at(step);
        buffer[..step].copy_from_slice(now);
        self.rest = later;
        Ok(step)
    }
}

/// Text of the pieces that matter: quotes, delimiters, line ends, white space, marks, characters of all lengths.
fn text() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "\"",
        "\"",
        "\"",
        "\"\"",
        ",",
        ",",
        "\",\"",
        ";",
        ";",
        "\t",
        "|",
        "\n",
        "\n",
        "\r\n",
        "\r",
        "\"\n",
        " ",
        "\u{a0}",
        "\u{feff}",
        "sep=;",
        "\"sep=|\"",
        "SEP=\t",
        "MPAN",
        "12\" pipe",
        "0.5",
        "£",
        "–",
        "電",
        "😀",
        "\"Abbey, Leeds\"",
        "00:30",
    ]);
    prop::collection::vec(pieces, 0..40).prop_map(|pieces| pieces.concat())
}

/// As [`text`], with bytes of other encodings and NULs among it.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let odd = prop::sample::select(vec![
        &b"\0"[..],
        b"\xa3",
        b"\x96",
        b"\xff\xfe",
        b"\xc3",
        b"\xe2\x80",
        b"\x81",
        b"\x85",
    ]);
    let piece = prop_oneof![3 => text().prop_map(String::into_bytes), 1 => odd.prop_map(<[u8]>::to_vec)];
    prop::collection::vec(piece, 0..4).prop_map(|pieces| pieces.concat())
}

/// Rows as suppliers send them, with now and then something of [`bytes`] in them.
fn file() -> impl Strategy<Value = Vec<u8>> {
    let half_hours: &'static str = ",0.25,1.5,0,12.125".repeat(12).leak();
    let row = prop::sample::select(vec![
        "2000000000001,01/02/2023,0.5",
        "\"2000000000001\",\"01/02/2023\",\"0.5\"",
        "\"Abbey Road, Leeds\",\"12\"\" pipe\",\"\",\"\"\"\"",
        "Ysgol y Môr,2000000000001,£0.5",
        "\"High St\nLeeds\",0.5,A",
    ]);
    let line_end = prop::sample::select(vec!["\n", "\n", "\r\n", "\r\n", "\r", "\n\n"]);
    let row = (
        row,
        any::<bool>(),
        prop::option::weighted(0.1, (any::<prop::sample::Index>(), bytes())),
        line_end,
    );
    prop::collection::vec(row, 0..40).prop_map(move |rows| {
        let mut file = Vec::new();
        for (row, is_long, odd, line_end) in rows {
            let mut row = format!("{row}{}{line_end}", if is_long { half_hours } else { "" }).into_bytes();
            if let Some((at, odd)) = odd {
                let at = at.index(row.len());
                row.splice(at..at, odd);
            }
            file.extend(row);
        }
        file
    })
}

/// A reader of all that is in a file, a few bytes at a time.
fn dribble<'a>(file: &'a [u8], steps: &'a [usize]) -> Dribble<'a> {
    Dribble {
        rest: file,
        steps: Box::new(steps.iter().copied().cycle()),
    }
}

fn utf16(text: &str) -> Vec<u8> {
    std::iter::once(0xFEFF)
        .chain(text.encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect()
}

fn parses_and_stays(input: &[u8], sizes: Sizes) {
    let (output, found) = cleaned(input, sizes);
    let records = strict::parse(&output, found.delimiter).unwrap_or_else(|why| panic!("{why} in {output:?}"));
    assert_eq!(records.len() as u64, found.lines, "lines of {output:?}");
    assert!(!output.contains(['\0', '\r']), "{output:?}");
    assert!(output.is_empty() || output.ends_with('\n'), "{output:?}");
    let blank = |record: &Vec<String>| record.iter().all(|field| field.trim().is_empty()) && record.len() < 2;
    assert!(
        found.lines_repaired > 0 || output.contains('"') || !records.iter().any(blank),
        "{output:?}"
    );
    let (again, found_again) = cleaned(output.as_bytes(), sizes);
    assert_eq!(
        again, output,
        "cleaned again, as {:?} and then as {:?}",
        found, found_again
    );
    assert_eq!(found_again.lines_repaired, 0);
}

/// What a file says, whatever its quotes and blanks.
fn gist(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '"' | '\u{feff}' | '\0'))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2048))]

    #[test]
    fn what_leaves_parses_and_cleaning_it_again_changes_nothing(input in bytes()) {
        parses_and_stays(&input, Sizes::default());
    }

    #[test]
    fn so_it_is_when_lines_and_fields_are_long(input in bytes()) {
        parses_and_stays(&input, Sizes::TINY);
    }

    #[test]
    fn the_csv_crate_reads_the_same_fields(input in text()) {
        let (output, found) = cleaned(input.as_bytes(), Sizes::default());
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(found.delimiter as u8)
            .terminator(csv::Terminator::Any(b'\n'))
            .from_reader(output.as_bytes());
        let records: Vec<Vec<String>> =
            reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect();
        prop_assert_eq!(records, strict::parse(&output, found.delimiter).unwrap());
    }

    #[test]
    fn nothing_is_lost_but_blanks(input in text()) {
        for sizes in [Sizes::default(), Sizes::TINY] {
            prop_assert_eq!(gist(&cleaned(input.as_bytes(), sizes).0), gist(&input));
        }
    }

    #[test]
    fn a_legal_file_stays_as_it_is(input in text(), delimiter in prop::sample::select(vec![',', ';', '\t', '|'])) {
        let input: String = input.chars().filter(|c| *c == delimiter || !matches!(c, ',' | ';' | '\t' | '|' | '\r' | '\u{feff}')).collect();
        let lines: Vec<&str> = input.lines().filter(|line| !line.trim().is_empty()).collect();
        let input: String = lines.iter().map(|line| format!("{line}\n")).collect();
        if strict::parse(&input, delimiter).is_ok() {
            let (output, found) = cleaned(input.as_bytes(), Sizes::default());
            prop_assert_eq!(output, input);
            prop_assert_eq!(found.lines_repaired, 0);
        }
    }

    #[test]
    fn legal_fields_come_out_as_they_went_in(
        records in prop::collection::vec(prop::collection::vec((text(), any::<bool>()), 3), 1..6),
    ) {
        let mut input = String::new();
        let mut expected = Vec::new();
        for record in &records {
            let values: Vec<String> = record.iter().map(|(value, _)| value.replace("\r\n", "\n").replace('\r', "\n")).collect();
            let fields: Vec<String> = record
                .iter()
                .zip(&values)
                .map(|((_, in_quotes), value)| match value {
                    value if *in_quotes || value.contains(['"', ',', '\n']) => format!("\"{}\"", value.replace('"', "\"\"")),
                    value => value.clone(),
                })
                .collect();
            input.push_str(&format!("{}\r\n \r\n", fields.join(",")));
            expected.push(values);
        }
        let input = format!("sep=,\n{input}");
        let (output, found) = cleaned(input.as_bytes(), Sizes::default());
        prop_assert_eq!(found.lines_repaired, 0);
        prop_assert_eq!(&strict::parse(&output, ',').unwrap()[1..], expected);
    }

    #[test]
    fn it_does_not_matter_how_the_reader_cuts_the_file(
        input in bytes(),
        steps in prop::collection::vec(1_usize..9, 1..5),
        read in 1_usize..70,
    ) {
        for sizes in [Sizes::default(), Sizes::TINY] {
            let expected = cleaned(&input, sizes);
            let mut output = Vec::new();
            let found = clean_with(dribble(&input, &steps), &mut output, Sizes { read, ..sizes }).unwrap();
            prop_assert_eq!((String::from_utf8(output).unwrap(), found), expected);
        }
    }

    #[test]
    fn what_comes_out_is_what_the_rules_say(
        file in prop_oneof![file(), file(), bytes()],
        encoding in 0..4,
        steps in prop::collection::vec(1_usize..200, 1..5),
        read in 1_usize..2000,
    ) {
        let text = String::from_utf8_lossy(&file);
        let file = match encoding {
            0 | 1 => file,
            2 => encoding_rs::WINDOWS_1252.encode(&text).0.into_owned(),
            _ => utf16(&text),
        };
        let expected = reference::clean(&file);
        prop_assert_eq!(&cleaned(&file, Sizes::default()), &expected);
        let mut output = Vec::new();
        let found = clean_with(dribble(&file, &steps), &mut output, Sizes { read, ..Sizes::default() }).unwrap();
        prop_assert_eq!((String::from_utf8(output).unwrap(), found), expected);
    }

    #[test]
    fn utf16_gives_what_utf8_gives(input in text(), read in 1_usize..70) {
        let (expected, found) = cleaned(format!("\u{feff}{input}").as_bytes(), Sizes::default());
        let sizes = Sizes { read, ..Sizes::default() };
        let (output, of_utf16) = cleaned(&utf16(&input), sizes);
        prop_assert_eq!(output, expected);
        prop_assert_eq!((of_utf16.lines, of_utf16.lines_repaired), (found.lines, found.lines_repaired));
    }
}
