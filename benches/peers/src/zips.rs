//! The members of a zip with the crate zip, on zlib-rs.

use std::fs::File;
use std::io::{self, BufReader, Write};

use zip::ZipArchive;

pub fn with_zip(path: &str, mut out: impl Write) -> anyhow::Result<()> {
    let mut archive = ZipArchive::new(BufReader::with_capacity(64 * 1024, File::open(path)?))?;
    // As `io::copy`, with a larger buffer than its 8 KiB.
    let mut buffer = vec![0; 64 * 1024];
    for index in 0..archive.len() {
        let mut member = archive.by_index(index)?;
        loop {
            let read = io::Read::read(&mut member, &mut buffer)?;
            if read == 0 {
                break;
            }
            out.write_all(&buffer[..read])?;
        }
    }
    Ok(())
}
