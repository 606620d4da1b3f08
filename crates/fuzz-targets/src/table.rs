//! CSV.

use process_file::{Cleaned, clean, clean_in_little_room};

/// The parser that the cleaner's own tests hold it to: as strict as the importer's.
#[path = "../../process-file/src/strict.rs"]
mod strict;

/// A CSV: what is clean parses, and stays as it is. Once with the bounds of the product, once with bounds that a few
/// bytes meet.
///
/// # Panics
/// If it does not.
pub(crate) fn csv(bytes: &[u8]) {
    check(bytes, |bytes, out| clean(bytes, out).ok());
    check(bytes, |bytes, out| clean_in_little_room(bytes, out).ok());
}

fn check(bytes: &[u8], clean: impl Fn(&[u8], &mut Vec<u8>) -> Option<Cleaned>) {
    let mut once = Vec::new();
    let cleaned = clean(bytes, &mut once);
    assert!(cleaned.is_some(), "memory does not fail");
    let Some(cleaned) = cleaned else { return };
    let text = str::from_utf8(&once);
    assert!(text.is_ok(), "what comes out is UTF-8");
    let text = text.unwrap_or_default();
    assert!(!text.contains(['\0', '\r']), "a NUL or CR is left");
    assert!(text.is_empty() || text.ends_with('\n'), "the last line is open");
    let records = strict::parse(text, cleaned.delimiter);
    assert_eq!(
        records.as_ref().map(|records| records.len() as u64),
        Ok(cleaned.lines),
        "the lines are other ones: {records:?}"
    );
    let mut twice = Vec::new();
    let again = clean(&once, &mut twice);
    assert_eq!(twice, once, "cleaning twice changes something");
    assert_eq!(again.map(|again| again.lines_repaired), Some(0));
}
