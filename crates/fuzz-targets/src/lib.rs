//! One function for each parser that strangers' bytes reach.
//!
//! The fuzzer calls them (`fuzz/fuzz_targets`), and `cargo test` replays the corpus through them. Whatever the bytes: no panic,
//! no endless loop, no memory beyond the limits; and where there is a rule to hold, it is checked.

use std::io::{self, Cursor};

use bytes::Bytes;
use convert_file::{ConvertError, Options, SheetCsv, Sheets};
use pipeline_core::{Area, Limits, MIB, SafePath, event, kind};
use unpack_attachments::{DownloadLinks, MailVerdicts, Parameterized, Received};

/// Limits that keep a fuzzer's rounds short.
fn limits() -> Limits {
    Limits {
        members: 1_000,
        archive_bytes: MIB,
        member_bytes: MIB,
        unpacked_bytes: 4 * MIB,
        email_bytes: MIB,
        sheet_cells: 100_000,
        ..Limits::default()
    }
}

/// What is done with a fuzzer's bytes.
pub type Target = fn(&[u8]);

/// The parsers, by the names of their targets.
pub const TARGETS: [(&str, Target); 10] = [
    ("email", email),
    ("tnef", tnef),
    ("archive", archive),
    ("workbook", workbook),
    ("spreadsheet_ml", spreadsheet_ml),
    ("html_table", html_table),
    ("csv", csv),
    ("kind", kind),
    ("event", event),
    ("file_name", file_name),
];

/// An email: its parts, recipients, verdicts, time and links.
pub fn email(bytes: &[u8]) {
    if let Some(headers) = unpack_attachments::headers(bytes) {
        let _ = unpack_attachments::recipients(&headers, &["example.org".to_owned()], None);
        let _ = unpack_attachments::recipients(&headers, &[], None);
        let _ = (Received::topmost(&headers), MailVerdicts::read(&headers));
    }
    if let Ok(unpacked) = unpack_attachments::unpack(&Bytes::copy_from_slice(bytes), &limits()) {
        let _ = unpack_attachments::download_links(&unpacked.bodies, &DownloadLinks::default());
    }
}

/// A `winmail.dat`.
pub fn tnef(bytes: &[u8]) {
    let _ = unpack_attachments::read_tnef(bytes, 1_000);
}

/// A zip, gzip or tar.
pub fn archive(bytes: &[u8]) {
    let _ = uncompress_file::unpack_bytes(bytes, "march.zip", &limits());
}

/// A workbook of any format.
pub fn workbook(bytes: &[u8]) {
    let _ = convert_file::convert(Cursor::new(bytes), &options(), &mut discard);
}

/// SpreadsheetML 2003.
pub fn spreadsheet_ml(bytes: &[u8]) {
    let _ = convert_file::convert_spreadsheet_ml(bytes, &options(), &mut discard);
}

/// A web page that calls itself a workbook.
pub fn html_table(bytes: &[u8]) {
    let _ = convert_file::convert_html(bytes, &options(), &mut discard);
}

/// A CSV: what is clean stays as it is.
///
/// # Panics
/// If cleaning twice is not the same as cleaning once.
pub fn csv(bytes: &[u8]) {
    let clean = |bytes: &[u8]| {
        let mut cleaned = Vec::new();
        process_file::clean(bytes, &mut cleaned).map(|_| cleaned)
    };
    if let Ok(once) = clean(bytes) {
        let twice = clean(&once).ok();
        assert_eq!(
            twice.as_deref(),
            Some(once.as_slice()),
            "cleaning twice changes something"
        );
    }
}

/// Any file, under several names.
///
/// # Panics
/// If a reader in memory fails.
pub fn kind(bytes: &[u8]) {
    for name in ["import.csv", "export.xls", "march.zip", "data"] {
        let kind = kind::classify(&mut Cursor::new(bytes), name);
        assert!(kind.is_ok(), "memory does not fail");
    }
}

/// The event that a function is called with.
pub fn event(bytes: &[u8]) {
    if let Ok(json) = serde_json::from_slice(bytes) {
        let _ = event::decode(&json);
    }
}

/// A name from a header, a member or an address: made safe twice is made safe once.
///
/// # Panics
/// If a name is not safe after it was made safe.
pub fn file_name(bytes: &[u8]) {
    let names = [
        Some(String::from_utf8_lossy(bytes).into_owned()),
        Parameterized::parse(bytes).text("filename"),
    ];
    for name in names.into_iter().flatten() {
        let _ = Area::from_local_part(&name, None);
        for path in [SafePath::from_path(&name), SafePath::from_file_name(&name)]
            .into_iter()
            .flatten()
        {
            assert_eq!(
                SafePath::from_path(path.as_str()).as_ref(),
                Some(&path),
                "it is not safe yet"
            );
        }
    }
}

fn options() -> Options {
    Options {
        sheets: Sheets::All,
        limits: limits(),
    }
}

fn discard(mut sheet: SheetCsv) -> Result<(), ConvertError> {
    sheet.write_to(&mut io::sink())
}
