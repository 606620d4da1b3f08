//! The cleaner: any reader in, UTF-8 CSV that parses out.

use std::io::{self, BufWriter, Read, Write};

use crate::decode::{Decoder, whole_characters};
use crate::delimiter;
use crate::encoding::Encoding;
use crate::lines::{is_blank, leading_blank};
use crate::scanner::Scanner;
use crate::sizes::Sizes;

/// What was found and done while a file was cleaned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cleaned {
    /// Lines written, headers among them; a line end inside a quoted field does not begin another. Zero for an empty
    /// file.
    pub lines: u64,
    /// Lines in which illegal quoting was repaired.
    pub lines_repaired: u64,
    /// How the text was encoded.
    pub encoding: Encoding,
    /// The delimiter that the first lines show; a character of ASCII.
    pub delimiter: char,
}

/// Why a file could not be cleaned. Never because of what is in it.
#[derive(Debug, thiserror::Error)]
pub enum CleanError {
    /// The reader failed.
    #[error("the file could not be read")]
    Read(#[source] io::Error),
    /// The writer failed.
    #[error("the cleaned file could not be written")]
    Write(#[source] io::Error),
}

/// Cleans a CSV file.
///
/// What comes out is UTF-8 without byte order mark and NULs, each line ends in LF, no line is blank but inside quoted
/// fields, and every quote is legal (RFC 4180; a strict parser takes it). Nothing else changes, and cleaning it again
/// changes nothing.
///
/// Memory is bounded whatever comes in, at about 3 MiB. The reader needs no buffer, nor does the writer.
///
/// # Errors
/// If reader or writer fail. What has been written by then is incomplete.
pub fn clean(reader: impl Read, writer: impl Write) -> Result<Cleaned, CleanError> {
    clean_with(reader, writer, Sizes::default())
}

/// Cleans with bounds so small that every file of a few dozen bytes meets them all: an entry for fuzzing.
///
/// # Errors
/// As [`clean`].
pub fn clean_in_little_room(reader: impl Read, writer: impl Write) -> Result<Cleaned, CleanError> {
    clean_with(reader, writer, Sizes::TINY)
}

/// Small writes are gathered; a stretch without repairs is larger and goes straight through.
const WRITE: usize = 32 * 1024;

pub(crate) fn clean_with(reader: impl Read, writer: impl Write, sizes: Sizes) -> Result<Cleaned, CleanError> {
    let mut decoder = Decoder::new(reader, sizes);
    let mut out = BufWriter::with_capacity(WRITE, writer);
    let mut text = Vec::new();
    let mut more = true;
    while more && (text.len() < sizes.sample || (is_blank(&text) && text.len() <= sizes.field)) {
        more = decoder.decode_into(&mut text).map_err(CleanError::Read)?;
        text.drain(..leading_blank(&text));
    }
    let sample = whole_characters(&text, sizes.sample);
    let is_whole = !more && sample.len() == text.len();
    let delimiter = delimiter::detect(sample, is_whole, sizes);
    let mut scanner = Scanner::new(delimiter, sizes);
    loop {
        let done = scanner.scan(&text, !more, &mut out).map_err(CleanError::Write)?;
        text.drain(..done);
        if !more {
            break;
        }
        more = decoder.decode_into(&mut text).map_err(CleanError::Read)?;
    }
    out.flush().map_err(CleanError::Write)?;
    Ok(Cleaned {
        lines: scanner.lines(),
        lines_repaired: scanner.lines_repaired(),
        encoding: decoder.encoding(),
        delimiter: char::from(delimiter),
    })
}
