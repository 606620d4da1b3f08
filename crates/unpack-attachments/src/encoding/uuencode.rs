//! Uuencoded files in the text of an email (POSIX `uuencode`), from mail programs and scripts older than MIME.

use std::ops::Range;

use crate::encoding::base64::base64;
use crate::encoding::encoded_word::decode_words;
use crate::encoding::lines::{Line, Lines};

/// One file between `begin` and `end`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Block {
    /// The name on the `begin` line.
    pub name: String,
    /// Its bytes, or `None` if its `end` is missing or a line is damaged.
    pub bytes: Option<Vec<u8>>,
}

/// The text around the blocks, and the blocks.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Text {
    /// Where the text is that is not part of a block: it may be as long as the email.
    pub around: Vec<Range<usize>>,
    /// The blocks in order.
    pub blocks: Vec<Block>,
}

/// Takes the uuencoded files out of a text, at most `max` and one more. A `begin` that no data follow is text.
#[must_use]
pub(crate) fn split(text: &[u8], max: usize) -> Text {
    let mut found = Text::default();
    let mut lines = Lines::of(text);
    while let Some(line) = lines.next() {
        let begin = Begin::from_line(line.text)
            .filter(|begin| found.blocks.len() <= max && begin.is_followed_by_data(lines.clone().next()));
        if let Some(begin) = begin {
            found.blocks.push(Block {
                name: decode_words(begin.name),
                bytes: begin.decode(text, &mut lines),
            });
            continue;
        }
        match found.around.last_mut().filter(|last| last.end == line.start) {
            Some(last) => last.end = line.end,
            None => found.around.push(line.start..line.end),
        }
    }
    found
}

/// The body that is one block (`Content-Transfer-Encoding: x-uuencode`); `None` if it is none.
#[must_use]
pub(crate) fn only_block(body: &[u8]) -> Option<Block> {
    split(body, 0).blocks.into_iter().next()
}

/// The line before the data: `begin 644 name`, `begin-base64 644 name`.
struct Begin<'a> {
    is_base64: bool,
    name: &'a [u8],
}

impl<'a> Begin<'a> {
    fn from_line(line: &'a [u8]) -> Option<Self> {
        let rest = line.strip_prefix(b"begin")?;
        let is_base64 = rest.starts_with(b"-base64 ");
        let rest = rest
            .strip_prefix(b"-base64")
            .unwrap_or(rest)
            .strip_prefix(b" ")?
            .trim_ascii_start();
        let digits = rest.iter().take_while(|byte| (b'0'..=b'7').contains(*byte)).count();
        let (_, name) = rest.split_at_checked(digits)?;
        let name = name.strip_prefix(b" ")?.trim_ascii();
        ((3..=4).contains(&digits) && !name.is_empty()).then_some(Self { is_base64, name })
    }

    fn is_followed_by_data(&self, next: Option<Line<'_>>) -> bool {
        next.is_some_and(|line| {
            if self.is_base64 {
                line.text.starts_with(b"====") || !base64(line.text).is_empty()
            } else {
                is_last(line.text) || decode_line(line.text).is_some()
            }
        })
    }

    /// Reads up to the end of the block.
    fn decode(&self, text: &[u8], lines: &mut Lines<'_>) -> Option<Vec<u8>> {
        if self.is_base64 {
            return decode_base64(text, lines);
        }
        let mut decoded = Some(Vec::new());
        while let Some(line) = next_but_begin(lines) {
            if line.text.trim_ascii() == b"end" {
                return decoded;
            }
            match (decode_line(line.text), &mut decoded) {
                (Some(bytes), Some(all)) => all.extend(bytes),
                _ if is_last(line.text) => {}
                _ => decoded = None,
            }
        }
        None
    }
}

fn decode_base64(text: &[u8], lines: &mut Lines<'_>) -> Option<Vec<u8>> {
    let start = lines.clone().next()?.start;
    while let Some(line) = next_but_begin(lines) {
        if line.text.starts_with(b"====") {
            return text.get(start..line.start).map(base64);
        }
    }
    None
}

/// The next line, unless the next file begins there: then this one has lost its end.
fn next_but_begin<'a>(lines: &mut Lines<'a>) -> Option<Line<'a>> {
    let is_begin = lines
        .clone()
        .next()
        .is_some_and(|line| Begin::from_line(line.text).is_some());
    if is_begin { None } else { lines.next() }
}

/// The line of no bytes before `end`.
fn is_last(line: &[u8]) -> bool {
    matches!(line.trim_ascii_end(), [] | b"`")
}

/// The first character tells the number of bytes; four characters give three. Blanks that mail servers cut off at the
/// end of the line stood for zeros.
fn decode_line(line: &[u8]) -> Option<Vec<u8>> {
    let (&first, data) = line.split_first()?;
    let length = usize::from(six_bits(first)?);
    let wanted = length.div_ceil(3) * 4;
    // Some encoders append a checksum character; more is no data line.
    if length == 0 || data.trim_ascii_end().len() > wanted + 1 {
        return None;
    }
    let mut bits: Vec<u8> = data
        .iter()
        .take(wanted)
        .map(|&byte| six_bits(byte))
        .collect::<Option<_>>()?;
    bits.resize(wanted, 0);
    let mut decoded: Vec<u8> = bits
        .chunks_exact(4)
        .flat_map(|group| {
            let joined = group.iter().fold(0_u32, |joined, &bits| joined << 6 | u32::from(bits));
            let [_, first, second, third] = joined.to_be_bytes();
            [first, second, third]
        })
        .collect();
    decoded.truncate(length);
    Some(decoded)
}

const fn six_bits(byte: u8) -> Option<u8> {
    match byte {
        b' '..=b'`' => Some((byte - b' ') & 0x3f),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn around(text: &str) -> String {
        let found = split(text.as_bytes(), 9).around;
        found.into_iter().filter_map(|range| text.get(range)).collect()
    }

    const CSV: &str = "begin 644 gas.csv\n(35!2+$1A=&4\n`\nend\n";

    #[test]
    fn a_block_is_taken_out_of_the_text_around_it() {
        let text = format!("Dear all,\n\n{CSV}\nRegards\n");
        let found = split(text.as_bytes(), 9);
        assert_eq!(
            found.blocks,
            [Block {
                name: "gas.csv".into(),
                bytes: Some(b"MPR,Date".to_vec())
            }]
        );
        assert_eq!(around(&text), "Dear all,\n\n\nRegards\n");
    }

    #[test]
    fn there_may_be_several_and_names_may_have_blanks() {
        let found = split(
            format!("{CSV}begin 0755 half hourly.csv\n(35!2+$1A=&4\n \nend\n").as_bytes(),
            9,
        );
        assert_eq!(found.blocks.len(), 2);
        assert_eq!(found.blocks[1].name, "half hourly.csv");
        assert_eq!(found.blocks[1].bytes.as_deref(), Some(&b"MPR,Date"[..]));
    }

    #[test]
    fn begin_base64_is_the_same_in_base64() {
        let text = "begin-base64 644 gas.csv\nTVBSLERh\ndGU=\n====\nbye";
        let found = split(text.as_bytes(), 9);
        assert_eq!(found.blocks[0].bytes.as_deref(), Some(&b"MPR,Date"[..]));
        assert_eq!(around(text), "bye");
    }

    #[test]
    fn a_sentence_that_begins_with_begin_is_text() {
        for text in [
            "begin 644 the day\nwith a smile and nothing else but text\n",
            "begin\n",
            "begin 99 x\n",
            "begin 644 x",
        ] {
            assert_eq!(split(text.as_bytes(), 9).blocks, []);
            assert_eq!(around(text), text);
        }
    }

    #[test]
    fn a_block_without_end_or_with_a_damaged_line_is_named_but_empty() {
        for text in [
            "begin 644 gas.csv\n(35!2+$1A=&4\n",
            "begin 644 gas.csv\n(35!2+$1A=&4\n(35!2+$1A=&4xxxxxxx\n`\nend\n",
        ] {
            let found = split(text.as_bytes(), 9);
            assert_eq!(
                found.blocks,
                [Block {
                    name: "gas.csv".into(),
                    bytes: None
                }],
                "{text}"
            );
        }
    }

    #[test]
    fn a_block_without_end_does_not_take_the_next_one_with_it() {
        let found = split(format!("begin 644 cut.csv\n(35!2+$1A=&4\n{CSV}").as_bytes(), 9);
        let intact: Vec<_> = found.blocks.iter().map(|block| block.bytes.is_some()).collect();
        assert_eq!(intact, [false, true]);
    }

    #[test]
    fn blanks_cut_off_at_the_line_end_are_zeros() {
        assert_eq!(decode_line(b"#").as_deref(), Some(&[0, 0, 0][..]));
    }
}
