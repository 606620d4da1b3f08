//! Zips of CSVs.

use std::io::{Seek, Write};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::readings::{Layout, csv};

/// Writes a zip of so many CSVs of about so many bytes each, deflated as common tools do it.
///
/// # Panics
/// If it cannot be written.
pub fn of_csvs(out: impl Write + Seek, members: u64, bytes: usize) {
    let mut zip = ZipWriter::new(out);
    for member in 0..members {
        zip.start_file(format!("2023/site-{member:04}.csv"), deflated())
            .unwrap();
        zip.write_all(csv(Layout::BritishGas, 1_000 + member, bytes, "\r\n").as_bytes())
            .unwrap();
    }
    zip.finish().unwrap();
}

/// Deflate as every tool's default has it.
#[must_use]
pub fn deflated() -> SimpleFileOptions {
    SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(6))
}
