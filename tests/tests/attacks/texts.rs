//! Hostile texts: without lines, without ends, in odd encodings, and files that are several things at once.

use std::io::{self, Write};

use end_to_end_tests::soak;

use crate::attack::{self, Attack, READINGS};
use crate::xls_bytes::{self, stream};
use crate::zip_bytes::zip_of;

/// A CSV of `head` and then `piece`, so many bytes in all.
fn text(name: &str, head: &str, piece: impl Into<Vec<u8>>) -> Attack {
    let (head, piece) = (head.to_owned(), piece.into());
    Attack::file(name, "march.csv", move |out| {
        out.write_all(head.as_bytes())?;
        fill(out, &piece, soak::scale(2_500_000, 1 << 30))
    })
}

fn fill(out: &mut dyn Write, piece: &[u8], bytes: u64) -> io::Result<()> {
    let chunk = piece.repeat((65_536 / piece.len()).max(1));
    (0..bytes / chunk.len() as u64).try_for_each(|_| out.write_all(&chunk))
}

const HEAD: &str = "MPR,Date,hr0030\n9100000001,23/03/2025,0.1\n";

#[test]
fn texts_without_lines_and_quotes_without_ends_are_cleaned_in_little_memory() {
    let unterminated = [b"\"".to_vec(), b"9".repeat(64 * 1024 - 2), b"\n".to_vec()].concat();
    let nearly = [b"\"".to_vec(), b"9,".repeat(32 * 1024 - 2), b"\n".to_vec()].concat();
    attack::run(vec![
        text("one-line", HEAD, "0.1,").delivers_something("march.csv"),
        text("one-field", HEAD, "9").delivers_something("march.csv"),
        text("quotes", HEAD, "\"").delivers_something("march.csv"),
        text("nothing-but-quotes", "", "\"").delivers_something("march.csv"),
        text("quotes-in-lines", HEAD, "\"\n").delivers_something("march.csv"),
        text("quotes-and-text", HEAD, "\"a").delivers_something("march.csv"),
        text("delimiters", HEAD, ",").delivers_something("march.csv"),
        text("all-delimiters", "", ",;\t|").delivers_something("march.csv"),
        text("nuls", "", "\0").rejected(&["empty"]),
        text("nuls-behind", HEAD, "\0").delivers("march.csv", HEAD),
        text("nuls-between", "MPR,", "\0x").delivers_something("march.csv"),
        text("blank-lines", "", "\n").rejected(&["empty"]),
        text("blank-lines-behind", HEAD, "\r\n").delivers("march.csv", HEAD),
        text("white-space", "", " ").rejected(&["empty"]),
        text("mixed-white-space", HEAD, " \t\u{a0}").delivers_something("march.csv"),
        text("byte-order-marks", "", "\u{feff}").delivers_something("march.csv"),
        text("line-ends", HEAD, "1,2,3\r4,5,6\n7,8,9\r\n").delivers_something("march.csv"),
        text("unterminated", HEAD, unterminated).delivers_something("march.csv"),
        text("unterminated-of-fields", HEAD, nearly).delivers_something("march.csv"),
        text("unterminated-each-field", HEAD, "\"a,").delivers_something("march.csv"),
    ]);
}

fn utf16(text: &str) -> Vec<u8> {
    [
        &b"\xFF\xFE"[..],
        &text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>(),
    ]
    .concat()
}

#[test]
fn odd_encodings_are_decoded_or_refused() {
    let csv = |name: &str, bytes: Vec<u8>| Attack::attached(name, "march.csv", bytes);
    let utf32: Vec<u8> = READINGS.chars().flat_map(|c| u32::from(c).to_le_bytes()).collect();
    let odd = [utf16(READINGS), b"9".to_vec()].concat();
    let surrogates = [utf16(READINGS), b"\x00\xD8\x00\xD8\x00\xDC\x00\xDC".repeat(10_000)].concat();
    attack::run(vec![
        csv("utf-16-odd", odd).delivers("march.csv", format!("{READINGS}9\n")),
        csv("utf-16-half-a-mark", b"\xFF".to_vec()).delivers_something("march.csv"),
        csv("utf-16-surrogates", surrogates).rejected(&["unknown-type"]),
        csv("utf-32", [b"\xFF\xFE\0\0".to_vec(), utf32.clone()].concat()).delivers("march.csv", READINGS),
        csv("utf-32-without-mark", utf32).delivers("march.csv", READINGS),
        csv("utf-7", b"+AE0AUABS-,Date,hr0030\n1,2,3\n".to_vec())
            .delivers("march.csv", "+AE0AUABS-,Date,hr0030\n1,2,3\n"),
        csv(
            "ebcdic",
            b"\xD4\xD7\xD9\x6B\xC4\x81\xA3\x85\x6B\x88\x99\x15\xF1\x6B\xF2\x6B\xF3\x15".to_vec(),
        )
        .rejected(&["unknown-type"]),
        csv(
            "overlong",
            [
                READINGS.as_bytes(),
                &b"\xC0\xAF,\xE0\x80\xAF,\xF8\x88\x80\x80\x80\n".repeat(1_000),
            ]
            .concat(),
        )
        .delivers_something("march.csv"),
        csv(
            "truncated-characters",
            [READINGS.as_bytes(), &b"\xE2\x82".repeat(100_000)].concat(),
        )
        .delivers_something("march.csv"),
    ]);
}

#[test]
fn a_file_that_is_several_things_is_taken_for_one_of_them() {
    let csv = READINGS.as_bytes();
    let zipped = zip_of(&[("march.csv", csv)]);
    let workbook = stream(&[], &[]);
    attack::run(vec![
        Attack::attached(
            "csv-that-is-a-zip-that-is-an-xls",
            "march.csv",
            zip_of(&[("march.csv", &workbook)]),
        )
        .delivers("march.csv.csv", xls_bytes::CSV),
        Attack::attached("zip-behind-csv", "march.csv", [csv, &zipped].concat()).delivers_something("march.csv"),
        Attack::attached(
            "zip-behind-a-picture",
            "march.zip",
            [b"GIF89a\x01\0\x01\0", zipped.as_slice()].concat(),
        )
        .rejected(&["not-data"]),
        Attack::attached(
            "zip-behind-a-pdf",
            "march.zip",
            [b"%PDF-1.7\n", zipped.as_slice()].concat(),
        )
        .rejected(&["unsupported"]),
        Attack::attached(
            "zip-behind-a-page",
            "march.zip",
            [b"<html><body>", zipped.as_slice()].concat(),
        )
        .delivers_something("march.csv"),
        Attack::attached(
            "page-behind-csv",
            "march.csv",
            [csv, b"<html><script>alert(1)</script>"].concat(),
        )
        .delivers("march.csv", format!("{READINGS}<html><script>alert(1)</script>\n")),
        Attack::attached("csv-that-is-a-program", "march.csv", [b"MZ\x90\0", csv].concat())
            .delivers_something("march.csv"),
        Attack::attached("zip-that-is-csv", "march.zip", csv).delivers("march.zip", READINGS),
        Attack::attached("formulas", "march.csv", "=cmd|'/c calc'!A1,@SUM(1),+1\n1,2,3\n")
            .delivers("march.csv", "=cmd|'/c calc'!A1,@SUM(1),+1\n1,2,3\n"),
    ]);
}
