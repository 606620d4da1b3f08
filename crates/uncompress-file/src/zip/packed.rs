//! From the bytes in the archive to the member's content.

use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::ops::Range;

use flate2::bufread::DeflateDecoder;
use libdeflater::Crc;
use rawzip::{CompressionMethod, RangeReader};

use super::entry::Entry;
use super::view::View;
use crate::error::Defect;

/// The most memory that a decoder may take for what it looks back at; common tools use 64 MiB at most.
const MAX_WINDOW_BYTES: u64 = 128 << 20;

/// A member up to this size is unpacked at once, which takes half the time; larger ones are streamed.
const MAX_WHOLE_BYTES: u64 = 24 << 20;
/// Deflate makes nothing smaller than by this factor (RFC 1951): what claims more is given no memory for it.
const MOST_DEFLATED: u64 = 1032;

/// Unpacks one member. Reading it to its end proves length and checksum.
pub(super) fn reader<'v, 'r: 'v>(
    view: View<'v, 'r>,
    entry: &Entry,
    data: Range<u64>,
) -> Result<Box<dyn Read + 'v>, Defect> {
    let packed = BufReader::with_capacity(64 * 1024, RangeReader::new(view, data.clone()));
    let unpacked: Box<dyn Read + 'v> = match entry.method {
        CompressionMethod::STORE => Box::new(packed),
        CompressionMethod::DEFLATE => match inflated(view, &data, entry.size) {
            Some(unpacked) => Box::new(Cursor::new(unpacked)),
            None => Box::new(DeflateDecoder::new(packed)),
        },
        CompressionMethod::DEFLATE64 => Box::new(deflate64::Deflate64Decoder::with_buffer(packed)),
        CompressionMethod::BZIP2 => Box::new(bzip2::bufread::BzDecoder::new(packed)),
        CompressionMethod::LZMA => Box::new(lzma(packed, entry.size)?),
        // The format is the same, the number was another once (APPNOTE section 4.4.5).
        CompressionMethod::ZSTD | CompressionMethod::ZSTD_DEPRECATED => Box::new(zstd(packed)?),
        other => return Err(Defect::Unsupported(other.name().unwrap_or("an unknown one"))),
    };
    Ok(Box::new(Verified {
        unpacked,
        crc: Crc::new(),
        length: 0,
        expected_crc: entry.crc32,
        expected_length: entry.size,
    }))
}

/// A deflated member as a whole; `None` if it is too large for that or anything is wrong with it, which the other decoder tells better.
fn inflated(view: View<'_, '_>, data: &Range<u64>, size: u64) -> Option<Vec<u8>> {
    let packed_size = data.end.saturating_sub(data.start);
    if packed_size > MAX_WHOLE_BYTES || size > MAX_WHOLE_BYTES.min(packed_size.saturating_mul(MOST_DEFLATED)) {
        return None;
    }
    let packed = view.bytes_at(data.start, usize::try_from(packed_size).ok()?).ok()??;
    let mut unpacked = vec![0; usize::try_from(size).ok()?];
    let length = libdeflater::Decompressor::new().deflate_decompress(&packed, &mut unpacked);
    (length == Ok(unpacked.len())).then_some(unpacked)
}

/// LZMA in zip (APPNOTE section 5.8.8): two bytes of version, two that give the length of the properties, five of these.
fn lzma<R: BufRead>(mut packed: R, size: u64) -> Result<lzma_rust2::LzmaReader<R>, Defect> {
    const BROKEN: Defect = Defect::Corrupt("its packed data make no sense");
    let mut header = [0; 9];
    packed.read_exact(&mut header).map_err(|_| BROKEN)?;
    let [_, _, 5, 0, properties, dictionary @ ..] = header else {
        return Err(BROKEN);
    };
    let dictionary = u32::from_le_bytes(dictionary);
    // The decoder takes no more than the content can fill.
    if u64::from(dictionary).min(size) > MAX_WINDOW_BYTES {
        return Err(Defect::TooMuchMemory(MAX_WINDOW_BYTES));
    }
    lzma_rust2::LzmaReader::new_with_props(packed, size, properties, dictionary, None).map_err(|_| BROKEN)
}

fn zstd<'r, R: BufRead + 'r>(packed: R) -> Result<zstd::stream::read::Decoder<'r, R>, Defect> {
    let mut decoder = zstd::stream::read::Decoder::with_buffer(packed).map_err(|error| Defect::of(&error))?;
    decoder
        .window_log_max(MAX_WINDOW_BYTES.ilog2())
        .map_err(|error| Defect::of(&error))?;
    Ok(decoder)
}

/// Fails at the end unless length and checksum are those that the archive names.
struct Verified<R> {
    unpacked: R,
    crc: Crc,
    length: u64,
    expected_crc: u32,
    expected_length: u64,
}

impl<R: Read> Read for Verified<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.unpacked.read(buffer).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => Defect::Corrupt("its packed data end too early").into(),
            _ => error,
        })?;
        self.crc.update(buffer.get(..read).unwrap_or_default());
        self.length = self.length.saturating_add(read as u64);
        if read > 0 || buffer.is_empty() {
            Ok(read)
        } else if self.length != self.expected_length {
            Err(Defect::Corrupt("its length is not the one that the archive names").into())
        } else if self.crc.sum() != self.expected_crc {
            Err(Defect::Corrupt("its checksum does not match").into())
        } else {
            Ok(0)
        }
    }
}
