//! Zip archives whose list of members is lost, incomplete or a lie.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod common;

use common::zip_bytes::{End, Item, STORE, find, header_of, zip, zip_with};
use common::{readings, rejected, three_items, unpack};
use pipeline_core::ReasonCode::CorruptArchive;

#[test]
fn a_count_that_lies_allocates_nothing_and_loses_no_member() {
    for (count, is_zip64) in [
        (1, false),
        (0xffff, false),
        (0, false),
        (u64::MAX, true),
        (1 << 40, true),
    ] {
        let archive = zip_with(
            &three_items(),
            End {
                count: Some(count),
                is_zip64,
                ..End::default()
            },
        );
        let out = unpack("export.zip", &archive);
        assert_eq!(out.names(), ["2024/a.csv", "2024/b.csv", "2024/c.csv"]);
        assert_eq!(out.bad(), [("export.zip", CorruptArchive)]);
    }
}

#[test]
fn an_archive_that_lost_its_list_gives_what_its_headers_tell() {
    let mut items = three_items();
    items[0].has_descriptor = true;
    items[1].method = STORE;
    items[2].is_zip64 = true;
    items.insert(1, Item::stored("2024/", b""));
    let archive = zip(&items);
    let directory = find(&archive, b"PK\x01\x02", 0);
    for end in [directory, directory + 60, archive.len() - 5] {
        let out = unpack("export.zip", &archive[..end]);
        assert_eq!(out.names(), ["2024/a.csv", "2024/b.csv", "2024/c.csv"]);
        for ((_, content), day) in out.members.iter().zip(["a.csv", "b.csv", "c.csv"]) {
            assert_eq!(content, &readings(day, 20));
        }
        assert_eq!(out.bad(), [("export.zip", CorruptArchive)]);
    }
}

#[test]
fn of_a_truncated_archive_the_whole_members_go_on_and_the_cut_one_is_named() {
    for has_descriptor in [false, true] {
        let mut items = three_items();
        items.iter_mut().for_each(|item| item.has_descriptor = has_descriptor);
        let archive = zip(&items);
        let cut = &archive[..header_of(&archive, "2024/c.csv") + 300];
        let out = unpack("export.zip", cut);
        assert_eq!(out.names(), ["2024/a.csv", "2024/b.csv"]);
        assert_eq!(
            out.bad(),
            [("2024/c.csv", CorruptArchive), ("export.zip", CorruptArchive)]
        );
    }
    let archive = zip(&three_items()[..1]);
    let rejection = rejected("export.zip", &archive[..archive.len() / 3]);
    assert_eq!(rejection.reason_code, CorruptArchive);
    assert!(
        rejection.reason.contains("“2024/a.csv”: This member is cut short"),
        "{}",
        rejection.reason
    );
}

#[test]
fn a_truncated_archive_is_not_taken_for_the_archive_inside_of_it() {
    let inner = zip(&[Item::new("inner.csv", &readings("2", 3))]);
    let archive = zip(&[
        Item::new("a.csv", &readings("1", 3)),
        Item::stored("inner.zip", &inner),
        Item::new("c.csv", &readings("3", 300)),
    ]);
    let out = unpack("export.zip", &archive[..archive.len() - 1000]);
    assert_eq!(out.names(), ["a.csv", "inner.zip"]);
    assert_eq!(out.bad(), [("c.csv", CorruptArchive), ("export.zip", CorruptArchive)]);
}

#[test]
fn of_archives_that_were_joined_no_member_is_lost() {
    let joined = [zip(&three_items()), zip(&[Item::new("d.csv", &readings("4", 4))])].concat();
    let out = unpack("export.zip", &joined);
    assert_eq!(out.names(), ["2024/a.csv", "2024/b.csv", "2024/c.csv", "d.csv"]);
    assert_eq!(out.bad(), [("export.zip", CorruptArchive)]);
}
