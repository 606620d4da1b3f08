//! Tar archives, rule by rule.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod common;

use common::tar_bytes::{END, entry, header, tar};
use common::{limits, readings, rejected, unpack};
use pipeline_core::ReasonCode::{CorruptArchive, Empty, TooLarge, TooManyMembers, Unsupported};
use tar::{Builder, EntryType, Header};

/// A file's header and content.
fn file(name: &str, content: &[u8]) -> Vec<u8> {
    entry(&header(name, EntryType::Regular, content.len()), content)
}

/// What precedes a header: type `x` or `L`.
fn extension(kind: u8, content: &[u8]) -> Vec<u8> {
    entry(&header("././@Extension", EntryType::new(kind), content.len()), content)
}

fn pax(key: &str, value: &str) -> Vec<u8> {
    let mut length = key.len() + value.len() + 3;
    length += (length + 1).to_string().len();
    let record = format!("{length} {key}={value}\n");
    assert_eq!(record.len(), length);
    extension(b'x', record.as_bytes())
}

fn archive(entries: &[Vec<u8>]) -> Vec<u8> {
    [entries.concat(), END.to_vec()].concat()
}

#[test]
fn files_keep_their_folders_and_their_order() {
    let (a, b) = (readings("1", 3), readings("2", 3));
    let out = unpack(
        "export.tar",
        &tar(&[("2024/a.csv", &a), ("2024/b.csv", &b), ("c.csv", b"")]),
    );
    let expected = [("2024/a.csv", a), ("2024/b.csv", b), ("c.csv", vec![])];
    assert_eq!(out.members, expected.map(|(name, content)| (name.to_owned(), content)));
}

#[test]
fn long_names_are_read_as_gnu_and_as_pax_write_them() {
    let csv = readings("1", 2);
    let long = format!("{}/Zähler £.csv", ["half hourly readings of March 2024"; 8].join("/"));
    let mut gnu = Builder::new(Vec::new());
    let mut gnu_header = Header::new_gnu();
    gnu_header.set_size(csv.len() as u64);
    gnu.append_data(&mut gnu_header, &long, csv.as_slice()).unwrap();
    let pax = archive(&[pax("path", &long), file("short.csv", &csv)]);
    for bytes in [gnu.into_inner().unwrap(), pax] {
        assert_eq!(unpack("export.tar", &bytes).members, [(long.clone(), csv.clone())]);
    }
}

#[test]
fn a_prefix_of_ustar_belongs_to_the_name() {
    let long = format!("{}/HH.csv", ["half hourly"; 12].join("/"));
    assert!(long.len() > 100);
    assert_eq!(
        unpack("export.tar", &tar(&[(&long, b"MPR,Date,hr0030\n")])).names(),
        [long]
    );
}

#[test]
fn a_size_in_a_pax_record_counts() {
    let csv = readings("1", 2);
    let mut lying = header("a.csv", EntryType::Regular, 0);
    lying.set_cksum();
    let first = [pax("size", &csv.len().to_string()), entry(&lying, &csv)].concat();
    let out = unpack("export.tar", &archive(&[first, file("b.csv", b"2\n")]));
    assert_eq!(
        out.members,
        [("a.csv".to_owned(), csv), ("b.csv".to_owned(), b"2\n".to_vec())]
    );
}

#[test]
fn an_archive_of_unix_version_7_is_told_by_its_checksum() {
    let csv = readings("1", 2);
    let old = |name: &str, content: &[u8]| {
        let mut header = Header::new_old();
        header.set_path(name).unwrap();
        header.set_entry_type(EntryType::new(0));
        header.set_size(content.len() as u64);
        header.set_cksum();
        entry(&header, content)
    };
    let out = unpack("export", &archive(&[old("2024/", b""), old("2024/HH.csv", &csv)]));
    assert_eq!(out.members, [("2024/HH.csv".to_owned(), csv)]);
}

#[test]
fn links_devices_and_folders_are_passed_over_and_never_followed() {
    let mut entries = Vec::new();
    for (name, kind) in [
        ("folder", EntryType::Directory),
        ("latest.csv", EntryType::Symlink),
        ("again.csv", EntryType::Link),
        ("null", EntryType::Char),
        ("sda", EntryType::Block),
        ("pipe", EntryType::Fifo),
        ("label", EntryType::new(b'V')),
        ("global", EntryType::XGlobalHeader),
    ] {
        let mut header = header(name, kind, 0);
        if matches!(kind, EntryType::Symlink | EntryType::Link) {
            header.set_link_name("/etc/passwd").unwrap();
        }
        header.set_cksum();
        entries.push(entry(&header, b""));
    }
    assert_eq!(rejected("export.tar", &archive(&entries)).reason_code, Empty);
    entries.push(file("HH.csv", &readings("1", 1)));
    let out = unpack("export.tar", &archive(&entries));
    assert_eq!((out.names(), out.bad()), (vec!["HH.csv"], vec![]));
}

#[test]
fn what_a_mac_puts_beside_a_file_is_passed_over() {
    let double = b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X        ";
    let out = unpack(
        "export.tar",
        &tar(&[("._HH.csv", double), ("HH.csv", b"1\n"), (".DS_Store", b"x")]),
    );
    assert_eq!((out.names(), out.bad()), (vec!["HH.csv"], vec![]));
}

#[test]
fn names_that_climb_are_made_safe() {
    let mut climbing = header("x", EntryType::Regular, 2);
    climbing.as_old_mut().name[..14].copy_from_slice(b"../../etc/x.cs");
    climbing.set_cksum();
    let bytes = archive(&[entry(&climbing, b"1\n")]);
    let (members, _) = uncompress_file::unpack_bytes(&bytes, "export.tar", &limits()).unwrap();
    assert_eq!(members[0].0.path.as_str(), "etc/x.cs");
}

#[test]
fn a_file_with_holes_is_refused_and_its_siblings_go_on() {
    let csv = readings("1", 1);
    let sparse = [pax("GNU.sparse.major", "1"), file("a.csv", &csv)].concat();
    let out = unpack("export.tar", &archive(&[sparse, file("b.csv", &csv)]));
    assert_eq!((out.names(), out.bad()), (vec!["b.csv"], vec![("a.csv", Unsupported)]));
}

#[test]
fn of_a_truncated_archive_the_whole_members_go_on_and_the_cut_one_is_named() {
    let (a, b) = (readings("1", 20), readings("2", 20));
    let whole = tar(&[("a.csv", &a), ("b.csv", &b)]);
    let second = 512 + a.len().next_multiple_of(512);
    for end in [second + 512, second + 700, second + 511 + b.len()] {
        let out = unpack("export.tar", &whole[..end]);
        assert_eq!(out.members, [("a.csv".to_owned(), a.clone())]);
        assert_eq!(out.bad(), [("b.csv", CorruptArchive), ("export.tar", CorruptArchive)]);
    }
    for end in [second + 300, second] {
        let out = unpack("export.tar", &whole[..end]);
        assert_eq!(
            (out.names(), out.bad()),
            (vec!["a.csv"], vec![("export.tar", CorruptArchive)])
        );
    }
    let without_last_padding = unpack("export.tar", &whole[..second + 512 + b.len()]);
    assert_eq!(without_last_padding.names(), ["a.csv", "b.csv"]);
}

#[test]
fn after_a_damaged_header_the_next_sound_one_is_found() {
    let csv = readings("1", 20);
    let mut bytes = tar(&[("a.csv", &csv), ("b.csv", &csv), ("c.csv", &csv)]);
    let second = 512 + csv.len().next_multiple_of(512);
    bytes[second + 2] ^= 0x40;
    let out = unpack("export.tar", &bytes);
    assert_eq!(out.names(), ["a.csv", "c.csv"]);
    assert_eq!(out.bad(), [("export.tar", CorruptArchive)]);
    assert!(out.reasons[0].contains("members may be missing"), "{}", out.reasons[0]);
}

#[test]
fn archives_that_were_joined_give_the_members_of_all() {
    let joined = [tar(&[("a.csv", b"1\n")]), vec![0; 4096], tar(&[("b.csv", b"2\n")])].concat();
    let out = unpack("export.tar", &joined);
    assert_eq!((out.names(), out.bad()), (vec!["a.csv", "b.csv"], vec![]));
}

#[test]
fn what_follows_the_end_mark_does_no_harm() {
    for behind in [&b"-- \r\nSent by the meter data team"[..], &[7; 600], &[0; 100]] {
        let out = unpack("export.tar", &[&tar(&[("a.csv", b"1\n")]), behind].concat());
        assert_eq!((out.names(), out.bad()), (vec!["a.csv"], vec![]));
    }
}

#[test]
fn an_archive_without_members_is_empty() {
    assert_eq!(rejected("export.tar", &END).reason_code, Empty);
    assert_eq!(rejected("export.TAR", &[0; 10_240]).reason_code, Empty);
}

#[test]
fn members_are_counted_and_measured() {
    let csv = readings("1", 1);
    let many: Vec<Vec<u8>> = (0..51).map(|n| file(&format!("{n}.csv"), &csv)).collect();
    assert_eq!(rejected("export.tar", &archive(&many)).reason_code, TooManyMembers);
    let large = vec![b'1'; (1 << 20) + 1];
    let out = unpack_large(&archive(&[file("a.csv", &large), file("b.csv", &csv)]));
    assert_eq!((out.names(), out.bad()), (vec!["b.csv"], vec![("a.csv", TooLarge)]));
}

fn unpack_large(bytes: &[u8]) -> common::Out {
    let limits = pipeline_core::Limits {
        archive_bytes: 4 << 20,
        ..limits()
    };
    common::unpack_as("export.tar", bytes, &limits).unwrap()
}

#[test]
fn a_size_that_no_archive_has_is_cut_short() {
    let mut huge = header("b.csv", EntryType::Regular, 0);
    huge.as_old_mut().size = [0xff; 12];
    huge.as_old_mut().size[0] = 0x80;
    huge.set_cksum();
    let out = unpack("export.tar", &archive(&[file("a.csv", b"1\n"), entry(&huge, b"")]));
    assert_eq!(out.names(), ["a.csv"]);
    assert_eq!(out.bad(), [("b.csv", CorruptArchive), ("export.tar", CorruptArchive)]);
}
