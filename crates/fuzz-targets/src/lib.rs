//! One function for each parser that strangers' bytes reach.
//!
//! The fuzzer calls them (`fuzz/fuzz_targets`), and `cargo test` replays the corpus through them. Whatever the bytes: no panic,
//! no endless loop, no memory beyond the limits; and where there is a rule to hold, it is checked.
//!
//! A fuzzer that changes a byte breaks a checksum, an offset or a compressed stream before it breaks a parser. So where a
//! container stands before the parser, the target mends or builds the container, and the fuzzer's bytes are what is inside.

mod archive;
mod mail;
mod names;
mod parts;
mod people;
mod smtp;
mod table;
mod workbook;

use pipeline_core::{Limits, MIB};

/// Limits that keep a fuzzer's rounds short.
fn limits() -> Limits {
    Limits {
        members: 1_000,
        archive_bytes: MIB,
        member_bytes: MIB,
        unpacked_bytes: 4 * MIB,
        email_bytes: MIB,
        sheet_cells: 20_000,
        ..Limits::default()
    }
}

/// What is done with a fuzzer's bytes.
pub type Target = fn(&[u8]);

/// The parsers, by the names of their targets.
pub const TARGETS: [(&str, Target); 16] = [
    ("email", mail::email),
    ("header", mail::header),
    ("link", mail::link),
    ("tnef", mail::tnef),
    ("archive", archive::archive),
    ("workbook", workbook::workbook),
    ("package", workbook::package),
    ("xls", workbook::xls),
    ("spreadsheet_ml", workbook::spreadsheet_ml),
    ("html_table", workbook::html_table),
    ("csv", table::csv),
    ("kind", names::kind),
    ("event", names::event),
    ("file_name", names::file_name),
    ("smtp", smtp::smtp),
    ("reply", people::reply),
];

/// Runs the target of this name.
///
/// # Panics
/// If there is none, or if it finds a rule broken.
pub fn run(name: &str, bytes: &[u8]) {
    let target = TARGETS.iter().find(|(known, _)| *known == name);
    assert!(target.is_some(), "there is no target {name}");
    if let Some((_, target)) = target {
        target(bytes);
    }
}
