//! Small archives and OLE2 files, built byte by byte so that tests can break any part of them.

pub(crate) const LOCAL: u32 = 0x0403_4b50;

/// A stored member: its name, its bytes.
pub(crate) type Member<'a> = (&'a str, &'a [u8]);

/// A zip of stored members, with `prefix` in front of it that no offset counts.
pub(crate) fn zip(members: &[Member<'_>], prefix: &[u8], comment: &[u8]) -> Vec<u8> {
    let (mut body, mut directory) = (Vec::new(), Vec::new());
    for (name, data) in members {
        let offset = body.len() as u32;
        body.extend(local_header(name, data.len() as u32));
        body.extend(*data);
        directory.extend(0x0201_4b50_u32.to_le_bytes());
        directory.extend([20, 0, 20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        directory.extend((data.len() as u32).to_le_bytes());
        directory.extend((data.len() as u32).to_le_bytes());
        directory.extend((name.len() as u16).to_le_bytes());
        directory.extend([0; 12]);
        directory.extend(offset.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let end = end_record(members.len() as u16, directory.len() as u32, body.len() as u32, comment);
    [prefix, &body, &directory, &end].concat()
}

pub(crate) fn local_header(name: &str, size: u32) -> Vec<u8> {
    let mut header = LOCAL.to_le_bytes().to_vec();
    header.extend([20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    header.extend(size.to_le_bytes());
    header.extend(size.to_le_bytes());
    header.extend((name.len() as u16).to_le_bytes());
    header.extend([0; 2]);
    header.extend(name.as_bytes());
    header
}

pub(crate) fn end_record(entries: u16, length: u32, offset: u32, comment: &[u8]) -> Vec<u8> {
    let mut end = b"PK\x05\x06\0\0\0\0".to_vec();
    end.extend(entries.to_le_bytes());
    end.extend(entries.to_le_bytes());
    end.extend(length.to_le_bytes());
    end.extend(offset.to_le_bytes());
    end.extend((comment.len() as u16).to_le_bytes());
    end.extend(comment);
    end
}

const NONE: u32 = 0xffff_ffff;
const END_OF_CHAIN: u32 = 0xffff_fffe;

/// An OLE2 file whose root holds `streams` and, if named, one storage that holds `inner`.
pub(crate) fn ole(streams: &[&str], storage: Option<(&str, &[&str])>) -> Vec<u8> {
    let count = streams.len() as u32;
    let mut entries = vec![entry("Root Entry", 5, NONE, if count > 0 { 1 } else { NONE })];
    for (index, name) in streams.iter().enumerate() {
        let is_last = index as u32 + 1 == count && storage.is_none();
        entries.push(entry(name, 2, if is_last { NONE } else { index as u32 + 2 }, NONE));
    }
    if let Some((name, inner)) = storage {
        entries.push(entry(name, 1, NONE, count + 2));
        for (index, name) in inner.iter().enumerate() {
            let is_last = index + 1 == inner.len();
            let next = if is_last { NONE } else { count + 3 + index as u32 };
            entries.push(entry(name, 2, next, NONE));
        }
    }
    entries.resize(entries.len().next_multiple_of(4), vec![0; 128]);
    // Sector 0 is the allocation table; the directory goes backwards, so that only the chain finds it.
    let sectors = (entries.len() / 4) as u32;
    let mut table = vec![NONE; 128];
    table[0] = 0xffff_fffd;
    for sector in 1..=sectors {
        table[sector as usize] = if sector == 1 { END_OF_CHAIN } else { sector - 1 };
    }
    let mut file = ole_header(sectors);
    file.extend(table.iter().flat_map(|link| link.to_le_bytes()));
    let parts: Vec<Vec<u8>> = entries.chunks(4).map(<[Vec<u8>]>::concat).collect();
    file.extend(parts.into_iter().rev().flatten());
    file
}

fn ole_header(first_directory_sector: u32) -> Vec<u8> {
    let mut header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".to_vec();
    header.resize(512, 0xff);
    header[24..34].copy_from_slice(&[0x3e, 0, 3, 0, 0xfe, 0xff, 9, 0, 6, 0]);
    header[44..48].copy_from_slice(&1_u32.to_le_bytes());
    header[48..52].copy_from_slice(&first_directory_sector.to_le_bytes());
    header[68..72].copy_from_slice(&END_OF_CHAIN.to_le_bytes());
    header[76..80].copy_from_slice(&0_u32.to_le_bytes());
    header
}

fn entry(name: &str, kind: u8, right: u32, child: u32) -> Vec<u8> {
    let mut entry: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let length = entry.len() as u16 + 2;
    entry.resize(128, 0);
    entry[64..66].copy_from_slice(&length.to_le_bytes());
    entry[66] = kind;
    entry[68..72].copy_from_slice(&NONE.to_le_bytes());
    entry[72..76].copy_from_slice(&right.to_le_bytes());
    entry[76..80].copy_from_slice(&child.to_le_bytes());
    entry
}
