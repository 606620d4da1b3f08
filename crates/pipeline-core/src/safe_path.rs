//! Names from strangers, made safe once, in one place.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A relative path that cannot leave the prefix it is put under.
///
/// It has at least one part; no part is empty, `.` or `..`, begins or ends with a blank, or contains a
/// control character, a slash of any alphabet, a backslash, an invisible or bidirectional format character, or a
/// non-breaking space (an ordinary space stands in for it: the importer has tripped over them before).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SafePath(String);

impl SafePath {
    /// Makes an untrusted path safe; its folders are kept. Both slashes separate, as tools on Windows write either.
    /// `None` if no part is left.
    #[must_use]
    pub fn from_path(untrusted: &str) -> Option<Self> {
        let parts: Vec<String> = untrusted.split(['/', '\\']).filter_map(safe_part).collect();
        (!parts.is_empty()).then(|| Self(parts.join("/")))
    }

    /// Makes an untrusted file name safe. Of a path only the last part counts (RFC 2183 section 2.3, RFC 6266
    /// section 4.3). `None` if nothing is left.
    #[must_use]
    pub fn from_file_name(untrusted: &str) -> Option<Self> {
        untrusted.split(['/', '\\']).rev().find_map(safe_part).map(Self)
    }

    /// The name of an object that has none: a key of slashes and dots.
    #[must_use]
    pub fn fallback(origin: crate::origin::Origin) -> Self {
        Self(format!("unnamed-{}", origin.short()))
    }

    /// The path, its parts separated by `/`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last part.
    #[must_use]
    pub fn file_name(&self) -> &str {
        self.0.rsplit_once('/').map_or(&self.0, |(_, name)| name)
    }

    /// `other` in the folder that this path lies in: what a member's path is to its archive's.
    #[must_use]
    pub fn beside(&self, other: &Self) -> Self {
        match self.0.rsplit_once('/') {
            Some((folder, _)) => Self(format!("{folder}/{}", other.0)),
            None => other.clone(),
        }
    }

    /// The path with something appended to its file name. The suffix is ours, not a stranger's.
    #[must_use]
    pub fn with_suffix(&self, suffix: &str) -> Self {
        Self(format!("{}{suffix}", self.0))
    }
}

impl fmt::Display for SafePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One part of a path or an area, made safe; `None` if nothing is left or it would climb (`.`, `..`, `...`).
pub(crate) fn safe_part(untrusted: &str) -> Option<String> {
    let part: String = untrusted.chars().filter_map(safe_char).collect();
    let part = part.trim();
    (!part.chars().all(is_dot_or_blank)).then(|| part.to_owned())
}

/// A dot, a leader of one, two or three, or another form of one (Unicode's compatibility decompositions): whoever normalises a name
/// makes dots of them.
const fn is_dot_or_blank(c: char) -> bool {
    matches!(c, '.' | ' ' | '\u{2024}'..='\u{2026}' | '\u{FE52}' | '\u{FF0E}')
}

fn safe_char(c: char) -> Option<char> {
    match c {
        // Line ends and tabs stem from folded headers: they stood for a blank.
        '\t' | '\n' | '\r' => Some(' '),
        _ if c.is_control() => None,
        _ if is_blank(c) => Some(' '),
        _ if is_invisible(c) => None,
        // `/` and `\`, and those that look like them: fraction slash, division slash, big solidus, full-width
        // forms, set minus, reverse solidus operator, big reverse solidus, small reverse solidus.
        '/' | '\\' | '\u{2044}' | '\u{2215}' | '\u{29F8}' | '\u{FF0F}' | '\u{2216}' | '\u{29F5}' | '\u{29F9}'
        | '\u{FE68}' | '\u{FF3C}' => Some('_'),
        _ => Some(c),
    }
}

/// Spaces of every kind, the non-breaking ones (U+00A0, U+2007, U+202F) among them.
fn is_blank(c: char) -> bool {
    c.is_whitespace()
}

/// Format characters that hide or turn text: zero-width ones, soft hyphen, bidirectional marks, embeddings,
/// overrides and isolates, variation of the byte order mark, tags, noncharacters.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{FFFE}' | '\u{FFFF}'
        | '\u{E0000}'..='\u{E007F}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn path(untrusted: &str) -> Option<String> {
        SafePath::from_path(untrusted).map(|path| path.0)
    }

    fn file(untrusted: &str) -> Option<String> {
        SafePath::from_file_name(untrusted).map(|path| path.0)
    }

    #[test]
    fn a_path_cannot_leave_its_prefix() {
        assert_eq!(path("../../etc/passwd.csv").as_deref(), Some("etc/passwd.csv"));
        assert_eq!(path("/abs/x.csv").as_deref(), Some("abs/x.csv"));
        assert_eq!(path("C:\\exports\\..\\x.csv").as_deref(), Some("C:/exports/x.csv"));
        assert_eq!(path("a//./b.csv").as_deref(), Some("a/b.csv"));
        assert_eq!(path("../.."), None);
    }

    #[test]
    fn of_a_file_name_the_last_part_counts() {
        assert_eq!(file("../../etc/passwd.csv").as_deref(), Some("passwd.csv"));
        assert_eq!(file("C:\\exports\\gas.csv").as_deref(), Some("gas.csv"));
        assert_eq!(file("folder/").as_deref(), Some("folder"));
        assert_eq!(file(" .. "), None);
    }

    #[test]
    fn control_characters_go_and_non_breaking_spaces_become_spaces() {
        assert_eq!(
            file("half\u{a0}hourly\u{202f}gas.csv").as_deref(),
            Some("half hourly gas.csv")
        );
        assert_eq!(file("a\u{0}b\u{7f}\u{85}c.csv\r\n").as_deref(), Some("abc.csv"));
        assert_eq!(file("\u{a0}x.csv\u{a0}").as_deref(), Some("x.csv"));
    }

    #[test]
    fn look_alike_slashes_and_turned_text_are_disarmed() {
        assert_eq!(path("..\u{2215}..\u{ff0f}x.csv").as_deref(), Some(".._.._x.csv"));
        assert_eq!(file("gas\u{202e}vsc.exe").as_deref(), Some("gasvsc.exe"));
        assert_eq!(path(".\u{200b}./x.csv").as_deref(), Some("x.csv"));
        assert_eq!(path("\u{2025}/\u{ff0e}\u{ff0e}/x.csv").as_deref(), Some("x.csv"));
    }

    #[test]
    fn names_of_other_alphabets_stay() {
        assert_eq!(file("Zähler – Größe £.csv").as_deref(), Some("Zähler – Größe £.csv"));
        assert_eq!(file("電力.csv").as_deref(), Some("電力.csv"));
    }

    #[test]
    fn a_member_lies_in_its_archives_folder() {
        let member = SafePath::from_path("2023/x.csv").unwrap();
        let archive = SafePath::from_path("gas/march.zip").unwrap();
        assert_eq!(archive.beside(&member).as_str(), "gas/2023/x.csv");
        assert_eq!(SafePath::from_path("march.zip").unwrap().beside(&member), member);
    }

    proptest! {
        #[test]
        fn no_name_survives_with_anything_unsafe_in_it(name in "\\PC*|[./\\\\a\u{0}\u{a0}\u{202e} ]{0,20}") {
            for safe in [path(&name), file(&name)].into_iter().flatten() {
                for part in safe.split('/') {
                    prop_assert!(!part.is_empty() && part != "." && part != "..");
                    prop_assert!(!part.contains(|c: char| c.is_control() || c == '\\' || c == '\u{a0}'), "{part:?}");
                    prop_assert_eq!(part.trim(), part);
                }
                prop_assert_eq!(path(&safe), Some(safe.clone()), "making it safe twice changes nothing");
            }
        }
    }
}
