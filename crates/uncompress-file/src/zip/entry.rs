//! One entry of a zip, wherever its description was found.

use rawzip::{CompressionMethod, ZipFileHeaderRecord, extra_fields::ExtraFieldId};

use super::local::LocalHeader;
use crate::member;
use crate::names;

/// What an archive says about one entry. None of it is trusted before the content has been unpacked.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// Its place in the list, counted from 1.
    pub(super) number: u64,
    /// Its path as the sender wrote it.
    pub(super) name: String,
    /// Whether it holds a file: no folder, no symbolic link.
    pub(super) is_file: bool,
    pub(super) is_encrypted: bool,
    pub(super) method: CompressionMethod,
    /// CRC-32 of the content.
    pub(super) crc32: u32,
    /// Bytes of the content.
    pub(super) size: u64,
    /// Bytes in the archive.
    pub(super) packed_size: u64,
    /// Where its local header is.
    pub(super) header_at: u64,
}

/// General purpose bits 0, 6 and 13 (APPNOTE section 4.4.4): encrypted, strongly, with its description masked.
const ENCRYPTED_BITS: u16 = 1 | 1 << 6 | 1 << 13;

pub(super) fn is_encrypted(flags: u16, method: CompressionMethod) -> bool {
    flags & ENCRYPTED_BITS != 0 || method == CompressionMethod::AES
}

impl Entry {
    pub(super) fn of_record(number: u64, record: &ZipFileHeaderRecord<'_>) -> Self {
        let raw = record.file_path();
        let unicode_path = record
            .extra_fields()
            .find_map(|(id, field)| (id == ExtraFieldId::INFO_ZIP_UNICODE_PATH).then_some(field));
        let mode = record.mode();
        let is_empty = record.uncompressed_size_hint() == 0;
        let is_folder = is_empty && (member::is_folder_name(raw.as_bytes()) || mode.value() & FILE_TYPE == FOLDER);
        Self {
            number,
            name: names::of_zip(raw.as_bytes(), unicode_path),
            is_file: !is_folder && !mode.is_symlink(),
            is_encrypted: is_encrypted(record.flags().bits(), record.compression_method()),
            method: record.compression_method(),
            crc32: record.crc32(),
            size: record.uncompressed_size_hint(),
            packed_size: record.compressed_size_hint(),
            header_at: record.local_header_offset(),
        }
    }

    /// An entry of which only the local header is known, which does not tell links from files.
    pub(super) fn of_header(number: u64, header: &LocalHeader, header_at: u64) -> Self {
        Self {
            number,
            name: names::of_zip(&header.name, header.unicode_path.as_deref()),
            is_file: header.size != 0 || !member::is_folder_name(&header.name),
            is_encrypted: is_encrypted(header.flags, header.method),
            method: header.method,
            crc32: header.crc32,
            size: header.size,
            packed_size: header.packed_size,
            header_at,
        }
    }

    /// Whether it is one that is unpacked.
    pub(super) fn is_wanted(&self) -> bool {
        self.is_file && !member::is_system_file(&self.name)
    }
}

/// The bits of a Unix mode that tell the type, and their value for a folder (POSIX `sys/stat.h`).
const FILE_TYPE: u32 = 0o170_000;
const FOLDER: u32 = 0o040_000;
