//! Zip archives with every field at hand (PKWARE APPNOTE section 4.3).

use std::io::Write;

pub const STORE: u16 = 0;
pub const DEFLATE: u16 = 8;
pub const DEFLATE64: u16 = 9;
pub const BZIP2: u16 = 12;
pub const LZMA: u16 = 14;
pub const ZSTD: u16 = 93;
pub const METHODS: [u16; 6] = [STORE, DEFLATE, DEFLATE64, BZIP2, LZMA, ZSTD];

/// One entry, honest unless told otherwise.
#[derive(Clone)]
pub struct Item {
    pub name: Vec<u8>,
    pub content: Vec<u8>,
    pub method: u16,
    pub flags: u16,
    pub extra: Vec<u8>,
    pub attributes: u32,
    pub made_by: u16,
    /// Sizes and checksum follow the data.
    pub has_descriptor: bool,
    /// Sizes and offset are in the zip64 field.
    pub is_zip64: bool,
    pub crc32: Option<u32>,
    pub declared_size: Option<u32>,
    pub packed: Option<Vec<u8>>,
}

impl std::fmt::Debug for Item {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = String::from_utf8_lossy(&self.name);
        let (method, size) = (self.method, self.content.len());
        write!(f, "{name:?}: {size} bytes, method {method}, ")?;
        write!(f, "descriptor {}, zip64 {}", self.has_descriptor, self.is_zip64)
    }
}

impl Item {
    pub fn new(name: impl AsRef<[u8]>, content: &[u8]) -> Self {
        Self {
            name: name.as_ref().to_vec(),
            content: content.to_vec(),
            method: DEFLATE,
            flags: 0,
            extra: Vec::new(),
            attributes: 0,
            made_by: 20,
            has_descriptor: false,
            is_zip64: false,
            crc32: None,
            declared_size: None,
            packed: None,
        }
    }

    pub fn stored(name: impl AsRef<[u8]>, content: &[u8]) -> Self {
        Self {
            method: STORE,
            ..Self::new(name, content)
        }
    }
}

pub fn pack(method: u16, content: &[u8]) -> Vec<u8> {
    match method {
        STORE => content.to_vec(),
        DEFLATE => deflate(content, flate2::Compression::best()),
        // Blocks that are stored are the same in both formats.
        DEFLATE64 => deflate(content, flate2::Compression::none()),
        BZIP2 => {
            let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
            encoder.write_all(content).unwrap();
            encoder.finish().unwrap()
        }
        LZMA => {
            let mut options = lzma_rust2::LzmaOptions::with_preset(1);
            options.dict_size = 1 << 16;
            let mut packed = vec![9, 20, 5, 0, options.get_props()];
            packed.extend(options.dict_size.to_le_bytes());
            let mut encoder = lzma_rust2::LzmaWriter::new_no_header(packed, &options, true).unwrap();
            encoder.write_all(content).unwrap();
            encoder.finish().unwrap()
        }
        ZSTD => zstd::encode_all(content, 1).unwrap(),
        _ => content.to_vec(),
    }
}

fn deflate(content: &[u8], level: flate2::Compression) -> Vec<u8> {
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), level);
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

/// How the archive ends.
#[derive(Debug, Clone, Copy, Default)]
pub struct End<'a> {
    /// Bytes before the archive, which its offsets do not count.
    pub prefix: &'a [u8],
    pub comment: &'a [u8],
    /// Whether there is a zip64 end record.
    pub is_zip64: bool,
    /// How many entries it claims to have.
    pub count: Option<u64>,
}

pub fn zip(items: &[Item]) -> Vec<u8> {
    zip_with(items, End::default())
}

pub fn zip_with(items: &[Item], end: End<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut directory = Vec::new();
    for item in items {
        let header_at = bytes.len() as u64;
        let packed = item.packed.clone().unwrap_or_else(|| pack(item.method, &item.content));
        let crc32 = item.crc32.unwrap_or_else(|| rawzip::crc32(&item.content));
        let size = item.declared_size.unwrap_or(item.content.len() as u32);
        let flags = item.flags | u16::from(item.has_descriptor) << 3;
        let fields = Fields {
            item,
            flags,
            crc32,
            size,
            packed: packed.len() as u32,
            header_at,
        };
        fields.local(&mut bytes);
        bytes.extend(&packed);
        if item.has_descriptor {
            bytes.extend(b"PK\x07\x08");
            bytes.extend(crc32.to_le_bytes());
            if item.is_zip64 {
                bytes.extend((packed.len() as u64).to_le_bytes());
                bytes.extend(u64::from(size).to_le_bytes());
            } else {
                bytes.extend((packed.len() as u32).to_le_bytes());
                bytes.extend(size.to_le_bytes());
            }
        }
        fields.central(&mut directory);
    }
    let (offset, length) = (bytes.len() as u64, directory.len() as u64);
    bytes.extend(directory);
    let count = end.count.unwrap_or(items.len() as u64);
    if end.is_zip64 {
        let record_at = bytes.len() as u64;
        bytes.extend(b"PK\x06\x06");
        bytes.extend(44_u64.to_le_bytes());
        bytes.extend([45, 0, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        for number in [count, count, length, offset] {
            bytes.extend(number.to_le_bytes());
        }
        bytes.extend(b"PK\x06\x07\0\0\0\0");
        bytes.extend(record_at.to_le_bytes());
        bytes.extend(1_u32.to_le_bytes());
    }
    let narrow = |number: u64| if end.is_zip64 { u32::MAX } else { number as u32 };
    bytes.extend(b"PK\x05\x06\0\0\0\0");
    bytes.extend((narrow(count) as u16).to_le_bytes());
    bytes.extend((narrow(count) as u16).to_le_bytes());
    bytes.extend(narrow(length).to_le_bytes());
    bytes.extend(narrow(offset).to_le_bytes());
    bytes.extend((end.comment.len() as u16).to_le_bytes());
    bytes.extend(end.comment);
    [end.prefix, &bytes].concat()
}

struct Fields<'a> {
    item: &'a Item,
    flags: u16,
    crc32: u32,
    size: u32,
    packed: u32,
    header_at: u64,
}

impl Fields<'_> {
    fn local(&self, bytes: &mut Vec<u8>) {
        let open = self.item.has_descriptor;
        let (crc32, packed, size) = if open {
            (0, 0, 0)
        } else {
            (self.crc32, self.packed, self.size)
        };
        let mut extra = self.item.extra.clone();
        if self.item.is_zip64 {
            extra.extend([1, 0, 16, 0]);
            extra.extend(u64::from(size).to_le_bytes());
            extra.extend(u64::from(packed).to_le_bytes());
        }
        let narrow = |number: u32| if self.item.is_zip64 && !open { u32::MAX } else { number };
        bytes.extend(b"PK\x03\x04");
        self.common(bytes, crc32, narrow(packed), narrow(size), extra.len());
        bytes.extend(&self.item.name);
        bytes.extend(extra);
    }

    fn central(&self, bytes: &mut Vec<u8>) {
        let mut extra = self.item.extra.clone();
        if self.item.is_zip64 {
            extra.extend([1, 0, 24, 0]);
            extra.extend(u64::from(self.size).to_le_bytes());
            extra.extend(u64::from(self.packed).to_le_bytes());
            extra.extend(self.header_at.to_le_bytes());
        }
        let narrow = |number: u32| if self.item.is_zip64 { u32::MAX } else { number };
        bytes.extend(b"PK\x01\x02");
        bytes.extend(self.item.made_by.to_le_bytes());
        self.common(bytes, self.crc32, narrow(self.packed), narrow(self.size), extra.len());
        // No comment, disk 0, no internal attributes.
        bytes.extend([0; 6]);
        bytes.extend(self.item.attributes.to_le_bytes());
        bytes.extend(narrow(self.header_at as u32).to_le_bytes());
        bytes.extend(&self.item.name);
        bytes.extend(extra);
    }

    fn common(&self, bytes: &mut Vec<u8>, crc32: u32, packed: u32, size: u32, extra_len: usize) {
        bytes.extend(20_u16.to_le_bytes());
        bytes.extend(self.flags.to_le_bytes());
        bytes.extend(self.item.method.to_le_bytes());
        // 1 March 2024, 06:00.
        bytes.extend([0x00, 0x30, 0x61, 0x58]);
        for number in [crc32, packed, size] {
            bytes.extend(number.to_le_bytes());
        }
        bytes.extend((self.item.name.len() as u16).to_le_bytes());
        bytes.extend((extra_len as u16).to_le_bytes());
    }
}

/// Where the entry's local header begins whose name is `name`.
pub fn header_of(archive: &[u8], name: &str) -> usize {
    find(archive, name.as_bytes(), 0) - 30
}

/// Where `needle` begins, at or after `from`.
pub fn find(bytes: &[u8], needle: &[u8], from: usize) -> usize {
    from + bytes[from..]
        .windows(needle.len())
        .position(|window| window == needle)
        .unwrap()
}
