//! Little-endian numbers and bounded reads, both without trust in what a file says about itself.

use std::io::{self, Read, Seek, SeekFrom};

/// The 16-bit number at `at`, if it lies within `bytes`.
pub(super) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    array_at(bytes, at).map(u16::from_le_bytes)
}

/// The 32-bit number at `at`, if it lies within `bytes`.
pub(super) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    array_at(bytes, at).map(u32::from_le_bytes)
}

/// The 64-bit number at `at`, if it lies within `bytes`.
pub(super) fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    array_at(bytes, at).map(u64::from_le_bytes)
}

fn array_at<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk().copied()
}

/// At most `length` bytes from `offset` on; fewer, or none, where the file ends before that.
pub(super) fn read_at<R: Read + Seek>(content: &mut R, offset: u64, length: u64) -> io::Result<Vec<u8>> {
    // Offsets come from the file itself, and some file systems refuse to seek far past the end.
    if offset >= content.seek(SeekFrom::End(0))? {
        return Ok(Vec::new());
    }
    content.seek(SeekFrom::Start(offset))?;
    let mut bytes = Vec::new();
    content.by_ref().take(length).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Whether `bytes` begin with `prefix`, ASCII letters of any case.
pub(super) fn starts_with_ignore_case(bytes: &[u8], prefix: &[u8]) -> bool {
    bytes
        .get(..prefix.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

/// Where `needle` first occurs in `bytes`, ASCII letters of any case.
pub(super) fn find_ignore_case(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    bytes
        .windows(needle.len().max(1))
        .position(|window| window.eq_ignore_ascii_case(needle))
}

/// `bytes` without the white space at their start, DOS end-of-file marks counted as such.
pub(super) fn trim_start(bytes: &[u8]) -> &[u8] {
    let blanks = bytes.iter().take_while(|byte| is_blank(**byte)).count();
    bytes.get(blanks..).unwrap_or_default()
}

/// White space, vertical tabs and DOS end-of-file marks (0x1A) included.
pub(super) const fn is_blank(byte: u8) -> bool {
    byte.is_ascii_whitespace() || matches!(byte, 0x0b | 0x1a)
}
