//! Zip archives, rule by rule.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod common;

use common::zip_bytes::{self, DEFLATE, End, Item, LZMA, METHODS, STORE, find, header_of, zip, zip_with};
use common::{limits, readings, rejected, three_items, unpack, unpack_as};
use pipeline_core::ReasonCode::{CorruptArchive, Empty, Encrypted, TooLarge, Unsupported};

const UTF8: u16 = 1 << 11;

#[test]
fn every_method_gives_the_content_back() {
    for method in METHODS {
        for has_descriptor in [false, true] {
            let content = readings("1050000996509", 400);
            let item = Item {
                method,
                has_descriptor,
                ..Item::new("HH Consumption.csv", &content)
            };
            let out = unpack("export.zip", &zip(&[item]));
            assert_eq!(
                out.members,
                [("HH Consumption.csv".to_owned(), content)],
                "method {method}"
            );
            assert!(out.bad.is_empty());
        }
    }
}

#[test]
fn members_keep_their_folders_and_their_order() {
    let out = unpack("export.zip", &zip(&three_items()));
    assert_eq!(out.names(), ["2024/a.csv", "2024/b.csv", "2024/c.csv"]);
}

#[test]
fn folders_and_what_systems_make_for_themselves_are_passed_over_in_silence() {
    let csv = readings("1", 1);
    let mac = |name: &str| Item::stored(name, b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X");
    let out = unpack(
        "export.zip",
        &zip(&[
            Item::stored("readings/", b""),
            Item::stored("windows\\", b""),
            Item {
                attributes: 0x10,
                ..Item::stored("folder by attribute", b"")
            },
            Item::new("readings/HH.csv", &csv),
            mac("__MACOSX/readings/._HH.csv"),
            mac("readings/._HH.csv"),
            mac("readings/.DS_Store"),
            mac("Thumbs.db"),
            Item::new("._not_apple.csv", &csv),
        ]),
    );
    assert_eq!(out.names(), ["readings/HH.csv", "._not_apple.csv"]);
    assert_eq!(out.members[1].1, csv);
    assert!(out.bad.is_empty());
}

#[test]
fn a_symbolic_link_is_never_followed() {
    let link = Item {
        attributes: 0o120_777 << 16,
        made_by: 3 << 8 | 20,
        ..Item::stored("latest.csv", b"/etc/passwd")
    };
    let out = unpack(
        "export.zip",
        &zip(&[link.clone(), Item::new("HH.csv", &readings("1", 1))]),
    );
    assert_eq!(out.names(), ["HH.csv"]);
    assert_eq!(rejected("export.zip", &zip(&[link])).reason_code, Empty);
}

#[test]
fn an_archive_without_a_file_is_empty() {
    for archive in [
        zip(&[]),
        zip(&[Item::stored("2024/", b""), Item::stored("2024/.DS_Store", b"x")]),
    ] {
        assert_eq!(rejected("export.zip", &archive).reason_code, Empty);
    }
}

#[test]
fn a_file_without_a_byte_is_a_file() {
    assert_eq!(
        unpack("export.zip", &zip(&[Item::new("HH.csv", b"")])).members,
        [("HH.csv".to_owned(), vec![])]
    );
}

#[test]
fn names_are_utf8_or_code_page_437() {
    let names: [(&[u8], u16); 3] = [
        (b"Z\x84hler \x9c.csv", 0),
        ("Zähler £.csv".as_bytes(), UTF8),
        ("Zähler £.csv".as_bytes(), 0),
    ];
    for (name, flags) in names {
        let out = unpack(
            "export.zip",
            &zip(&[Item {
                flags,
                ..Item::new(name, b"MPR,Date,hr0030\n")
            }]),
        );
        assert_eq!(out.names(), ["Zähler £.csv"]);
    }
}

#[test]
fn a_unicode_path_field_replaces_the_name_it_was_made_for() {
    let mut extra = vec![0x75, 0x70, 17, 0, 1];
    extra.extend(rawzip::crc32(b"Z_hler.csv").to_le_bytes());
    extra.extend("Zähler £.csv".as_bytes());
    extra[2] = (extra.len() - 4) as u8;
    let named = |name: &str| Item {
        extra: extra.clone(),
        ..Item::new(name, b"MPR,Date,hr0030\n")
    };
    let out = unpack("export.zip", &zip(&[named("Z_hler.csv"), named("renamed.csv")]));
    assert_eq!(out.names(), ["Zähler £.csv", "renamed.csv"]);
}

#[test]
fn no_name_leaves_its_folder() {
    let csv = readings("1", 1);
    let names = [
        "/etc/cron.d/x.csv",
        "../../up.csv",
        "C:\\exports\\win.csv",
        "2024\\march\\HH.csv",
        "",
        "../..",
    ];
    let items: Vec<Item> = names.iter().map(|name| Item::new(name, &csv)).collect();
    let (members, bad) = uncompress_file::unpack_bytes(&zip(&items), "export.zip", &limits()).unwrap();
    let paths: Vec<&str> = members.iter().map(|(member, _)| member.path.as_str()).collect();
    let safe = [
        "etc/cron.d/x.csv",
        "up.csv",
        "C:/exports/win.csv",
        "2024/march/HH.csv",
        "member-5",
        "member-6",
    ];
    assert_eq!(paths, safe);
    assert!(bad.is_empty());
}

#[test]
fn members_of_one_name_both_survive() {
    let names = ["HH.csv", "HH.csv", "2024/HH.csv", "2024\\HH.csv"];
    let items: Vec<Item> = names
        .iter()
        .zip(1..)
        .map(|(name, days)| Item::new(name, &readings("1", days)))
        .collect();
    let (members, _) = uncompress_file::unpack_bytes(&zip(&items), "export.zip", &limits()).unwrap();
    assert_eq!(
        members.iter().map(|(member, _)| member.number).collect::<Vec<_>>(),
        [1, 2, 3, 4]
    );
    for ((_, content), item) in members.iter().zip(&items) {
        assert_eq!(content, &item.content);
    }
}

#[test]
fn a_member_whose_checksum_is_wrong_is_bad_and_its_siblings_go_on() {
    for method in METHODS {
        let mut items = three_items();
        items[1].method = method;
        items[1].crc32 = Some(1);
        let out = unpack("export.zip", &zip(&items));
        assert_eq!(out.names(), ["2024/a.csv", "2024/c.csv"]);
        assert_eq!(out.bad(), [("2024/b.csv", CorruptArchive)]);
        assert_eq!(
            out.reasons,
            ["This member is damaged (its checksum does not match). Please send it again."]
        );
    }
}

#[test]
fn a_member_whose_stream_is_broken_is_bad_and_its_siblings_go_on() {
    for method in METHODS {
        let mut items = three_items();
        items[1].method = method;
        let mut packed = zip_bytes::pack(method, &items[1].content);
        let middle = packed.len() / 2;
        for byte in &mut packed[middle..middle + 8] {
            *byte ^= 0x5a;
        }
        items[1].packed = Some(packed);
        let out = unpack("export.zip", &zip(&items));
        assert_eq!(out.names(), ["2024/a.csv", "2024/c.csv"], "method {method}");
        assert_eq!(out.bad(), [("2024/b.csv", CorruptArchive)]);
    }
}

#[test]
fn a_member_whose_stream_ends_early_is_bad() {
    for method in METHODS {
        let mut items = three_items();
        items[1].method = method;
        let packed = zip_bytes::pack(method, &items[1].content);
        items[1].packed = Some(packed[..packed.len() / 2].to_vec());
        let out = unpack("export.zip", &zip(&items));
        assert_eq!(out.names(), ["2024/a.csv", "2024/c.csv"], "method {method}");
        assert_eq!(out.bad(), [("2024/b.csv", CorruptArchive)]);
    }
}

#[test]
fn a_size_that_lies_makes_the_member_bad_in_either_direction() {
    for size in [0, 10, 1_000_000] {
        for method in METHODS {
            let mut items = three_items();
            items[1].method = method;
            items[1].declared_size = Some(size);
            let out = unpack("export.zip", &zip(&items));
            assert_eq!(
                out.names(),
                ["2024/a.csv", "2024/c.csv"],
                "method {method}, size {size}"
            );
            assert_eq!(out.bad(), [("2024/b.csv", CorruptArchive)]);
        }
    }
}

#[test]
fn an_encrypted_member_is_bad_whatever_the_scheme() {
    let zip_crypto = Item {
        flags: 1,
        ..Item::new("a.csv", b"0123456789ab and data")
    };
    let strong = Item {
        flags: 1 | 1 << 6,
        ..Item::new("b.csv", b"data")
    };
    let aes = Item {
        flags: 1,
        method: 99,
        ..Item::new("c.csv", b"salt and data")
    };
    let sibling = Item::new("d.csv", &readings("1", 1));
    let out = unpack("export.zip", &zip(&[zip_crypto.clone(), strong, aes, sibling]));
    assert_eq!(out.names(), ["d.csv"]);
    assert_eq!(
        out.bad(),
        [("a.csv", Encrypted), ("b.csv", Encrypted), ("c.csv", Encrypted)]
    );
    let rejection = rejected("export.zip", &zip(&[zip_crypto]));
    assert_eq!(rejection.reason_code, Encrypted);
    let said = "“a.csv”: This member is protected by a password. Please send it without one.";
    assert!(rejection.reason.contains(said), "{}", rejection.reason);
}

#[test]
fn encryption_that_only_the_local_header_admits_is_seen() {
    let mut archive = zip(&[Item::new("a.csv", b"ciphertext"), Item::new("b.csv", &readings("1", 1))]);
    let header = header_of(&archive, "a.csv");
    archive[header + 6] |= 1;
    assert_eq!(unpack("export.zip", &archive).bad(), [("a.csv", Encrypted)]);
}

#[test]
fn a_method_that_is_not_read_is_named() {
    let xz = Item {
        method: 95,
        ..Item::new("a.csv", b"?")
    };
    let odd = Item {
        method: 4711,
        ..Item::new("b.csv", b"?")
    };
    let out = unpack("export.zip", &zip(&[xz, odd, Item::new("c.csv", &readings("1", 1))]));
    assert_eq!(out.bad(), [("a.csv", Unsupported), ("b.csv", Unsupported)]);
    assert!(out.reasons[0].contains("(XZ)"));
}

#[test]
fn zip64_archives_are_read() {
    for has_descriptor in [false, true] {
        for method in [STORE, DEFLATE] {
            let csv = readings("1", 9);
            let item = Item {
                is_zip64: true,
                has_descriptor,
                method,
                ..Item::new("HH.csv", &csv)
            };
            let end = End {
                is_zip64: true,
                ..End::default()
            };
            assert_eq!(
                unpack("export.zip", &zip_with(&[item], end)).members,
                [("HH.csv".to_owned(), csv)]
            );
        }
    }
}

#[test]
fn bytes_before_the_first_header_are_passed_over() {
    let program = [
        b"MZ\x90\x00 a program that unpacks itself PK\x03\x04 ".as_slice(),
        &[7; 5000],
    ]
    .concat();
    for is_zip64 in [false, true] {
        let end = End {
            prefix: &program,
            is_zip64,
            ..End::default()
        };
        let out = unpack("export.exe", &zip_with(&three_items(), end));
        assert_eq!(
            out.names(),
            ["2024/a.csv", "2024/b.csv", "2024/c.csv"],
            "zip64: {is_zip64}"
        );
        assert!(out.bad.is_empty());
    }
}

#[test]
fn comments_and_what_follows_the_archive_do_no_harm() {
    let misleading = [b"made by PK\x05\x06 ".as_slice(), &[0; 18], b" Export 3.1"].concat();
    for comment in [b"Half-hourly data, March".as_slice(), b"PK\x05\x06", &misleading] {
        let out = unpack(
            "export.zip",
            &zip_with(
                &three_items(),
                End {
                    comment,
                    ..End::default()
                },
            ),
        );
        assert_eq!(out.names().len(), 3);
        assert!(out.bad.is_empty());
    }
    let mut archive = zip(&three_items());
    archive.extend(b"\r\n-- \r\nSent by the meter data team\r\n");
    assert_eq!(unpack("export.zip", &archive).names().len(), 3);
}

#[test]
fn a_name_as_long_as_a_file_is_cut_for_people() {
    let long = "half hourly ".repeat(5000) + ".csv";
    let out = unpack(
        "export.zip",
        &zip(&[
            Item::new(&long, b"1\n"),
            Item {
                flags: 1,
                ..Item::new(&long, b"?")
            },
        ]),
    );
    assert!(out.names()[0].len() < 1100 && out.bad()[0].0.len() < 410);
}

#[test]
fn a_member_that_is_not_where_the_list_says_is_bad() {
    let mut archive = zip(&three_items());
    let record = find(&archive, b"2024/b.csv", find(&archive, b"PK\x01\x02", 0)) - 46;
    archive[record + 42..record + 46].copy_from_slice(&0xffff_fff0_u32.to_le_bytes());
    let out = unpack("export.zip", &archive);
    assert_eq!(out.names(), ["2024/a.csv", "2024/c.csv"]);
    assert_eq!(out.bad(), [("2024/b.csv", CorruptArchive)]);
}

#[test]
fn members_that_share_their_bytes_are_refused() {
    let mut archive = zip(&three_items());
    let directory = find(&archive, b"PK\x01\x02", 0);
    for name in [b"2024/b.csv", b"2024/c.csv"] {
        let record = find(&archive, name, directory) - 46;
        archive[record + 42..record + 46].copy_from_slice(&0_u32.to_le_bytes());
    }
    let out = unpack("export.zip", &archive);
    assert_eq!(out.names(), ["2024/a.csv"]);
    assert_eq!(
        out.bad(),
        [("2024/b.csv", CorruptArchive), ("2024/c.csv", CorruptArchive)]
    );
}

#[test]
fn a_dictionary_that_no_machine_has_is_not_allocated() {
    let csv = readings("1", 20);
    let mut packed = zip_bytes::pack(LZMA, &csv);
    packed[5..9].copy_from_slice(&0xffff_fff0_u32.to_le_bytes());
    let huge = |size| Item {
        method: LZMA,
        packed: Some(packed.clone()),
        declared_size: size,
        ..Item::new("HH.csv", &csv)
    };
    assert_eq!(unpack("export.zip", &zip(&[huge(None)])).members[0].1, csv);
    assert_eq!(
        rejected("export.zip", &zip(&[huge(Some(0xffff_fff0))])).reason_code,
        TooLarge
    );
}

#[test]
fn what_is_no_archive_is_rejected() {
    for bytes in [
        &b""[..],
        b"PK",
        b"PK\x03\x04",
        b"MPR,Date,hr0030\r\n1,2,3\r\n",
        &[0; 4096],
    ] {
        assert_eq!(rejected("export.zip", bytes).reason_code, CorruptArchive);
    }
}

#[test]
fn a_zip_is_told_by_its_content() {
    assert_eq!(unpack("readings.csv.gz", &zip(&three_items())).names().len(), 3);
    assert_eq!(
        unpack_as("readings.tar", &zip(&three_items()), &limits())
            .unwrap()
            .names()
            .len(),
        3
    );
}
