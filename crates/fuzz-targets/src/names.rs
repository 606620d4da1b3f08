//! What a file is, what it is called, and what tells of it.

use std::io::{self, Cursor, Read, Seek, SeekFrom};

use pipeline_core::event::{self, Record};
use pipeline_core::{Area, GIB, Key, KeyLayout, MIB, Origin, Provenance, SafePath, kind};
use serde_json::Value;
use time::OffsetDateTime;
use unpack_attachments::Parameterized;

/// Any file, under several names; and a huge one that begins and ends with these bytes.
///
/// # Panics
/// If a reader in memory fails, is not left at its start, or if a huge file is read to its end.
pub(crate) fn kind(bytes: &[u8]) {
    for name in ["import.csv", "export.xls", "march.zip", "data"] {
        let mut content = Cursor::new(bytes);
        assert!(kind::classify(&mut content, name).is_ok(), "memory does not fail");
        assert_eq!(content.position(), 0, "what is read next begins elsewhere");
    }
    let (start, end) = bytes.split_at(bytes.len() / 2);
    let mut huge = Huge {
        start,
        end,
        at: 0,
        read: 0,
    };
    assert!(kind::classify(&mut huge, "data").is_ok(), "memory does not fail");
    assert!(huge.read <= 3 * MIB, "{} bytes were read of a huge file", huge.read);
}

/// A file of 8 GiB, most of it NULs.
struct Huge<'a> {
    start: &'a [u8],
    end: &'a [u8],
    at: u64,
    read: u64,
}

const HUGE: u64 = 8 * GIB;

impl Read for Huge<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = HUGE.saturating_sub(self.at).min(buffer.len() as u64) as usize;
        let buffer = buffer.get_mut(..left).unwrap_or_default();
        buffer.fill(0);
        for (piece, piece_at) in [(self.start, 0), (self.end, HUGE - self.end.len() as u64)] {
            // How much of the piece was passed, and how much of the buffer comes before it.
            let passed = self.at.saturating_sub(piece_at).min(piece.len() as u64) as usize;
            let before = piece_at.saturating_sub(self.at).min(left as u64) as usize;
            let piece = piece.get(passed..).unwrap_or_default();
            for (byte, known) in buffer.iter_mut().skip(before).zip(piece) {
                *byte = *known;
            }
        }
        self.at += left as u64;
        self.read += left as u64;
        Ok(left)
    }
}

impl Seek for Huge<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => HUGE.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = at.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}

/// The event that a function is called with: no record of it is passed over in silence, and what we write ourselves reads
/// back.
///
/// # Panics
/// If one is, or does not.
pub(crate) fn event(bytes: &[u8]) {
    let Ok(json) = serde_json::from_slice::<Value>(bytes) else {
        return;
    };
    let Ok(decoded) = event::decode(&json) else { return };
    let is_wrapped = json.get("requestPayload").is_some() || json.get("Event").is_some();
    let records = json.get("Records").and_then(Value::as_array).map_or(0, Vec::len);
    if !is_wrapped && !decoded.from_queue {
        assert_eq!(decoded.objects.len() + decoded.ignored, records, "a record is lost");
    }
    for object in &decoded.objects {
        assert!(!decoded.from_queue || object.message_id.is_some(), "it has no message");
        let record = Record {
            bucket: &object.bucket,
            key: &object.key,
            event_name: "ObjectCreated:Put",
            event_time: object.event_time,
            content: None,
        };
        let again = event::decode(&record.to_event("eu-west-2")).map(|decoded| decoded.objects);
        let again = again.unwrap_or_default();
        let found = again.first().map(|object| (&object.bucket, &object.key));
        assert_eq!(found, Some((&object.bucket, &object.key)), "it reads back as another");
    }
}

/// A name from a header, a member or an address: made safe once it stays as it is, and every key and all metadata that
/// are made of it are within what S3 allows.
///
/// # Panics
/// If they are not.
pub(crate) fn file_name(bytes: &[u8]) {
    let names = [
        Some(String::from_utf8_lossy(bytes).into_owned()),
        Parameterized::parse(bytes).text("filename"),
    ];
    for name in names.into_iter().flatten() {
        let area = Area::from_local_part(&name, None).unwrap_or_else(|_| Area::unknown());
        check_parts(area.as_str(), "an area");
        assert!(!area.as_str().contains('/'), "an area has folders");
        for path in [SafePath::from_path(&name), SafePath::from_file_name(&name)]
            .into_iter()
            .flatten()
        {
            assert_eq!(
                SafePath::from_path(path.as_str()).as_ref(),
                Some(&path),
                "it is not safe yet"
            );
            check_keys(&area, &path);
        }
        check_metadata(&name);
    }
}

fn check_keys(area: &Area, path: &SafePath) {
    let received = OffsetDateTime::UNIX_EPOCH;
    let origin = Origin::of_outside_object("inbox", path.as_str(), "etag", received);
    let staging = Key::staging(area, origin, path);
    let (found_area, found_origin, rest) = staging.parse_staging();
    assert_eq!(
        (found_area.as_ref(), found_origin),
        (Some(area), Some(origin)),
        "{staging}"
    );
    let rest = rest.map_or(0, |rest| rest.as_str().len());
    assert_eq!(
        area.as_str().len() + 34 + rest,
        staging.as_str().len(),
        "{staging} is not safe"
    );
    for layout in [KeyLayout::Flat, KeyLayout::Dated] {
        let keys = Key::delivery(layout, area, origin, received, path);
        let [first, second, third] = &keys;
        assert!(
            first != second && second != third && first != third,
            "{first} comes twice"
        );
        for key in [&staging, first, second, third] {
            assert!(key.as_str().len() <= 900, "{key} is too long");
            check_parts(key.as_str(), "a key");
            assert!(key.as_str().starts_with(&format!("{area}/")), "{key} left its area");
        }
    }
}

fn check_parts(text: &str, what: &str) {
    let is_unsafe = |c: char| c.is_control() || UNSAFE.contains(c);
    for part in text.split('/') {
        let is_safe = !part.is_empty() && part != "." && part != ".." && part.trim() == part;
        assert!(is_safe && !part.contains(is_unsafe), "{what} has the part {part:?}");
    }
}

/// The backslash and what looks like a slash; what turns text around; what looks like a blank, or like nothing.
const UNSAFE: &str = concat!(
    "\\\u{2044}\u{2215}\u{FF0F}\u{FF3C}",
    "\u{200E}\u{200F}\u{202A}\u{202E}\u{2066}\u{2069}",
    "\u{A0}\u{2007}\u{202F}\u{200B}\u{FEFF}",
);

/// S3 allows 2 KB of metadata in all, in ASCII.
fn check_metadata(name: &str) {
    let origin = Origin::of_outside_object("inbox", name, "etag", OffsetDateTime::UNIX_EPOCH);
    let provenance = Provenance::from_outside(Some(name.to_owned()), OffsetDateTime::UNIX_EPOCH, name.to_owned());
    let metadata = provenance.to_metadata(origin, None);
    let size: usize = metadata.iter().map(|(name, value)| name.len() + value.len()).sum();
    assert!(size <= 2_048, "the metadata are too long");
    assert!(
        metadata
            .values()
            .all(|value| value.bytes().all(|byte| (b' '..=b'~').contains(&byte)))
    );
    let read = Provenance::from_metadata(&metadata);
    assert_eq!(read.map(|(origin, _)| origin), Some(origin), "it does not read back");
}
