//! From bytes to UTF-8 text with LF as its only line end and no NULs, in pieces of bounded size.

use std::io::{self, Read};

use encoding_rs::WINDOWS_1252;
use memchr::{memchr2, memrchr2};
use simdutf8::compat::from_utf8;

use crate::encoding::{Encoding, detect};
use crate::lines::LineEnds;
use crate::sizes::Sizes;
use crate::utf16;

/// Text is handed on in pieces of about this size: what Windows-1252 grows to, three times as much, stays small as
/// well.
const PIECE: usize = 64 * 1024;

/// Decodes what a reader gives.
#[derive(Debug)]
pub(crate) struct Decoder<R> {
    reader: R,
    sizes: Sizes,
    encoding: Option<Encoding>,
    /// Bytes as read; those before `at` have been decoded.
    raw: Vec<u8>,
    at: usize,
    /// The reader has nothing more.
    ended: bool,
    /// Bytes from `at` that have been found to be in one encoding.
    run: Run,
    /// The rest of a line whose beginning was decoded as Windows-1252.
    inside_1252: bool,
    /// What has been handed on ends inside a line.
    inside_line: bool,
    line_ends: LineEnds,
    windows_1252: encoding_rs::Decoder,
    /// What was decoded, before its line ends are made right.
    decoded: Vec<u8>,
}

/// Bytes that are decoded alike.
#[derive(Debug, Clone, Copy)]
struct Run {
    charset: Charset,
    length: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Charset {
    Utf8,
    Windows1252,
}

impl Run {
    const fn utf8(length: usize) -> Self {
        Self {
            charset: Charset::Utf8,
            length,
        }
    }

    const fn windows_1252(length: usize) -> Self {
        Self {
            charset: Charset::Windows1252,
            length,
        }
    }
}

impl<R: Read> Decoder<R> {
    pub(crate) fn new(reader: R, sizes: Sizes) -> Self {
        Self {
            reader,
            sizes,
            encoding: None,
            raw: Vec::new(),
            at: 0,
            ended: false,
            run: Run::utf8(0),
            inside_1252: false,
            inside_line: false,
            line_ends: LineEnds::default(),
            windows_1252: WINDOWS_1252.new_decoder_without_bom_handling(),
            decoded: Vec::new(),
        }
    }

    /// What the file has been found to be in so far.
    pub(crate) fn encoding(&self) -> Encoding {
        self.encoding.unwrap_or(Encoding::Utf8)
    }

    /// Appends some more whole characters to `text`; false if there are none left then. The last is always an LF.
    ///
    /// # Errors
    /// What the reader says.
    pub(crate) fn decode_into(&mut self, text: &mut Vec<u8>) -> io::Result<bool> {
        let encoding = match self.encoding {
            Some(encoding) => encoding,
            None => self.begin()?,
        };
        let enough = text.len() + PIECE / 2;
        let mut more = true;
        while more && text.len() < enough {
            let before = text.len();
            more = match encoding {
                Encoding::Utf8 | Encoding::Windows1252 => self.piece_of_lines(text)?,
                Encoding::Utf16Le => self.piece_of_utf16(u16::from_le_bytes, text)?,
                Encoding::Utf16Be => self.piece_of_utf16(u16::from_be_bytes, text)?,
            };
            if text.len() > before {
                self.inside_line = text.last() != Some(&b'\n');
            }
        }
        if !more && self.inside_line {
            text.push(b'\n');
            self.inside_line = false;
        }
        Ok(more)
    }

    fn begin(&mut self) -> io::Result<Encoding> {
        while self.raw.len() < self.sizes.head && !self.ended {
            self.fill()?;
        }
        let (encoding, mark) = detect(self.raw.get(..self.sizes.head).unwrap_or(&self.raw));
        self.at = mark;
        self.encoding = Some(encoding);
        Ok(encoding)
    }

    /// Always reads a whole block, so that a reader that gives a byte at a time costs no more.
    fn fill(&mut self) -> io::Result<()> {
        self.raw.drain(..self.at);
        self.at = 0;
        // The spare bytes keep `read_to_end` from probing for the end with a read of its own.
        self.raw.reserve(self.sizes.read + 64);
        let wanted = self.sizes.read as u64;
        let read = self.reader.by_ref().take(wanted).read_to_end(&mut self.raw)?;
        self.ended = (read as u64) < wanted;
        Ok(())
    }

    fn rest(&self) -> &[u8] {
        self.raw.get(self.at..).unwrap_or_default()
    }

    fn piece_of_lines(&mut self, text: &mut Vec<u8>) -> io::Result<bool> {
        if self.run.length == 0 {
            self.run = self.next_run()?;
        }
        let rest = self.raw.get(self.at..).unwrap_or_default();
        let run = rest.get(..self.run.length).unwrap_or(rest);
        let length = match self.run.charset {
            Charset::Utf8 => {
                let piece = whole_characters(run, PIECE);
                self.line_ends.append(piece, text);
                piece.len()
            }
            Charset::Windows1252 => {
                self.encoding = Some(Encoding::Windows1252);
                let piece = run.get(..PIECE).unwrap_or(run);
                // Three bytes for one is the longest that UTF-8 gets.
                self.decoded.resize(self.decoded.len().max(piece.len() * 3), 0);
                let (_, used, length) =
                    self.windows_1252
                        .decode_to_utf8_without_replacement(piece, &mut self.decoded, false);
                let decoded = self.decoded.get(..length).unwrap_or_default();
                self.line_ends.append(decoded, text);
                used
            }
        };
        self.at += length;
        self.run.length = self.run.length.saturating_sub(length);
        Ok(length > 0)
    }

    /// Finds the bytes that are next and in one encoding; none at the end of the file.
    fn next_run(&mut self) -> io::Result<Run> {
        loop {
            let rest = self.rest();
            if let Some(last) = memrchr2(b'\r', b'\n', rest) {
                return Ok(self.run_in(last + 1));
            }
            if self.inside_1252 && !rest.is_empty() {
                return Ok(Run::windows_1252(rest.len()));
            }
            if self.ended {
                return Ok(self.run_in(rest.len()));
            }
            if rest.len() > self.sizes.line {
                return Ok(self.chunk());
            }
            self.fill()?;
        }
    }

    /// The run that whole lines of this length begin with. A line that is not valid UTF-8 is a run of its own.
    fn run_in(&mut self, length: usize) -> Run {
        let rest = self.rest();
        let lines = rest.get(..length).unwrap_or(rest);
        let first_line = || memchr2(b'\r', b'\n', lines).map_or(lines.len(), |end| end + 1);
        if self.inside_1252 {
            let run = Run::windows_1252(first_line());
            self.inside_1252 = false;
            return run;
        }
        let Err(error) = from_utf8(lines) else {
            return Run::utf8(lines.len());
        };
        let valid = lines.get(..error.valid_up_to()).unwrap_or_default();
        if let Some(end) = memrchr2(b'\r', b'\n', valid) {
            return Run::utf8(end + 1);
        }
        let line = first_line();
        if line > self.sizes.line {
            self.chunk()
        } else {
            Run::windows_1252(line)
        }
    }

    /// The run at the beginning of a line that is too long to be held whole. Once a chunk is not valid UTF-8, the
    /// rest of the line is Windows-1252.
    fn chunk(&mut self) -> Run {
        let rest = self.rest();
        let chunk = rest.get(..self.sizes.line).unwrap_or(rest);
        match from_utf8(chunk) {
            Ok(_) => Run::utf8(chunk.len()),
            // The chunk ends inside a character.
            Err(error) if error.error_len().is_none() => Run::utf8(error.valid_up_to()),
            Err(_) => {
                let run = Run::windows_1252(chunk.len());
                self.inside_1252 = true;
                run
            }
        }
    }

    fn piece_of_utf16(&mut self, unit: impl Fn([u8; 2]) -> u16, text: &mut Vec<u8>) -> io::Result<bool> {
        // Two units, so that one is left when a surrogate has to wait for its other half.
        while self.rest().len() < 4 && !self.ended {
            self.fill()?;
        }
        let (pairs, odd) = self.raw.get(self.at..).unwrap_or_default().as_chunks::<2>();
        self.decoded.clear();
        let used = utf16::append(pairs, unit, self.ended, &mut self.decoded);
        self.line_ends.append(&self.decoded, text);
        self.at += used * 2;
        if self.ended
            && let [odd] = odd
        {
            let odd = odd_byte(*odd);
            self.line_ends.append(odd.encode_utf8(&mut [0; 4]).as_bytes(), text);
            self.at += 1;
            return Ok(true);
        }
        Ok(used > 0)
    }
}

/// What a last byte without its pair stands for: a cut-off Latin character, or a line end that a tool appended as one
/// byte.
fn odd_byte(byte: u8) -> char {
    if byte.is_ascii() {
        char::from(byte)
    } else {
        char::REPLACEMENT_CHARACTER
    }
}

/// The beginning of valid UTF-8 text, at most `limit` bytes and whole characters.
pub(crate) fn whole_characters(text: &[u8], limit: usize) -> &[u8] {
    let is_inside = |at: usize| text.get(at).is_some_and(|byte| byte & 0xC0 == 0x80);
    let mut end = limit.min(text.len());
    while end > 0 && is_inside(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or(text)
}
