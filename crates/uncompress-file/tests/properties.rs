//! What holds for any archive.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod common;

use std::io::{self, Cursor, Read, Seek, SeekFrom, Write};

use common::zip_bytes::{End, Item, METHODS, zip, zip_with};
use common::{gzip, limits, readings, tar_bytes, unpack, unpack_as};
use pipeline_core::Limits;
use proptest::prelude::*;
use uncompress_file::{Content, Member, UnpackError, Visitor, unpack_bytes};

fn name() -> impl Strategy<Value = String> {
    "([A-Za-z0-9 _-]{1,8}/){0,2}[A-Za-z0-9äöüß£–電 _-]{1,20}\\.csv"
}

fn content() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        (1..9_u32, "[0-9]{13}").prop_map(|(days, meter)| readings(&meter, days)),
        proptest::collection::vec(any::<u8>(), 0..2000),
        Just(Vec::new()),
    ]
}

fn item() -> impl Strategy<Value = Item> {
    (
        name(),
        content(),
        proptest::sample::select(METHODS.to_vec()),
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(|(name, content, method, has_descriptor, is_zip64)| Item {
            method,
            has_descriptor,
            is_zip64,
            ..Item::new(name, &content)
        })
}

fn expected(items: &[Item]) -> Vec<(String, Vec<u8>)> {
    items
        .iter()
        .map(|item| (String::from_utf8(item.name.clone()).unwrap(), item.content.clone()))
        .collect()
}

/// A sound archive of each format, small enough that a change hits something that matters.
fn sound_archives() -> Vec<(&'static str, Vec<u8>)> {
    let csv = readings("1050000996509", 2);
    let items = METHODS.map(|method| Item {
        method,
        ..Item::new(format!("{method}.csv"), &csv)
    });
    let mut open = items.clone();
    open.iter_mut().for_each(|item| item.has_descriptor = true);
    let end = End {
        is_zip64: true,
        comment: b"export",
        ..End::default()
    };
    let tar = tar_bytes::tar(&[("2024/a.csv", &csv), ("b.csv", &csv)]);
    vec![
        ("x.zip", zip(&items)),
        ("x.zip", zip_with(&open, end)),
        ("x.csv.gz", gzip(&csv)),
        ("x.tar.gz", gzip(&tar)),
        ("x.tar", tar),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn what_was_zipped_comes_back(items in proptest::collection::vec(item(), 1..8), prefix in "[a-z]{0,30}") {
        let end = End { prefix: prefix.as_bytes(), is_zip64: prefix.len() % 2 == 1, ..End::default() };
        let out = unpack("export.zip", &zip_with(&items, end));
        prop_assert_eq!(out.members, expected(&items));
        prop_assert!(out.bad.is_empty());
    }

    #[test]
    fn what_was_zipped_comes_back_without_the_list_too(items in proptest::collection::vec(item(), 1..8)) {
        let archive = zip(&items);
        let out = unpack("export.zip", &archive[..archive.len() - 22]);
        prop_assert_eq!(out.members, expected(&items));
        prop_assert_eq!(out.bad.len(), 1);
    }

    #[test]
    fn what_was_put_into_a_tar_comes_back(files in proptest::collection::vec((name(), content()), 1..8)) {
        let borrowed: Vec<(&str, &[u8])> = files.iter().map(|(name, content)| (name.as_str(), content.as_slice())).collect();
        let archive = tar_bytes::tar(&borrowed);
        for (archive_name, bytes) in [("export.tar", archive.clone()), ("export.tar.gz", gzip(&archive))] {
            let out = unpack(archive_name, &bytes);
            prop_assert_eq!(&out.members, &files);
            prop_assert!(out.bad.is_empty());
        }
    }

    #[test]
    fn nothing_wrong_ever_goes_on(
        which in 0..5_usize,
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in any::<prop::sample::Index>(),
        is_cut in any::<bool>(),
    ) {
        let (name, sound) = sound_archives().swap_remove(which);
        let mut bytes = sound.clone();
        if is_cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        // Of a compressed tar that is cut, nobody can tell whether what is left is right.
        let is_sure = !is_cut || name != "x.tar.gz";
        for (at, value) in changes.iter().filter(|_| is_sure) {
            let at = at.index(bytes.len().max(1));
            bytes.splice(at..bytes.len().min(at + 1), [*value]);
        }
        // Tar has no checksum over contents: there anything may come out, but nothing may go wrong.
        if let Ok(out) = unpack_as(name, &bytes, &limits()) && name != "x.tar" {
            let csv = readings("1050000996509", 2);
            let whole = out.members.iter().filter(|(_, content)| !content.is_empty());
            for (member, content) in whole {
                let text = String::from_utf8_lossy(&content[..content.len().min(40)]).into_owned();
                prop_assert!(*content == csv, "{member}: {} bytes, {text:?}", content.len());
            }
        }
    }

    #[test]
    fn no_bytes_do_harm(mut bytes in proptest::collection::vec(any::<u8>(), 0..3000), start in 0..5_usize) {
        let starts: [&[u8]; 5] = [b"PK\x03\x04", b"\x1f\x8b\x08\x00", b"PK\x05\x06", b"", b"PK\x01\x02"];
        bytes.splice(..0, starts[start].iter().copied());
        let _ = unpack_bytes(&bytes, "x.tar", &limits());
        for method in METHODS {
            let item = Item { method, packed: Some(bytes.clone()), ..Item::new("HH.csv", b"MPR,Date,hr0030\n") };
            prop_assert!(unpack_bytes(&zip(&[item]), "x.zip", &limits()).is_err());
        }
    }

    #[test]
    fn no_more_comes_out_than_the_limits_allow(
        items in proptest::collection::vec(item(), 1..8),
        member_bytes in 0..3000_u64,
        unpacked_bytes in 0..6000_u64,
    ) {
        let limits = Limits { member_bytes, unpacked_bytes, ..limits() };
        if let Ok(out) = unpack_as("export.zip", &zip(&items), &limits) {
            let sizes = || out.members.iter().map(|(_, content)| content.len() as u64);
            prop_assert!(sizes().all(|size| size <= member_bytes));
            prop_assert!(sizes().sum::<u64>() <= unpacked_bytes);
            prop_assert_eq!(out.members.len() + out.bad.len(), items.len());
        }
    }
}

/// Gives the bytes of an archive and then fails, once.
struct FailingDisk {
    bytes: Cursor<Vec<u8>>,
    reads_left: usize,
}

impl Read for FailingDisk {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.reads_left.checked_sub(1) {
            Some(left) => self.reads_left = left,
            None => {
                self.reads_left = usize::MAX;
                return Err(io::Error::other("the disk is gone"));
            }
        }
        let few = buffer.len().min(700);
        self.bytes.read(&mut buffer[..few])
    }
}

impl Seek for FailingDisk {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        self.bytes.seek(position)
    }
}

struct Ignore;

impl Visitor for Ignore {
    type Error = io::Error;
    fn visit(&mut self, _: &Member, _: &mut Content<'_>) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_disk_that_fails_is_never_the_archives_fault() {
    for (name, bytes) in sound_archives() {
        let mut failures = 0;
        for reads_left in 0.. {
            let mut disk = FailingDisk {
                bytes: Cursor::new(bytes.clone()),
                reads_left,
            };
            match uncompress_file::unpack(&mut disk, name, &limits(), &mut Ignore) {
                Err(UnpackError::Read(error)) => {
                    assert_eq!(error.to_string(), "the disk is gone");
                    failures += 1;
                }
                Ok(unpacked) => {
                    assert!(unpacked.bad.is_empty());
                    break;
                }
                other => panic!("{name}, {reads_left} reads: {other:?}"),
            }
        }
        assert!(failures >= 2, "{name}");
    }
}

#[test]
fn an_output_that_fails_is_never_the_archives_fault() {
    struct Full;
    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    impl Visitor for Full {
        type Error = io::Error;
        fn visit(&mut self, _: &Member, content: &mut Content<'_>) -> io::Result<()> {
            content.copy_to(self).map(|_| ())
        }
    }
    for (name, bytes) in sound_archives() {
        let outcome = uncompress_file::unpack(&mut Cursor::new(bytes), name, &limits(), &mut Full);
        assert!(matches!(outcome, Err(UnpackError::Output(error)) if error.kind() == io::ErrorKind::StorageFull));
    }
}
