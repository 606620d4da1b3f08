//! Readings of any size, made while they are written, and what the pipeline has to make of them.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use serde_json::Value;

/// The values of a day, as half-hourly exports have them.
const VALUES: &str = ",23/03/2025,0.25,0.5,0.75,1,1.25,1.5,1.75,2,2.25,2.5,2.75,3,3.25,3.5,3.75,4,4.25,4.5,4.75,5,5.25,5.5,5.75,6,6.25,\
                      6.5,6.75,7,7.25,7.5,7.75,8,8.25,8.5,8.75,9,9.25,9.5,9.75,10,10.25,10.5,10.75,11,11.25,11.5,11.75,12";

/// Meter points have 13 digits.
const DIGITS: usize = 13;

/// How a supplier's program writes its export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    Utf8,
    /// With a byte order mark, as Windows programs write it.
    Utf16,
}

/// A CSV in which every line is another one: none can be lost, doubled or moved without notice. Lines end in CRLF, and each is
/// followed by a blank one, which the pipeline takes out: less room on the disk is needed for what is delivered.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Readings {
    encoding: Encoding,
    /// The first meter point.
    first: u64,
    lines: u64,
    /// Spaces in each blank line.
    blanks: usize,
}

/// Size and hash of a content that nobody holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Digest {
    pub(crate) size: u64,
    pub(crate) hash: String,
}

impl Readings {
    /// As many lines as make about `size` bytes.
    pub(crate) fn of_size(size: u64, encoding: Encoding, blanks: usize, first: u64) -> Self {
        let line = (DIGITS + VALUES.len() + blanks + 4) as u64;
        let line = if encoding == Encoding::Utf16 { 2 * line } else { line };
        Self {
            encoding,
            first,
            lines: size / line,
            blanks,
        }
    }

    /// The file as it is sent.
    pub(crate) fn write_to(&self, out: &mut (impl Write + ?Sized)) -> io::Result<()> {
        let text = format!("{:DIGITS$}{VALUES}\r\n{}\r\n", 0, " ".repeat(self.blanks));
        match self.encoding {
            Encoding::Utf8 => self.write_lines(out, text.into_bytes(), 1),
            Encoding::Utf16 => {
                out.write_all(&[0xFF, 0xFE])?;
                self.write_lines(out, text.bytes().flat_map(|byte| [byte, 0]).collect(), 2)
            }
        }
    }

    /// What has to be delivered.
    pub(crate) fn delivered(&self) -> Digest {
        let mut digest = Hashing::default();
        self.write_lines(&mut digest, format!("{:DIGITS$}{VALUES}\n", 0).into_bytes(), 1)
            .unwrap();
        digest.finish()
    }

    /// `line` again and again, with the meter point's digits at its beginning, each `width` bytes wide.
    fn write_lines(&self, out: &mut (impl Write + ?Sized), mut line: Vec<u8>, width: usize) -> io::Result<()> {
        const BLOCK: usize = 1 << 20;
        let mut block = Vec::with_capacity(BLOCK + line.len());
        for point in self.first..self.first + self.lines {
            for (position, digit) in format!("{point:0DIGITS$}").bytes().enumerate() {
                line[position * width] = digit;
            }
            block.extend_from_slice(&line);
            if block.len() >= BLOCK {
                out.write_all(&block)?;
                block.clear();
            }
        }
        out.write_all(&block)
    }
}

/// Size and hash of a file.
pub(crate) fn digest_of(path: &Path) -> Digest {
    let mut file = File::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut digest = Hashing::default();
    let mut buffer = vec![0; 1 << 20];
    loop {
        match file.read(&mut buffer).unwrap() {
            0 => return digest.finish(),
            read => digest.write_all(&buffer[..read]).unwrap(),
        }
    }
}

#[derive(Default)]
struct Hashing {
    hasher: blake3::Hasher,
    size: u64,
}

impl Hashing {
    fn finish(self) -> Digest {
        Digest {
            size: self.size,
            hash: self.hasher.finalize().to_hex().to_string(),
        }
    }
}

impl Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.hasher.update(bytes);
        self.size += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The texts of a list.
pub(crate) fn texts(list: &Value) -> Vec<String> {
    let list = list.as_array().into_iter().flatten();
    list.map(|text| text.as_str().unwrap().to_owned()).collect()
}
