//! Where an object came from, as a hash: what makes twice once.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use time::OffsetDateTime;

use crate::area::Area;
use crate::safe_path::SafePath;

/// A hash that says where an object came from.
///
/// The same file of the same email has the same origin however often and in whatever order the events come;
/// two different files never share one. It is the first 128 bits of a BLAKE3 hash, in lower-case hex.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Origin([u8; 16]);

impl Origin {
    /// Length of the hex form.
    pub const HEX_LEN: usize = 32;

    /// Of an object that enters from outside: an email in the inbox, a file that a person drops into a bucket.
    ///
    /// Of the time whole seconds count: HTTP tells no more.
    #[must_use]
    pub fn of_outside_object(bucket: &str, key: &str, etag: &str, last_modified: OffsetDateTime) -> Self {
        Self::hash(
            "outside object",
            &[
                bucket.as_bytes(),
                key.as_bytes(),
                etag.as_bytes(),
                &last_modified.unix_timestamp().to_be_bytes(),
            ],
        )
    }

    /// Of a file of an email. `message` is the Message-ID, or the email's origin where it has none, so that one
    /// email that arrives twice as two objects gives its files once. Name and bytes count too: a system that sends
    /// every email under one Message-ID loses nothing, and one origin never lies under two keys.
    #[must_use]
    pub fn of_file(area: &Area, message: &str, part_path: &str, name: &SafePath, bytes: &[u8]) -> Self {
        Self::hash(
            "file of an email",
            &[
                area.as_str().as_bytes(),
                message.as_bytes(),
                part_path.as_bytes(),
                name.as_str().as_bytes(),
                blake3::hash(bytes).as_bytes(),
            ],
        )
    }

    /// Of what a step makes out of an object: a member, a conversion, a cleaning.
    #[must_use]
    pub fn child(self, path_in_parent: &str) -> Self {
        Self::hash("child", &[&self.0, path_in_parent.as_bytes()])
    }

    /// The first 8 hex digits, which keep two files of one name apart in a readable key.
    #[must_use]
    pub fn short(self) -> String {
        self.to_string().chars().take(8).collect()
    }

    fn hash(kind: &str, parts: &[&[u8]]) -> Self {
        let mut hasher = blake3::Hasher::new();
        for part in std::iter::once(&kind.as_bytes()).chain(parts) {
            // The length keeps ("ab", "c") and ("a", "bc") apart.
            hasher.update(&(part.len() as u64).to_be_bytes());
            hasher.update(part);
        }
        let mut short = [0; 16];
        hasher.finalize_xof().fill(&mut short);
        Self(short)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The text is not 32 lower-case hex digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an origin: 32 lower-case hex digits are expected")]
pub struct NotAnOrigin;

impl FromStr for Origin {
    type Err = NotAnOrigin;

    fn from_str(text: &str) -> Result<Self, NotAnOrigin> {
        let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if text.len() != Self::HEX_LEN || !text.bytes().all(is_hex) {
            return Err(NotAnOrigin);
        }
        u128::from_str_radix(text, 16)
            .map(|number| Self(number.to_be_bytes()))
            .map_err(|_| NotAnOrigin)
    }
}

impl TryFrom<String> for Origin {
    type Error = NotAnOrigin;

    fn try_from(text: String) -> Result<Self, NotAnOrigin> {
        text.parse()
    }
}

impl From<Origin> for String {
    fn from(origin: Origin) -> Self {
        origin.to_string()
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const TIME: OffsetDateTime = datetime!(2025-03-23 10:11:12 UTC);

    fn area(name: &str) -> Area {
        Area::from_local_part(name, None).unwrap()
    }

    #[test]
    fn an_origin_reads_back_from_its_hex() {
        let origin = Origin::of_outside_object("inbox", "k", "\"e\"", TIME);
        assert_eq!(origin.to_string().parse(), Ok(origin));
        assert!(origin.to_string().starts_with(&origin.short()));
    }

    #[test]
    fn an_object_that_is_put_again_has_another_origin() {
        let first = Origin::of_outside_object("process", "bam/x.csv", "\"e\"", TIME);
        assert_ne!(
            first,
            Origin::of_outside_object("process", "bam/x.csv", "\"e\"", TIME + time::Duration::SECOND)
        );
        assert_ne!(first, Origin::of_outside_object("process", "bam/x.csv", "\"f\"", TIME));
    }

    #[test]
    fn one_email_that_arrives_twice_gives_files_of_one_origin() {
        let file = |area_name, message, path, name, bytes| {
            Origin::of_file(
                &area(area_name),
                message,
                path,
                &SafePath::from_path(name).unwrap(),
                bytes,
            )
        };
        let first = file("sheffield", "<1@supplier>", "2", "gas.csv", b"MPR,Date,hr0030");
        assert_eq!(
            first,
            file("sheffield", "<1@supplier>", "2", "gas.csv", b"MPR,Date,hr0030")
        );
        for other in [
            file("bam", "<1@supplier>", "2", "gas.csv", b"MPR,Date,hr0030"),
            file("sheffield", "<2@supplier>", "2", "gas.csv", b"MPR,Date,hr0030"),
            file("sheffield", "<1@supplier>", "3", "gas.csv", b"MPR,Date,hr0030"),
            file("sheffield", "<1@supplier>", "2", "power.csv", b"MPR,Date,hr0030"),
            file("sheffield", "<1@supplier>", "2", "gas.csv", b"MPR,Date,hr0100"),
        ] {
            assert_ne!(first, other);
        }
    }

    #[test]
    fn upper_case_and_short_hex_are_no_origins() {
        assert!("ABCDEF00ABCDEF00ABCDEF00ABCDEF00".parse::<Origin>().is_err());
        assert!("+bcdef00abcdef00abcdef00abcdef00".parse::<Origin>().is_err());
        assert!("abc".parse::<Origin>().is_err());
    }
}
