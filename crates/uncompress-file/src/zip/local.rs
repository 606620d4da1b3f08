//! The header right before a member's data (APPNOTE section 4.3.7), and the descriptor that may follow them (4.3.9).

use std::io;

use rawzip::CompressionMethod;
use rawzip::extra_fields::{ExtraFieldId, ExtraFields};

use super::view::View;

/// How a local header begins.
pub(crate) const LOCAL_HEADER: [u8; 4] = *b"PK\x03\x04";

/// How a data descriptor begins; all tools of today write the signature.
const DESCRIPTOR: [u8; 4] = *b"PK\x07\x08";

/// General purpose bit 3: sizes and checksum follow the data.
const HAS_DESCRIPTOR: u16 = 1 << 3;

/// Bytes of a local header before name and extra fields.
const FIXED: usize = 30;

/// What a local header says.
#[derive(Debug, Clone)]
pub(super) struct LocalHeader {
    pub(super) flags: u16,
    pub(super) method: CompressionMethod,
    pub(super) crc32: u32,
    pub(super) packed_size: u64,
    pub(super) size: u64,
    pub(super) name: Vec<u8>,
    pub(super) unicode_path: Option<Vec<u8>>,
    /// Where the data begin.
    pub(super) data_at: u64,
}

impl LocalHeader {
    /// Where the data of the member begin whose header is at `at`, and its flags. `None` if no header is there.
    pub(super) fn data_of(view: View<'_, '_>, at: u64) -> io::Result<Option<(u64, u16)>> {
        let fixed = view.array_at::<FIXED>(at)?;
        Ok(fixed.as_ref().and_then(Fixed::parse).and_then(|fixed| {
            let header_len = FIXED as u64 + u64::from(fixed.name_len) + u64::from(fixed.extra_len);
            Some((at.checked_add(header_len)?, fixed.flags))
        }))
    }

    /// The header at `at`; `None` if there is none, or only its beginning.
    pub(super) fn read(view: View<'_, '_>, at: u64) -> io::Result<Option<Self>> {
        let Some(fixed) = view.array_at::<FIXED>(at)?.as_ref().and_then(Fixed::parse) else {
            return Ok(None);
        };
        let (name_len, extra_len) = (usize::from(fixed.name_len), usize::from(fixed.extra_len));
        let Some(variable) = view.bytes_at(at.saturating_add(FIXED as u64), name_len + extra_len)? else {
            return Ok(None);
        };
        let (name, extra) = variable.split_at_checked(name_len).unwrap_or_default();
        let mut header = Self {
            flags: fixed.flags,
            method: fixed.method,
            crc32: fixed.crc32,
            packed_size: fixed.packed_size.into(),
            size: fixed.size.into(),
            name: name.to_vec(),
            unicode_path: None,
            data_at: at.saturating_add((FIXED + variable.len()) as u64),
        };
        for (id, field) in ExtraFields::new(extra) {
            match id {
                ExtraFieldId::ZIP64 => header.widen(&fixed, field),
                ExtraFieldId::INFO_ZIP_UNICODE_PATH => header.unicode_path = Some(field.to_vec()),
                _ => {}
            }
        }
        Ok(Some(header))
    }

    /// Sizes that do not fit into 32 bits (APPNOTE section 4.5.3).
    fn widen(&mut self, fixed: &Fixed, field: &[u8]) {
        let mut numbers = field
            .chunks_exact(8)
            .filter_map(|number| number.first_chunk().copied().map(u64::from_le_bytes));
        if fixed.size == u32::MAX {
            self.size = numbers.next().unwrap_or(self.size);
        }
        if fixed.packed_size == u32::MAX {
            self.packed_size = numbers.next().unwrap_or(self.packed_size);
        }
    }

    /// Whether the header leaves the sizes to a descriptor after the data.
    pub(super) const fn leaves_sizes_open(&self) -> bool {
        self.flags & HAS_DESCRIPTOR != 0 && self.packed_size == 0
    }

    /// Completes the header from the descriptor after the data: the first one that gives the very length that lies before
    /// it and is followed by another header. `false` if there is none.
    pub(super) fn read_descriptor(&mut self, view: View<'_, '_>) -> io::Result<bool> {
        const LENGTH: usize = 26;
        let data_at = view.base.saturating_add(self.data_at);
        let found = view.source.find_map(DESCRIPTOR, data_at, LENGTH, |at, bytes| {
            let (crc32, rest) = bytes.get(4..)?.split_first_chunk()?;
            let sizes = [narrow(rest), wide(rest)];
            let fits =
                |packed: u64, behind: &[u8]| packed == at - data_at && (behind.is_empty() || behind.starts_with(b"PK"));
            let (packed, size, _) = sizes
                .into_iter()
                .flatten()
                .find(|(packed, _, behind)| fits(*packed, behind))?;
            Some((u32::from_le_bytes(*crc32), packed, size))
        })?;
        if let Some((crc32, packed_size, size)) = found {
            (self.crc32, self.packed_size, self.size) = (crc32, packed_size, size);
        }
        Ok(found.is_some())
    }
}

/// Packed and unpacked size in 32 bits each, and what follows.
fn narrow(bytes: &[u8]) -> Option<(u64, u64, &[u8])> {
    let (packed, rest) = bytes.split_first_chunk()?;
    let (size, behind) = rest.split_first_chunk()?;
    Some((
        u32::from_le_bytes(*packed).into(),
        u32::from_le_bytes(*size).into(),
        behind,
    ))
}

/// Packed and unpacked size in 64 bits each, and what follows.
fn wide(bytes: &[u8]) -> Option<(u64, u64, &[u8])> {
    let (packed, rest) = bytes.split_first_chunk()?;
    let (size, behind) = rest.split_first_chunk()?;
    Some((u64::from_le_bytes(*packed), u64::from_le_bytes(*size), behind))
}

/// The part of a local header that has a fixed length.
struct Fixed {
    flags: u16,
    method: CompressionMethod,
    crc32: u32,
    packed_size: u32,
    size: u32,
    name_len: u16,
    extra_len: u16,
}

impl Fixed {
    fn parse(bytes: &[u8; FIXED]) -> Option<Self> {
        let u16_at = |at: usize| bytes.get(at..)?.first_chunk().copied().map(u16::from_le_bytes);
        let u32_at = |at: usize| bytes.get(at..)?.first_chunk().copied().map(u32::from_le_bytes);
        if !bytes.starts_with(&LOCAL_HEADER) {
            return None;
        }
        Some(Self {
            flags: u16_at(6)?,
            method: u16_at(8)?.into(),
            crc32: u32_at(14)?,
            packed_size: u32_at(18)?,
            size: u32_at(22)?,
            name_len: u16_at(26)?,
            extra_len: u16_at(28)?,
        })
    }
}
