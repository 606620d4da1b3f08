//! One large email, as large as mail services let through (SES: 40 MB).

use base64_simd::STANDARD;
use end_to_end_tests::{Mail, soak};

use crate::content::{Digest, Encoding, Readings, digest_of, texts};
use crate::place::Place;

const EMAIL_BYTES: usize = 40_000_000;

/// What the command may need for it: the S3 server and the stages together.
const PEAK_MIB: u64 = 200;

#[test]
fn an_email_of_40_mb_needs_little_memory() {
    let (email, file) = with_files(1);
    check("one file", &email, &file);
    let (email, files) = with_files(2);
    check("forwarded", &forwarded(&email), &files);
    if soak::scale(0, 1) == 1 {
        let (email, files) = with_files(8);
        check("many files", &email, &files);
        let readings = Readings::of_size(EMAIL_BYTES as u64, Encoding::Utf8, 40, 9_100_000_000_000);
        let email = Mail::to("sheffield").attach("readings-0.csv", bytes_of(readings));
        check("not encoded", &email.to_bytes(), &[readings.delivered()]);
    }
}

/// As mail programs forward: whole, and as it is.
fn forwarded(email: &[u8]) -> Vec<u8> {
    let header = "From: office@council.example\r\nTo: sheffield@example.org\r\nSubject: Fwd: readings\r\nMIME-Version: 1.0\r\n\
                  Content-Type: multipart/mixed; boundary=\"=_outer\"\r\n\r\n--=_outer\r\nContent-Type: message/rfc822\r\n\r\n";
    [header.as_bytes(), email, b"\r\n--=_outer--\r\n"].concat()
}

/// An email whose files are in Base64, as nearly all are, and what has to be delivered of it.
fn with_files(count: usize) -> (Vec<u8>, Vec<Digest>) {
    let mut email = String::from(
        "From: hh-data@supplier.example\r\nTo: sheffield@example.org\r\nMessage-ID: <large@supplier.example>\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=\"=_part\"\r\n\r\n",
    );
    let mut delivered = Vec::new();
    // Base64 makes four bytes of three, and lines have 76 characters and an end.
    let each = EMAIL_BYTES / count * 3 / 4 * 76 / 78;
    for number in 0..count {
        let readings = Readings::of_size(each as u64, Encoding::Utf8, 40, (9_100 + number as u64) * 1_000_000_000);
        delivered.push(readings.delivered());
        email.push_str(&format!(
            "--=_part\r\nContent-Type: text/csv\r\nContent-Transfer-Encoding: base64\r\n\
             Content-Disposition: attachment; filename=\"readings-{number}.csv\"\r\n\r\n"
        ));
        let encoded = STANDARD.encode_to_string(bytes_of(readings));
        for line in encoded.as_bytes().chunks(76) {
            email.push_str(std::str::from_utf8(line).unwrap());
            email.push_str("\r\n");
        }
    }
    email.push_str("--=_part--\r\n");
    (email.into_bytes(), delivered)
}

fn bytes_of(readings: Readings) -> Vec<u8> {
    let mut bytes = Vec::new();
    readings.write_to(&mut bytes).unwrap();
    bytes
}

fn check(what: &str, email: &[u8], delivered: &[Digest]) {
    assert!((39_000_000..41_000_000).contains(&email.len()), "{}", email.len());
    let place = Place::new();
    let given = place.path("large.eml");
    std::fs::write(&given, email).unwrap();
    let ran = place.run(&format!("an email of 40 MB, {what}"), &[], &[&given]);
    let mut keys = texts(&ran.stories[0]["delivered"]);
    keys.sort();
    let expected: Vec<_> = (0..delivered.len())
        .map(|number| format!("sheffield/readings-{number}.csv"))
        .collect();
    assert_eq!(keys, expected, "{:?}", ran.stories);
    for (key, digest) in keys.iter().zip(delivered) {
        assert_eq!(&digest_of(&place.bucket("amr-data").join(key)), digest, "{key}");
    }
    place.assert_done();
    assert!(ran.measured.peak_mib() < PEAK_MIB, "{} MiB", ran.measured.peak_mib());
}
