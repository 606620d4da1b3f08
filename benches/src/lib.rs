//! What the benchmarks read: half-hourly meter data as suppliers send them, made from fixed seeds.
//!
//! Everything here is made for `benches/run.py` (whole files, by the program `inputs`) and for the micro-benchmarks (small ones).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

pub mod archive;
pub mod encoded;
pub mod mail;
pub mod mailbox;
pub mod ods;
pub mod readings;
pub mod xls;
pub mod xlsx;
