//! Fields that are too long to be held until their end is seen.
//!
//! They are written as quoted fields, which is legal and means the same, so that an illegal quote further on can be
//! doubled.

use std::io::{self, Read, Write};

use memchr::{memchr2, memchr3};

use crate::quotes::{LF, QUOTE};

/// How the rest of a long field is written. Its opening quote has been.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LongField {
    /// It is in no quotes: it goes to the next delimiter or line end, and every quote in it is doubled.
    Unquoted,
    /// It began with a quote, and goes to the quote that closes it. Should none do so on this line, it ends with the
    /// line.
    Quoted,
    /// Not even a field yet: a line of this byte, so many times, that may turn out to be blank.
    Blank {
        /// A white space character of ASCII.
        byte: u8,
        /// How often.
        count: u64,
    },
}

/// How far a long field came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Progress {
    /// Bytes that were dealt with.
    pub(crate) used: usize,
    /// There was illegal quoting.
    pub(crate) repaired: bool,
    /// What comes next.
    pub(crate) next: Next,
}

/// What comes after a stretch of a long field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// More of it.
    Field(LongField),
    /// It has ended with its delimiter, and another field follows.
    Delimiter,
    /// It has ended with its line.
    LineEnd,
    /// It was no field but a blank line, and nothing has been written.
    BlankLine,
}

impl LongField {
    /// Writes what can be decided of `text`.
    ///
    /// # Errors
    /// What the writer says.
    pub(crate) fn go_on(self, text: &[u8], delimiter: u8, out: &mut impl Write) -> io::Result<Progress> {
        match self {
            Self::Unquoted => unquoted(text, delimiter, out),
            Self::Quoted => quoted(text, delimiter, out),
            Self::Blank { byte, count } => blank(text, byte, count, delimiter, out),
        }
    }
}

fn unquoted(text: &[u8], delimiter: u8, out: &mut impl Write) -> io::Result<Progress> {
    let (mut used, mut repaired) = (0, false);
    loop {
        let rest = text.get(used..).unwrap_or_default();
        let Some(at) = memchr3(QUOTE, delimiter, LF, rest) else {
            out.write_all(rest)?;
            return Ok(Progress {
                used: text.len(),
                repaired,
                next: Next::Field(LongField::Unquoted),
            });
        };
        let (before, special) = split_after(rest, at);
        out.write_all(before)?;
        out.write_all(&[QUOTE, special])?;
        used += at + 1;
        if special == QUOTE {
            repaired = true;
            continue;
        }
        let next = if special == LF { Next::LineEnd } else { Next::Delimiter };
        return Ok(Progress { used, repaired, next });
    }
}

fn quoted(text: &[u8], delimiter: u8, out: &mut impl Write) -> io::Result<Progress> {
    let field = Next::Field(LongField::Quoted);
    let mut used = 0;
    loop {
        let rest = text.get(used..).unwrap_or_default();
        let Some(at) = memchr2(QUOTE, LF, rest) else {
            out.write_all(rest)?;
            return Ok(Progress {
                used: text.len(),
                repaired: false,
                next: field,
            });
        };
        let (before, special) = split_after(rest, at);
        if special == LF {
            out.write_all(before)?;
            out.write_all(&[QUOTE, LF])?;
            return Ok(Progress {
                used: used + at + 1,
                repaired: true,
                next: Next::LineEnd,
            });
        }
        let Some(&behind) = rest.get(at + 1) else {
            out.write_all(before)?;
            return Ok(Progress {
                used: used + at,
                repaired: false,
                next: field,
            });
        };
        out.write_all(before)?;
        if behind == LF || behind == delimiter {
            out.write_all(&[QUOTE, behind])?;
            let next = if behind == LF { Next::LineEnd } else { Next::Delimiter };
            return Ok(Progress {
                used: used + at + 2,
                repaired: false,
                next,
            });
        }
        out.write_all(&[QUOTE, QUOTE])?;
        if behind != QUOTE {
            // The quote that could close it has text behind it: from here on the field is as if it were in no quotes.
            let next = Next::Field(LongField::Unquoted);
            return Ok(Progress {
                used: used + at + 1,
                repaired: true,
                next,
            });
        }
        used += at + 2;
    }
}

fn blank(text: &[u8], byte: u8, count: u64, delimiter: u8, out: &mut impl Write) -> io::Result<Progress> {
    let more = text.iter().take_while(|other| **other == byte).count();
    let count = count + more as u64;
    match text.get(more) {
        None => Ok(Progress {
            used: more,
            repaired: false,
            next: Next::Field(LongField::Blank { byte, count }),
        }),
        Some(&LF) => Ok(Progress {
            used: more + 1,
            repaired: false,
            next: Next::BlankLine,
        }),
        Some(_) => {
            out.write_all(&[QUOTE])?;
            io::copy(&mut io::repeat(byte).take(count), out)?;
            let field = unquoted(text.get(more..).unwrap_or_default(), delimiter, out)?;
            Ok(Progress {
                used: more + field.used,
                ..field
            })
        }
    }
}

/// What lies before the byte at `at`, and that byte.
fn split_after(text: &[u8], at: usize) -> (&[u8], u8) {
    (
        text.get(..at).unwrap_or_default(),
        text.get(at).copied().unwrap_or_default(),
    )
}
