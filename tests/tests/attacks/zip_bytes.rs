//! Zip archives with every field at hand (PKWARE APPNOTE section 4.3), written as they grow.

use std::io::{self, Write};

use crate::deflated::Deflated;

/// What a header says of a member; honest unless changed.
#[derive(Clone, Default)]
pub(crate) struct Header {
    pub(crate) name: Vec<u8>,
    pub(crate) method: u16,
    pub(crate) flags: u16,
    pub(crate) crc32: u32,
    pub(crate) packed: u64,
    pub(crate) size: u64,
    pub(crate) extra: Vec<u8>,
    /// Unix mode.
    pub(crate) mode: u32,
    /// Where the local header is said to be, if not where it is.
    pub(crate) header_at: Option<u64>,
}

impl Header {
    pub(crate) fn of(name: impl AsRef<[u8]>, content: &Deflated) -> Self {
        Self {
            name: name.as_ref().to_vec(),
            method: 8,
            crc32: content.crc32,
            packed: content.packed_size(),
            size: content.size,
            ..Self::default()
        }
    }

    /// The fields that both headers have, and the extra field with what does not fit.
    fn common(&self, bytes: &mut Vec<u8>, header_at: Option<u64>) -> Vec<u8> {
        let mut wide = Vec::new();
        let mut narrow = |number: u64| {
            u32::try_from(number)
                .ok()
                .filter(|number| *number < u32::MAX)
                .unwrap_or_else(|| {
                    wide.extend(number.to_le_bytes());
                    u32::MAX
                })
        };
        let (size, packed) = (narrow(self.size), narrow(self.packed));
        let header_at = header_at.map(&mut narrow);
        let mut extra = self.extra.clone();
        if !wide.is_empty() {
            extra.extend([1, 0]);
            extra.extend((wide.len() as u16).to_le_bytes());
            extra.extend(wide);
        }
        bytes.extend(45_u16.to_le_bytes());
        bytes.extend(self.flags.to_le_bytes());
        bytes.extend(self.method.to_le_bytes());
        bytes.extend([0x00, 0x30, 0x61, 0x58]);
        for number in [self.crc32, packed, size] {
            bytes.extend(number.to_le_bytes());
        }
        bytes.extend((self.name.len() as u16).to_le_bytes());
        bytes.extend((extra.len() as u16).to_le_bytes());
        if let Some(header_at) = header_at {
            bytes.extend([0; 6]);
            bytes.extend((self.mode << 16).to_le_bytes());
            bytes.extend(header_at.to_le_bytes());
        }
        bytes.extend(&self.name);
        extra
    }

    pub(crate) fn local(&self) -> Vec<u8> {
        let mut bytes = b"PK\x03\x04".to_vec();
        let extra = self.common(&mut bytes, None);
        bytes.extend(extra);
        bytes
    }

    pub(crate) fn central(&self, header_at: u64) -> Vec<u8> {
        let mut bytes = b"PK\x01\x02\x2d\x03".to_vec();
        let extra = self.common(&mut bytes, Some(self.header_at.unwrap_or(header_at)));
        bytes.extend(extra);
        bytes
    }
}

/// How an archive ends; honest unless changed.
#[derive(Clone, Default)]
pub(crate) struct End {
    pub(crate) comment: Vec<u8>,
    pub(crate) count: Option<u64>,
    pub(crate) directory_at: Option<u64>,
    pub(crate) directory_size: Option<u64>,
    pub(crate) is_zip64: bool,
}

impl End {
    pub(crate) fn bytes(&self, count: u64, at: u64, size: u64) -> Vec<u8> {
        let count = self.count.unwrap_or(count);
        let directory_at = self.directory_at.unwrap_or(at);
        let directory_size = self.directory_size.unwrap_or(size);
        let is_zip64 = self.is_zip64 || count > 0xFFFE || directory_at > 0xFFFF_FFFE;
        let mut bytes = Vec::new();
        if is_zip64 {
            bytes.extend(b"PK\x06\x06");
            bytes.extend(44_u64.to_le_bytes());
            bytes.extend([45, 0, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
            for number in [count, count, directory_size, directory_at] {
                bytes.extend(number.to_le_bytes());
            }
            bytes.extend(b"PK\x06\x07\0\0\0\0");
            bytes.extend((at + size).to_le_bytes());
            bytes.extend(1_u32.to_le_bytes());
        }
        let narrow = |number: u64| if is_zip64 { u32::MAX } else { number as u32 };
        bytes.extend(b"PK\x05\x06\0\0\0\0");
        bytes.extend((narrow(count) as u16).to_le_bytes());
        bytes.extend((narrow(count) as u16).to_le_bytes());
        bytes.extend(narrow(directory_size).to_le_bytes());
        bytes.extend(narrow(directory_at).to_le_bytes());
        bytes.extend((self.comment.len() as u16).to_le_bytes());
        bytes.extend(&self.comment);
        bytes
    }
}

/// An archive that is being written.
pub(crate) struct Zip<'w> {
    out: &'w mut dyn Write,
    at: u64,
    directory: Vec<u8>,
    count: u64,
}

impl<'w> Zip<'w> {
    pub(crate) fn new(out: &'w mut dyn Write) -> Self {
        Self {
            out,
            at: 0,
            directory: Vec::new(),
            count: 0,
        }
    }

    /// An honest member.
    pub(crate) fn add(&mut self, name: impl AsRef<[u8]>, content: &Deflated) -> io::Result<()> {
        let header = Header::of(name, content);
        self.add_as(&header, &header, content)
    }

    /// A member whose headers say anything.
    pub(crate) fn add_as(&mut self, local: &Header, central: &Header, content: &Deflated) -> io::Result<()> {
        self.list(central);
        let local = local.local();
        self.out.write_all(&local)?;
        content.write(self.out)?;
        self.at += local.len() as u64 + content.packed_size();
        Ok(())
    }

    /// An entry of the list alone; without a place of its own it has that of the next member.
    pub(crate) fn list(&mut self, central: &Header) {
        self.directory.extend(central.central(self.at));
        self.count += 1;
    }

    /// Bytes that belong to no member.
    pub(crate) fn raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.at += bytes.len() as u64;
        self.out.write_all(bytes)
    }

    pub(crate) fn finish(self, end: &End) -> io::Result<()> {
        self.out.write_all(&self.directory)?;
        self.out
            .write_all(&end.bytes(self.count, self.at, self.directory.len() as u64))
    }
}

/// An archive in memory.
pub(crate) fn zip(write: impl FnOnce(&mut Zip<'_>) -> io::Result<()>) -> Vec<u8> {
    zip_ending(&End::default(), write)
}

/// An archive in memory that ends as told.
pub(crate) fn zip_ending(end: &End, write: impl FnOnce(&mut Zip<'_>) -> io::Result<()>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut archive = Zip::new(&mut bytes);
    write(&mut archive).unwrap();
    archive.finish(end).unwrap();
    bytes
}

/// An honest archive of these members.
pub(crate) fn zip_of(members: &[(&str, &[u8])]) -> Vec<u8> {
    zip(|archive| {
        members
            .iter()
            .try_for_each(|(name, content)| archive.add(name, &Deflated::of(content)))
    })
}
