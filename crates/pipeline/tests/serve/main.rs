//! The real `pipeline serve`, as its users and their mail programs meet it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod failures;
mod kills;
mod letters;
mod process;
mod servers;
