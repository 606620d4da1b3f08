//! Any bytes under any name have a kind, and little of them is read.

use std::io::{self, Cursor, Read, Seek, SeekFrom};

use pipeline_core::kind::{HEAD_BYTES, classify, is_email, is_html, looks_like_table};
use proptest::prelude::*;

use crate::HALF_HOURS;
use crate::build::{end_record, local_header, ole, zip};

/// Counts what is read.
struct Counted<R> {
    inner: R,
    bytes: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(buffer)?;
        self.bytes += length as u64;
        Ok(length)
    }
}

impl<R: Seek> Seek for Counted<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.inner.seek(to)
    }
}

/// A start, then nothing but NULs up to a size that no memory holds, then an end.
struct Sparse {
    start: Vec<u8>,
    end: Vec<u8>,
    size: u64,
    at: u64,
}

impl Read for Sparse {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let end_at = self.size - self.end.len() as u64;
        let left = self.size.saturating_sub(self.at);
        let length = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        for (place, at) in buffer[..length].iter_mut().zip(self.at..) {
            let from_start = usize::try_from(at).ok().and_then(|at| self.start.get(at));
            let from_end = at.checked_sub(end_at).and_then(|at| self.end.get(at as usize));
            *place = *from_start.or(from_end).unwrap_or(&0);
        }
        self.at += length as u64;
        Ok(length)
    }
}

impl Seek for Sparse {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.at = match to {
            SeekFrom::Start(at) => at,
            SeekFrom::End(by) => self.size.checked_add_signed(by).unwrap(),
            SeekFrom::Current(by) => self.at.checked_add_signed(by).unwrap(),
        };
        Ok(self.at)
    }
}

const MOST: u64 = 2 * 1024 * 1024;

#[test]
fn little_is_read_of_a_file_of_four_terabytes() {
    let directory = zip(&[("hh.csv", HALF_HOURS.as_bytes())], b"", b"");
    for start in [
        HALF_HOURS.repeat(2000).into_bytes(),
        local_header("hh.csv", u32::MAX),
        ole(&["Workbook"], None),
        vec![7; 100],
        Vec::new(),
    ] {
        for end in [directory.clone(), end_record(9, u32::MAX, 7, b""), Vec::new()] {
            let sparse = Sparse {
                start: start.clone(),
                end,
                size: 1 << 42,
                at: 0,
            };
            let mut counted = Counted {
                inner: sparse,
                bytes: 0,
            };
            classify(&mut counted, "hh.zip").unwrap();
            assert!(counted.bytes <= MOST, "{} bytes", counted.bytes);
            assert_eq!(counted.inner.at, 0, "left at the start");
        }
    }
}

#[test]
fn of_a_table_only_the_head_is_read() {
    let text = HALF_HOURS.repeat(5000);
    let mut counted = Counted {
        inner: Cursor::new(text.as_bytes()),
        bytes: 0,
    };
    classify(&mut counted, "hh.txt").unwrap();
    assert_eq!(counted.bytes, HEAD_BYTES as u64);
}

#[test]
fn a_directory_of_a_million_names_is_not_read_to_its_end() {
    let members: Vec<(String, &[u8])> = (0..60_000).map(|n| (format!("day {n}.csv"), &b""[..])).collect();
    let members: Vec<(&str, &[u8])> = members.iter().map(|(name, data)| (name.as_str(), *data)).collect();
    let archive = zip(&members, b"", b"");
    let mut counted = Counted {
        inner: Cursor::new(archive),
        bytes: 0,
    };
    assert_eq!(classify(&mut counted, "hh").unwrap().as_str(), "zip");
    assert!(counted.bytes <= MOST);
}

fn check(bytes: &[u8], name: &str) {
    let mut counted = Counted {
        inner: Cursor::new(bytes),
        bytes: 0,
    };
    let kind = classify(&mut counted, name).unwrap();
    assert_eq!(kind.is_data(), kind.rejection().is_none());
    assert!(counted.bytes <= MOST);
    let _ = (is_html(bytes), is_email(bytes), looks_like_table(bytes));
}

fn starts() -> impl Strategy<Value = Vec<u8>> {
    let fixed = [
        zip(
            &[("[Content_Types].xml", b"x"), ("xl/workbook.xml", b"y")],
            b"",
            b"comment",
        ),
        zip(
            &[("mimetype", b"application/vnd.oasis"), ("content.xml", b"y")],
            b"MZ",
            b"",
        ),
        ole(&["Workbook", "Book", "a", "b", "c"], Some(("MBD", &["WordDocument"]))),
        HALF_HOURS.as_bytes().to_vec(),
        b"From: a@example.org\nTo: b@example.org\n\n".to_vec(),
        b"<?xml version=\"1.0\"?><!-- x --><Workbook xmlns=\"urn:\">".to_vec(),
        b"\x30\x82\x05\x01\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02".to_vec(),
        b"\xff\xfeM\0P\0A\0N\0".to_vec(),
    ];
    prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..700),
        proptest::sample::select(fixed.to_vec()),
        proptest::string::string_regex("[<>!?a-zA-Z\\-\"',;\t\r\n:/= |]{0,400}")
            .unwrap()
            .prop_map(String::into_bytes),
    ]
}

proptest! {
    #[test]
    fn any_bytes_under_any_name_have_a_kind(
        start in starts(),
        rest in starts(),
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 0..12),
        cut in any::<proptest::sample::Index>(),
        name in ".{0,12}(\\.(csv|xls|xlsx|zip|p7m|eml|[a-z]{1,4}))?[. ]{0,2}",
    ) {
        let mut bytes = [start, rest].concat();
        if !bytes.is_empty() {
            for (at, byte) in changes {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            check(&bytes[..cut.index(bytes.len())], &name);
        }
        check(&bytes, &name);
    }
}
