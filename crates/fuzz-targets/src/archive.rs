//! Archives.

use std::collections::HashSet;
use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use pipeline_core::SafePath;
use uncompress_file::Member;

use crate::limits;

/// The members of an archive, if anything of it can be used.
type Members = Option<Vec<(Member, Vec<u8>)>>;

/// A zip, gzip or tar; a second time as a tar whose checksums are put right, and that tar in a gzip.
///
/// # Panics
/// If a member could leave its folder or take another's place, if there is more than the limits allow, or if a gzip
/// changes what is in a tar.
pub(crate) fn archive(bytes: &[u8]) {
    members(bytes, "march.zip");
    let Some(tar) = mended_tar(bytes) else { return };
    let plain = members(&tar, "march.tar");
    let zipped = members(&gzip(&tar), "march.tar.gz");
    if let (Some(plain), Some(zipped)) = (plain, zipped) {
        let is_tar = zipped.first().is_none_or(|(member, _)| member.name != "march.tar");
        assert!(!is_tar || plain == zipped, "a tar in a gzip has other members");
    }
}

fn members(bytes: &[u8], name: &str) -> Members {
    let limits = limits();
    let (members, bad) = uncompress_file::unpack_bytes(bytes, name, &limits).ok()?;
    assert!(members.len() as u64 <= limits.members, "there are too many members");
    // The archive itself may be bad as well.
    assert!(bad.len() as u64 <= limits.members + 1, "there are too many bad parts");
    let mut places = HashSet::new();
    let mut all = 0;
    for (member, content) in &members {
        assert!(places.insert(member.number), "two members are number {}", member.number);
        assert_eq!(
            SafePath::from_path(member.path.as_str()).as_ref(),
            Some(&member.path),
            "it is not safe"
        );
        assert!(content.len() as u64 <= limits.member_bytes, "a member is too large");
        all += content.len() as u64;
    }
    assert!(all <= limits.unpacked_bytes, "the members are too large");
    Some(members)
}

/// What may be a tar, with the right checksum in each header.
fn mended_tar(bytes: &[u8]) -> Option<Vec<u8>> {
    const BLOCK: usize = 512;
    if bytes.len() < BLOCK || bytes.starts_with(b"PK") || bytes.starts_with(b"\x1f\x8b") {
        return None;
    }
    let mut tar = bytes.to_vec();
    let mut rest = tar.as_mut_slice();
    while let Some((block, behind)) = rest.split_at_mut_checked(BLOCK) {
        let mut header = tar::Header::new_old();
        header.as_mut_bytes().copy_from_slice(block);
        header.set_cksum();
        if block.iter().any(|byte| *byte != 0) {
            block.copy_from_slice(header.as_bytes());
        }
        let size = header.entry_size().unwrap_or(0).min(behind.len() as u64) as usize;
        let next = size.next_multiple_of(BLOCK).min(behind.len());
        rest = behind.get_mut(next..).unwrap_or_default();
    }
    Some(tar)
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::none());
    // Memory takes whatever is written.
    let _ = gzip.write_all(bytes);
    gzip.finish().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_header_of_a_tar_is_a_header_again() {
        let mut tar = include_bytes!("../../../fuzz/corpus/archive/gnu.tar").to_vec();
        let whole = members(&tar, "march.tar").unwrap();
        for block in tar.chunks_mut(512).filter(|block| block[257..].starts_with(b"ustar")) {
            block[0] ^= 1;
        }
        assert_eq!(members(&tar, "march.tar"), None);
        let mended = members(&mended_tar(&tar).unwrap(), "march.tar").unwrap();
        assert_eq!(mended.len(), whole.len());
    }
}
