//! What can be wrong with an archive or a member, and what the sender can do about it.

use std::io;

use pipeline_core::{BadPart, ReasonCode, Rejection, bytes_in_words};

use crate::names;

/// Why a member cannot be used. Its siblings go on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Defect {
    /// A password, of whatever scheme (APPNOTE sections 6.1 and 7, WinZip AES).
    #[error("This member is protected by a password. Please send it without one.")]
    Encrypted,
    /// The content is not what was packed.
    #[error("This member is damaged ({0}). Please send it again.")]
    Corrupt(&'static str),
    /// The archive ends before the content does.
    #[error("This member is cut short, as happens when a transfer breaks off. Please send it again.")]
    CutShort,
    /// More bytes than a member may have.
    #[error("This member unpacks to more than {}. Please send it in several files.", bytes_in_words(*.0))]
    TooLarge(u64),
    /// More bytes than all members may have together: this one and those after it were not unpacked.
    #[error("The archive unpacks to more than {} in all. Please send several smaller archives.", bytes_in_words(*.0))]
    TooLargeInAll(u64),
    /// A decoder would need more memory than it gets.
    #[error("This member needs more than {} of memory to unpack. Please pack it with ordinary settings.", bytes_in_words(*.0))]
    TooMuchMemory(u64),
    /// Packed in a way that is not read here.
    #[error("This member is packed by a method that cannot be read here ({0}). Please use an ordinary ZIP file.")]
    Unsupported(&'static str),
    /// The part of the archive that says what else is in it.
    #[error("The archive is damaged ({0}), so members may be missing. Please send it again.")]
    Directory(&'static str),
}

/// Names are as long as strangers like; this many bytes tell which member it was.
const MAX_PART_BYTES: usize = 400;

impl Defect {
    /// The stable code.
    #[must_use]
    pub const fn reason_code(&self) -> ReasonCode {
        match self {
            Self::Encrypted => ReasonCode::Encrypted,
            Self::Corrupt(_) | Self::CutShort | Self::Directory(_) => ReasonCode::CorruptArchive,
            Self::TooLarge(_) | Self::TooLargeInAll(_) | Self::TooMuchMemory(_) => ReasonCode::TooLarge,
            Self::Unsupported(_) => ReasonCode::Unsupported,
        }
    }

    /// What an error of a decoder says about the member: a decoder is given nothing else to fail on.
    #[must_use]
    pub fn of(error: &io::Error) -> Self {
        if let Some(defect) = error.get_ref().and_then(|inner| inner.downcast_ref::<Self>()) {
            return defect.clone();
        }
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Self::CutShort,
            _ => Self::Corrupt("its packed data make no sense"),
        }
    }

    /// The bad part, by the name that the sender gave it.
    #[must_use]
    pub fn of_part(&self, part: &str) -> BadPart {
        BadPart {
            part: names::cut(part, MAX_PART_BYTES),
            rejection: Rejection::new(self.reason_code(), self.to_string()),
        }
    }
}

impl From<Defect> for io::Error {
    fn from(defect: Defect) -> Self {
        Self::new(io::ErrorKind::InvalidData, defect)
    }
}

/// Why an archive could not be unpacked.
///
/// `E` is what the visitor fails with. Only the first variant says something about the archive.
#[derive(Debug, thiserror::Error)]
pub enum UnpackError<E> {
    /// The archive as a whole cannot be used; no member was visited.
    #[error("the archive was rejected: {0}")]
    Rejected(Rejection),
    /// The archive could not be read, for a reason that lies outside of it.
    #[error("the archive could not be read")]
    Read(#[source] io::Error),
    /// A member could not be passed on.
    #[error("a member could not be passed on")]
    Output(#[source] E),
}

/// One sentence on an archive of which nothing could be used: which members, and why.
pub(crate) fn nothing_usable(bad: &[BadPart]) -> Option<Rejection> {
    const NAMED: usize = 20;
    let code = bad.first()?.rejection.reason_code;
    let mut reasons: Vec<String> = bad
        .iter()
        .take(NAMED)
        .map(|bad| format!("“{}”: {}", bad.part, bad.rejection.reason))
        .collect();
    if let Some(more) = bad.len().checked_sub(NAMED).filter(|more| *more > 0) {
        reasons.push(format!("And {more} more."));
    }
    Some(Rejection::new(
        code,
        format!("No file could be taken out of this archive. {}", reasons.join(" ")),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_defect_survives_the_way_through_a_reader() {
        let error = io::Error::from(Defect::TooLarge(5));
        assert_eq!(Defect::of(&error), Defect::TooLarge(5));
        assert_eq!(Defect::of(&io::ErrorKind::UnexpectedEof.into()), Defect::CutShort);
    }

    #[test]
    fn at_most_twenty_bad_members_are_named_and_the_rest_counted() {
        let bad: Vec<BadPart> = (1..=23)
            .map(|n| Defect::Encrypted.of_part(&format!("HH_{n:02}.csv")))
            .collect();
        let rejection = nothing_usable(&bad).unwrap();
        assert_eq!(rejection.reason_code, ReasonCode::Encrypted);
        assert!(
            rejection
                .reason
                .contains("“HH_20.csv”: This member is protected by a password.")
        );
        assert!(!rejection.reason.contains("HH_21.csv"));
        assert!(rejection.reason.ends_with("And 3 more."));
    }
}
