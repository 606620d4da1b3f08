//! Why an archive as a whole is refused.

use pipeline_core::{Limits, ReasonCode, Rejection, bytes_in_words};

use crate::error::UnpackError;

pub(crate) fn too_large<E>(limits: &Limits) -> UnpackError<E> {
    let most = bytes_in_words(limits.archive_bytes);
    let reason = format!("This archive has more than {most}. Please send several smaller archives.");
    UnpackError::Rejected(Rejection::new(ReasonCode::TooLarge, reason))
}

pub(crate) fn too_many_members<E>(limits: &Limits) -> UnpackError<E> {
    let most = limits.members;
    let reason = format!("This archive has more than {most} members. Please send several smaller archives.");
    UnpackError::Rejected(Rejection::new(ReasonCode::TooManyMembers, reason))
}

pub(crate) fn not_an_archive<E>() -> UnpackError<E> {
    let reason = "This is no ZIP, gzip or tar archive, or it is damaged from its beginning. Please send it again.";
    UnpackError::Rejected(Rejection::new(ReasonCode::CorruptArchive, reason))
}

pub(crate) fn damaged<E>(what: &str) -> UnpackError<E> {
    let reason = format!("This archive is damaged ({what}). Please send it again.");
    UnpackError::Rejected(Rejection::new(ReasonCode::CorruptArchive, reason))
}

pub(crate) fn empty<E>() -> UnpackError<E> {
    let reason = "There is no file in this archive. Please send it again with the readings in it.";
    UnpackError::Rejected(Rejection::new(ReasonCode::Empty, reason))
}

pub(crate) fn too_deep(limits: &Limits) -> Rejection {
    let most = limits.depth;
    let reason =
        format!("Archives and emails lie in one another more than {most} deep. Please send the files unpacked.");
    Rejection::new(ReasonCode::TooDeep, reason)
}
