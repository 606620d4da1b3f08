//! Promise 7 with the real command and the real functions: memory does not grow with the file, nor with the number of emails.
//!
//! `SOAK=1` takes the sizes that nobody should send: 5 GiB, 8 GiB, 10,000 emails. The bounds are the same in both modes.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    missing_docs
)]

mod content;
mod files;
mod functions;
mod mail;
mod many;
mod place;
