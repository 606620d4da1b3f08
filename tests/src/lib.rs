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

mod archive;
pub mod aws_events;
pub mod comparison;
pub mod faults;
mod fleet;
pub mod functions;
mod golden_case;
pub mod golden_run;
mod local;
mod log;
pub mod loopback;
mod mail;
pub mod measured;
mod proxy;
mod recorder;
mod report_server;
mod road;
mod s3;
pub mod soak;

pub use archive::zip;
pub use fleet::Fleet;
pub use golden_case::{GoldenCase, golden_cases};
pub use golden_run::Pipeline;
pub use local::{LAMBDAS_ATTEMPTS, Local, Object, deliver};
pub use log::{Log, Metric};
pub use mail::{Attachment, Mail};
pub use proxy::{Fault, Proxy, When, pass_on};
pub use recorder::{Recorded, Recorder};
pub use report_server::{Answer, ReportServer};
pub use road::{Road, Traffic};
pub use s3::S3;
