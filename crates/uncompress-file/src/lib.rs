//! An archive becomes its files: zip, gzip, tar, and a tar in a gzip.
//!
//! [`unpack`] is the pure part: it reads an archive and shows its members, one after the other, as streams. [`UncompressFile`]
//! is the step that passes them on.

mod content;
mod error;
mod gzip;
mod harvest;
mod member;
mod names;
mod reject;
mod source;
mod step;
mod tar;
mod unpack;
mod zip;

pub use content::Content;
pub use error::{Defect, UnpackError};
pub use harvest::Visitor;
pub use member::Member;
pub use step::UncompressFile;
pub use unpack::{Collected, Unpacked, unpack, unpack_bytes};
