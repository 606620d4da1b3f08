//! Which parts of an email are files, under which names, and that their bytes arrive as they were sent.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod support;

use pipeline_core::{Limits, ReasonCode};
use support::winmail::Winmail;
use support::{
    READINGS, bad, base64, csv, files, is_readings, multipart, names, paths, quoted_printable, readings_base64,
    rejected, single, unpacked,
};

const TEXT: &str = "Content-Type: text/plain; charset=utf-8\r\n\r\nDear all,\r\nplease find the readings attached.\r\n";
const HTML: &str = "Content-Type: text/html; charset=utf-8\r\n\r\n<p>Dear all</p>\r\n";

fn part(header: &str, body: &str) -> String {
    format!("{header}\r\n\r\n{body}")
}

// Which parts are files

#[test]
fn attachments_and_inline_files_are_files_and_texts_are_not() {
    let inline = csv("inline.csv").replace("attachment", "inline");
    let email = multipart("mixed", &[TEXT.into(), csv("a.csv"), inline, HTML.into()]);
    assert_eq!(names(&email), ["a.csv", "inline.csv"]);
    assert_eq!(paths(&email), ["2", "3"]);
    assert_eq!(unpacked(&email).bodies.len(), 2);
}

#[test]
fn a_name_without_a_disposition_makes_a_file_even_of_text() {
    let email = multipart(
        "mixed",
        &[
            TEXT.into(),
            part("Content-Type: text/plain; name=readings.txt", READINGS),
        ],
    );
    is_readings(&email, "readings.txt");
}

#[test]
fn a_file_without_a_name_is_told_by_its_number_and_type() {
    let email = multipart(
        "mixed",
        &[
            TEXT.into(),
            csv("a.csv"),
            part("Content-Type: text/csv", READINGS),
            part(
                "Content-Type: application/octet-stream\r\nContent-Disposition: attachment",
                "x",
            ),
            part("Content-Type: text/plain\r\nContent-Disposition: attachment", "x"),
            part("Content-Type: image/png\r\nContent-ID: <logo>", "x"),
        ],
    );
    assert_eq!(
        names(&email),
        [
            "a.csv",
            "attachment-2.csv",
            "attachment-3.bin",
            "attachment-4.txt",
            "attachment-5.png"
        ]
    );
}

#[test]
fn a_message_may_be_the_file_itself() {
    is_readings(&single("Content-Type: text/csv; name=gas.csv", READINGS), "gas.csv");
    is_readings(&single("Content-Type: text/csv", READINGS), "attachment-1.csv");
    is_readings(
        &single(
            "Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64",
            &readings_base64(),
        ),
        "attachment-1.bin",
    );
    is_readings(
        &single("Content-Disposition: attachment; filename=gas.csv", READINGS),
        "gas.csv",
    );
    is_readings(&single("Content-Type: text/plain; name=gas.csv", READINGS), "gas.csv");
    assert_eq!(paths(&single("Content-Type: text/csv", READINGS)), ["1"]);
}

#[test]
fn a_text_that_is_a_table_is_a_file_where_it_stands_alone_or_inline() {
    is_readings(&single("Content-Type: text/plain", READINGS), "attachment-1.txt");
    is_readings(&single("X-Script: yes", READINGS), "attachment-1.txt");
    let email = multipart(
        "mixed",
        &[
            TEXT.into(),
            part("Content-Type: text/plain\r\nContent-Disposition: inline", READINGS),
        ],
    );
    is_readings(&email, "attachment-1.txt");
    let email = multipart(
        "alternative",
        &[
            part("Content-Type: text/plain\r\nContent-Disposition: inline", READINGS),
            HTML.into(),
        ],
    );
    assert_eq!(names(&email), Vec::<String>::new());
}

#[test]
fn a_letter_alone_is_no_file() {
    for email in [
        single("Content-Type: text/plain", "Dear all,\r\n\r\nno data today.\r\n"),
        single("Content-Type: text/html", "<p>none</p>"),
        single("Subject: x", ""),
    ] {
        assert!(unpacked(&email).files.is_empty());
    }
}

#[test]
fn texts_in_several_forms_are_no_files_and_what_is_attached_to_them_is() {
    let related = "Content-Type: multipart/related; boundary=rel\r\n\r\n--rel\r\nContent-Type: text/html\r\n\r\n<img src=cid:logo>\r\n--rel\r\nContent-Type: image/png; name=logo.png\r\nContent-ID: <logo>\r\nContent-Disposition: inline; filename=logo.png\r\n\r\nPNG\r\n--rel--";
    let alternative = format!(
        "Content-Type: multipart/alternative; boundary=alt\r\n\r\n--alt\r\n{TEXT}--alt\r\nContent-Type: text/x-amp-html\r\n\r\n<html amp4email>\r\n--alt\r\n{related}\r\n--alt--"
    );
    let email = multipart(
        "mixed",
        &[
            alternative,
            csv("gas.csv"),
            part("Content-Type: text/calendar; method=REQUEST", "BEGIN:VCALENDAR"),
        ],
    );
    assert_eq!(names(&email), ["logo.png", "gas.csv", "attachment-3.ics"]);
    assert_eq!(paths(&email), ["1.3.2", "2", "3"]);
    assert_eq!(
        unpacked(&email)
            .bodies
            .iter()
            .map(|body| body.is_html)
            .collect::<Vec<_>>(),
        [false, true, true]
    );
}

#[test]
fn the_resource_fork_of_a_macintosh_file_is_no_file_of_its_own() {
    let double = format!(
        "Content-Type: multipart/appledouble; boundary=ad\r\n\r\n--ad\r\nContent-Type: application/applefile; name=gas.csv\r\n\r\n\0\x05\x16\x07\r\n--ad\r\n{}\r\n--ad--",
        csv("gas.csv")
    );
    is_readings(&multipart("mixed", &[TEXT.into(), double]), "gas.csv");
}

#[test]
fn reports_of_mail_servers_are_no_files_and_the_email_they_return_is_unpacked() {
    let returned = format!(
        "Content-Type: message/rfc822\r\n\r\n{}",
        String::from_utf8(multipart("mixed", &[csv("gas.csv")])).unwrap()
    );
    let email = multipart(
        "report; report-type=delivery-status",
        &[
            TEXT.into(),
            part("Content-Type: message/delivery-status", "Action: failed"),
            returned,
        ],
    );
    is_readings(&email, "gas.csv");
}

#[test]
fn signed_emails_give_their_files_and_the_signature() {
    let email = multipart(
        "signed; protocol=\"application/pkcs7-signature\"",
        &[
            csv("gas.csv"),
            part("Content-Type: application/pkcs7-signature; name=smime.p7s", "MII"),
        ],
    );
    assert_eq!(names(&email), ["gas.csv", "smime.p7s"]);
}

#[test]
fn two_files_of_one_name_are_two_files() {
    let email = multipart("mixed", &[csv("gas.csv"), csv("gas.csv")]);
    assert_eq!(names(&email), ["gas.csv", "gas.csv"]);
    assert_eq!(paths(&email), ["1", "2"]);
}

#[test]
fn an_empty_file_is_a_file() {
    assert_eq!(
        files(&multipart(
            "mixed",
            &[part("Content-Disposition: attachment; filename=gas.csv", "")]
        )),
        [("gas.csv".into(), String::new())]
    );
}

// Names

#[test]
fn names_come_out_readable_and_safe() {
    for (sent, expected) in [
        ("filename=\"Zähler.csv\"", "Zähler.csv"),
        ("filename=\"=?iso-8859-1?Q?Z=E4hler.csv?=\"", "Zähler.csv"),
        (
            "filename=\"=?utf-8?B?SGFsZi1ob3VybHkgWsOk?=\r\n =?utf-8?B?aGxlci5jc3Y=?=\"",
            "Half-hourly Zähler.csv",
        ),
        (
            "filename*0*=UTF-8''Half-hourly%20;\r\n filename*1*=Z%C3%A4hler.csv",
            "Half-hourly Zähler.csv",
        ),
        ("filename=x.csv; size=49", "x.csv"),
        ("filename=\"x.csv", "x.csv"),
        ("filename=\"..\\\\..\\\\x.csv\"", "x.csv"),
        ("filename=\"../../etc/x.csv\"", "x.csv"),
        ("filename=\"half\u{a0}hourly.csv\"", "half hourly.csv"),
        ("filename=\"half\r\n hourly.csv\"", "half hourly.csv"),
    ] {
        let email = multipart(
            "mixed",
            &[part(
                &format!("Content-Type: text/csv\r\nContent-Disposition: attachment; {sent}"),
                READINGS,
            )],
        );
        is_readings(&email, expected);
    }
}

#[test]
fn a_raw_latin_1_name_comes_out_readable() {
    let email = multipart(
        "mixed",
        &[part(
            "Content-Disposition: attachment; filename=\"Z\u{1}hler.csv\"",
            READINGS,
        )],
    );
    let email: Vec<u8> = email
        .into_iter()
        .map(|byte| if byte == 1 { 0xE4 } else { byte })
        .collect();
    is_readings(&email, "Zähler.csv");
}

// Bytes

#[test]
fn bytes_are_decoded_and_otherwise_left_alone() {
    let latin_1 = "Type,MPRN,Serial\r\nGas,9100000001,\u{1}\r\n";
    for (encoding, body) in [
        ("8bit", latin_1.to_owned()),
        ("binary", latin_1.to_owned()),
        ("x-unknown", latin_1.to_owned()),
        (
            "base64",
            base64(
                &latin_1
                    .bytes()
                    .map(|b| if b == 1 { 0xE4 } else { b })
                    .collect::<Vec<_>>(),
            ),
        ),
        ("quoted-printable", latin_1.replace('\u{1}', "=E4")),
    ] {
        let email = multipart(
            "mixed",
            &[part(
                &format!(
                    "Content-Type: text/csv; charset=iso-8859-1; name=gas.csv\r\nContent-Transfer-Encoding: {encoding}"
                ),
                &body,
            )],
        );
        let email: Vec<u8> = email
            .into_iter()
            .map(|byte| if byte == 1 { 0xE4 } else { byte })
            .collect();
        assert_eq!(
            unpacked(&email).files[0].bytes[..],
            b"Type,MPRN,Serial\r\nGas,9100000001,\xE4\r\n"[..],
            "{encoding}"
        );
    }
}

#[test]
fn an_encoding_that_is_declared_for_a_multipart_is_not_applied_to_it() {
    let email = String::from_utf8(multipart("mixed", &[TEXT.into(), csv("gas.csv")])).unwrap();
    for encoding in ["base64", "quoted-printable", "8bit"] {
        let email = email.replacen(
            "MIME-Version",
            &format!("Content-Transfer-Encoding: {encoding}\r\nMIME-Version"),
            1,
        );
        is_readings(email.as_bytes(), "gas.csv");
    }
}

#[test]
fn a_multipart_that_was_encoded_as_a_whole_is_decoded() {
    let whole = String::from_utf8(multipart("mixed", &[TEXT.into(), csv("gas.csv")])).unwrap();
    let (header, body) = whole.split_once("\r\n\r\n").unwrap();
    let email = format!(
        "{header}\r\nContent-Transfer-Encoding: base64\r\n\r\n{}",
        base64(body.as_bytes())
    );
    is_readings(email.as_bytes(), "gas.csv");
    let email = format!(
        "{header}\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n{}",
        quoted_printable(body.as_bytes())
    );
    is_readings(email.as_bytes(), "gas.csv");
}

#[test]
fn a_multipart_that_is_encoded_over_and_over_is_too_deep() {
    let wrap = |body: String, level: u32| {
        let parts = format!("--b{level}\r\n{body}\r\n--b{level}--\r\n");
        format!(
            "Content-Type: multipart/mixed; boundary=b{level}\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n{}",
            parts.replace('=', "=3D").replace("--b", "=2D-b")
        )
    };
    let email = |levels| {
        format!(
            "From: data@supplier.example\r\n{}",
            (0..levels).fold(csv("gas.csv"), wrap)
        )
    };
    is_readings(email(4).as_bytes(), "gas.csv");
    assert_eq!(files(email(5).as_bytes()), []);
    assert_eq!(bad(email(5).as_bytes())[0].1, ReasonCode::TooDeep);
}

#[test]
fn bodies_that_take_too_much_memory_decoded_are_too_large_and_their_siblings_go_on() {
    let email = multipart("mixed", &[csv("a.csv"), csv("b.csv"), csv("c.csv")]);
    let limits = Limits {
        email_bytes: readings_base64().len() as u64,
        ..Limits::default()
    };
    let unpacked = unpack_attachments::unpack(email.into(), &limits).unwrap();
    assert_eq!(unpacked.files.len(), 2);
    assert_eq!(unpacked.bad[0].part, "c.csv");
    assert_eq!(unpacked.bad[0].rejection.reason_code, ReasonCode::TooLarge);
}

#[test]
fn parts_without_a_blank_line_take_no_time() {
    // The end of each part's header is looked for up to the next boundary, not to the end of the email.
    let email = [
        multipart("mixed", &vec!["junk".to_owned(); 5_000]),
        b"and more of it\r\n".repeat(500_000),
    ]
    .concat();
    assert_eq!(files(&email), []);
}

#[test]
fn a_name_without_end_is_cut_and_keeps_its_extension() {
    let email = multipart("mixed", &[csv(&format!("{}.csv", "x".repeat(10_000)))]);
    let name = unpacked(&email).files.remove(0).sent_name.unwrap();
    assert!(name.len() <= 2_000 && name.starts_with("xxx") && name.ends_with("xxx.csv"));
}

// Boundaries, line ends and other damage

#[test]
fn line_ends_of_every_kind_separate_parts() {
    let email = String::from_utf8(multipart("mixed", &[TEXT.into(), csv("gas.csv")])).unwrap();
    for line_end in ["\n", "\r", "\r\r\n"] {
        is_readings(email.replace("\r\n", line_end).as_bytes(), "gas.csv");
    }
}

#[test]
fn what_stands_before_the_header_does_not_matter() {
    let email = multipart("mixed", &[csv("gas.csv")]);
    for before in [
        "\u{feff}",
        "\r\n\r\n",
        "From data@supplier.example Mon Mar 20 10:11:12 2023\r\n",
        "\u{feff}\n>From x\n",
    ] {
        is_readings(&[before.as_bytes(), &email].concat(), "gas.csv");
    }
}

#[test]
fn a_missing_last_boundary_loses_nothing() {
    let email = String::from_utf8(multipart("mixed", &[TEXT.into(), csv("gas.csv")])).unwrap();
    is_readings(email.replace("--=_b1--\r\n", "").as_bytes(), "gas.csv");
    is_readings(email.replace("--=_b1--\r\n", "--=_b1\r\n").as_bytes(), "gas.csv");
}

#[test]
fn a_wrong_or_missing_boundary_parameter_is_made_up_for() {
    let email = String::from_utf8(multipart("mixed", &[csv("gas.csv"), TEXT.into()])).unwrap();
    is_readings(
        email.replace("boundary=\"=_b1\"", "boundary=\"other\"").as_bytes(),
        "gas.csv",
    );
    is_readings(email.replace("; boundary=\"=_b1\"", "").as_bytes(), "gas.csv");
    is_readings(
        email.replace("boundary=\"=_b1\"", "boundary==_b1").as_bytes(),
        "gas.csv",
    );
}

#[test]
fn a_boundary_that_begins_like_another_is_another() {
    let inner = format!(
        "Content-Type: multipart/mixed; boundary=\"=_b12\"\r\n\r\n--=_b12\r\n{}\r\n--=_b12--",
        csv("inner.csv")
    );
    let email = multipart("mixed", &[inner, csv("outer.csv")]);
    assert_eq!(names(&email), ["inner.csv", "outer.csv"]);
    assert_eq!(paths(&email), ["1.1", "2"]);
}

#[test]
fn a_boundary_within_a_line_or_a_file_separates_nothing() {
    let body = "MPR,Date,Note\r\n1,2,see --=_b1 there\r\n --=_b1\r\n---=_b1\r\n";
    let email = multipart(
        "mixed",
        &[part("Content-Type: text/csv; name=gas.csv", body), TEXT.into()],
    );
    assert_eq!(files(&email), [("gas.csv".to_owned(), body.to_owned())]);
}

#[test]
fn an_inner_multipart_that_is_never_closed_does_not_swallow_its_siblings() {
    let inner =
        format!("Content-Type: multipart/alternative; boundary=inner\r\n\r\n--inner\r\n{TEXT}\r\n--inner\r\n{HTML}");
    assert_eq!(names(&multipart("mixed", &[inner, csv("gas.csv")])), ["gas.csv"]);
    let inner = format!(
        "Content-Type: multipart/mixed; boundary=inner\r\n\r\n--inner\r\n{}",
        csv("a.csv")
    );
    assert_eq!(names(&multipart("mixed", &[inner, csv("b.csv")])), ["a.csv", "b.csv"]);
}

#[test]
fn one_boundary_for_two_levels_is_understood() {
    let inner = format!(
        "Content-Type: multipart/mixed; boundary=\"=_b1\"\r\n\r\n--=_b1\r\n{}\r\n--=_b1--",
        csv("a.csv")
    );
    assert_eq!(names(&multipart("mixed", &[inner, csv("b.csv")])), ["a.csv", "b.csv"]);
}

#[test]
fn parts_behind_the_last_boundary_are_found() {
    let mut email = multipart("mixed", &[TEXT.into(), csv("a.csv")]);
    email.extend(format!("--=_b1\r\n{}\r\n--=_b1--\r\nfooter", csv("b.csv")).bytes());
    assert_eq!(names(&email), ["a.csv", "b.csv"]);
}

#[test]
fn a_boundary_without_a_line_end_before_it_is_found() {
    let body = "MPR,Date,hr0030\r\n1,2,3";
    let email = format!(
        "To: bam@example.org\r\nContent-Type: multipart/mixed; boundary=b1\r\n\r\n--b1\r\nContent-Type: text/csv; name=a.csv\r\n\r\n{body}--b1\r\nContent-Type: text/csv; name=b.csv\r\n\r\n{body}--b1--\r\n"
    );
    assert_eq!(
        files(email.as_bytes()),
        [
            ("a.csv".to_owned(), body.to_owned()),
            ("b.csv".to_owned(), body.to_owned())
        ]
    );
}

#[test]
fn a_part_without_a_blank_line_behind_its_header_is_read() {
    let email = multipart(
        "mixed",
        &[format!("Content-Type: text/csv; name=gas.csv\r\n{READINGS}")],
    );
    is_readings(&email, "gas.csv");
}

#[test]
fn text_that_says_it_is_base64_arrives_as_it_is() {
    let email = multipart(
        "mixed",
        &[part(
            "Content-Type: text/csv; name=gas.csv\r\nContent-Transfer-Encoding: base64",
            READINGS,
        )],
    );
    is_readings(&email, "gas.csv");
}

#[test]
fn damaged_base64_loses_no_more_than_it_must() {
    let encoded = readings_base64();
    for body in [
        encoded.trim_end_matches('=').to_owned(),
        encoded.replace("\r\n", "\r\n\r\n"),
        encoded.replace("\r\n", "!\r\n "),
        format!("{encoded}\r\n\r\n-- \r\nScanned by Example Ltd.\r\n"),
    ] {
        let email = multipart(
            "mixed",
            &[part(
                "Content-Type: text/csv; name=gas.csv\r\nContent-Transfer-Encoding: base64",
                &body,
            )],
        );
        is_readings(&email, "gas.csv");
    }
}

// Files in other clothes

#[test]
fn uuencoded_files_are_taken_out_of_the_text() {
    let text = "Dear all,\r\n\r\nbegin 644 gas.csv\r\n(35!2+$1A=&4\r\n`\r\nend\r\nbegin 644 elec.csv\r\n(35!2+$1A=&4\r\n`\r\nend\r\nRegards\r\n";
    let email = single("Subject: data", text);
    assert_eq!(
        files(&email),
        [
            ("gas.csv".into(), "MPR,Date".into()),
            ("elec.csv".into(), "MPR,Date".into())
        ]
    );
    assert_eq!(paths(&email), ["1/uu/1", "1/uu/2"]);
    let text: Vec<_> = unpacked(&email).bodies.into_iter().map(|body| body.bytes).collect();
    assert_eq!(text.concat(), b"Dear all,\r\n\r\nRegards\r\n");
    let email = single(
        "Content-Type: application/octet-stream; name=gas.csv\r\nContent-Transfer-Encoding: x-uuencode",
        "begin 644 x\r\n(35!2+$1A=&4\r\n`\r\nend\r\n",
    );
    assert_eq!(files(&email), [("gas.csv".into(), "MPR,Date".into())]);
}

#[test]
fn a_uuencoded_file_that_is_cut_off_is_a_bad_part() {
    let email = single("Subject: data", "begin 644 gas.csv\r\n(35!2+$1A=&4\r\n");
    assert_eq!(bad(&email), [("gas.csv".into(), ReasonCode::CorruptAttachment)]);
}

#[test]
fn attached_emails_are_unpacked_however_they_are_attached() {
    let inner = String::from_utf8(multipart("mixed", &[TEXT.into(), csv("gas.csv")]))
        .unwrap()
        .replace("=_b1", "inner");
    for (header, body) in [
        ("Content-Type: message/rfc822", inner.clone()),
        (
            "Content-Type: message/rfc822; name=\"Fwd.eml\"\r\nContent-Disposition: attachment",
            inner.clone(),
        ),
        (
            "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64",
            base64(inner.as_bytes()),
        ),
        (
            "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: quoted-printable",
            quoted_printable(inner.as_bytes()),
        ),
        (
            "Content-Type: application/octet-stream; name=\"Fwd.EML\"\r\nContent-Transfer-Encoding: base64",
            base64(inner.as_bytes()),
        ),
        (
            "Content-Type: text/plain\r\nContent-Disposition: attachment; filename=Fwd.eml",
            inner.clone(),
        ),
        (
            "Content-Type: application/octet-stream; name=\"Forwarded message\"\r\nContent-Transfer-Encoding: base64",
            base64(format!("From: a@supplier.example\r\nTo: b@example.org\r\nSubject: x\r\n{inner}").as_bytes()),
        ),
    ] {
        let email = multipart("mixed", &[TEXT.into(), part(header, &body)]);
        is_readings(&email, "gas.csv");
        assert_eq!(paths(&email), ["2/message/2"], "{header}");
        assert_eq!(unpacked(&email).files[0].depth, 1);
    }
}

#[test]
fn an_email_in_outlooks_container_is_unpacked() {
    let inner = format!("From: a@supplier.example\r\nSubject: x\r\n{}", csv("gas.csv"));
    let email = winmail(&Winmail::new().file("FW.eml", None, inner.as_bytes()).bytes());
    is_readings(&email, "gas.csv");
    assert_eq!(paths(&email), ["2/winmail/1/message/1"]);
}

#[test]
fn a_letter_with_commas_is_no_table() {
    let letter = "Hello Tom, Dick, Harry\r\nGet it, as agreed, here: <https://datavision.imserv.com/imgserver/1>\r\n";
    let unpacked = unpacked(&single("Content-Type: text/plain", letter));
    assert_eq!((unpacked.files.len(), unpacked.bodies.len()), (0, 1));
}

#[test]
fn of_two_content_types_the_one_with_parts_counts() {
    let email = String::from_utf8(multipart("mixed", &[TEXT.into(), csv("gas.csv")])).unwrap();
    let email = email.replacen("Content-Type:", "Content-Type: text/plain\r\nContent-Type:", 1);
    is_readings(email.as_bytes(), "gas.csv");
}

#[test]
fn a_digest_is_a_list_of_emails() {
    let inner = String::from_utf8(multipart("mixed", &[csv("gas.csv")]))
        .unwrap()
        .replace("=_b1", "inner");
    is_readings(&multipart("digest", &[format!("\r\n{inner}")]), "gas.csv");
}

#[test]
fn a_file_that_only_calls_itself_an_email_is_a_file() {
    is_readings(
        &multipart("mixed", &[part("Content-Type: message/rfc822; name=gas.csv", READINGS)]),
        "gas.csv",
    );
    is_readings(
        &multipart(
            "mixed",
            &[part("Content-Type: application/octet-stream; name=gas.eml", READINGS)],
        ),
        "gas.eml",
    );
}

fn nested(levels: u32) -> Vec<u8> {
    (0..levels).fold(multipart("mixed", &[csv("gas.csv")]), |inner, level| {
        let inner = String::from_utf8(inner).unwrap().replace("=_b1", &format!("in{level}"));
        multipart(
            "mixed",
            &[
                csv(&format!("level{level}.csv")),
                part(&format!("Content-Type: message/rfc822; name=fwd{level}.eml"), &inner),
            ],
        )
    })
}

#[test]
fn emails_are_unpacked_up_to_the_depth_limit_and_their_siblings_go_on() {
    assert_eq!(unpacked(&nested(4)).files.len(), 5);
    assert_eq!(unpacked(&nested(4)).files.last().unwrap().depth, 4);
    let too_deep = nested(5);
    assert_eq!(unpacked(&too_deep).files.len(), 5);
    assert_eq!(bad(&too_deep), [("fwd0.eml".into(), ReasonCode::TooDeep)]);
}

#[test]
fn fragments_and_references_are_bad_parts() {
    let email = multipart(
        "mixed",
        &[
            csv("gas.csv"),
            part("Content-Type: message/partial; id=x; number=1", "x"),
            part(
                "Content-Type: message/external-body; access-type=URL; name=far.csv",
                "x",
            ),
        ],
    );
    assert_eq!(names(&email), ["gas.csv"]);
    assert_eq!(
        bad(&email),
        [
            ("part 2".into(), ReasonCode::Unsupported),
            ("far.csv".into(), ReasonCode::Unsupported)
        ]
    );
}

// winmail.dat

fn winmail(container: &[u8]) -> Vec<u8> {
    multipart(
        "mixed",
        &[
            TEXT.into(),
            part(
                "Content-Type: application/ms-tnef; name=winmail.dat\r\nContent-Transfer-Encoding: base64",
                &base64(container),
            ),
        ],
    )
}

#[test]
fn outlooks_container_gives_its_files_under_their_long_names() {
    let container = Winmail::new()
        .file("HALFHO~1.CSV", Some("Half-hourly Zähler.csv"), READINGS.as_bytes())
        .file("gas.csv", None, b"1,2,3");
    let email = winmail(&container.bytes());
    assert_eq!(
        files(&email),
        [
            ("Half-hourly Zähler.csv".into(), READINGS.into()),
            ("gas.csv".into(), "1,2,3".into())
        ]
    );
    assert_eq!(paths(&email), ["2/winmail/1", "2/winmail/2"]);
}

#[test]
fn a_container_without_files_is_only_the_text() {
    assert!(unpacked(&winmail(&Winmail::new().bytes())).files.is_empty());
    assert!(bad(&winmail(&Winmail::new().bytes())).is_empty());
}

#[test]
fn a_message_in_a_container_is_unpacked_and_counted() {
    let inner = Winmail::new().file("gas.csv", None, READINGS.as_bytes());
    let email = winmail(&Winmail::new().message("Fwd", &inner).bytes());
    is_readings(&email, "gas.csv");
    assert_eq!(unpacked(&email).files[0].depth, 1);
    let deep = (0..5).fold(inner, |inner, level| {
        Winmail::new().message(&format!("Fwd{level}"), &inner)
    });
    assert_eq!(bad(&winmail(&deep.bytes())), [("Fwd0".into(), ReasonCode::TooDeep)]);
}

#[test]
fn a_container_is_told_by_its_content_too() {
    let container = Winmail::new().file("gas.csv", None, READINGS.as_bytes()).bytes();
    let email = multipart(
        "mixed",
        &[part(
            "Content-Type: application/octet-stream; name=ATT0001.dat\r\nContent-Transfer-Encoding: base64",
            &base64(&container),
        )],
    );
    is_readings(&email, "gas.csv");
}

#[test]
fn of_a_damaged_container_the_files_that_are_whole_go_on() {
    let mut container = Winmail::new()
        .file("gas.csv", None, READINGS.as_bytes())
        .file("elec.csv", None, READINGS.as_bytes())
        .bytes();
    container.truncate(container.len() - 40);
    let email = winmail(&container);
    assert_eq!(bad(&email), [("winmail.dat".into(), ReasonCode::CorruptAttachment)]);
    assert_eq!(names(&email), ["gas.csv"]);
    let other = winmail(b"rubbish");
    assert_eq!((names(&other), bad(&other)), (vec!["winmail.dat".to_owned()], vec![]));
}

#[test]
fn a_file_whose_checksum_is_wrong_is_left_out_and_its_siblings_go_on() {
    let mut container = Winmail::new()
        .file("gas.csv", None, READINGS.as_bytes())
        .file("elec.csv", None, READINGS.as_bytes())
        .bytes();
    let at = container.windows(4).position(|window| window == b"mpan").unwrap();
    container[at] ^= 1;
    assert_eq!(names(&winmail(&container)), ["elec.csv"]);
}

// Attacks

#[test]
fn what_is_no_email_is_told_so() {
    let limits = Limits::default();
    assert_eq!(rejected(b"", &limits), ReasonCode::Empty);
    for other in [
        READINGS.as_bytes(),
        b"PK\x03\x04",
        b"\r\n\r\n",
        b"Report: monthly\r\nSite: A\r\n\r\n1,2,3\r\n",
        &[0xFF; 100],
    ] {
        assert_eq!(rejected(other, &limits), ReasonCode::NotAnEmail);
    }
}

#[test]
fn more_parts_than_the_limit_are_too_many() {
    let limits = Limits::default();
    let many = |count: usize| multipart("mixed", &vec![part("Content-Type: text/plain", "x"); count]);
    assert!(unpacked(&many(9_999)).files.is_empty());
    assert_eq!(rejected(&many(100_000), &limits), ReasonCode::TooManyMembers);
    let blocks = single("Subject: x", &"begin 644 a\r\n#35!2\r\n`\r\nend\r\n".repeat(20_000));
    assert_eq!(rejected(&blocks, &limits), ReasonCode::TooManyMembers);
    let container = (0..100).fold(Winmail::new(), |container, _| container.file("a.csv", None, b"x"));
    assert_eq!(
        rejected(&winmail(&container.bytes()), &Limits { members: 50, ..limits }),
        ReasonCode::TooManyMembers
    );
}

#[test]
fn ten_thousand_levels_take_neither_stack_nor_time() {
    let mut email = b"To: bam@example.org\r\n".to_vec();
    for level in 0..9_998 {
        email.extend(format!("Content-Type: multipart/mixed; boundary=b{level}\r\n\r\n--b{level}\r\n").bytes());
    }
    email.extend(csv("gas.csv").bytes());
    email.extend(b"\r\n");
    is_readings(&email, "gas.csv");
    assert_eq!(paths(&email), ["#9999"]);
    let same: Vec<u8> = [
        &b"To: bam@example.org\r\n"[..],
        &b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n".repeat(9_000),
        csv("gas.csv").as_bytes(),
        b"\r\n",
        &b"--b--\r\n".repeat(200_000),
    ]
    .concat();
    is_readings(&same, "gas.csv");
}

#[test]
fn a_long_header_takes_little_time() {
    for line in [
        "X-Long: =?utf-8?q?x\r\n",
        "To: \"(\r\n",
        "Received: (((;\r\n",
        " folded\r\n",
        "junk\r\n",
        "Content-Type: a;\r\nb=c;\r\n",
    ] {
        let header = line.repeat(1_000_000 / line.len());
        let email = format!("To: bam@example.org\r\n{header}Content-Type: text/csv; name=gas.csv\r\n\r\n{READINGS}");
        assert!(unpacked(email.as_bytes()).files.len() <= 1);
        assert!(unpack_attachments::headers(email.as_bytes()).is_some());
    }
}

#[test]
fn boundaries_that_almost_match_take_little_time() {
    let line = "--=_b1x\r\n";
    let email = multipart(
        "mixed",
        &[part("Content-Type: text/csv; name=gas.csv", &line.repeat(100_000))],
    );
    assert_eq!(unpacked(&email).files.len(), 1);
    let mut unclosed = b"To: x@example.org\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n".to_vec();
    unclosed.extend(b"x--b\tContent-Type: text/plain\r\n".repeat(20_000));
    assert!(unpacked(&unclosed).files.is_empty());
}
