//! CSV in the encodings that suppliers use.

use encoding_rs::WINDOWS_1252;
use fastrand::Rng;

/// UTF-16, little end first, with its byte order mark, as Excel's "Unicode Text".
#[must_use]
pub fn utf16le(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len() * 2 + 2);
    bytes.extend([0xFF, 0xFE]);
    bytes.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
    bytes
}

/// Windows-1252 with CR for line ends, as old Macs and some meter software write it; about every fiftieth line is blank, and about every
/// hundredth begins with NULs.
#[must_use]
pub fn windows_1252(text: &str, seed: u64) -> Vec<u8> {
    let mut rng = Rng::with_seed(seed);
    let mut bytes = Vec::with_capacity(text.len() + text.len() / 100);
    for line in text.lines() {
        match rng.u8(..100) {
            0 | 1 => bytes.extend(b"  \r"),
            2 => bytes.extend([0, 0, 0]),
            _ => {}
        }
        bytes.extend_from_slice(&WINDOWS_1252.encode(line).0);
        bytes.push(b'\r');
    }
    bytes
}
