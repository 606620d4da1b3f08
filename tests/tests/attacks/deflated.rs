//! Deflated bytes of any length, made in no time: a piece is deflated once, and repeated.

use std::io::{self, Write};

use flate2::{Compress, Compression, Crc, FlushCompress};

/// So much of the repeated piece is deflated as one.
const CHUNK: usize = 1 << 20;

/// A head, a piece so many times, and a tail (RFC 1951).
pub(crate) struct Deflated {
    head: Vec<u8>,
    chunk: Vec<u8>,
    chunks: u64,
    tail: Vec<u8>,
    pub(crate) crc32: u32,
    pub(crate) size: u64,
}

impl Deflated {
    /// Content as it is.
    pub(crate) fn of(content: &[u8]) -> Self {
        Self::new(content, b"", 0, b"")
    }

    /// `head`, then `piece` so many times, then `tail`.
    pub(crate) fn new(head: &[u8], piece: &[u8], times: u64, tail: &[u8]) -> Self {
        let per_chunk = (CHUNK / piece.len().max(1)).max(1) as u64;
        let chunk = piece.repeat(if times < per_chunk { 0 } else { per_chunk as usize });
        let rest = piece.repeat((times % per_chunk) as usize);
        let tail = [rest.as_slice(), tail].concat();
        let chunks = times / per_chunk;
        Self {
            crc32: checksum(head, &chunk, chunks, &tail),
            size: head.len() as u64 + chunk.len() as u64 * chunks + tail.len() as u64,
            head: deflate(head, FlushCompress::Full),
            chunk: deflate(&chunk, FlushCompress::Full),
            chunks,
            tail: deflate(&tail, FlushCompress::Finish),
        }
    }

    /// How many bytes [`write`](Self::write) writes.
    pub(crate) fn packed_size(&self) -> u64 {
        self.head.len() as u64 + self.chunk.len() as u64 * self.chunks + self.tail.len() as u64
    }

    pub(crate) fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(&self.head)?;
        for _ in 0..self.chunks {
            out.write_all(&self.chunk)?;
        }
        out.write_all(&self.tail)
    }

    /// As a gzip file (RFC 1952).
    pub(crate) fn write_gzip(&self, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255])?;
        self.write(out)?;
        out.write_all(&self.crc32.to_le_bytes())?;
        out.write_all(&(self.size as u32).to_le_bytes())
    }
}

fn deflate(bytes: &[u8], flush: FlushCompress) -> Vec<u8> {
    let mut packed = Vec::with_capacity(bytes.len() + 1024);
    Compress::new(Compression::fast(), false)
        .compress_vec(bytes, &mut packed, flush)
        .unwrap();
    packed
}

fn checksum(head: &[u8], chunk: &[u8], chunks: u64, tail: &[u8]) -> u32 {
    let crc = |bytes: &[u8]| {
        let mut crc = Crc::new();
        crc.update(bytes);
        crc
    };
    let mut whole = crc(head);
    let chunk = crc(chunk);
    for _ in 0..chunks {
        whole.combine(&chunk);
    }
    whole.combine(&crc(tail));
    whole.sum()
}
