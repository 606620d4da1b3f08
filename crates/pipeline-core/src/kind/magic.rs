//! Types that show themselves in their first bytes.

use super::bytes::{u16_at, u32_at};
use super::file_kind::{ArchiveKind, FileKind, SpreadsheetKind, WINMAIL, closed_archive as closed};
use super::name::SMIME;

const IMAGE: FileKind = FileKind::NotData("an image");
const SOUND: FileKind = FileKind::NotData("a sound file");
const VIDEO: FileKind = FileKind::NotData("a video");
const FONT: FileKind = FileKind::NotData("a font");
const PDF: FileKind = FileKind::Unsupported("a PDF document");
const GZIP: FileKind = FileKind::Archive(ArchiveKind::Gzip);

/// Signatures that no text begins with.
const SIGNATURES: &[(&[u8], FileKind)] = &[
    (b"\x1f\x8b", GZIP),
    (b"%PDF-", PDF),
    (b"\x89PNG\r\n\x1a\n", IMAGE),
    (b"\xff\xd8\xff", IMAGE),
    (b"GIF87a", IMAGE),
    (b"GIF89a", IMAGE),
    (b"II*\0", IMAGE),
    (b"MM\0*", IMAGE),
    (b"8BPS\0\x01", IMAGE),
    (b"\xd7\xcd\xc6\x9a", IMAGE),
    (b"\0\0\0\x0cJXL ", IMAGE),
    (b"\0\0\0\x0cjP  ", IMAGE),
    (b"7z\xbc\xaf\x27\x1c", FileKind::Unsupported(closed::SEVEN_ZIP)),
    (b"Rar!\x1a\x07", FileKind::Unsupported(closed::RAR)),
    (b"\xfd7zXZ\0", FileKind::Unsupported(closed::XZ)),
    (b"\x28\xb5\x2f\xfd", FileKind::Unsupported(closed::ZSTD)),
    (b"\x04\x22\x4d\x18", FileKind::Unsupported(closed::LZ4)),
    (b"MSCF\0\0\0\0", FileKind::Unsupported(closed::CABINET)),
    (b"LZIP\x01", FileKind::Unsupported(closed::LZIP)),
    (b"\x1f\x9d", FileKind::Unsupported(closed::COMPRESS)),
    (b"\x78\x9f\x3e\x22", FileKind::Unsupported(WINMAIL)),
    (
        b"\0\x01\0\0Standard Jet DB\0",
        FileKind::Unsupported("an Access database"),
    ),
    (
        b"\0\x01\0\0Standard ACE DB\0",
        FileKind::Unsupported("an Access database"),
    ),
    (b"SQLite format 3\0", FileKind::Unsupported("an SQLite database")),
    (b"\x89HDF\r\n\x1a\n", FileKind::Unsupported("an HDF5 file")),
    (
        b"\0\0\x02\0\x06\x04\x06\0",
        FileKind::Unsupported("a Lotus 1-2-3 workbook"),
    ),
    (
        b"\0\0\x1a\0\0\x10\x04\0",
        FileKind::Unsupported("a Lotus 1-2-3 workbook"),
    ),
    (b"\x7fELF", FileKind::Unsupported("a program")),
    (
        b"\x4c\0\0\0\x01\x14\x02\0",
        FileKind::Unsupported("a shortcut to a file"),
    ),
    (b"OggS\0", SOUND),
    (b"fLaC\0", SOUND),
    (b"MThd\0\0\0\x06", SOUND),
    (b"#!AMR\n", SOUND),
    (b"\x1a\x45\xdf\xa3", VIDEO),
    (b"FLV\x01", VIDEO),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", VIDEO),
    (b"\0\0\x01\xba", VIDEO),
    (b"\0\0\x01\xb3", VIDEO),
    (b"wOFF\0\x01\0\0", FONT),
    (b"wOFFOTTO", FONT),
    (b"OTTO\0", FONT),
    (b"ttcf\0", FONT),
    (b"\0\x05\x16\x07", FileKind::NotData("a macOS attribute file")),
    (b"\0\x05\x16\0", FileKind::NotData("a macOS attribute file")),
    (b"\0\0\0\x01Bud1", FileKind::NotData("a folder's settings")),
];

/// What the first bytes say beyond doubt.
pub(super) fn strong(head: &[u8]) -> Option<FileKind> {
    let listed = SIGNATURES.iter().find(|(signature, _)| head.starts_with(signature));
    listed
        .map(|(_, kind)| *kind)
        .or_else(|| bzip2(head))
        .or_else(|| zstd_frame_to_skip(head))
        .or_else(|| riff(head))
        .or_else(|| iso_media(head))
        .or_else(|| windows_picture(head))
        .or_else(|| lha(head))
        .or_else(|| pkcs7(head))
        .or_else(|| is_biff(head).then_some(FileKind::Spreadsheet(SpreadsheetKind::Xls)))
}

/// Signatures so short that text may begin with them: for content that is not text.
pub(super) fn weak(head: &[u8]) -> Option<FileKind> {
    // Readers look for the header within the first 1,024 bytes (ISO 32000-1, annex H, note 13).
    let start = head.get(..1024).unwrap_or(head);
    if memchr::memmem::find(start, b"%PDF-").is_some() {
        return Some(PDF);
    }
    let kind = match head {
        [b'B', b'M', ..] => IMAGE,
        [b'I', b'D', b'3', ..] | [0xff, 0xfb | 0xf3 | 0xf2 | 0xfa | 0xf1 | 0xf9, ..] => SOUND,
        [0, 1, 0, 0, 0, ..] | [b't', b'r', b'u', b'e', 0, ..] | [b'w', b'O', b'F', b'2', ..] => FONT,
        [b'P', b'A', b'R', b'1', ..] => FileKind::Unsupported("a Parquet file"),
        [b'M', b'Z', ..] => FileKind::Unsupported("a program"),
        [0x60, 0xea, ..] => FileKind::Unsupported(closed::ARJ),
        [0x5d, 0, 0, ..] => FileKind::Unsupported(closed::LZMA),
        _ => return None,
    };
    Some(kind)
}

/// Formats that are text but no table; they go before the name, as every signature does.
pub(super) fn textual(text: &[u8]) -> Option<FileKind> {
    let kind = match text {
        [b'%', b'P', b'D', b'F', b'-', ..] => PDF,
        [b'{', b'\\', b'r', b't', b'f', ..] => FileKind::Unsupported("an RTF document"),
        [b'%', b'!', b'P', b'S', ..] => FileKind::Unsupported("a PostScript document"),
        _ if begins_line(text, b"BEGIN:VCALENDAR") => FileKind::NotData("a calendar entry"),
        _ if begins_line(text, b"BEGIN:VCARD") => FileKind::NotData("a contact card"),
        _ if text.starts_with(b"Reporting-MTA:") || text.starts_with(b"Reporting-UA:") => {
            FileKind::NotData("a delivery report")
        }
        _ => return armored(text),
    };
    Some(kind)
}

/// ASCII armor of PGP (RFC 9580 section 6.2) and PEM (RFC 7468).
fn armored(text: &[u8]) -> Option<FileKind> {
    let label = text.strip_prefix(b"-----BEGIN ")?;
    let kind = match label {
        label if label.starts_with(b"PGP MESSAGE-----") => FileKind::Encrypted(super::name::PGP),
        label if label.starts_with(b"PGP SIGNATURE-----") => FileKind::NotData("a signature"),
        label if label.starts_with(b"PGP PUBLIC KEY BLOCK-----") => FileKind::NotData("a PGP key"),
        label if label.starts_with(b"CERTIFICATE-----") => FileKind::NotData("a certificate"),
        _ => return None,
    };
    Some(kind)
}

fn begins_line(text: &[u8], line: &[u8]) -> bool {
    text.split_at_checked(line.len()).is_some_and(|(start, rest)| {
        start.eq_ignore_ascii_case(line) && rest.first().is_none_or(u8::is_ascii_whitespace)
    })
}

/// A bare BIFF stream: the BOF record of versions 2 to 8 ([MS-XLS] 2.4.21, and the OpenOffice.org
/// documentation of the Excel file format, section 5.8, for those before 5).
pub(super) fn is_biff(bytes: &[u8]) -> bool {
    let is_record = matches!(
        (u16_at(bytes, 0), u16_at(bytes, 2)),
        (Some(0x0009), Some(4)) | (Some(0x0209 | 0x0409), Some(4..=8)) | (Some(0x0809), Some(4..=32))
    );
    is_record && matches!(u16_at(bytes, 6), Some(0x05 | 0x06 | 0x10 | 0x20 | 0x40 | 0x100))
}

fn bzip2(head: &[u8]) -> Option<FileKind> {
    let block = head.strip_prefix(b"BZh")?.split_first()?.1;
    let is_bzip2 = block.starts_with(b"1AY&SY") || block.starts_with(b"\x17\x72\x45\x38\x50\x90");
    is_bzip2.then_some(FileKind::Unsupported(closed::BZIP2))
}

fn zstd_frame_to_skip(head: &[u8]) -> Option<FileKind> {
    matches!(head, [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..]).then_some(FileKind::Unsupported(closed::ZSTD))
}

fn riff(head: &[u8]) -> Option<FileKind> {
    let form = head.strip_prefix(b"RIFF")?.get(4..8)?;
    match form {
        b"WEBP" => Some(IMAGE),
        b"WAVE" => Some(SOUND),
        b"AVI " => Some(VIDEO),
        _ => None,
    }
}

/// Pictures and films in the ISO base media format (ISO/IEC 14496-12 section 4.3).
fn iso_media(head: &[u8]) -> Option<FileKind> {
    let brand = head.get(4..)?.strip_prefix(b"ftyp")?.get(..4)?;
    // The box's length, big-endian, is below 64 KiB: two NULs.
    head.starts_with(b"\0\0").then_some(match brand {
        b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"mif1" | b"msf1" | b"avif" | b"avis" => IMAGE,
        b"M4A " | b"M4B " => SOUND,
        _ => VIDEO,
    })
}

/// Icons, and enhanced and bare metafiles, whose signatures are short but which have more to check.
fn windows_picture(head: &[u8]) -> Option<FileKind> {
    let is_icon = matches!(head, [0, 0, 1 | 2, 0, 1..=64, 0, _, _, _, 0, ..]);
    let is_emf = u32_at(head, 0) == Some(1) && head.get(40..44) == Some(b" EMF");
    let is_wmf = matches!(head, [1 | 2, 0, 9, 0, 0, 1 | 3, ..]);
    (is_icon || is_emf || is_wmf).then_some(IMAGE)
}

fn lha(head: &[u8]) -> Option<FileKind> {
    let is_lha = matches!(head, [_, _, b'-', b'l', b'h' | b'z', _, b'-', ..]);
    // A name may have such a part; the header's length and checksum are no such characters.
    let is_binary = head.get(7..21).is_some_and(|rest| rest.contains(&0));
    (is_lha && is_binary).then_some(FileKind::Unsupported(closed::LHA))
}

/// DER or BER of PKCS #7 (RFC 2315): a sequence that begins with the type's object identifier.
fn pkcs7(head: &[u8]) -> Option<FileKind> {
    let [0x30, length, rest @ ..] = head else {
        return None;
    };
    let skipped = if *length > 0x80 { usize::from(*length & 0x7f) } else { 0 };
    let identifier = rest
        .get(skipped..)?
        .strip_prefix(b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07")?;
    match identifier.first()? {
        2 => Some(FileKind::NotData("a signature")),
        3 | 6 => Some(FileKind::Encrypted(SMIME)),
        _ => None,
    }
}
