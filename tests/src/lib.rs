//! What the end-to-end tests have in common: the whole pipeline over an embedded S3, emails, and golden cases.
//!
//! This package is tests from end to end, so its helpers may fail as tests fail: with a message.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice
)]

pub mod comparison;
mod golden_case;
mod local;
mod mail;
mod report_server;

pub use golden_case::{GoldenCase, golden_cases};
pub use local::{Local, Object, deliver};
pub use mail::{Attachment, Mail};
pub use report_server::{Answer, ReportServer};
