//! The caps, checked against what really comes out.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod common;

use common::zip_bytes::{DEFLATE64, Item, METHODS, STORE, zip};
use common::{limits, readings, unpack_as};
use pipeline_core::Limits;
use pipeline_core::ReasonCode::{TooLarge, TooManyMembers};

#[test]
fn an_archive_over_the_limit_is_not_opened() {
    let archive = zip(&[Item::new("HH.csv", &readings("1", 9))]);
    let size = archive.len() as u64;
    assert!(
        unpack_as(
            "export.zip",
            &archive,
            &Limits {
                archive_bytes: size,
                ..limits()
            }
        )
        .is_ok()
    );
    let rejection = unpack_as(
        "export.zip",
        &archive,
        &Limits {
            archive_bytes: size - 1,
            ..limits()
        },
    )
    .unwrap_err();
    assert_eq!(rejection.reason_code, TooLarge);
}

#[test]
fn a_member_over_the_limit_is_bad_and_its_siblings_go_on() {
    for method in METHODS {
        let member_bytes = 1 << 16;
        let items = [
            Item::new("a.csv", &readings("1", 2)),
            Item {
                method,
                ..Item::new("bomb.csv", &vec![b'0'; member_bytes + 1])
            },
            Item {
                method,
                ..Item::new("just.csv", &vec![b'0'; member_bytes])
            },
        ];
        let limits = Limits {
            member_bytes: member_bytes as u64,
            ..limits()
        };
        let out = unpack_as("export.zip", &zip(&items), &limits).unwrap();
        assert_eq!(out.names(), ["a.csv", "just.csv"], "method {method}");
        assert_eq!(out.bad(), [("bomb.csv", TooLarge)]);
        assert_eq!(
            out.reasons,
            ["This member unpacks to more than 64 KiB. Please send it in several files."]
        );
    }
}

#[test]
fn a_bomb_that_says_it_is_small_is_measured() {
    for method in METHODS {
        let bomb = Item {
            method,
            declared_size: Some(10),
            ..Item::new("bomb.csv", &vec![b'0'; 500_000])
        };
        let limits = Limits {
            member_bytes: 1000,
            ..limits()
        };
        let out = unpack_as("export.zip", &zip(&[bomb, Item::new("a.csv", b"1\n")]), &limits).unwrap();
        assert_eq!(out.names(), ["a.csv"]);
        // LZMA stops at the size that is declared, and the checksum tells on it.
        let code = if method == 14 {
            pipeline_core::ReasonCode::CorruptArchive
        } else {
            TooLarge
        };
        assert_eq!(out.bad(), [("bomb.csv", code)], "method {method}");
    }
}

#[test]
fn when_all_members_together_pass_the_limit_the_rest_is_bad() {
    let items: Vec<Item> = (1..=5).map(|n| Item::new(format!("{n}.csv"), &[b'0'; 1000])).collect();
    let limits = Limits {
        unpacked_bytes: 3000,
        ..limits()
    };
    let out = unpack_as("export.zip", &zip(&items), &limits).unwrap();
    assert_eq!(out.names(), ["1.csv", "2.csv", "3.csv"]);
    assert_eq!(out.bad(), [("4.csv", TooLarge), ("5.csv", TooLarge)]);
    assert!(out.reasons[0].starts_with("The archive unpacks to more than 3000 bytes in all."));
}

#[test]
fn too_many_members_are_rejected_and_folders_do_not_count() {
    let mut items: Vec<Item> = (1..=50).map(|n| Item::new(format!("f/{n}.csv"), b"1\n")).collect();
    items.extend((0..9).map(|n| Item {
        method: STORE,
        ..Item::new(format!("f{n}/"), b"")
    }));
    assert_eq!(
        unpack_as("export.zip", &zip(&items), &limits()).unwrap().names().len(),
        50
    );
    items.push(Item::new("one more.csv", b"1\n"));
    let archive = zip(&items);
    assert_eq!(
        unpack_as("export.zip", &archive, &limits()).unwrap_err().reason_code,
        TooManyMembers
    );
    let without_list = &archive[..archive.len() - 22];
    assert_eq!(
        unpack_as("export.zip", without_list, &limits())
            .unwrap_err()
            .reason_code,
        TooManyMembers
    );
}

#[test]
fn a_stream_that_never_yields_a_byte_comes_to_an_end() {
    // Stored blocks of no bytes, and none that is the last.
    let nothing = [0, 0, 0, 0xff, 0xff].repeat(100_000);
    for method in [8, DEFLATE64] {
        let item = Item {
            method,
            packed: Some(nothing.clone()),
            ..Item::new("HH.csv", b"1\n")
        };
        let out = unpack_as("export.zip", &zip(&[item, Item::new("a.csv", b"1\n")]), &limits()).unwrap();
        assert_eq!(out.names(), ["a.csv"]);
        assert_eq!(out.bad.len(), 1);
    }
}
