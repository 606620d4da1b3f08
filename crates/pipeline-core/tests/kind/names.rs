//! Where the content says nothing, the name does.

use pipeline_core::kind::FileKind;

use crate::{HALF_HOURS, kind_of};

fn noise() -> Vec<u8> {
    (1..3000_u32)
        .map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()[0])
        .collect()
}

#[test]
fn unknown_bytes_are_broken_files_of_the_kind_that_they_are_called() {
    for (name, kind) in [
        ("hh.xlsx", "xlsx"),
        ("hh.XLSM", "xlsx"),
        ("hh.xls", "xls"),
        ("hh.xlsb", "xlsb"),
        ("hh.ods", "ods"),
        ("hh.zip", "zip"),
        ("hh.tar.gz", "gzip"),
        ("hh.tar", "tar"),
        ("hh.rar", "unsupported"),
        ("hh.pdf", "unsupported"),
        ("logo.jpg", "not-data"),
        ("smime.p7s", "not-data"),
        ("smime.p7m", "encrypted"),
        ("hh.csv.gpg", "encrypted"),
        ("hh.csv", "unknown"),
        ("hh.cns", "unknown"),
        ("hh.dat", "unknown"),
        ("hh", "unknown"),
        ("", "unknown"),
    ] {
        assert_eq!(kind_of(noise(), name).as_str(), kind, "{name}");
    }
}

#[test]
fn nothing_but_nuls_is_unknown_unless_it_is_called_csv() {
    assert_eq!(kind_of([0; 4096], "hh.csv"), FileKind::Csv);
    assert_eq!(kind_of([0; 1], "hh"), FileKind::Unknown);
}

#[test]
fn text_with_a_name_that_never_means_readings_is_not_data() {
    let text = "Version: 1\r\n";
    for name in [
        "version.asc",
        "smime.p7s",
        "invite.ics",
        "card.VCF",
        "desktop.ini",
        "delivery-status",
        "._hh.csv.txt",
    ] {
        assert_eq!(kind_of(text, name).as_str(), "not-data", "{name}");
    }
}

#[test]
fn a_table_is_a_table_even_under_such_a_name() {
    assert_eq!(kind_of(HALF_HOURS, "grid.asc"), FileKind::Csv);
    assert_eq!(kind_of(HALF_HOURS, "._hh.csv"), FileKind::Csv);
}

#[test]
fn the_lock_file_beside_an_open_workbook_is_not_data() {
    let mut lock = b"\x05Alice".to_vec();
    lock.resize(55, b' ');
    lock.extend("\u{5}Alice".encode_utf16().flat_map(u16::to_le_bytes));
    lock.resize(165, 0);
    assert_eq!(kind_of(&lock, "share/~$hh.xlsx").as_str(), "not-data");
}
