//! Tar headers (POSIX.1-2017, pax, "ustar Interchange Format").

const BLOCK: usize = 512;

/// Whether `head` begins with a tar header: its magic, or, as tar files before POSIX have none, a checksum
/// that is right and numbers that are numbers.
pub(super) fn is_tar(head: &[u8]) -> bool {
    let Some((block, _)) = head.split_at_checked(BLOCK) else {
        return false;
    };
    let magic = block.get(257..263).unwrap_or_default();
    magic == b"ustar\0" || magic == b"ustar " || is_old_header(block)
}

fn is_old_header(block: &[u8]) -> bool {
    let field = |at: usize, length: usize| block.get(at..at + length).unwrap_or_default();
    let sum_of_rest = block.iter().map(|byte| u32::from(*byte)).sum::<u32>();
    let sum_of_field = field(148, 8).iter().map(|byte| u32::from(*byte)).sum::<u32>();
    let has_name = block.first().is_some_and(|byte| !matches!(byte, 0 | b'\n' | b'\r'));
    // Mode, owner and group; an archiver may leave them empty, but puts no other characters there.
    let has_numbers = [(100, 8), (108, 8), (116, 8), (136, 12)]
        .iter()
        .all(|(at, length)| field(*at, *length).iter().all(|byte| is_octal(*byte)));
    // The checksum counts its own field as eight spaces.
    has_name && has_numbers && octal(field(148, 8)) == Some(sum_of_rest - sum_of_field + 8 * 32)
}

fn octal(field: &[u8]) -> Option<u32> {
    let text = std::str::from_utf8(field).ok()?;
    u32::from_str_radix(text.trim_matches(['\0', ' ']), 8).ok()
}

const fn is_octal(byte: u8) -> bool {
    matches!(byte, b'0'..=b'7' | b' ' | 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn old_header(name: &str) -> Vec<u8> {
        let mut block = vec![0; BLOCK];
        block[..name.len()].copy_from_slice(name.as_bytes());
        for (at, value) in [(100, "0000644\0"), (108, "0001750\0"), (116, "0001750\0")] {
            block[at..at + 8].copy_from_slice(value.as_bytes());
        }
        block[124..136].copy_from_slice(b"00000000017\0");
        block[136..148].copy_from_slice(b"14370560000\0");
        block[148..156].fill(b' ');
        let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
        block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        block
    }

    #[test]
    fn a_header_from_before_posix_is_told_by_its_checksum() {
        let mut block = old_header("hh data.csv");
        assert!(is_tar(&block));
        block[0] = b'H';
        assert!(!is_tar(&block));
    }

    #[test]
    fn the_magic_suffices() {
        let mut block = vec![b'x'; BLOCK];
        block[257..263].copy_from_slice(b"ustar ");
        assert!(is_tar(&block));
        assert!(!is_tar(&block[..511]));
    }

    #[test]
    fn nothing_but_nuls_is_no_header() {
        assert!(!is_tar(&[0; 1024]));
    }
}
