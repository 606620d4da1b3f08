//! What holds for every email, whoever wrote it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod support;

use bytes::Bytes;
use pipeline_core::{Limits, SafePath};
use proptest::prelude::*;
use support::winmail::Winmail;
use support::{base64, multipart, quoted_printable, unpacked};
use unpack_attachments::{
    Body, DownloadLinks, MailVerdicts, Parameterized, Received, addresses, download_links, headers, read_tnef,
    recipients, unpack,
};

/// How a part may travel.
#[derive(Debug, Clone, Copy)]
enum Way {
    Base64,
    QuotedPrintable,
    Binary,
}

impl Way {
    fn encode(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::Base64 => base64(bytes).into_bytes(),
            Self::QuotedPrintable => quoted_printable(bytes).into_bytes(),
            Self::Binary => bytes.to_vec(),
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Base64 => "base64",
            Self::QuotedPrintable => "quoted-printable",
            Self::Binary => "binary",
        }
    }
}

fn way() -> impl Strategy<Value = Way> {
    prop_oneof![Just(Way::Base64), Just(Way::QuotedPrintable), Just(Way::Binary)]
}

/// The ways in which mail programs write a name.
fn written_name(name: &str, form: u8) -> String {
    let percent: String = name.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let quoted: String = name.bytes().map(|byte| format!("={byte:02X}")).collect();
    match form % 5 {
        0 => format!("filename*=UTF-8''{percent}"),
        1 => format!(
            "filename=\"=?utf-8?B?{}?=\"",
            base64(name.as_bytes()).replace("\r\n", "")
        ),
        2 => format!("filename=\"=?UTF-8?Q?{quoted}?=\""),
        3 => {
            let (first, second) = percent.split_at(percent.len() / 6 * 3);
            format!("filename*1*={second}; filename*0*=utf-8'en'{first}")
        }
        _ => format!("filename=\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\"")),
    }
}

/// Pieces of which damaged emails are made.
fn pieces() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just("To: a@example.org\n"),
        Just("\r\n"),
        Just("\n"),
        Just("--b"),
        Just("--b--\n"),
        Just("--b\n"),
        Just("--c\r\n"),
        Just("Content-Type: multipart/mixed; boundary=b\n\n"),
        Just("Content-Type: multipart/digest; boundary=\"c\"\r\n\r\n"),
        Just("Content-Type: message/rfc822\n\n"),
        Just("Content-Type: text/csv; name=\"x.csv"),
        Just("Content-Disposition: attachment;\n"),
        Just("filename*0*=utf-8''%C3\n"),
        Just("Content-Transfer-Encoding: base64\n"),
        Just("Content-Transfer-Encoding: quoted-printable\n\n"),
        Just("begin 644 x.csv\n"),
        Just("#35!2\n"),
        Just("end\n"),
        Just("=?utf-8?B?"),
        Just("?="),
        Just(" "),
        Just("TVBS"),
        Just("="),
        Just("Received: by x for a@example.org; Thu, 23 Mar 2023 10:11:12 +0000\n"),
        Just("<a href=\"https://datavision.imserv.com/imgserver/x"),
        Just("\u{feff}"),
        Just("\""),
        Just("("),
        Just("x,y,z\n"),
        Just("From x\n"),
        Just("\r"),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat().into_bytes())
}

/// Everything that looks at an email's bytes.
fn look_at(email: &[u8]) {
    let limits = Limits::default();
    if let Ok(unpacked) = unpack(Bytes::copy_from_slice(email), &limits) {
        let _ = download_links(&unpacked.bodies, &DownloadLinks::default());
        for file in &unpacked.files {
            let _ = file.is_data();
            assert!(file.depth <= limits.depth);
        }
    }
    if let Some(headers) = headers(email) {
        let _ = recipients(&headers, &[], None);
        let _ = recipients(&headers, &["example.org".to_owned()], None);
        let _ = (Received::topmost(&headers), MailVerdicts::read(&headers));
    }
    let _ = addresses(email);
    let _ = Parameterized::parse(email).text("filename");
    let _ = read_tnef(email, 100);
    for is_html in [false, true] {
        let body = Body {
            is_html,
            bytes: Bytes::copy_from_slice(email),
            charset: "utf-16".to_owned(),
        };
        let _ = download_links(&[body], &DownloadLinks::default());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_it_panic(email in prop::collection::vec(any::<u8>(), 0..2000)) {
        look_at(&email);
        look_at(&[b"To: a@example.org\n", email.as_slice()].concat());
    }

    #[test]
    fn no_damage_makes_it_panic(email in pieces()) {
        look_at(&email);
        look_at(&[b"To: a@example.org\n", email.as_slice()].concat());
    }

    #[test]
    fn what_was_attached_comes_back_byte_for_byte(bytes in prop::collection::vec(any::<u8>(), 0..3000), way in way()) {
        prop_assume!(!matches!(way, Way::Binary) || !bytes.windows(2).any(|pair| pair == b"--"));
        let header = format!("Content-Type: application/octet-stream; name=x.csv\r\nContent-Transfer-Encoding: {}\r\n\r\n", way.name());
        let empty = multipart("mixed", &[format!("{header}BODY")]);
        let at = empty.windows(4).position(|window| window == b"BODY").unwrap();
        let email = [&empty[..at], &way.encode(&bytes), &empty[at + 4..]].concat();
        let container = unpack_attachments::read_tnef(&bytes, 1);
        prop_assume!(container.is_corrupt && !bytes.starts_with(&[0x78, 0x9F, 0x3E, 0x22]));
        let found = unpacked(&email);
        prop_assert_eq!(found.files.len(), 1);
        prop_assert_eq!(&found.files[0].bytes[..], &bytes[..]);
    }

    #[test]
    fn a_csv_with_any_line_ends_comes_back_in_any_email(rows in prop::collection::vec("[0-9A-Za-z ,;:\"]{0,40}", 0..30), ends in prop::collection::vec(0..3_usize, 30), line_end in 0..2_usize, way in way()) {
        let csv: String = rows.iter().zip(&ends).map(|(row, end)| format!("{row}{}", ["\n", "\r\n", "\r"][*end])).collect();
        let header = format!("Content-Disposition: attachment; filename=x.csv\r\nContent-Transfer-Encoding: {}\r\n\r\n", way.name());
        let line_end = ["\n", "\r\n"][line_end];
        let empty = String::from_utf8(multipart("mixed", &[format!("{header}BODY")])).unwrap().replace("\r\n", line_end);
        // A CR before the LF that belongs to the boundary would be taken for a part of the same line end.
        let csv = format!("{csv}x");
        let encoded = String::from_utf8(way.encode(csv.as_bytes())).unwrap();
        let found = unpacked(empty.replace("BODY", &encoded).as_bytes());
        prop_assert_eq!(&found.files[0].bytes[..], csv.as_bytes());
    }

    #[test]
    fn every_name_comes_out_however_it_is_written(name in "[^\\p{Cc}\\p{Cf}]{1,40}", form in any::<u8>()) {
        // A name that is written like an encoded word or like RFC 2231's form cannot be told from one.
        prop_assume!(!name.contains("=?") && !name.contains('\'') && !name.trim().is_empty());
        let raw = format!("attachment; {}; size=3", written_name(&name, form));
        prop_assert_eq!(Parameterized::parse(raw.as_bytes()).text("filename"), Some(name));
    }

    #[test]
    fn no_name_leaves_its_folder(name in prop::collection::vec(any::<u8>(), 0..60)) {
        let head = b"To: a@example.org\nContent-Disposition: attachment; filename=\"".to_vec();
        let email = [head, name, b"\"\n\nx".to_vec()].concat();
        for file in unpacked(&email).files {
            let again = SafePath::from_file_name(file.name.as_str());
            prop_assert_eq!(again.as_ref(), Some(&file.name));
        }
    }

    #[test]
    fn a_container_gives_back_what_was_put_in(files in prop::collection::vec(("[a-zA-Zäöü]{1,20}\\.csv", prop::collection::vec(any::<u8>(), 0..200)), 0..5), cut in any::<prop::sample::Index>()) {
        let container = files.iter().fold(Winmail::new(), |container, (name, data)| container.file("SHORT.CSV", Some(name), data)).bytes();
        let read = read_tnef(&container, 100);
        prop_assert!(!read.is_corrupt);
        let found: Vec<_> = read.attachments.iter().map(|file| (file.name.clone().unwrap(), file.data.to_vec())).collect();
        prop_assert_eq!(&found, &files);
        // Cut anywhere, what still comes out is whole.
        let cut = read_tnef(&container[..cut.index(container.len())], 100);
        for file in cut.attachments {
            prop_assert!(files.iter().any(|(_, data)| data == file.data));
        }
    }

    #[test]
    fn an_address_is_found_whatever_its_name_is(name in "[^\\p{Cc}\"\\\\]{0,30}", local in "[a-z][a-z0-9-]{0,20}") {
        let line = format!("\"{name}\" <{local}@Example.org>, other@example.com");
        let found = addresses(line.as_bytes());
        prop_assert_eq!(&found[0].local_part, &local);
        prop_assert_eq!(&found[0].domain, "example.org");
    }
}
