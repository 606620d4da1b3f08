//! The cleaner's rules once more, written to be read: the whole file is in memory, and nothing is fast.
//!
//! It knows no bounds, so it is only right for files in which no line or field is long.

use encoding_rs::WINDOWS_1252;

use crate::clean::Cleaned;
use crate::delimiter;
use crate::encoding::{Encoding, detect};
use crate::sizes::Sizes;

pub(crate) fn clean(input: &[u8]) -> (String, Cleaned) {
    let (text, encoding) = decode(input);
    let mut text = text.replace('\0', "").replace("\r\n", "\n").replace('\r', "\n");
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    let mut rest = text.as_str();
    while let Some((line, behind)) = rest.split_once('\n')
        && is_blank(line)
    {
        rest = behind;
    }
    let delimiter = char::from(delimiter::detect(rest.as_bytes(), true, Sizes::default()));
    let mut output = String::new();
    let (mut lines, mut lines_repaired) = (0, 0);
    while let Some((line, behind)) = rest.split_once('\n') {
        if is_blank(line) {
            rest = behind;
        } else if lines == 0 && line.starts_with('\u{feff}') {
            rest = rest.split_at('\u{feff}'.len_utf8()).1;
        } else {
            let mut is_repaired = false;
            loop {
                let (field, is_legal) = first_field(rest, delimiter);
                if is_legal {
                    output.push_str(field);
                } else {
                    is_repaired = true;
                    output.push_str(&format!("\"{}\"", field.replace('"', "\"\"")));
                }
                let end = rest.split_at(field.len()).1.chars().next().unwrap();
                output.push(end);
                rest = rest.split_at(field.len() + end.len_utf8()).1;
                if end == '\n' {
                    break;
                }
            }
            lines += 1;
            lines_repaired += u64::from(is_repaired);
        }
    }
    let cleaned = Cleaned {
        lines,
        lines_repaired,
        encoding,
        delimiter,
    };
    (output, cleaned)
}

fn is_blank(line: &str) -> bool {
    line.chars().all(|c| c.is_whitespace() || c == '\u{feff}')
}

fn decode(input: &[u8]) -> (String, Encoding) {
    let (encoding, mark) = detect(input);
    let input = &input[mark..];
    match encoding {
        Encoding::Utf16Le => (decode_utf16(input, u16::from_le_bytes), encoding),
        Encoding::Utf16Be => (decode_utf16(input, u16::from_be_bytes), encoding),
        Encoding::Utf8 | Encoding::Windows1252 => {
            let (mut text, mut encoding) = (String::new(), Encoding::Utf8);
            for line in input.split_inclusive(|byte| matches!(byte, b'\r' | b'\n')) {
                match str::from_utf8(line) {
                    Ok(line) => text.push_str(line),
                    Err(_) => {
                        encoding = Encoding::Windows1252;
                        text.push_str(&WINDOWS_1252.decode_without_bom_handling(line).0);
                    }
                }
            }
            (text, encoding)
        }
    }
}

fn decode_utf16(input: &[u8], unit: fn([u8; 2]) -> u16) -> String {
    let (pairs, odd) = input.as_chunks();
    let characters = char::decode_utf16(pairs.iter().copied().map(unit));
    let odd = odd.iter().map(|byte| {
        if byte.is_ascii() {
            char::from(*byte)
        } else {
            char::REPLACEMENT_CHARACTER
        }
    });
    characters
        .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
        .chain(odd)
        .collect()
}

/// The field that a text begins with, quotes and all, and whether that is legal.
fn first_field(text: &str, delimiter: char) -> (&str, bool) {
    let ends = |c: char| c == delimiter || c == '\n';
    let behind = |at: usize| text.split_at(at).1;
    let up_to_end = |from: usize| text.split_at(from + behind(from).find(ends).unwrap()).0;
    if !text.starts_with('"') {
        let field = up_to_end(0);
        return (field, !field.contains('"'));
    }
    let mut from = 1;
    while let Some(quote) = behind(from).find('"').map(|at| from + at) {
        let next = behind(quote + 1).chars().next().unwrap();
        let (field, _) = text.split_at(quote + 1);
        let on_later_line = field.contains('\n');
        if next == '"' {
            from = quote + 2;
        } else if ends(next) {
            return (field, true);
        } else if on_later_line {
            break;
        } else {
            return (up_to_end(quote + 1), false);
        }
    }
    (up_to_end(1), false)
}
