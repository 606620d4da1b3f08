//! The parts of an email (RFC 2046 section 5.1): where each begins and ends, byte for byte.
//!
//! mail-parser 0.11 finds boundaries in the middle of lines and as prefixes of other boundaries, lets a multipart that
//! is never closed swallow what follows, and hands text out re-encoded. Attachments must arrive byte for byte and none
//! may be lost, so the walk over the lines is done here; it is one pass without recursion, however deep the nesting.

use std::collections::HashMap;
use std::ops::Range;

use bytes::Bytes;
use memchr::memmem;

use crate::encoding::lines::{Line, Lines, line_end};
use crate::header::fields;
use crate::parts::entity::Entity;

/// Boundaries that stand in the middle of a line are looked for this often in one email.
const MAX_REPAIRS: u32 = 16;

/// Levels of one boundary that are looked at; some mail programs use one boundary twice.
const MAX_SAME_BOUNDARY: usize = 8;

/// Levels up to which a part is told by the numbers of all of them; below that its place in the order is shorter.
const MAX_PATH: usize = 50;

/// What a part is part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Parent {
    /// Nothing: it is the whole message.
    Message,
    /// A `multipart/alternative`: one of several forms of the same text.
    Alternative,
    /// A `multipart/appledouble` (RFC 1740).
    AppleDouble,
    /// Any other multipart.
    Mixed,
}

/// A part that has no parts itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    /// Its number, as IMAP counts: `1`, `2.1`.
    pub path: String,
    /// What its header says.
    pub entity: Entity,
    /// What it is part of.
    pub parent: Parent,
    /// Where its body lies in the message.
    pub body: Range<usize>,
}

/// There are more parts than the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the email has too many parts")]
pub(crate) struct TooManyParts;

/// Finds the parts of `message`, whose header begins at `start`.
///
/// # Errors
/// [`TooManyParts`] as soon as there are more than `max_parts`, multiparts counted.
pub(crate) fn parts(message: &[u8], start: usize, max_parts: u64) -> Result<Vec<Part>, TooManyParts> {
    let mut walk = Walk::new(message, max_parts);
    let body = walk.begin_part(start)?;
    walk.run(body)?;
    Ok(walk.found)
}

/// The parts of a body whose header was read elsewhere: a multipart that was base64-encoded as a whole.
///
/// # Errors
/// [`TooManyParts`] as [`parts`].
pub(crate) fn parts_of_body(body: &[u8], entity: Entity, max_parts: u64) -> Result<Vec<Part>, TooManyParts> {
    let mut walk = Walk::new(body, max_parts);
    walk.begin_body(entity, 0);
    walk.run(0)?;
    Ok(walk.found)
}

/// A multipart that has begun and not ended.
struct Level {
    entity: Entity,
    /// Its boundary and one that stands in its place; see [`Walk::is_undeclared_boundary`].
    boundaries: Vec<Bytes>,
    /// Parts so far.
    children: u32,
    /// Where its body begins.
    body: usize,
    /// Whether its last boundary was seen. A further part brings it back.
    is_closed: bool,
}

struct Walk<'a> {
    message: &'a [u8],
    line_end: u8,
    levels: Vec<Level>,
    /// The levels that a boundary belongs to, outermost first.
    open: HashMap<Bytes, Vec<usize>>,
    found: Vec<Part>,
    /// The part that is being read, and where its body begins.
    leaf: Option<(Entity, usize)>,
    count: u64,
    max_parts: u64,
    repairs_left: u32,
}

/// A line that separates parts.
#[derive(Clone, Copy)]
struct Delimiter {
    level: usize,
    is_last: bool,
}

impl<'a> Walk<'a> {
    fn new(message: &'a [u8], max_parts: u64) -> Self {
        Self {
            message,
            line_end: line_end(message),
            levels: Vec::new(),
            open: HashMap::new(),
            found: Vec::new(),
            leaf: None,
            count: 0,
            max_parts,
            repairs_left: MAX_REPAIRS,
        }
    }

    /// Finds the parts in the body that begins at `start`, whose header was read.
    fn run(&mut self, start: usize) -> Result<(), TooManyParts> {
        let mut at = start;
        loop {
            let (end_of_body, delimiter, next) = match self.next_delimiter(at) {
                Some((line, delimiter)) => (self.before_line_end(line.start), delimiter, line.end),
                None => match self.delimiter_in_a_line() {
                    Some(repaired) => repaired,
                    None => break,
                },
            };
            self.end_leaf(end_of_body);
            self.end_levels_above(delimiter.level, end_of_body);
            at = match self.levels.last_mut() {
                Some(level) if delimiter.is_last => {
                    level.is_closed = true;
                    next
                }
                Some(level) => {
                    level.is_closed = false;
                    level.children += 1;
                    self.begin_part(next)?
                }
                None => next,
            };
        }
        let end = self.message.len();
        self.end_leaf(end);
        while !self.levels.is_empty() {
            self.end_level(end);
        }
        Ok(())
    }

    /// The next line that separates parts, from the line on that begins at `at`. Only lines that begin with two hyphens may.
    fn next_delimiter(&mut self, mut at: usize) -> Option<(Line<'a>, Delimiter)> {
        loop {
            let rest = self.message.get(at..)?;
            if !rest.starts_with(b"--") {
                at += memmem::find(rest, &[self.line_end, b'-', b'-'])? + 1;
            }
            let line = Lines::new(self.message, at, self.line_end).next()?;
            if let Some(delimiter) = self.delimiter_or_undeclared(line) {
                return Some((line, delimiter));
            }
            at = line.end;
        }
    }

    /// Reads a part's header; returns where its body begins.
    fn begin_part(&mut self, start: usize) -> Result<usize, TooManyParts> {
        self.count += 1;
        if self.count > self.max_parts {
            return Err(TooManyParts);
        }
        let default_type = match self.levels.last() {
            Some(level) if level.entity.media_type == "multipart/digest" => "message/rfc822",
            _ => "text/plain",
        };
        let (headers, body) = fields::parse(self.message, start, self.line_end, |line| {
            self.delimiter(line).is_some()
        });
        self.begin_body(Entity::read(&headers, default_type), body);
        Ok(body)
    }

    /// Begins a part whose header was read and whose body begins at `body`.
    fn begin_body(&mut self, entity: Entity, body: usize) {
        if entity.is_multipart() {
            let boundary = entity.boundary.clone();
            self.levels.push(Level {
                entity,
                boundaries: Vec::new(),
                children: 0,
                body,
                is_closed: false,
            });
            if !boundary.is_empty() {
                self.add_boundary(boundary);
            }
        } else {
            self.leaf = Some((entity, body));
        }
    }

    /// Gives the innermost level a boundary.
    fn add_boundary(&mut self, boundary: Bytes) {
        let index = self.levels.len().saturating_sub(1);
        self.open.entry(boundary.clone()).or_default().push(index);
        if let Some(level) = self.levels.last_mut() {
            level.boundaries.push(boundary);
        }
    }

    fn delimiter(&self, line: &[u8]) -> Option<Delimiter> {
        let candidate = line.strip_prefix(b"--")?.trim_ascii_end();
        let found = |boundary: &[u8], is_last| {
            self.level_of(boundary, is_last)
                .map(|level| Delimiter { level, is_last })
        };
        found(candidate, false)
            .or_else(|| found(candidate.strip_suffix(b"--")?.trim_ascii_end(), true))
            .or_else(|| self.last_with_junk(candidate))
    }

    /// The innermost level that is open and has the boundary, else the innermost that was closed too early.
    fn level_of(&self, boundary: &[u8], is_last: bool) -> Option<usize> {
        let levels = self.open.get(boundary)?;
        let is_open = |index: &&usize| self.levels.get(**index).is_some_and(|level| !level.is_closed);
        match levels.iter().rev().take(MAX_SAME_BOUNDARY).find(is_open) {
            Some(index) => Some(*index),
            None if is_last => None,
            None => levels.last().copied(),
        }
    }

    /// `--boundary--` with something right behind it (RFC 2046 section 5.1.1: the boundary need not fill its line).
    fn last_with_junk(&self, candidate: &[u8]) -> Option<Delimiter> {
        let level = self.levels.len().checked_sub(1)?;
        let innermost = self.levels.get(level).filter(|level| !level.is_closed)?;
        innermost
            .boundaries
            .iter()
            .any(|boundary| {
                candidate
                    .strip_prefix(boundary.as_ref())
                    .is_some_and(|rest| rest.starts_with(b"--"))
            })
            .then_some(Delimiter { level, is_last: true })
    }

    fn delimiter_or_undeclared(&mut self, line: Line<'_>) -> Option<Delimiter> {
        if !line.text.starts_with(b"--") {
            return None;
        }
        if let Some(delimiter) = self.delimiter(line.text) {
            return Some(delimiter);
        }
        if !self.is_undeclared_boundary(line) {
            return None;
        }
        let boundary = line.text.get(2..).unwrap_or_default().trim_ascii_end();
        self.add_boundary(Bytes::copy_from_slice(boundary));
        Some(Delimiter {
            level: self.levels.len().saturating_sub(1),
            is_last: false,
        })
    }

    /// Where the boundary was forgotten or is another one than declared, the first line of its form with a part's
    /// header behind it tells it.
    fn is_undeclared_boundary(&self, line: Line<'_>) -> bool {
        let has_no_part = self.leaf.is_none()
            && self
                .levels
                .last()
                .is_some_and(|level| level.children == 0 && !level.is_closed);
        let is_boundary = line.text.get(2..).is_some_and(|rest| !rest.trim_ascii().is_empty());
        has_no_part
            && is_boundary
            && Lines::new(self.message, line.end, self.line_end)
                .next()
                .is_some_and(|next| {
                    crate::encoding::text::starts_with_ignoring_case(next.text, b"content-")
                        && fields::begins_known_field(next.text)
                })
    }

    /// A boundary in the middle of a line, where a script forgot the line end before it: only looked for when the part
    /// would else reach to the end of the message.
    fn delimiter_in_a_line(&mut self) -> Option<(usize, Delimiter, usize)> {
        let (_, body) = self.leaf.as_ref()?;
        let body = *body;
        let level = self.levels.len().checked_sub(1)?;
        let boundaries = &self.levels.get(level).filter(|level| !level.is_closed)?.boundaries;
        self.repairs_left = self.repairs_left.checked_sub(1)?;
        let rest = self.message.get(body..)?;
        let (at, length) = boundaries
            .iter()
            .filter_map(|boundary| {
                let delimiter = [b"--", boundary.as_ref()].concat();
                let at = memmem::find_iter(rest, &delimiter).find(|at| {
                    let behind = rest.get(at + delimiter.len()..).unwrap_or_default();
                    behind.starts_with(b"--") || behind.first().is_none_or(u8::is_ascii_whitespace)
                });
                at.map(|at| (body + at, delimiter.len()))
            })
            .min()?;
        let line = Lines::new(self.message, at, self.line_end).next()?;
        let is_last = line.text.get(length..).is_some_and(|behind| behind.starts_with(b"--"));
        Some((at, Delimiter { level, is_last }, line.end))
    }

    fn end_leaf(&mut self, end: usize) {
        if let Some((entity, start)) = self.leaf.take() {
            self.push(entity, start..end.max(start));
        }
    }

    fn end_levels_above(&mut self, level: usize, end: usize) {
        while self.levels.len() > level + 1 {
            self.end_level(end);
        }
    }

    /// Ends the innermost multipart. One in which no boundary was found is a part itself.
    fn end_level(&mut self, end: usize) {
        let Some(level) = self.levels.pop() else { return };
        for boundary in &level.boundaries {
            if let Some(levels) = self.open.get_mut(boundary) {
                levels.pop_if(|index| *index >= self.levels.len());
            }
        }
        if level.children == 0 {
            self.push(level.entity, level.body..end.max(level.body));
        }
    }

    fn push(&mut self, entity: Entity, body: Range<usize>) {
        let parent = match self.levels.last().map(|level| level.entity.media_type.as_str()) {
            None => Parent::Message,
            Some("multipart/alternative") => Parent::Alternative,
            Some("multipart/appledouble") => Parent::AppleDouble,
            Some(_) => Parent::Mixed,
        };
        let path = self.path();
        self.found.push(Part {
            path,
            entity,
            parent,
            body,
        });
    }

    fn path(&self) -> String {
        if self.levels.is_empty() {
            return "1".to_owned();
        }
        if self.levels.len() > MAX_PATH {
            return format!("#{}", self.count);
        }
        let numbers: Vec<String> = self.levels.iter().map(|level| level.children.to_string()).collect();
        numbers.join(".")
    }

    /// The line end before a boundary belongs to the boundary (RFC 2046 section 5.1.1).
    fn before_line_end(&self, at: usize) -> usize {
        let before = self.message.get(..at).unwrap_or_default();
        let stripped = before.strip_suffix(&[self.line_end]).unwrap_or(before);
        if self.line_end == b'\n' {
            stripped.strip_suffix(b"\r").unwrap_or(stripped).len()
        } else {
            stripped.len()
        }
    }
}
