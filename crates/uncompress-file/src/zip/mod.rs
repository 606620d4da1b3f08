//! Zip (PKWARE APPNOTE 6.3.10).
//!
//! The list of members at the end of the archive, the central directory, counts. Where it is lost or makes no sense, the
//! members are found by their own headers.

mod directory;
mod entry;
mod local;
mod packed;
mod recovery;
mod unpack;
mod view;

pub(crate) use local::LOCAL_HEADER;
pub(crate) use unpack::unpack;
