//! What a file is: content first, name second.
//!
//! [`classify`] reads a bounded part of a file (its first 64 KiB; of a zip its directory, of an OLE2 file
//! the names of its streams) and says what it is; the name counts only where the content leaves the
//! question open. Nothing is unpacked, and nothing is trusted that was not looked at.

mod bytes;
mod classify;
mod email;
mod file_kind;
mod html;
mod json;
mod magic;
mod name;
mod ole;
mod package;
mod table;
mod tar;
mod text;
mod xml;
mod zip_members;

pub use classify::{HEAD_BYTES, classify};
pub use email::is_email;
pub use file_kind::{ArchiveKind, FileKind, SpreadsheetKind};
pub use html::is_html;
pub use table::looks_like_table;
