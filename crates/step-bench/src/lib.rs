//! A stage's buckets on an embedded S3, for tests of steps.
//!
//! This package is for tests only, so its helpers fail as tests fail: with a message.
#![allow(clippy::unwrap_used, clippy::panic)]

mod act;
mod bench;
mod handled;

pub use act::Act;
pub use bench::Bench;
pub use handled::{is_before, receipt};
