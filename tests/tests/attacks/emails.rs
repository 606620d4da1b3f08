//! Hostile emails: the structure, the header, the encodings, the recipients.

use std::time::Duration;

use end_to_end_tests::soak::scale;

use crate::attack::{self, Attack, READINGS};
use crate::mail_bytes::{
    FILE, base64, body_of, encoded_part, file_part, header, header_to, multipart, named_part, readings_of, uuencode,
};

const MIB: u64 = 1 << 20;

/// Bytes of an email that is as large as may be, or of one that a debug build reads in a moment.
fn large() -> u64 {
    scale(MIB, 98 * MIB)
}

fn repeated(piece: &str, bytes: u64) -> String {
    piece.repeat(bytes as usize / piece.len())
}

/// An attack whose email is made when its turn comes.
fn later(name: &'static str, email: impl FnOnce() -> String + 'static) -> Attack {
    Attack::written(name, move |out| out.write_all(email().as_bytes()))
}

/// Opens `levels` multiparts, each in the one before.
fn nested_multiparts(levels: u64) -> String {
    (0..levels)
        .map(|level| format!("Content-Type: multipart/mixed; boundary=level-{level}\r\n\r\n--level-{level}\r\n"))
        .collect()
}

fn nested_emails(levels: u64) -> String {
    "Content-Type: message/rfc822\r\n\r\nFrom: hh-data@supplier.example\r\n".repeat(levels as usize) + &file_part()
}

/// Each multipart has an email in it, and each email a multipart.
fn nested_both(levels: u64) -> String {
    let level = |level| {
        format!(
            "Content-Type: multipart/mixed; boundary=level-{level}\r\n\r\n--level-{level}\r\n\
             Content-Type: message/rfc822\r\n\r\nFrom: hh-data@supplier.example\r\n"
        )
    };
    (0..levels).map(level).collect::<String>() + &file_part()
}

/// Quoted-printable, so that whoever decodes it finds another email that is encoded.
fn nested_encodings(levels: u32, bytes: u64) -> String {
    let mut email = format!("{}\r\n{}", file_part(), repeated("Dear all\r\n", bytes));
    for _ in 0..levels {
        let inner = format!("From: hh-data@supplier.example\r\n{email}").replace('=', "=3D");
        let inner =
            format!("Content-Type: message/rfc822\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n{inner}");
        email = body_of(&[inner, "Content-Type: text/plain\r\n\r\nbye".to_owned()]);
    }
    email
}

/// Multiparts that are encoded as a whole, which RFC 2045 forbids: each decoding gives the next one.
fn undivided(levels: u32, bytes: u64) -> String {
    let mut body = file_part() + &repeated("Dear all\r\n", bytes);
    for level in 0..levels {
        let inner = format!("--level-{level}\r\n{body}")
            .replace('=', "=3D")
            .replacen('-', "=2D", 1);
        body = format!(
            "Content-Type: multipart/mixed; boundary=level-{level}\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n{inner}"
        );
    }
    body
}

#[test]
fn emails_that_are_nested_or_cut_into_many_parts_end_in_time() {
    let levels = scale(900, 9_990);
    let many = scale(1_500, 100_000) as usize;
    let with = |name: &'static str, part: String| multipart(name, &[file_part(), part]);
    let good = |attack: Attack| attack.delivers(FILE, READINGS);
    attack::run(vec![
        good(Attack::email(
            "deep-multiparts",
            header("deep-multiparts") + &nested_multiparts(levels) + &file_part(),
        ))
        .scaled(),
        Attack::email(
            "too-deep-multiparts",
            header("too-deep-multiparts") + &nested_multiparts(levels + 200) + &file_part(),
        )
        .rejected(&["too-many-members"])
        .scaled(),
        good(Attack::email("deep-emails", with("deep-emails", nested_emails(levels))))
            .partly(&["too-deep"])
            .scaled(),
        good(Attack::email("deep-both", with("deep-both", nested_both(levels))))
            .partly(&["too-deep"])
            .scaled(),
        Attack::email(
            "many-parts",
            multipart("many-parts", &vec!["\r\nDear all".to_owned(); many]),
        )
        .rejected(&["too-many-members"])
        .scaled(),
        Attack::email(
            "many-files",
            multipart(
                "many-files",
                &(0..many)
                    .map(|n| named_part(&format!("filename={n}.csv")))
                    .collect::<Vec<_>>(),
            ),
        )
        .rejected(&["too-many-members"])
        .scaled(),
        Attack::email(
            "many-copies",
            header_to(
                &(0..90)
                    .map(|n| format!("many-copies-{n}@example.org"))
                    .collect::<Vec<_>>()
                    .join(", "),
            ) + &body_of(&vec![file_part(); many / 10]),
        )
        .set("MAIL_DOMAINS", "example.org")
        .rejected(&["too-many-members"])
        .scaled(),
        good(later("boundaries-of-no-level", move || {
            let rows = repeated("--9100000001,23/03/2025,0.1,0.2\r\n", scale(MIB, 40 * MIB));
            let text = format!("Content-Type: text/plain\r\n\r\n{rows}");
            format!("{}{}", header("boundaries-of-no-level"), nested_multiparts(levels))
                + &text
                + "\r\n--level-0\r\n"
                + &file_part()
        }))
        .scaled(),
        later("parts-of-junk", || {
            // None of them has a blank line: where each header ends must not be looked for to the end of the email.
            multipart("parts-of-junk", &vec!["junk".to_owned(); scale(900, 9_900) as usize])
                + &repeated("--more junk, and no end of it\r\n", large() / 2)
        })
        .no_files()
        .scaled(),
        later("encoded-again-and-again", || {
            header("encoded-again-and-again") + &nested_encodings(4, scale(MIB, 90 * MIB))
        })
        .rejected(&["too-large"])
        .set("LIMIT_EMAIL_BYTES", scale(3 * MIB / 2, 100 * MIB)),
        later("multiparts-encoded-as-a-whole", || {
            header("multiparts-encoded-as-a-whole") + &undivided(scale(50, 200) as u32, scale(MIB / 4, 20 * MIB))
        })
        .rejected(&["too-deep"]),
    ]);
}

#[test]
fn headers_without_end_cost_neither_memory_nor_time() {
    let filler = scale(MIB, 50 * MIB);
    let with = move |name: &'static str, field: String| {
        header(name).replacen("Subject", &format!("{field}Subject"), 1) + &body_of(&[file_part()])
    };
    let good = |attack: Attack| attack.delivers(FILE, READINGS);
    let many = scale(20_000, 1_000_000);
    let addresses = move |name: &str| {
        (0..many)
            .map(|n| format!("{name}-{n}@example.org, "))
            .collect::<String>()
    };
    attack::run(vec![
        good(later("header-of-one-line", move || {
            with(
                "header-of-one-line",
                format!("X-Filler: {}\r\n", "x".repeat(filler as usize)),
            )
        })),
        good(later("header-of-many-lines", move || {
            with(
                "header-of-many-lines",
                (0..many).map(|n| format!("X-Filler-{n}: {n}\r\n")).collect(),
            )
        })),
        good(later("header-of-one-folded-field", move || {
            with(
                "header-of-one-folded-field",
                format!("References:{}", repeated("\r\n <1@x>", filler)) + "\r\n",
            )
        })),
        good(later("header-of-junk", move || {
            with("header-of-junk", repeated("junk\r\n", filler))
        })),
        later("header-of-blanks", move || {
            // Two lines of blanks end a header.
            with(
                "header-of-blanks",
                format!("X-Filler: x;{}\r\n", repeated("\r\n \t", filler)),
            )
        })
        .no_files(),
        good(later("header-of-one-type", move || {
            let parameters = repeated("; a=b c=\"d\\\"e\"", filler);
            header("header-of-one-type")
                + &body_of(&[file_part()]).replacen("\"\r\n", &format!("\"{parameters}\r\n"), 1)
        })),
        later("header-of-many-types", move || {
            header("header-of-many-types")
                + &repeated("Content-Type: text/plain\r\n", filler)
                + &body_of(&[file_part()])
        })
        .no_files(),
        good(later("header-of-one-message-id", move || {
            with(
                "header-of-one-message-id",
                format!("Message-ID: <{}>\r\n", "x".repeat(filler as usize)),
            )
        })),
        good(later("header-of-comments", move || {
            with(
                "header-of-comments",
                format!("Cc: {}\r\n", "(\"<".repeat(filler as usize / 3)),
            )
        }))
        .set("MAIL_DOMAINS", "example.org"),
        good(later("header-of-hops", move || {
            let hops = repeated(
                "Received: from a by b; Sat, 01 Jan 2000 00:00:00 +0000\r\n",
                scale(MIB, 6 * MIB),
            );
            with("header-of-hops", String::new()).replacen("From:", &format!("{hops}From:"), 1)
        })),
        good(later("header-of-addresses", move || {
            header_to(&format!("header-of-addresses@example.org, {}", addresses("other"))) + &body_of(&[file_part()])
        })),
        later("header-of-areas", move || {
            header_to(&addresses("header-of-areas")) + &body_of(&[file_part()])
        })
        .set("MAIL_DOMAINS", "example.org")
        .rejected(&["too-many-members"]),
        later("header-only", move || {
            header("header-only") + "X-Filler: " + &"x".repeat(filler as usize)
        })
        .no_files(),
    ]);
}

#[test]
fn garbage_that_claims_to_be_encoded_ends_with_a_reason() {
    let part =
        |name: &str, encoding: &str, body: &str| Attack::email(name, multipart(name, &[encoded_part(encoding, body)]));
    let large_part = |name: &'static str, encoding: &'static str, piece: &'static str| {
        later(name, move || {
            multipart(name, &[encoded_part(encoding, &repeated(piece, large()))])
        })
    };
    let encoded = base64(READINGS.as_bytes());
    let twice = [READINGS, READINGS.split_once('\n').unwrap().1].concat();
    attack::run(vec![
        part("base64-with-junk", "base64", &encoded.replace("\r\n", "!\u{7f}\r\n")).delivers(FILE, READINGS),
        part(
            "base64-padded-in-the-middle",
            "base64",
            &[
                base64(READINGS.as_bytes()),
                base64(READINGS.split_once('\n').unwrap().1.as_bytes()),
            ]
            .concat(),
        )
        .delivers(FILE, twice),
        part("base64-of-one-line", "base64", &encoded.replace("\r\n", "")).delivers(FILE, READINGS),
        part("base64-of-rubbish", "base64", &"Zm9v/+++AAECAwQFBgcI".repeat(100)).rejected(&["unknown-type"]),
        large_part("base64-of-padding", "base64", "=").rejected(&["empty"]),
        large_part("base64-of-line-ends", "base64", "\r\n").rejected(&["empty"]),
        part("quoted-rubbish", "quoted-printable", &format!("{READINGS}=XX=Z=")).delivers_something(FILE),
        large_part("quoted-soft-line-ends", "quoted-printable", "=\r\n").rejected(&["empty"]),
        large_part("quoted-blanks", "quoted-printable", " \t").rejected(&["empty"]),
        large_part("quoted-equal-signs", "quoted-printable", "=").delivers_something(FILE),
        part("unknown-encoding", "x-rot13; =?x?", READINGS).delivers(FILE, READINGS),
        part(
            "uuencoded-lies",
            "x-uuencode",
            "begin 644 x\r\n#````\r\n~~~~\r\nend\r\n",
        )
        .rejected(&["corrupt-attachment"]),
    ]);
}

#[test]
fn boundaries_that_lie_hide_no_file() {
    let custom = |name: &str, boundary: &str, body: String| {
        Attack::email(
            name,
            format!(
                "{}Content-Type: multipart/mixed; boundary={boundary}\r\n\r\n{body}",
                header(name)
            ),
        )
    };
    let long = "b".repeat(70_000);
    let part = file_part();
    attack::run(vec![
        custom("boundary-of-70000", &format!("\"{long}\""), format!("--{long}\r\n{part}\r\n--{long}--\r\n"))
            .delivers(FILE, READINGS),
        custom("boundary-empty", "\"\"", format!("--\r\n{part}\r\n----\r\n")).no_files(),
        custom("boundary-blank", "\"   \"", format!("--x\r\n{part}\r\n--x--\r\n")).delivers(FILE, READINGS),
        custom("boundary-missing", "", format!("--x\r\n{part}\r\n--x--\r\n")).delivers(FILE, READINGS),
        custom("boundary-of-another-name", "y", format!("--x\r\n{part}\r\n--x--\r\n")).delivers(FILE, READINGS),
        custom(
            "boundary-that-begins-another",
            "b",
            format!(
                "--b\r\nContent-Type: multipart/mixed; boundary=bb\r\n\r\n--bb\r\n{part}\r\n--bb--\r\n--b\r\n{}\r\n--b--\r\n",
                named_part("filename=second.csv")
            ),
        )
        .delivers(FILE, READINGS)
        .delivers("second.csv", READINGS),
        custom(
            "boundary-used-twice",
            "b",
            format!("--b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n{part}\r\n--b--\r\n--b--\r\n"),
        )
        .delivers(FILE, READINGS),
        custom("boundary-never-closed", "b", format!("--b\r\n{part}")).delivers(FILE, READINGS),
        custom("boundary-closed-first", "b", format!("--b--\r\n--b\r\n{part}\r\n--b--\r\n")).delivers(FILE, READINGS),
        custom("boundary-of-dashes", "----", format!("------\r\n{part}\r\n--------\r\n")).delivers(FILE, READINGS),
        later("boundaries-by-the-hundred", || {
            // Each as long as a header may be: they are kept until the email ends.
            let levels = (0..scale(4, 90)).map(|level| {
                let boundary = format!("{level}-{}", "b".repeat(900_000 / scale(10, 1) as usize));
                format!("Content-Type: multipart/mixed; boundary={boundary}\r\n\r\n--{boundary}\r\n")
            });
            header("boundaries-by-the-hundred") + &levels.collect::<String>() + &file_part()
        })
        .delivers(FILE, READINGS),
    ]);
}

#[test]
fn texts_that_claim_to_be_files_cost_neither_memory_nor_time() {
    let text = |name: &'static str, body: String| Attack::email(name, header(name) + "\r\n" + &body);
    let large_text = |name: &'static str, begin: &'static str, piece: &'static str| {
        later(name, move || header(name) + "\r\n" + begin + &repeated(piece, large()))
    };
    let one = uuencode(FILE, READINGS.as_bytes());
    let many = scale(1_500, 100_000) as usize;
    attack::run(vec![
        text("uuencoded", one.clone()).delivers(FILE, READINGS),
        text("uuencoded-without-end", one.replace("end\r\n", "")).rejected(&["corrupt-attachment"]),
        text(
            "uuencoded-lengths-lie",
            format!("{one}{}", one.replacen("\r\n(", "\r\n#", 1).replace(FILE, "b.csv")),
        )
        .delivers(FILE, READINGS)
        .partly(&["corrupt-attachment"]),
        text("uuencoded-files-without-number", one.repeat(many))
            .rejected(&["too-many-members"])
            .scaled(),
        text("uuencoded-beginnings", "begin 644 a.csv\r\n#\r\n".repeat(many))
            .rejected(&["too-many-members"])
            .scaled(),
        large_text(
            "uuencoded-without-limit",
            "begin 644 a.csv\r\n",
            "M````````````````````````````````````````````````````````````\r\n",
        )
        .rejected(&["corrupt-attachment"]),
        large_text("begin-base64", "begin-base64 644 a.csv\r\n", "begin 64 \r\n").rejected(&["corrupt-attachment"]),
        large_text("table-of-one-line", "1,2,3\r\n1,2,3\r\n1,2,3\r\n", ",").no_files(),
        large_text("table-of-short-lines", "", "1,2,3\n").delivers_something("attachment-1.txt"),
        large_text("letter-of-tables", "Dear all,\r\n", "1\n").no_files(),
    ]);
}

#[test]
fn areas_of_strange_addresses_stay_below_their_prefix() {
    let to = |name: &str, address: &str| Attack::email(name, header_to(address) + &body_of(&[file_part()]));
    let unknown = |attack: Attack| attack.rejected(&["unknown-area"]);
    attack::run(vec![
        to("address-with-slash", "a/b@example.org")
            .area("a_b")
            .delivers(FILE, READINGS),
        to("address-that-climbs", "\"../../etc\"@example.org")
            .area(".._.._etc")
            .delivers(FILE, READINGS),
        to("address-of-backslashes", "\"..\\\\..\\\\up\"@example.org")
            .area(".._.._up")
            .delivers(FILE, READINGS),
        to("address-of-look-alikes", "a\u{2215}b\u{ff0f}c@example.org")
            .area("a_b_c")
            .delivers(FILE, READINGS),
        to("address-turned", "ab\u{202e}cd@example.org")
            .area("abcd")
            .delivers(FILE, READINGS),
        unknown(to("address-of-dots", "\"..\"@example.org")),
        unknown(to("address-of-blanks", "\" \u{a0} \"@example.org")),
        unknown(to("address-of-the-archive", "archive-sheffield@example.org")),
        unknown(to(
            "address-of-the-archive-hidden",
            "\"\u{200b}Archive-sheffield\"@example.org",
        )),
        unknown(to("address-of-10000", &format!("{}@example.org", "x".repeat(10_000)))),
        to("address-of-another-alphabet", "shеffield@example.org")
            .area("shеffield")
            .delivers(FILE, READINGS),
        unknown(to("address-not-listed", "shеffield@example.org").set("AREAS", "sheffield")),
        to("address-without-any", "undisclosed-recipients:;").rejected(&["no-area"]),
        to("address-of-brackets", &"<".repeat(100_000)).rejected(&["no-area"]),
    ]);
}

#[test]
fn an_email_of_40_mb_stays_under_200_mib_and_a_letter_of_98_mb_under_twice_its_size() {
    let size = scale(2, 40) * MIB;
    let letter = scale(3, 98) * MIB;
    let base = 60;
    let file = move |count: u64| readings_of(size * 57 / 78 / count);
    let attached = move |count: u64, name: &'static str| {
        let parts: Vec<String> = (0..count)
            .map(|n| encoded_part("base64", &base64(file(count).as_bytes())).replace(FILE, &format!("{n}.csv")))
            .collect();
        multipart(name, &parts)
    };
    let latin1 = move |name: &'static str, field: &str, line: &'static [u8]| {
        let header = header(name) + field + "\r\n\r\n";
        Attack::written(name, move |out| {
            out.write_all(header.as_bytes())?;
            (0..letter / line.len() as u64).try_for_each(|_| out.write_all(line))
        })
    };
    let four = (0..4).fold(
        later("attachments-4", move || attached(4, "attachments-4")),
        |attack, n| attack.delivers(&format!("{n}.csv"), file(4)),
    );
    attack::run(vec![
        later("attachment-1", move || attached(1, "attachment-1"))
            .delivers("0.csv", file(1))
            .peak_mib(199),
        four.peak_mib(199),
        latin1(
            "letter",
            "Content-Type: text/plain; charset=iso-8859-1",
            b"Z\xe4hler und Gr\xf6\xdfe, wie vereinbart\r\n",
        )
        .no_files()
        .peak_mib(letter * 2 / MIB + base),
        latin1(
            "letter-quoted",
            "Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable",
            b"Z=E4hler, begin und Gr\xf6\xdfe\r\n",
        )
        .no_files()
        .peak_mib(letter * 2 / MIB + base),
        latin1(
            "letter-page",
            "Content-Type: text/html; charset=iso-8859-1",
            b"<p>Z\xe4hler &amp; Gr\xf6\xdfe\r\n",
        )
        .no_files()
        .peak_mib(letter * 2 / MIB + base),
        latin1(
            "letter-without-tags",
            "Content-Type: text/html; charset=iso-8859-1",
            b"Z\xe4hler und Gr\xf6\xdfe\r\n",
        )
        .no_files()
        .peak_mib(letter * 2 / MIB + base)
        .within(Duration::from_secs(60)),
    ]);
}
