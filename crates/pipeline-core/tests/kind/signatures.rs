//! Signatures of what is not read.

use pipeline_core::ReasonCode;
use pipeline_core::kind::{ArchiveKind, FileKind};

use crate::{HALF_HOURS, kind_of};

/// A signature with enough behind it to be no text.
fn with_noise(start: &[u8]) -> Vec<u8> {
    let mut content = start.to_vec();
    content.extend((0..600_u32).map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()[0]));
    content
}

fn code_of(start: &[u8], name: &str) -> Option<ReasonCode> {
    kind_of(with_noise(start), name)
        .rejection()
        .map(|rejection| rejection.reason_code)
}

#[test]
fn pictures_sounds_films_and_fonts_are_not_data_whatever_their_name() {
    for start in [
        &b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"[..],
        b"\xff\xd8\xff\xe0\0\x10JFIF\0",
        b"GIF89a\x01\0\x01\0",
        b"GIF87a\x01\0\x01\0",
        b"BM\x3a\0\0\0\0\0\0\0\x36\0\0\0",
        b"II*\0\x08\0\0\0",
        b"MM\0*\0\0\0\x08",
        b"RIFF\x24\0\0\0WEBPVP8 ",
        b"RIFF\x24\0\0\0WAVEfmt ",
        b"RIFF\x24\0\0\0AVI LIST",
        b"\0\0\x01\0\x01\0\x10\x10\0\0\x01\0\x20\0",
        b"\xd7\xcd\xc6\x9a\0\0",
        b"\x01\0\x09\0\0\x03\x10\0",
        b"\0\0\0\x18ftypheic\0\0\0\0",
        b"\0\0\0\x20ftypisom\0\0\0\0",
        b"OggS\0\x02",
        b"ID3\x04\0\0",
        b"\xff\xfb\x90\x64",
        b"\x1a\x45\xdf\xa3",
        b"wOFF\0\x01\0\0",
        b"wOF2\0\x01\0\0",
        b"\0\x01\0\0\0\x0e\0\x80",
        b"OTTO\0\x0a",
        b"\0\x05\x16\x07\0\x02\0\0Mac OS X",
        b"\0\0\0\x01Bud1\0\0",
    ] {
        for name in ["data.csv", "hh.xlsx", "image001"] {
            assert_eq!(code_of(start, name), Some(ReasonCode::NotData), "{start:?} {name}");
        }
    }
    let mut metafile = vec![0; 100];
    metafile[0] = 1;
    metafile[40..44].copy_from_slice(b" EMF");
    assert_eq!(kind_of(metafile, "logo").as_str(), "not-data");
}

#[test]
fn known_types_that_are_not_read_are_unsupported_and_named() {
    for (start, phrase) in [
        (&b"%PDF-1.7\n%\xe2\xe3\xcf\xd3"[..], "a PDF document"),
        (b"\0\0\0 garbage %PDF-1.4", "a PDF document"),
        (b"7z\xbc\xaf\x27\x1c\0\x04", "a 7-Zip archive"),
        (b"Rar!\x1a\x07\0", "a RAR archive"),
        (b"Rar!\x1a\x07\x01\0", "a RAR archive"),
        (b"\xfd7zXZ\0", "an XZ archive"),
        (b"BZh91AY&SY", "a bzip2 archive"),
        (b"BZh9\x17\x72\x45\x38\x50\x90", "a bzip2 archive"),
        (b"\x28\xb5\x2f\xfd", "a Zstandard archive"),
        (b"\x50\x2a\x4d\x18", "a Zstandard archive"),
        (b"\x04\x22\x4d\x18", "an LZ4 archive"),
        (b"MSCF\0\0\0\0", "a cabinet archive"),
        (b"\x78\x9f\x3e\x22", "winmail.dat"),
        (b"SQLite format 3\0", "an SQLite database"),
        (b"\0\x01\0\0Standard ACE DB\0", "an Access database"),
        (b"PAR1\x15\x04", "a Parquet file"),
        (b"MZ\x90\0\x03\0", "a program"),
        (b"!!-lh5-\0\0\0\0\0\0\0\0\0", "an LHA archive"),
    ] {
        let rejection = kind_of(with_noise(start), "data.csv").rejection().unwrap();
        assert_eq!(rejection.reason_code, ReasonCode::Unsupported, "{phrase}");
        assert!(rejection.reason.contains(phrase), "{}", rejection.reason);
        assert_eq!(
            rejection.reason.contains("ZIP archive instead"),
            phrase.ends_with("archive")
        );
    }
}

#[test]
fn text_that_begins_with_the_letters_of_a_signature_is_text() {
    for word in [
        "BM", "ID3", "MZ", "PAR1", "MM", "II", "PK", "true", "Rar!", "RIFF", "BZh", "wOF2", "Xx-lh5-",
    ] {
        let text = HALF_HOURS.replacen("MPAN", word, 1);
        assert_eq!(kind_of(&text, "hh.csv"), FileKind::Csv, "{word}");
        assert_eq!(kind_of(&text, "hh.txt"), FileKind::Csv, "{word}");
    }
}

#[test]
fn gzip_is_an_archive_by_two_bytes() {
    assert_eq!(
        kind_of(with_noise(b"\x1f\x8b\x08\0"), "hh.csv"),
        FileKind::Archive(ArchiveKind::Gzip)
    );
    assert_eq!(kind_of(b"\x1f\x8b", "hh"), FileKind::Archive(ArchiveKind::Gzip));
}

#[test]
fn pkcs7_is_a_signature_or_sealed() {
    let der = |kind: u8| {
        [
            &b"\x30\x82\x05\x01\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07"[..],
            &[kind],
        ]
        .concat()
    };
    assert_eq!(code_of(&der(2), "smime.p7s"), Some(ReasonCode::NotData));
    assert_eq!(code_of(&der(2), "part.bin"), Some(ReasonCode::NotData));
    assert_eq!(code_of(&der(3), "smime.p7m"), Some(ReasonCode::Encrypted));
    assert_eq!(code_of(&der(2), "smime.p7m"), Some(ReasonCode::Encrypted));
    let indefinite = b"\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03";
    assert_eq!(code_of(indefinite, "x"), Some(ReasonCode::Encrypted));
}
