//! Object key ↔ path below the bucket's folder, both ways without loss.
//!
//! A key is its own path wherever it can be: `sheffield/import.csv` is the file `sheffield/import.csv`.
//! S3 however allows any sequence of Unicode characters up to 1,024 bytes of UTF-8
//! ([object keys](https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html)), which a Unix file
//! system does not. A key is cut at its slashes into parts, and each part that cannot be a name is escaped:
//!
//! | part | name on disk |
//! |---|---|
//! | plain | itself |
//! | empty (`a//b`, `a/`, `/a`), `.`, `..`, contains NUL, starts with `%` | `%` + the part, in which `%` is `%25` and NUL is `%00` |
//! | longer than a name can be | folders `%%more-<piece>`, then `%<last piece>` |
//! | last part of a key whose place is taken by a folder | `%%file-<part>` |
//!
//! The last row is for S3's having both `a` and `a/b`: the folder keeps the plain name, and the file steps
//! aside ("is displaced"). Which of its two paths an object has is seen on disk, not in the key; both lead back
//! to the same key.
//!
//! A name that no key gives (`%abc`, which would be the plain `abc`) belongs to no object.

use std::path::PathBuf;

/// The longest key, in bytes.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html>
pub const MAX_KEY_BYTES: usize = 1024;

/// `NAME_MAX` of Linux and of the file systems of macOS.
const MAX_NAME_BYTES: usize = 255;

const MARK: char = '%';
const MORE: &str = "%%more-";
const FILE: &str = "%%file-";

/// What fits beside the longest of the prefixes.
const MAX_PIECE_BYTES: usize = MAX_NAME_BYTES - MORE.len();

/// What one name on disk says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Name {
    /// A part of a key, or the last piece of one.
    Part(String),
    /// The last part of the key of a file that stepped aside for a folder.
    Displaced(String),
    /// A piece of a long part; the rest is inside this folder.
    More(String),
}

/// The path of an object whose name is not taken by a folder.
pub(crate) fn plain_path(key: &str) -> PathBuf {
    path(key, false)
}

/// The path of an object whose plain name is taken by a folder.
pub(crate) fn displaced_path(key: &str) -> PathBuf {
    path(key, true)
}

fn path(key: &str, displaced: bool) -> PathBuf {
    let (folders, file) = folders_and_file(key);
    folders
        .flat_map(|part| names_of_part(part, false))
        .chain(names_of_part(file, displaced))
        .collect()
}

/// The parts of a key that become folders, and the one that becomes the file.
pub(crate) fn folders_and_file(key: &str) -> (impl Iterator<Item = &str>, &str) {
    let (folders, file) = match key.rsplit_once('/') {
        Some((folders, file)) => (Some(folders), file),
        None => (None, key),
    };
    (folders.into_iter().flat_map(|folders| folders.split('/')), file)
}

/// The names, outermost first, that one part of a key has on disk: one, or several for a long part.
pub(crate) fn names_of_part(part: &str, displaced: bool) -> Vec<String> {
    if !displaced && is_plain(part) {
        return vec![part.to_owned()];
    }
    let mut names = Vec::new();
    let mut piece = String::new();
    for character in part.chars() {
        let mut plain = [0; 4];
        let escaped = match character {
            MARK => "%25",
            '\0' => "%00",
            _ => character.encode_utf8(&mut plain),
        };
        if piece.len() + escaped.len() > MAX_PIECE_BYTES {
            names.push(format!("{MORE}{piece}"));
            piece.clear();
        }
        piece.push_str(escaped);
    }
    names.push(if displaced {
        format!("{FILE}{piece}")
    } else {
        format!("{MARK}{piece}")
    });
    names
}

fn is_plain(part: &str) -> bool {
    !matches!(part, "" | "." | "..") && !part.starts_with(MARK) && !part.contains('\0') && part.len() <= MAX_NAME_BYTES
}

/// Reads one name. `None` is a name that this module never gives; whether the names of a whole part are the
/// ones that it gives is for the caller to compare with [`names_of_part`].
pub(crate) fn read_name(name: &str) -> Option<Name> {
    if let Some(piece) = name.strip_prefix(MORE) {
        unescape(piece).map(Name::More)
    } else if let Some(part) = name.strip_prefix(FILE) {
        unescape(part).map(Name::Displaced)
    } else if let Some(part) = name.strip_prefix(MARK) {
        unescape(part).map(Name::Part)
    } else {
        Some(Name::Part(name.to_owned()))
    }
}

fn unescape(text: &str) -> Option<String> {
    let mut pieces = text.split(MARK);
    let mut plain = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        if let Some(rest) = piece.strip_prefix("25") {
            plain.push(MARK);
            plain.push_str(rest);
        } else {
            plain.push('\0');
            plain.push_str(piece.strip_prefix("00")?);
        }
    }
    Some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::path::Path;

    /// The way back, for a whole path; the server itself goes it folder by folder.
    fn key_of(path: &Path) -> Option<String> {
        let mut parts: Vec<String> = Vec::new();
        let mut pending: Vec<String> = Vec::new();
        let mut text = String::new();
        let mut names = path.iter().map(|name| name.to_str().unwrap().to_owned()).peekable();
        while let Some(name) = names.next() {
            let read = read_name(&name)?;
            pending.push(name);
            let (last, displaced) = match read {
                Name::More(piece) => {
                    text.push_str(&piece);
                    continue;
                }
                Name::Part(last) => (last, false),
                Name::Displaced(last) => (last, true),
            };
            text.push_str(&last);
            if (displaced && names.peek().is_some()) || names_of_part(&text, displaced) != pending {
                return None;
            }
            pending.clear();
            parts.push(std::mem::take(&mut text));
        }
        pending.is_empty().then(|| parts.join("/"))
    }

    #[test]
    fn an_ordinary_key_is_its_own_path() {
        for key in [
            "a",
            "sheffield/import.csv",
            "a b+c&d=e/100%.csv",
            ".hidden",
            "...",
            "ü/日本.csv",
            "a\\b",
            "a:b*?",
        ] {
            assert_eq!(plain_path(key), Path::new(key));
        }
    }

    #[test]
    fn what_cannot_be_a_name_is_escaped() {
        for (key, path) in [
            ("a/", "a/%"),
            ("a//b", "a/%/b"),
            ("/a", "%/a"),
            ("./a", "%./a"),
            ("a/../b", "a/%../b"),
            ("a\0b", "%a%00b"),
            ("%a%b", "%%25a%25b"),
            ("%%more-a", "%%25%25more-a"),
        ] {
            assert_eq!(plain_path(key), Path::new(path));
        }
    }

    #[test]
    fn a_file_steps_aside_for_a_folder_of_its_name() {
        assert_eq!(displaced_path("x/a"), Path::new("x/%%file-a"));
        assert_eq!(displaced_path("x/"), Path::new("x/%%file-"));
        assert_eq!(displaced_path("%"), Path::new("%%file-%25"));
    }

    #[test]
    fn a_long_part_goes_on_in_a_folder() {
        let key = "x".repeat(300);
        let path = plain_path(&key);
        assert_eq!(
            path,
            Path::new(&format!("%%more-{}/%{}", "x".repeat(248), "x".repeat(52)))
        );
        let exactly = "x".repeat(255);
        assert_eq!(plain_path(&exactly), Path::new(&exactly));
    }

    #[test]
    fn names_that_no_key_gives_are_nobodys() {
        for path in [
            "%abc",
            "a/%x",
            "%%more-a",
            "%%more-a/%b",
            "%%what-a",
            "%%file-a/b",
            "%0",
            "%%",
        ] {
            assert_eq!(key_of(Path::new(path)), None, "{path}");
        }
    }

    #[test]
    fn the_longest_path_of_any_key_fits_beside_a_folder_of_800_bytes() {
        for key in [
            "/".repeat(1024),
            "\0".repeat(1024),
            "%".repeat(1024),
            "/\0".repeat(512),
            "%/".repeat(512),
        ] {
            assert!(displaced_path(&key).as_os_str().len() < 4096 - 800);
        }
    }

    /// Keys of the awkward kinds far oftener than chance would give them.
    fn any_key() -> impl Strategy<Value = String> {
        let part = prop_oneof![
            Just(String::new()),
            Just(".".to_owned()),
            Just("..".to_owned()),
            "[%\0.a0-9/-]{1,12}",
            "%%(more|file)-[a%]{0,3}",
            "[%\0a-c\u{e9}\u{1F600}]{200,400}",
            "\\PC{0,40}",
            any::<String>(),
        ];
        prop::collection::vec(part, 1..6).prop_map(|parts| {
            let mut key = parts.join("/");
            while key.len() > MAX_KEY_BYTES {
                key.pop();
            }
            key
        })
    }

    proptest! {
        #[test]
        fn every_key_comes_back_from_either_path(key in any_key()) {
            prop_assert_eq!(key_of(&plain_path(&key)), Some(key.clone()));
            prop_assert_eq!(key_of(&displaced_path(&key)), Some(key));
        }

        #[test]
        fn every_name_can_be_a_name(key in any_key(), displaced: bool) {
            let path = path(&key, displaced);
            for name in path.to_str().unwrap().split('/') {
                prop_assert!(!matches!(name, "" | "." | "..") && name.len() <= 255 && !name.contains('\0'));
            }
        }

        #[test]
        fn a_path_that_is_a_keys_is_that_keys_only(
            names in prop::collection::vec("[%a]{1,4}|(%%(more|file)-|%)[a%0-5]{0,8}", 1..4)
        ) {
            let path: PathBuf = names.iter().collect();
            if let Some(key) = key_of(&path) {
                prop_assert!(path == plain_path(&key) || path == displaced_path(&key));
            }
        }
    }
}
