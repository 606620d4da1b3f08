//! The edge to Lambda: whole functions as processes, and what they tell: logs, metrics, reports of errors.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod child;
mod function;
mod log;
mod log_lines;
mod metrics;
mod rollbar;
mod server;
