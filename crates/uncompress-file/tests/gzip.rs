//! Gzip files, rule by rule.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod common;

use common::tar_bytes::{END, tar};
use common::zip_bytes::{Item, zip};
use common::{gzip, limits, readings, rejected, unpack, unpack_as};
use flate2::{Compression, GzBuilder};
use pipeline_core::Limits;
use pipeline_core::ReasonCode::{CorruptArchive, Empty, TooLarge, TooManyMembers};
use std::io::Write;

fn named(name: &[u8], content: &[u8]) -> Vec<u8> {
    let mut encoder = GzBuilder::new().filename(name).write(Vec::new(), Compression::fast());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn a_gzip_file_is_one_file_named_as_the_archive() {
    let csv = readings("1050000996509", 90);
    let out = unpack("HH Consumption.csv.gz", &named(b"other.csv", &csv));
    assert_eq!(out.members, [("HH Consumption.csv".to_owned(), csv)]);
}

#[test]
fn where_the_archives_name_does_not_tell_the_header_does() {
    let csv = readings("1", 1);
    assert_eq!(
        unpack("attachment-1", &named("Zähler.csv".as_bytes(), &csv)).names(),
        ["Zähler.csv"]
    );
    assert_eq!(
        unpack("attachment-1", &named(b"Z\xe4hler.csv", &csv)).names(),
        ["Zähler.csv"]
    );
    assert_eq!(
        unpack("attachment-1", &named(b"/var/spool/HH.csv", &csv)).names(),
        ["HH.csv"]
    );
    assert_eq!(unpack("readings.csv", &gzip(&csv)).names(), ["readings.csv"]);
}

#[test]
fn where_the_archives_name_tells_no_format_the_headers_does() {
    let csv = readings("1", 1);
    let inner = named(b"/export/inner.csv", &csv);
    assert_eq!(unpack("data.gz", &inner).names(), ["inner.csv"]);
    assert_eq!(unpack("data.csv.gz", &inner).names(), ["data.csv"]);
    for stored in [b"inner".as_slice(), b".csv", b"inner.", b""] {
        assert_eq!(unpack("data.gz", &named(stored, &csv)).names(), ["data"]);
    }
    assert_eq!(unpack("data.gz", &gzip(&csv)).names(), ["data"]);
    assert_eq!(
        unpack("data.gz", &named(b"..\\..\\other\\inner.csv", &csv)).names(),
        ["inner.csv"]
    );
}

#[test]
fn gzip_members_one_after_the_other_are_one_file() {
    let (first, second) = (readings("1", 40), readings("2", 50));
    let joined = [gzip(&first), gzip(&second), gzip(b"")].concat();
    assert_eq!(unpack("HH.csv.gz", &joined).members[0].1, [first, second].concat());
}

#[test]
fn padding_and_garbage_behind_the_stream_are_ignored_as_gzip_ignores_them() {
    let csv = readings("1", 40);
    for behind in [
        &[0; 700][..],
        b"\r\n-- \r\nSent by the meter data team",
        b"\x1f\x8b",
        b"\x1f",
    ] {
        assert_eq!(unpack("HH.csv.gz", &[&gzip(&csv), behind].concat()).members[0].1, csv);
    }
}

#[test]
fn of_a_damaged_gzip_file_nothing_goes_on() {
    let csv = readings("1", 400);
    let sound = gzip(&csv);
    let mut wrong_checksum = sound.clone();
    let at = wrong_checksum.len() - 8;
    wrong_checksum[at] ^= 1;
    let mut wrong_data = sound.clone();
    wrong_data[sound.len() / 2] ^= 0x55;
    let second_is_cut = [&sound[..], &sound[..sound.len() - 20]].concat();
    let cut = sound[..sound.len() / 2].to_vec();
    for bytes in [
        wrong_checksum,
        wrong_data,
        second_is_cut,
        cut,
        sound[..8].to_vec(),
        sound[..sound.len() - 1].to_vec(),
    ] {
        let rejection = rejected("HH.csv.gz", &bytes);
        assert_eq!(rejection.reason_code, CorruptArchive);
        assert!(
            rejection.reason.contains("“HH.csv”: This member is"),
            "{}",
            rejection.reason
        );
    }
}

#[test]
fn a_tar_in_a_gzip_file_gives_its_members() {
    let (a, b) = (readings("1", 30), readings("2", 30));
    let archive = gzip(&tar(&[("2024/a.csv", &a), ("2024/b.csv", &b)]));
    for name in ["export.tar.gz", "export.tgz", "export.taz", "export"] {
        let out = unpack(name, &archive);
        assert_eq!(
            out.members,
            [
                ("2024/a.csv".to_owned(), a.clone()),
                ("2024/b.csv".to_owned(), b.clone())
            ]
        );
        assert!(out.bad.is_empty());
    }
}

#[test]
fn of_a_truncated_tar_in_a_gzip_file_the_whole_members_go_on() {
    let archive = tar(&[("a.csv", &readings("1", 30)), ("b.csv", &readings("2", 3000))]);
    let whole = gzip(&archive);
    let out = unpack("export.tar.gz", &whole[..whole.len() * 2 / 3]);
    assert_eq!(out.members, [("a.csv".to_owned(), readings("1", 30))]);
    assert_eq!(
        out.bad(),
        [("b.csv", CorruptArchive), ("export.tar.gz", CorruptArchive)]
    );
}

#[test]
fn of_a_tar_whose_checksum_is_wrong_nothing_goes_on() {
    let mut archive = gzip(&tar(&[("a.csv", &readings("1", 30)), ("b.csv", &readings("2", 30))]));
    let at = archive.len() - 8;
    archive[at] ^= 1;
    assert_eq!(rejected("export.tar.gz", &archive).reason_code, CorruptArchive);
}

#[test]
fn a_tar_without_members_is_empty_and_a_file_without_bytes_is_a_file() {
    assert_eq!(rejected("export.tgz", &gzip(&END)).reason_code, Empty);
    assert_eq!(rejected("export.tar.gz", &gzip(b"")).reason_code, Empty);
    assert_eq!(unpack("HH.csv.gz", &gzip(b"")).members, [("HH.csv".to_owned(), vec![])]);
    assert_eq!(unpack("HH.bin.gz", &gzip(&END)).members[0].1, END);
}

#[test]
fn an_archive_inside_goes_on_as_it_is() {
    let inner = zip(&[Item::new("HH.csv", &readings("1", 3))]);
    assert_eq!(
        unpack("export.zip.gz", &gzip(&inner)).members,
        [("export.zip".to_owned(), inner)]
    );
}

#[test]
fn a_bomb_goes_off_against_the_limits() {
    let zeros = gzip(&vec![0; 40 << 20]);
    assert!(zeros.len() < 100_000);
    let rejection = rejected("HH.csv.gz", &zeros);
    assert_eq!(rejection.reason_code, TooLarge);
    assert!(
        rejection.reason.contains("unpacks to more than 1 MiB"),
        "{}",
        rejection.reason
    );
    let in_tar = gzip(&tar(&[("bomb.csv", &vec![0; 5 << 20]), ("b.csv", &readings("1", 2))]));
    let out = unpack("export.tar.gz", &in_tar);
    assert_eq!((out.names(), out.bad()), (vec!["b.csv"], vec![("bomb.csv", TooLarge)]));
}

#[test]
fn a_tar_of_too_many_members_is_rejected_before_any_goes_on() {
    let files: Vec<(String, Vec<u8>)> = (0..51).map(|n| (format!("{n}.csv"), readings("1", 1))).collect();
    let files: Vec<(&str, &[u8])> = files
        .iter()
        .map(|(name, csv)| (name.as_str(), csv.as_slice()))
        .collect();
    assert_eq!(
        rejected("export.tar.gz", &gzip(&tar(&files))).reason_code,
        TooManyMembers
    );
    assert_eq!(unpack("export.tar.gz", &gzip(&tar(&files[..50]))).names().len(), 50);
}

#[test]
fn what_is_over_the_limit_in_all_is_bad_from_there_on() {
    let files = [
        ("a.csv", readings("1", 9)),
        ("b.csv", readings("2", 9)),
        ("c.csv", readings("3", 9)),
    ];
    let size = files[0].1.len() as u64;
    let files = files.each_ref().map(|(name, csv)| (*name, csv.as_slice()));
    let limits = Limits {
        unpacked_bytes: size * 3 / 2,
        ..limits()
    };
    let out = unpack_as("export.tar.gz", &gzip(&tar(&files)), &limits).unwrap();
    assert_eq!(
        (out.names(), out.bad()),
        (vec!["a.csv"], vec![("b.csv", TooLarge), ("c.csv", TooLarge)])
    );
}
