//! Where an object came from, as it travels along in S3 metadata (promise 5).
//!
//! S3 allows 2 KB of user metadata in all, ASCII only; so texts are percent-encoded and cut, and the receipt has them whole.

use std::collections::HashMap;

use percent_encoding::percent_decode_str;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::bucket::Bucket;
use crate::key::Key;
use crate::origin::Origin;
use crate::reason::Rejection;

/// Longest encoded text in metadata, in bytes.
const MAX_TEXT_BYTES: usize = 400;

/// What is known of an object's past.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provenance {
    /// The email's key in the inbox; none for a file that a person dropped into a bucket.
    pub message: Option<String>,
    /// The origin of the object that it was made of; none for what entered from outside.
    pub parent: Option<Origin>,
    /// When the email was received, else when the object was last modified.
    pub received: OffsetDateTime,
    /// The name that the sender gave the file.
    pub source_name: String,
    /// How many emails and archives it was unpacked from, not counting the email that arrived.
    pub depth: u32,
    /// Which replay put it, or what it was made of, to a stage again; 0 if none did.
    pub generation: u32,
}

impl Provenance {
    /// Of an object that enters from outside: it is made of nothing, and was unpacked from nothing.
    #[must_use]
    pub const fn from_outside(message: Option<String>, received: OffsetDateTime, source_name: String) -> Self {
        Self {
            message,
            parent: None,
            received,
            source_name,
            depth: 0,
            generation: 0,
        }
    }

    /// The metadata of an object of this past.
    #[must_use]
    pub fn to_metadata(&self, origin: Origin, rejection: Option<&Rejection>) -> HashMap<String, String> {
        let mut metadata = HashMap::from([
            ("origin".to_owned(), origin.to_string()),
            ("source-name".to_owned(), encode(&self.source_name, is_unreserved)),
            ("depth".to_owned(), self.depth.to_string()),
        ]);
        if let Some(message) = &self.message {
            metadata.insert("message".to_owned(), encode(message, |c| is_unreserved(c) || c == '/'));
        }
        if self.generation > 0 {
            metadata.insert("generation".to_owned(), self.generation.to_string());
        }
        if let Some(parent) = self.parent {
            metadata.insert("parent".to_owned(), parent.to_string());
        }
        if let Ok(received) = self.received.format(&Rfc3339) {
            metadata.insert("received".to_owned(), received);
        }
        if let Some(rejection) = rejection {
            metadata.insert("reason-code".to_owned(), rejection.reason_code.to_string());
            metadata.insert(
                "reason".to_owned(),
                encode(&rejection.reason, |c| (' '..='~').contains(&c) && c != '%'),
            );
        }
        metadata
    }

    /// The metadata of an object that is put to a stage. They name its place: if a person copies it elsewhere, they still do.
    #[must_use]
    pub fn to_staging_metadata(&self, origin: Origin, bucket: Bucket, key: &Key) -> HashMap<String, String> {
        let mut metadata = self.to_metadata(origin, None);
        metadata.insert("place".to_owned(), place(bucket, key));
        metadata
    }

    /// Reads the metadata of an object that waits for a stage; `None` if the pipeline did not put it there.
    #[must_use]
    pub fn from_staging_metadata(
        metadata: &HashMap<String, String>,
        bucket: Bucket,
        key: &Key,
    ) -> Option<(Origin, Self)> {
        (*metadata.get("place")? == place(bucket, key)).then_some(())?;
        Self::from_metadata(metadata)
    }

    /// Reads the metadata back; `None` if the pipeline did not write the object.
    #[must_use]
    pub fn from_metadata(metadata: &HashMap<String, String>) -> Option<(Origin, Self)> {
        let text = |name: &str| metadata.get(name).map(|value| decode(value));
        let origin = metadata.get("origin")?.parse().ok()?;
        let provenance = Self {
            message: text("message"),
            parent: text("parent").and_then(|parent| parent.parse().ok()),
            received: OffsetDateTime::parse(metadata.get("received")?, &Rfc3339).ok()?,
            source_name: text("source-name")?,
            depth: metadata.get("depth")?.parse().ok()?,
            generation: metadata
                .get("generation")
                .and_then(|generation| generation.parse().ok())
                .unwrap_or_default(),
        };
        Some((origin, provenance))
    }
}

/// The reason that the metadata of a rejected object tells, decoded.
#[must_use]
pub fn reason_of(metadata: &HashMap<String, String>) -> Option<(String, String)> {
    Some((metadata.get("reason-code")?.clone(), decode(metadata.get("reason")?)))
}

/// As a hash: a key may be longer than what metadata hold, and of any characters.
fn place(bucket: Bucket, key: &Key) -> String {
    blake3::hash(format!("{bucket}/{key}").as_bytes()).to_hex().to_string()
}

/// RFC 3986 section 2.3.
fn is_unreserved(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '~')
}

/// Percent-encodes what is not plain, and cuts between characters.
fn encode(text: &str, is_plain: impl Fn(char) -> bool) -> String {
    let mut encoded = String::with_capacity(text.len().min(MAX_TEXT_BYTES));
    let mut utf8 = [0; 4];
    for c in text.trim().chars() {
        let piece: String = if is_plain(c) {
            c.to_string()
        } else {
            c.encode_utf8(&mut utf8)
                .bytes()
                .map(|byte| format!("%{byte:02X}"))
                .collect()
        };
        if encoded.len() + piece.len() > MAX_TEXT_BYTES {
            break;
        }
        encoded.push_str(&piece);
    }
    encoded
}

fn decode(encoded: &str) -> String {
    percent_decode_str(encoded).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use time::macros::datetime;

    use super::*;
    use crate::reason::ReasonCode;

    fn provenance(source_name: &str) -> Provenance {
        Provenance {
            message: Some("2025/o3gbv5qk+1".to_owned()),
            parent: Some(origin().child("2")),
            received: datetime!(2025-03-23 10:11:12 UTC),
            source_name: source_name.to_owned(),
            depth: 2,
            generation: 3,
        }
    }

    fn origin() -> Origin {
        "0123456789abcdef0123456789abcdef".parse().unwrap()
    }

    #[test]
    fn what_travels_along_reads_back() {
        let sent = provenance("Zähler – £ 100%.csv");
        assert_eq!(
            Provenance::from_metadata(&sent.to_metadata(origin(), None)),
            Some((origin(), sent))
        );
    }

    #[test]
    fn a_reject_tells_its_reason() {
        let rejection = Rejection::new(ReasonCode::Encrypted, "“gas.xlsx” is protected by a password.");
        let metadata = provenance("gas.xlsx").to_metadata(origin(), Some(&rejection));
        assert_eq!(reason_of(&metadata), Some(("encrypted".to_owned(), rejection.reason)));
    }

    #[test]
    fn an_object_of_somebody_elses_has_no_provenance() {
        assert_eq!(
            Provenance::from_metadata(&HashMap::from([("origin".to_owned(), "me".to_owned())])),
            None
        );
        assert_eq!(Provenance::from_metadata(&HashMap::new()), None);
    }

    proptest! {
        #[test]
        fn metadata_is_ascii_and_within_what_s3_allows(name in "\\PC{0,300}", message in "\\PC{0,1024}", reason in "\\PC{0,800}") {
            let mut sent = provenance(&name);
            sent.message = Some(message);
            let metadata = sent.to_metadata(origin(), Some(&Rejection::new(ReasonCode::CorruptSpreadsheet, reason)));
            let size: usize = metadata.iter().map(|(name, value)| name.len() + value.len()).sum();
            prop_assert!(size <= 2048, "{size}");
            prop_assert!(metadata.values().all(|value| value.len() <= 400));
            prop_assert!(metadata.values().all(|value| value.bytes().all(|b| (b' '..=b'~').contains(&b))));
        }
    }
}
