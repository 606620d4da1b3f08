//! Several parts in one input: each behind a line `-- name --`, as in Go's txtar. The line end before such a line, or at the
//! end, belongs to no part: some parts are no text.

use std::io::{Cursor, Write as _};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// The parts, each with its name. What stands before the first belongs to none.
fn parts(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut parts: Vec<(String, Vec<u8>)> = Vec::new();
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        if let Some(name) = name(line) {
            close(&mut parts);
            parts.push((name, Vec::new()));
        } else if let Some((_, content)) = parts.last_mut() {
            content.extend_from_slice(line);
        }
    }
    close(&mut parts);
    parts
}

fn close(parts: &mut [(String, Vec<u8>)]) {
    if let Some((_, content)) = parts.last_mut() {
        content.pop_if(|byte| *byte == b'\n');
    }
}

fn name(line: &[u8]) -> Option<String> {
    let name = line.strip_prefix(b"-- ")?.trim_ascii_end().strip_suffix(b" --")?;
    Some(String::from_utf8_lossy(name).into_owned())
}

/// A zip of the parts, stored, with right checksums.
pub(crate) fn packed(bytes: &[u8]) -> Option<Vec<u8>> {
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in parts(bytes) {
        // No zip has two parts of one name, nor a name that is too long.
        if zip.start_file(name, options).is_ok() {
            zip.write_all(&content).ok()?;
        }
    }
    zip.finish().ok().map(Cursor::into_inner)
}
