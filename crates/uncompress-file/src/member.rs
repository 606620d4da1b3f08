//! A member of an archive, and which entries are none.

use pipeline_core::SafePath;

use crate::names;

/// A file in an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its place among the archive's entries, counted from 1. Two members of one name differ in it.
    pub number: u64,
    /// Its path as the sender wrote it, cut if it is longer than any file system allows.
    pub name: String,
    /// Its path, made safe.
    pub path: SafePath,
}

/// Receipts keep the names of all members, so a stranger's must not be as long as he likes.
const MAX_NAME_BYTES: usize = 1024;

impl Member {
    /// A member by the name that the archive gives it; a name of which nothing is left becomes `member-<number>`.
    pub(crate) fn new(number: u64, name: &str) -> Option<Self> {
        let path = SafePath::from_path(name).or_else(|| SafePath::from_file_name(&format!("member-{number}")))?;
        Some(Self {
            number,
            name: names::cut(name, MAX_NAME_BYTES),
            path,
        })
    }
}

/// The folder in which the archiver of macOS keeps resource forks.
const MAC_FOLDER: &str = "__MACOSX";

/// Whether a name is that of a file that Mac OS or Windows made for itself: not worth a word.
pub(crate) fn is_system_file(name: &str) -> bool {
    let mut parts = name.split(['/', '\\']).filter(|part| !part.is_empty());
    let file = parts.next_back().unwrap_or_default();
    file == MAC_FOLDER
        || parts.any(|folder| folder == MAC_FOLDER)
        || file == ".DS_Store"
        || file.eq_ignore_ascii_case("thumbs.db")
}

/// Whether a name may be that of an AppleDouble file, the resource fork that tar on a Mac puts beside a file. Its content
/// has to begin with [`APPLE_DOUBLE`], too.
pub(crate) fn may_be_apple_double(name: &str) -> bool {
    name.rsplit(['/', '\\'])
        .next()
        .is_some_and(|file| file.starts_with("._"))
}

/// How AppleDouble files begin (RFC 1740 appendix B).
pub(crate) const APPLE_DOUBLE: [u8; 4] = [0x00, 0x05, 0x16, 0x07];

/// Whether a name says that it is a folder's. Tools on Windows write backslashes.
pub(crate) fn is_folder_name(name: &[u8]) -> bool {
    matches!(name.last(), Some(b'/' | b'\\'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_systems_make_for_themselves_is_no_member() {
        for name in [
            "__MACOSX/._HH_Consumption.csv",
            "export/__MACOSX/2024/._x",
            "__MACOSX",
            ".DS_Store",
            "2024/.DS_Store",
            "2024\\Thumbs.db",
            "thumbs.db",
        ] {
            assert!(is_system_file(name), "{name}");
        }
        for name in [
            "HH_Consumption.csv",
            "MACOSX/x.csv",
            "my__MACOSX/x.csv",
            "DS_Store",
            "Thumbs.db.csv",
            "",
            "/",
        ] {
            assert!(!is_system_file(name), "{name}");
        }
    }

    #[test]
    fn a_name_of_which_nothing_is_left_is_numbered() {
        assert_eq!(Member::new(3, "../..").unwrap().path.as_str(), "member-3");
        assert_eq!(Member::new(1, "").unwrap().path.as_str(), "member-1");
        assert_eq!(Member::new(1, "2024\\HH.csv").unwrap().path.as_str(), "2024/HH.csv");
    }
}
