//! Why something could not become CSV: one stable code each, and a sentence for people.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why an object, an attachment or a member could not be used.
///
/// The codes are an interface: alarms, receipts, `pipeline run --json` and the metadata of rejected objects
/// name them, so a code is never renamed and never changes its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ReasonCode {
    /// No recipient of the email is one of our addresses.
    NoArea,
    /// The recipient's area is not in `AREAS`.
    UnknownArea,
    /// The mail service found a virus.
    Virus,
    /// The mail service takes the email for spam, and `REJECT_SPAM` is set.
    Spam,
    /// What lies in the inbox is not an email (RFC 5322).
    NotAnEmail,
    /// A download link gave an error, a web page or nothing.
    DownloadFailed,
    /// Nothing in it: no byte, no line, no cell.
    Empty,
    /// A web page, whatever its name.
    Html,
    /// Signature images, calendars, S/MIME signatures and the like: never readings.
    NotData,
    /// Text, but not a table.
    NotATable,
    /// A known type that the pipeline does not read (PDF, Word, RAR, …).
    Unsupported,
    /// Neither content nor name tells what it is.
    UnknownType,
    /// Protected by a password, or encrypted for somebody else.
    Encrypted,
    /// A workbook that cannot be read.
    CorruptSpreadsheet,
    /// An archive, or a member of one, that cannot be read.
    CorruptArchive,
    /// An email part that cannot be decoded (for instance a broken `winmail.dat`).
    CorruptAttachment,
    /// Over a limit on bytes or cells.
    TooLarge,
    /// More members or parts than the limit.
    TooManyMembers,
    /// Emails in emails and archives in archives beyond the depth limit.
    TooDeep,
}

impl ReasonCode {
    /// The code as alarms, receipts and metadata spell it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoArea => "no-area",
            Self::UnknownArea => "unknown-area",
            Self::Virus => "virus",
            Self::Spam => "spam",
            Self::NotAnEmail => "not-an-email",
            Self::DownloadFailed => "download-failed",
            Self::Empty => "empty",
            Self::Html => "html",
            Self::NotData => "not-data",
            Self::NotATable => "not-a-table",
            Self::Unsupported => "unsupported",
            Self::UnknownType => "unknown-type",
            Self::Encrypted => "encrypted",
            Self::CorruptSpreadsheet => "corrupt-spreadsheet",
            Self::CorruptArchive => "corrupt-archive",
            Self::CorruptAttachment => "corrupt-attachment",
            Self::TooLarge => "too-large",
            Self::TooManyMembers => "too-many-members",
            Self::TooDeep => "too-deep",
        }
    }
}

impl fmt::Display for ReasonCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A reject: the stable code, and a sentence that a supplier could understand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{reason_code}: {reason}")]
pub struct Rejection {
    /// The stable code.
    pub reason_code: ReasonCode,
    /// One sentence for people, without email addresses or contents.
    pub reason: String,
}

impl Rejection {
    /// A reject with its sentence.
    pub fn new(reason_code: ReasonCode, reason: impl Into<String>) -> Self {
        Self {
            reason_code,
            reason: reason.into(),
        }
    }
}

impl Rejection {
    /// The reason of a container: the first bad part's code, and what is wrong with each part. `None` without bad parts.
    #[must_use]
    pub fn of_parts(parts: &[BadPart]) -> Option<Self> {
        const NAMED: usize = 20;
        let reason_code = parts.first()?.rejection.reason_code;
        let mut reasons: Vec<String> = parts.iter().take(NAMED).map(ToString::to_string).collect();
        if let Some(more) = parts.len().checked_sub(NAMED).filter(|more| *more > 0) {
            reasons.push(format!("and {more} more"));
        }
        Some(Self::new(reason_code, reasons.join(" ")))
    }
}

/// A part of an email or a member of an archive that could not be used, while its siblings went on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BadPart {
    /// The name of the part or member, as the sender wrote it.
    pub part: String,
    /// Why.
    #[serde(flatten)]
    pub rejection: Rejection,
}

impl fmt::Display for BadPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "“{}”: {}", self.part, self.rejection.reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_spelled_the_same_in_json_and_in_metadata() {
        for code in [
            ReasonCode::NoArea,
            ReasonCode::CorruptSpreadsheet,
            ReasonCode::NotATable,
            ReasonCode::TooDeep,
        ] {
            assert_eq!(serde_json::to_string(&code).unwrap(), format!("\"{code}\""));
        }
    }
}
