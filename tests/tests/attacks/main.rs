//! What a stranger may send: each attack ends as it should, in bounded memory and time, and never with a panic.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stdout,
    missing_docs
)]

mod archives;
mod attack;
mod deflated;
mod emails;
mod file_names;
mod hostile_server;
mod links;
mod mail_bytes;
mod markup;
mod names;
mod old_workbooks;
mod quine;
mod texts;
mod tnef;
mod workbooks;
mod xls_bytes;
mod xlsx_parts;
mod zip_bytes;
