//! Emails as tests write them, and what was unpacked in a form that is easy to compare.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]

pub mod server;
pub mod winmail;

use bytes::Bytes;
use pipeline_core::{Limits, ReasonCode};
use unpack_attachments::{Unpacked, unpack};

/// Readings as npower sends them.
pub const READINGS: &str =
    "mpan,rdate,TotalConsumptionKwh,MaxDemand,Kwh1,Kwh2\r\n2000050770881,01-Mar-23,12.5,1.1,0.4,0.5\r\n";
/// `READINGS` in base64, in lines.
pub fn readings_base64() -> String {
    base64(READINGS.as_bytes())
}

/// Base64 in lines of 76 characters, as mail programs write it.
pub fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut encoded = String::new();
    for (index, group) in bytes.chunks(3).enumerate() {
        if index > 0 && index % 19 == 0 {
            encoded.push_str("\r\n");
        }
        let bits = group.iter().fold(0_u32, |bits, &byte| bits << 8 | u32::from(byte)) << (8 * (3 - group.len()));
        for at in 0..4 {
            if at <= group.len() {
                encoded.push(char::from(ALPHABET[(bits >> (18 - 6 * at)) as usize & 63]));
            } else {
                encoded.push('=');
            }
        }
    }
    encoded
}

/// Quoted-printable with every rule of RFC 2045 section 6.7 in use.
pub fn quoted_printable(bytes: &[u8]) -> String {
    let mut encoded = String::new();
    let mut column = 0;
    for &byte in bytes {
        let piece = match byte {
            b'!'..=b'<' | b'>'..=b'~' => char::from(byte).to_string(),
            _ => format!("={byte:02X}"),
        };
        if column + piece.len() > 75 {
            encoded.push_str("=\r\n");
            column = 0;
        }
        column += piece.len();
        encoded.push_str(&piece);
    }
    encoded
}

/// A multipart email to sheffield@example.org; each part is its header and body.
pub fn multipart(kind: &str, parts: &[String]) -> Vec<u8> {
    let mut email = format!(
        "From: data@supplier.example\r\nTo: sheffield@example.org\r\nMessage-ID: <1@supplier.example>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/{kind}; boundary=\"=_b1\"\r\n\r\nThis is a message in MIME.\r\n"
    );
    for part in parts {
        email.push_str("--=_b1\r\n");
        email.push_str(part);
        email.push_str("\r\n");
    }
    email.push_str("--=_b1--\r\n");
    email.into_bytes()
}

/// An email of one part.
pub fn single(header: &str, body: &str) -> Vec<u8> {
    format!("From: data@supplier.example\r\nTo: sheffield@example.org\r\n{header}\r\n\r\n{body}").into_bytes()
}

/// A part that is a CSV attachment.
pub fn csv(name: &str) -> String {
    format!(
        "Content-Type: text/csv; name=\"{name}\"\r\nContent-Disposition: attachment; filename=\"{name}\"\r\nContent-Transfer-Encoding: base64\r\n\r\n{}",
        readings_base64()
    )
}

pub fn unpacked(email: &[u8]) -> Unpacked {
    unpack(Bytes::copy_from_slice(email), &Limits::default()).unwrap()
}

pub fn rejected(email: &[u8], limits: &Limits) -> ReasonCode {
    unpack(Bytes::copy_from_slice(email), limits).unwrap_err().reason_code
}

/// Names of the files.
pub fn names(email: &[u8]) -> Vec<String> {
    unpacked(email).files.iter().map(|file| file.name.to_string()).collect()
}

/// Paths of the files.
pub fn paths(email: &[u8]) -> Vec<String> {
    unpacked(email).files.iter().map(|file| file.path.clone()).collect()
}

/// Names and contents of the files.
pub fn files(email: &[u8]) -> Vec<(String, String)> {
    let text = |bytes: &Bytes| String::from_utf8_lossy(bytes).into_owned();
    unpacked(email)
        .files
        .iter()
        .map(|file| (file.name.to_string(), text(&file.bytes)))
        .collect()
}

/// One file with the readings as they were.
pub fn is_readings(email: &[u8], name: &str) {
    assert_eq!(
        files(email),
        [(name.to_owned(), READINGS.to_owned())],
        "{}",
        String::from_utf8_lossy(email)
    );
}

/// What was bad: part and reason code.
pub fn bad(email: &[u8]) -> Vec<(String, ReasonCode)> {
    unpacked(email)
        .bad
        .iter()
        .map(|bad| (bad.part.clone(), bad.rejection.reason_code))
        .collect()
}
