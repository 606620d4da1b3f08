//! Cleaning CSV with the crate csv, which knows quotes and all line ends.

use std::fs::File;
use std::io::{Read, Seek as _, Write};

use encoding_rs::WINDOWS_1252;
use encoding_rs_io::DecodeReaderBytesBuilder;

/// UTF-16 is told by its byte order mark; a line that is no UTF-8 is Windows-1252. NULs and blank lines go, lines end in LF.
pub fn with_csv(path: &str, out: impl Write) -> anyhow::Result<()> {
    let mut file = File::open(path)?;
    let mut head = Vec::new();
    Read::by_ref(&mut file).take(2).read_to_end(&mut head)?;
    file.rewind()?;
    if head == [0xFF, 0xFE] {
        copy(DecodeReaderBytesBuilder::new().build(file), out)
    } else {
        copy(file, out)
    }
}

fn copy(input: impl Read, out: impl Write) -> anyhow::Result<()> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .buffer_capacity(64 * 1024)
        .from_reader(input);
    let mut writer = csv::WriterBuilder::new()
        .flexible(true)
        .buffer_capacity(64 * 1024)
        .from_writer(out);
    let mut record = csv::ByteRecord::new();
    while reader.read_byte_record(&mut record)? {
        if record.len() == 1 && record[0].trim_ascii().is_empty() {
            continue;
        }
        let is_plain = std::str::from_utf8(record.as_slice()).is_ok() && !record.as_slice().contains(&0);
        if is_plain {
            writer.write_byte_record(&record)?;
            continue;
        }
        for field in &record {
            let mut field = field.to_vec();
            field.retain(|byte| *byte != 0);
            match std::str::from_utf8(&field) {
                Ok(text) => writer.write_field(text)?,
                Err(_) => writer.write_field(WINDOWS_1252.decode_without_bom_handling(&field).0.as_bytes())?,
            }
        }
        writer.write_record(None::<&[u8]>)?;
    }
    writer.flush()?;
    Ok(())
}
