#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]
//! What a file is: the rules of the classification, one test each.

mod bounds;
mod build;
mod golden;
mod names;
mod ole;
mod signatures;
mod texts;
mod zips;

use std::io::Cursor;

use pipeline_core::kind::{FileKind, classify};

pub(crate) fn kind_of(content: impl AsRef<[u8]>, name: &str) -> FileKind {
    classify(&mut Cursor::new(content.as_ref()), name).unwrap()
}

/// A supplier's file: a header and some days of half hours.
pub(crate) const HALF_HOURS: &str = "MPAN,Settlement Date,HH1,HH2,HH3\r\n\
    2000012345678,01/02/2023,0.5,0.75,1\r\n\
    2000012345678,02/02/2023,0.25,0.5,1.5\r\n";
