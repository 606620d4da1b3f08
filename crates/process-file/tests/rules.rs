#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]
//! Every rule of the cleaner, by name.

use std::cell::Cell;
use std::io::{self, Read, Write};

use process_file::{CleanError, Cleaned, Encoding, clean};

fn run(input: &[u8]) -> (String, Cleaned) {
    let mut output = Vec::new();
    let cleaned = clean(input, &mut output).unwrap();
    (String::from_utf8(output).unwrap(), cleaned)
}

#[track_caller]
fn gives(input: impl AsRef<[u8]>, expected: &str) {
    let (output, _) = run(input.as_ref());
    assert_eq!(output, expected);
    assert_eq!(run(output.as_bytes()).0, output, "cleaned again");
}

#[track_caller]
fn stays(input: &str) {
    gives(input, input);
    assert_eq!(run(input.as_bytes()).1.lines_repaired, 0);
}

fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(bytes).collect()
}

// Encodings.

#[test]
fn utf8_stays_and_its_byte_order_mark_goes() {
    stays("Site,MPAN,kWh\nCafé – Straße,2000000000001,0.5\n");
    gives("\u{feff}MPR,Date,hr0030\n1,2,3\n", "MPR,Date,hr0030\n1,2,3\n");
    gives("\u{feff}\"MPR\",\"Date\"\n", "\"MPR\",\"Date\"\n");
}

#[test]
fn several_byte_order_marks_go_as_well_as_one() {
    gives("\u{feff}\u{feff}MPR,Date\n", "MPR,Date\n");
    gives("\u{feff}\n\n\u{feff}MPR,Date\n", "MPR,Date\n");
}

#[test]
fn utf16_with_a_byte_order_mark_becomes_utf8() {
    let text = "\u{feff}MPAN,Site\r\n2000000000001,Café – 電 😀\r\n";
    let expected = "MPAN,Site\n2000000000001,Café – 電 😀\n";
    gives(utf16(text, u16::to_le_bytes), expected);
    gives(utf16(text, u16::to_be_bytes), expected);
    assert_eq!(run(&utf16(text, u16::to_be_bytes)).1.encoding, Encoding::Utf16Be);
}

#[test]
fn utf16_without_a_byte_order_mark_is_recognised() {
    let text = "MPAN,Date,00:30\r\n2000000000001,01/02/2023,£0.5\r\n";
    let expected = "MPAN,Date,00:30\n2000000000001,01/02/2023,£0.5\n";
    gives(utf16(text, u16::to_le_bytes), expected);
    gives(utf16(text, u16::to_be_bytes), expected);
    assert_eq!(run(&utf16(text, u16::to_le_bytes)).1.encoding, Encoding::Utf16Le);
}

#[test]
fn utf32_is_utf16_with_nuls_between() {
    let text = "MPAN,Date\n2000000000001,01/02/2023\n";
    let utf32: Vec<u8> = format!("\u{feff}{text}")
        .chars()
        .flat_map(|c| u32::from(c).to_le_bytes())
        .collect();
    gives(utf32, text);
    let utf32: Vec<u8> = format!("\u{feff}{text}")
        .chars()
        .flat_map(|c| u32::from(c).to_be_bytes())
        .collect();
    gives(utf32, text);
}

#[test]
fn an_unpaired_surrogate_becomes_the_replacement_character() {
    let units = [
        0xFEFF,
        u16::from(b'a'),
        0xD83D,
        u16::from(b','),
        0xDE00,
        u16::from(b'\n'),
        0xD83D,
    ];
    gives(units.map(u16::to_le_bytes).concat(), "a\u{fffd},\u{fffd}\n\u{fffd}\n");
}

#[test]
fn a_last_byte_without_its_pair_is_taken_for_what_it_most_likely_is() {
    let mut file = utf16("\u{feff}MPAN,kWh\r\n1,2", u16::to_le_bytes);
    file.push(b'5');
    gives(&file, "MPAN,kWh\n1,25\n");
    file.pop();
    file.push(b'\n');
    gives(&file, "MPAN,kWh\n1,2\n");
    file.pop();
    file.push(0xA3);
    gives(&file, "MPAN,kWh\n1,2\u{fffd}\n");
    let mut file = utf16("\u{feff}MPAN,kWh\r\n", u16::to_be_bytes);
    file.push(0);
    gives(&file, "MPAN,kWh\n");
}

#[test]
fn each_line_is_utf8_if_valid_and_windows_1252_if_not() {
    gives(
        b"Site,Cost\nCaf\xc3\xa9,1\nSt John\x92s \x96 Annexe,\xa35\n\x80,\x81\n",
        "Site,Cost\nCafé,1\nSt John’s – Annexe,£5\n€,\u{81}\n",
    );
    assert_eq!(run(b"Cost\n\xa35\n").1.encoding, Encoding::Windows1252);
    assert_eq!(run("Cost\n£5\n".as_bytes()).1.encoding, Encoding::Utf8);
}

#[test]
fn a_line_with_both_encodings_is_windows_1252_as_a_whole() {
    gives(b"Caf\xc3\xa9,\xa35\nCaf\xc3\xa9,1\n", "CafÃ©,£5\nCafé,1\n");
}

#[test]
fn behind_a_utf8_byte_order_mark_invalid_lines_are_not_lost() {
    gives(
        b"\xef\xbb\xbfSite,Cost\nCaf\xe9,\xa35\nCaf\xc3\xa9,1\n",
        "Site,Cost\nCafé,£5\nCafé,1\n",
    );
}

#[test]
fn the_first_line_may_be_the_invalid_one_and_the_last_may_have_no_end() {
    gives(b"\xa35,1\r2,\xa36", "£5,1\n2,£6\n");
}

#[test]
fn a_line_over_one_mib_is_decoded_in_chunks_at_character_boundaries() {
    // Three bytes each, so that 1 MiB lies inside one.
    let line = "電".repeat(1_000_000);
    let (output, cleaned) = run(format!("MPAN,{line},1\n").as_bytes());
    assert_eq!(output, format!("MPAN,\"{line}\",1\n"));
    assert_eq!(cleaned.encoding, Encoding::Utf8);

    let (output, _) = run(&[&b"\xa3".repeat(3_000_000)[..], b"\n\xc3\xa9,1\n"].concat());
    assert_eq!(output, format!("\"{}\"\né,1\n", "£".repeat(3_000_000)));
}

#[test]
fn a_long_line_is_windows_1252_from_its_first_invalid_chunk_on() {
    let start = format!("1{}", "é,".repeat(349_525));
    assert_eq!(start.len(), 1 << 20);
    let (output, _) = run(&[start.as_bytes(), b"Caf\xe9,\xc3\xa9,", &[b'1'; 100], b"\n\xc3\xa9\n"].concat());
    assert_eq!(output, format!("{start}Café,Ã©,{}\né\n", "1".repeat(100)));
}

// NULs, line ends and blank lines.

#[test]
fn nuls_go() {
    gives(b"MPAN,Da\0te\n\0\x00200\0,1\n\0\0\0\n\0", "MPAN,Date\n200,1\n");
}

#[test]
fn cr_lf_and_crlf_become_lf() {
    gives("MPAN,Date\r1,2\r\n3,4\n5,6\r", "MPAN,Date\n1,2\n3,4\n5,6\n");
}

#[test]
fn line_ends_in_quoted_fields_become_lf_too() {
    gives(
        "Site,kWh\r\n\"Abbey\r\nLeeds\rUK\",1\r\n",
        "Site,kWh\n\"Abbey\nLeeds\nUK\",1\n",
    );
}

#[test]
fn cr_cr_lf_leaves_no_blank_lines() {
    gives("MPAN,Date\r\r\n1,2\r\r\n3,4\r\r\n", "MPAN,Date\n1,2\n3,4\n");
}

#[test]
fn lines_of_nothing_but_white_space_go() {
    gives(
        "\n\r\n  \nMPAN,Date\n\t \n\u{a0}\u{3000}\u{feff}\n\u{b}\u{c}\u{85}\u{2028}\n1,2\n \n\n",
        "MPAN,Date\n1,2\n",
    );
    gives(b"MPAN,Date\n\xa0\xa0\n1,2\n", "MPAN,Date\n1,2\n");
}

#[test]
fn lines_of_commas_stay_and_so_do_sep_lines() {
    stays("sep=,\nReport,,\n,,\n , , \nMPAN,Date,kWh\n");
}

#[test]
fn a_blank_line_in_a_quoted_field_stays() {
    gives(
        "Site,kWh\n\n\"Abbey\n\n  \nLeeds\",1\n\n",
        "Site,kWh\n\"Abbey\n\n  \nLeeds\",1\n",
    );
    assert_eq!(run(b"Site,kWh\n\"Abbey\n\nLeeds\",1\n").1.lines, 2);
}

#[test]
fn white_space_around_fields_and_at_the_ends_of_lines_stays() {
    stays("  MPAN , Date \n 1\t, 2 \n");
    stays(" \u{feff}MPAN,Date\n");
}

#[test]
fn the_last_line_ends_in_lf() {
    gives("MPAN,Date\n1,2", "MPAN,Date\n1,2\n");
    gives("MPAN,Date\n1,", "MPAN,Date\n1,\n");
    gives("MPAN,\"Date\"", "MPAN,\"Date\"\n");
}

#[test]
fn a_file_with_no_line_left_gives_nothing() {
    for input in ["", "\n", " \r\n\t", "\u{feff}", "\0\0", "\u{feff}\n\u{a0}\n"] {
        let (output, cleaned) = run(input.as_bytes());
        assert_eq!((output.as_str(), cleaned.lines), ("", 0));
    }
    assert_eq!(run(b"\xff\xfe").1.lines, 0);
}

#[test]
fn blank_lines_before_the_table_may_be_many() {
    gives(
        format!("{}\u{feff}MPAN;\"a,b\"x;c\n", "  \r\n".repeat(50_000)),
        "MPAN;\"\"\"a,b\"\"x\";c\n",
    );
}

#[test]
fn a_blank_line_may_be_of_any_length() {
    let blank = " ".repeat(3 << 20);
    gives(format!("MPAN,Date\n{blank}\n1,2\n{blank}"), "MPAN,Date\n1,2\n");
    gives(
        format!("MPAN,Date\n{blank}x,\"y\"\n"),
        &format!("MPAN,Date\n\"{blank}x\",\"y\"\n"),
    );
}

#[test]
fn numbers_dates_and_columns_are_left_alone() {
    stays("MPAN,Date,kWh\n2.00E+12,1/2/23,\"1,234.50\"\n00012,,-0\nonly one\n1,2,3,4,5\n");
}

// Quotes.

#[test]
fn legal_quotes_stay() {
    stays("\"MPR\",\"Date\"\n\"\",\"\"\"\"\n\"12\"\" pipe\",x\n\"a,b\",\"c;d\"\n");
}

#[test]
fn a_quote_inside_an_unquoted_field_is_repaired() {
    gives("Site,kWh\n12\" pipe,5\n", "Site,kWh\n\"12\"\" pipe\",5\n");
    gives("Site,kWh\n5,12\"\n", "Site,kWh\n5,\"12\"\"\"\n");
    gives("Site,kWh\n5,12\"", "Site,kWh\n5,\"12\"\"\"\n");
    gives("Site,kWh\n \"x\",5\n", "Site,kWh\n\" \"\"x\"\"\",5\n");
}

#[test]
fn text_after_a_closing_quote_is_repaired() {
    gives("\"abc\"def,1\n", "\"\"\"abc\"\"def\",1\n");
    gives("1,\"abc\" \n", "1,\"\"\"abc\"\" \"\n");
    gives("\"\"x,1\n", "\"\"\"\"\"x\",1\n");
}

#[test]
fn behind_a_quote_that_should_have_closed_the_field_goes_on_to_the_next_delimiter() {
    gives(
        "\"High St, Leeds\" (annexe),1,2\n",
        "\"\"\"High St, Leeds\"\" (annexe)\",1,2\n",
    );
    gives("\"a\"b\"c\",1\n", "\"\"\"a\"\"b\"\"c\"\"\",1\n");
}

#[test]
fn a_quote_never_closed_is_repaired_on_its_own_line() {
    gives(
        "Site,kWh\n\"Abbey,5\n\nLeeds,6\n",
        "Site,kWh\n\"\"\"Abbey\",5\nLeeds,6\n",
    );
    gives("Site,kWh\n5,\"", "Site,kWh\n5,\"\"\"\"\n");
}

#[test]
fn a_stray_opening_quote_swallows_no_rows() {
    gives(
        "Site,kWh\n\"Abbey,5\n\"Leeds\",6\n\n\"York\",7\n",
        "Site,kWh\n\"\"\"Abbey\",5\n\"Leeds\",6\n\"York\",7\n",
    );
}

#[test]
fn a_quoted_field_over_lines_closes_within_64_kib_or_its_quote_opened_nothing() {
    let rows = |n: usize| "1,2\n\n".repeat(n);
    stays(&format!("\"{}\",x\n", rows(13_000)));
    let (output, cleaned) = run(format!("a,\"b,c\n{}\",x\n", rows(14_000)).as_bytes());
    assert_eq!(output, format!("a,\"\"\"b\",c\n{}\"\"\"\",x\n", "1,2\n".repeat(14_000)));
    assert_eq!(cleaned.lines, 14_002);
}

#[test]
fn a_quoted_field_on_one_line_may_be_of_any_length() {
    stays(&format!("\"{}\",x\n", "Abbey, \"\"Leeds\"\" ".repeat(5_000)));
    stays(&format!("\"{}\",x\n", "Abbey, \"\"Leeds\"\" ".repeat(500_000)));
}

#[test]
fn lines_repaired_are_counted_once_each() {
    let (_, cleaned) = run(b"a\"b,c\"d\ne,f\n\"g\"h,i\n");
    assert_eq!((cleaned.lines, cleaned.lines_repaired), (3, 2));
}

#[test]
fn a_file_of_quotes_comes_out_legal() {
    for n in 1..12 {
        let (output, _) = run("\"".repeat(n).as_bytes());
        assert_eq!(
            output,
            match n % 2 {
                0 => format!("{}\n", "\"".repeat(n)),
                _ => format!("\"{}\"\n", "\"".repeat(2 * n)),
            }
        );
        gives(&output, &output);
    }
}

#[test]
fn the_delimiter_is_the_one_of_the_first_lines() {
    gives(
        "Site;MPAN;kWh\n12\" pipe, a;1;0,5\n",
        "Site;MPAN;kWh\n\"12\"\" pipe, a\";1;0,5\n",
    );
    gives(
        "Site\tMPAN\tkWh\n12\" pipe, a\t1\t0,5\n",
        "Site\tMPAN\tkWh\n\"12\"\" pipe, a\"\t1\t0,5\n",
    );
    gives(
        "Site|MPAN|kWh\n12\" pipe, a|1|2\n",
        "Site|MPAN|kWh\n\"12\"\" pipe, a\"|1|2\n",
    );
    gives("sep=;\nSite,a,b;12\" pipe\n", "sep=;\nSite,a,b;\"12\"\" pipe\"\n");
    gives("12\" pipe\n", "\"12\"\" pipe\"\n");
    assert_eq!(run(b"Site;MPAN;kWh\n").1.delimiter, ';');
    assert_eq!(run(b"").1.delimiter, ',');
}

#[test]
fn a_field_over_one_mib_is_quoted_before_its_end_is_seen() {
    let text = "Abbey ".repeat(400_000);
    gives(format!("1,{text},2\n"), &format!("1,\"{text}\",2\n"));
    assert_eq!(run(format!("1,{text},2\n").as_bytes()).1.lines_repaired, 0);
    gives(format!("1,{text}\"x\",2\n"), &format!("1,\"{text}\"\"x\"\"\",2\n"));
    gives(format!("1,\"{text}\"x,2\n"), &format!("1,\"{text}\"\"x\",2\n"));
    gives(format!("1,\"{text}\n3,4\n"), &format!("1,\"{text}\"\n3,4\n"));
    gives(format!("\"x\"{text}"), &format!("\"\"\"x\"\"{text}\"\n"));
}

// Reader and writer.

struct Broken;

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::other("no disk"))
    }
}

impl Write for Broken {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::Error::other("no network"))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn errors_tell_whether_reading_or_writing_failed() {
    assert!(matches!(clean(Broken, io::sink()), Err(CleanError::Read(_))));
    assert!(matches!(clean(&b"MPAN,Date\n"[..], Broken), Err(CleanError::Write(_))));
}

/// Counts what went through.
struct Counting<'a, T>(T, &'a Cell<u64>);

impl<T: Read> Read for Counting<'_, T> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.0.read(buffer)?;
        self.1.set(self.1.get() + read as u64);
        Ok(read)
    }
}

/// Looks at each write how far it lags behind the reader.
struct Lag<'a> {
    read: &'a Cell<u64>,
    written: u64,
    most: u64,
}

impl Write for Lag<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.most = self.most.max(self.read.get().saturating_sub(self.written));
        self.written += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn little_is_held_back_however_long_lines_and_fields_are() {
    for unit in [&b"1"[..], b"\"", b"\"\"x", b"\xa3", b",\"", b"x\n\"\"\"", b" x"] {
        for start in [&b""[..], b"\""] {
            let read = Cell::new(0);
            let body = unit.repeat(3_000_000 / unit.len());
            let mut lag = Lag {
                read: &read,
                written: 0,
                most: 0,
            };
            clean(Counting(start.chain(&body[..]), &read), &mut lag).unwrap();
            assert!(lag.written >= read.get(), "{unit:?} is lost");
            assert!(
                lag.most < 5 << 19,
                "{unit:?} after {start:?}: {} bytes behind",
                lag.most
            );
        }
    }
}
