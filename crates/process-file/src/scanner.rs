//! Goes through decoded text field by field, drops blank lines and repairs illegal quoting.

use std::io::{self, Write};

use memchr::memchr;

use crate::decode::whole_characters;
use crate::lines::{self, Beginning};
use crate::long_field::{LongField, Next, Progress};
use crate::plain;
use crate::quotes::{self, LF, Opening, QUOTE};
use crate::sizes::Sizes;

const BYTE_ORDER_MARK: &[u8] = "\u{FEFF}".as_bytes();

/// The state between two stretches of text.
#[derive(Debug)]
pub(crate) struct Scanner {
    delimiter: u8,
    sizes: Sizes,
    /// The next byte begins a line, and whether that is blank is still to be seen.
    at_line_start: bool,
    /// A field of the line was repaired.
    line_repaired: bool,
    long_field: Option<LongField>,
    lines: u64,
    lines_repaired: u64,
}

impl Scanner {
    pub(crate) const fn new(delimiter: u8, sizes: Sizes) -> Self {
        Self {
            delimiter,
            sizes,
            at_line_start: true,
            line_repaired: false,
            long_field: None,
            lines: 0,
            lines_repaired: 0,
        }
    }

    /// Lines written. Line ends in quoted fields do not count.
    pub(crate) const fn lines(&self) -> u64 {
        self.lines
    }

    /// Whether a field has been repaired.
    pub(crate) const fn has_repaired(&self) -> bool {
        self.line_repaired || self.lines_repaired > 0
    }

    /// Lines written with a field repaired.
    pub(crate) const fn lines_repaired(&self) -> u64 {
        self.lines_repaired
    }

    /// Writes what can be decided of `text`, and returns how much that was; the rest is to be given again, with more
    /// behind it. `last` says that there is no more. The text then ends in LF, and everything is decided.
    ///
    /// # Errors
    /// What the writer says.
    pub(crate) fn scan(&mut self, text: &[u8], last: bool, out: &mut impl Write) -> io::Result<usize> {
        let mut done = 0;
        loop {
            let rest = text.get(done..).unwrap_or_default();
            // A field is long if it does not end in the window. How much text happens to be here decides nothing.
            let window = whole_characters(rest, self.sizes.field);
            let is_cut = window.len() < rest.len();
            let used = match self.long_field.take() {
                Some(field) => self.take_in(field.go_on(window, self.delimiter, out)?),
                None => match self.fields(window, last && !is_cut, out)? {
                    0 if is_cut => self.begin_long_field(window, out)?,
                    used => used,
                },
            };
            done += used;
            if used == 0 && (self.long_field.is_none() || !is_cut) {
                return Ok(done);
            }
        }
    }

    /// Goes through the window, which begins with a field, as far as whole fields and blank lines go.
    fn fields(&mut self, window: &[u8], last: bool, out: &mut impl Write) -> io::Result<usize> {
        let mut copy = Copy { window, from: 0, out };
        let mut at = 0;
        while at < window.len() {
            if self.at_line_start {
                let plain = plain::lines(window.get(at..).unwrap_or_default(), self.delimiter);
                at += plain.length;
                self.lines += plain.lines;
                let Some(dropped) = self.dropped_at(window, at) else {
                    break;
                };
                if dropped > 0 {
                    copy.up_to(at)?;
                    at += dropped;
                    copy.from = at;
                    continue;
                }
                self.at_line_start = false;
            }
            let special = if window.get(at) == Some(&QUOTE) {
                Some(at)
            } else {
                quotes::find(QUOTE, LF, window, at)
            };
            let Some(special) = special else {
                at = quotes::field_start(window, at, window.len(), self.delimiter);
                break;
            };
            if window.get(special) == Some(&LF) {
                self.end_line();
                at = special + 1;
                continue;
            }
            let start = quotes::field_start(window, at, special, self.delimiter);
            let Some(field) = self.field_with_quote(window, start, special, last) else {
                at = start;
                break;
            };
            if !field.is_legal {
                self.line_repaired = true;
                copy.up_to(start)?;
                copy.quoted(field.end)?;
            }
            if window.get(field.end) == Some(&LF) {
                self.end_line();
            }
            at = field.end + 1;
        }
        copy.up_to(at)?;
        Ok(at)
    }

    /// How many bytes at the beginning of a line go: a blank line, or a byte order mark where the file begins,
    /// however many blank lines were before it. `None` if the text does not go far enough.
    fn dropped_at(&self, window: &[u8], at: usize) -> Option<usize> {
        let line = window.get(at..).unwrap_or_default();
        match lines::beginning(line) {
            Beginning::Text if self.lines > 0 || !line.starts_with(BYTE_ORDER_MARK) => Some(0),
            Beginning::Text => Some(BYTE_ORDER_MARK.len()),
            Beginning::Blank(length) => Some(length),
            Beginning::Open => None,
        }
    }

    /// The field from `start` with its first quote at `quote`. `None` if the text does not go far enough.
    fn field_with_quote(&self, window: &[u8], start: usize, quote: usize, last: bool) -> Option<Field> {
        let opening = if start == quote {
            quotes::opening(window, start, self.delimiter, last, self.sizes.quoted_lines)
        } else {
            Opening::TextBehind(quote)
        };
        let end_after = |at: usize| quotes::field_end(window, at + 1, self.delimiter);
        match opening {
            Opening::Closed(close) => Some(Field {
                end: close + 1,
                is_legal: true,
            }),
            Opening::TextBehind(close) => end_after(close).map(Field::illegal),
            Opening::Nothing => end_after(start).map(Field::illegal),
            Opening::Undecided => None,
        }
    }

    /// Begins with what is too long to be a field of the window. Returns how much of it has been dealt with.
    fn begin_long_field(&mut self, window: &[u8], out: &mut impl Write) -> io::Result<usize> {
        let first = window.first().copied().unwrap_or_default();
        let is_white = std::mem::replace(&mut self.at_line_start, false);
        if is_white && first != self.delimiter && window.iter().all(|byte| *byte == first) {
            self.long_field = Some(LongField::Blank { byte: first, count: 0 });
            return Ok(0);
        }
        out.write_all(&[QUOTE])?;
        let limit = self.sizes.quoted_lines;
        let may_close =
            first == QUOTE && quotes::opening(window, 0, self.delimiter, false, limit) == Opening::Undecided;
        self.long_field = Some(if may_close {
            LongField::Quoted
        } else {
            LongField::Unquoted
        });
        Ok(usize::from(may_close))
    }

    /// Takes note of how far a long field came. Returns how much was dealt with.
    fn take_in(&mut self, progress: Progress) -> usize {
        self.line_repaired |= progress.repaired;
        match progress.next {
            Next::Field(field) => self.long_field = Some(field),
            Next::Delimiter => {}
            Next::LineEnd => self.end_line(),
            Next::BlankLine => self.at_line_start = true,
        }
        progress.used
    }

    const fn end_line(&mut self) {
        self.at_line_start = true;
        self.lines += 1;
        if self.line_repaired {
            self.lines_repaired += 1;
            self.line_repaired = false;
        }
    }
}

/// A field with a quote in it.
struct Field {
    /// Its delimiter or LF.
    end: usize,
    is_legal: bool,
}

impl Field {
    const fn illegal(end: usize) -> Self {
        Self { end, is_legal: false }
    }
}

/// Copies a window, as much as possible in one write.
struct Copy<'a, W> {
    window: &'a [u8],
    /// What lies before has been written or dropped.
    from: usize,
    out: &'a mut W,
}

impl<W: Write> Copy<'_, W> {
    fn up_to(&mut self, end: usize) -> io::Result<()> {
        let text = self.window.get(self.from..end).unwrap_or_default();
        self.from = end;
        if text.is_empty() {
            Ok(())
        } else {
            self.out.write_all(text)
        }
    }

    /// Writes the field up to `end` quoted, and its quotes doubled.
    fn quoted(&mut self, end: usize) -> io::Result<()> {
        self.out.write_all(&[QUOTE])?;
        while let Some(quote) = memchr(QUOTE, self.window.get(self.from..end).unwrap_or_default()) {
            let after = self.from + quote + 1;
            self.up_to(after)?;
            self.out.write_all(&[QUOTE])?;
        }
        self.up_to(end)?;
        self.out.write_all(&[QUOTE])
    }
}
