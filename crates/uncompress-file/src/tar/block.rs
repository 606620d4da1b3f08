//! Blocks of 512 bytes, and which of them are headers.

use tar::Header;

/// Bytes of a block.
pub(crate) const BLOCK: usize = 512;

/// Whether an archive that begins with these bytes is a tar. Nothing but zeros is an empty one if it is called a tar.
pub(crate) fn is_tar(head: &[u8], name: &str) -> bool {
    let Some(block) = head.first_chunk::<BLOCK>() else {
        return head.is_empty() && is_tar_name(name);
    };
    has_magic(block) || header(block).is_some() || (is_zero(block) && is_tar_name(name))
}

fn is_tar_name(name: &str) -> bool {
    name.rsplit_once('.')
        .is_some_and(|(_, extension)| extension.eq_ignore_ascii_case("tar"))
}

/// `ustar`, which POSIX and GNU write at byte 257.
pub(super) fn has_magic(block: &[u8; BLOCK]) -> bool {
    block.get(257..262).is_some_and(|magic| magic == b"ustar")
}

/// The block as a header, if its checksum is right: the sum of its bytes, the checksum itself counted as blanks. Some old
/// systems took the bytes for signed.
pub(super) fn header(block: &[u8; BLOCK]) -> Option<&Header> {
    if is_zero(block) {
        return None;
    }
    let header = Header::from_byte_slice(block);
    let declared = i64::from(header.cksum().ok()?);
    let (mut unsigned, mut signed) = (0_i64, 0_i64);
    for (at, byte) in block.iter().enumerate() {
        let byte = if (148..156).contains(&at) { b' ' } else { *byte };
        unsigned += i64::from(byte);
        signed += i64::from(byte.cast_signed());
    }
    (declared == unsigned || declared == signed).then_some(header)
}

/// Two such blocks end an archive.
pub(super) fn is_zero(block: &[u8]) -> bool {
    block.iter().all(|byte| *byte == 0)
}
