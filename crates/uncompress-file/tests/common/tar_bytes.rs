//! Tar archives.

use tar::{Builder, EntryType, Header};

pub fn header(name: &str, kind: EntryType, size: usize) -> Header {
    let mut header = Header::new_ustar();
    header.set_path(name).unwrap();
    header.set_entry_type(kind);
    header.set_size(size as u64);
    header.set_mode(0o644);
    header.set_mtime(1_709_272_800);
    header.set_cksum();
    header
}

/// An archive of plain files.
pub fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = Builder::new(Vec::new());
    for (name, content) in files {
        builder
            .append(&header(name, EntryType::Regular, content.len()), *content)
            .unwrap();
    }
    builder.into_inner().unwrap()
}

/// A header and its content, padded, without the end of the archive.
pub fn entry(header: &Header, content: &[u8]) -> Vec<u8> {
    let mut bytes = header.as_bytes().to_vec();
    bytes.extend(content);
    bytes.resize(bytes.len().next_multiple_of(512), 0);
    bytes
}

pub const END: [u8; 1024] = [0; 1024];
