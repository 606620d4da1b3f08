//! Lines of a message, whatever ends them.

use memchr::{memchr, memrchr};

/// What ends a line in this message: LF (with or without CR before it), or CR alone where there is no LF at all.
#[must_use]
pub(crate) fn line_end(message: &[u8]) -> u8 {
    if memchr(b'\n', message).is_some() { b'\n' } else { b'\r' }
}

/// One line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Line<'a> {
    /// Offset of its first byte.
    pub start: usize,
    /// Offset behind its line end.
    pub end: usize,
    /// The line without its line end (CR, LF, CRLF, CRCRLF).
    pub text: &'a [u8],
}

/// The lines of `bytes` from an offset on.
#[derive(Debug, Clone)]
pub(crate) struct Lines<'a> {
    bytes: &'a [u8],
    next: usize,
    line_end: u8,
}

impl<'a> Lines<'a> {
    /// The lines from `start` on, each ended by `line_end` as [`line_end`] tells it.
    #[must_use]
    pub(crate) const fn new(bytes: &'a [u8], start: usize, line_end: u8) -> Self {
        Self {
            bytes,
            next: start,
            line_end,
        }
    }

    /// The lines of a text on its own.
    #[must_use]
    pub(crate) fn of(bytes: &'a [u8]) -> Self {
        Self::new(bytes, 0, line_end(bytes))
    }

    /// All the bytes that the offsets of the lines count in.
    #[must_use]
    pub(crate) const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = Line<'a>;

    fn next(&mut self) -> Option<Line<'a>> {
        let rest = self.bytes.get(self.next..).filter(|rest| !rest.is_empty())?;
        let length = memchr(self.line_end, rest).map_or(rest.len(), |at| at + 1);
        let (line, _) = rest.split_at_checked(length)?;
        let start = self.next;
        self.next += length;
        Some(Line {
            start,
            end: self.next,
            text: without_line_end(line),
        })
    }
}

/// So much is decoded at a time; it stays in the processor's cache.
const BLOCK: usize = 16 * 1024;

/// How many bytes the next block of whole lines has.
#[must_use]
pub(crate) fn block_end(bytes: &[u8], line_end: u8) -> usize {
    memrchr(line_end, bytes.get(..BLOCK).unwrap_or(bytes))
        .or_else(|| memchr(line_end, bytes))
        .map_or(bytes.len(), |at| at + 1)
}

/// A text in blocks of whole lines.
pub(crate) fn blocks(mut text: &[u8], line_end: u8) -> impl Iterator<Item = Lines<'_>> {
    std::iter::from_fn(move || {
        let (block, rest) = text.split_at_checked(block_end(text, line_end))?;
        text = rest;
        (!block.is_empty()).then(|| Lines::new(block, 0, line_end))
    })
}

fn without_line_end(line: &[u8]) -> &[u8] {
    let kept = line
        .iter()
        .rposition(|&byte| byte != b'\r' && byte != b'\n')
        .map_or(0, |at| at + 1);
    line.get(..kept).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(bytes: &[u8]) -> Vec<&[u8]> {
        Lines::of(bytes).map(|line| line.text).collect()
    }

    #[test]
    fn lines_end_in_lf_crlf_or_crcrlf() {
        assert_eq!(texts(b"a\nb\r\nc\r\r\n\r\nd"), [&b"a"[..], b"b", b"c", b"", b"d"]);
    }

    #[test]
    fn cr_ends_a_line_only_where_there_is_no_lf() {
        assert_eq!(texts(b"a\rb\r\rc"), [&b"a"[..], b"b", b"", b"c"]);
        assert_eq!(texts(b"a\rb\nc"), [&b"a\rb"[..], b"c"]);
    }

    #[test]
    fn the_offsets_cover_every_byte() {
        let bytes = b"a\r\n\nbc";
        let mut at = 0;
        for line in Lines::of(bytes) {
            assert_eq!(line.start, at);
            at = line.end;
        }
        assert_eq!(at, bytes.len());
    }
}
