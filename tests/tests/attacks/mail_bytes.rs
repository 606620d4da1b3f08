//! Emails byte by byte, as no mail program would write them.

use std::fmt::Write as _;

use base64_simd::STANDARD;

use crate::attack::READINGS;

/// How `readings.csv` stands in [`file_part`].
pub(crate) const FILE: &str = "readings.csv";

/// The header of an email to `<name>@example.org`, without its `Content-Type` and without the blank line behind it.
pub(crate) fn header(name: &str) -> String {
    header_to(&format!("{name}@example.org"))
}

/// As [`header`], with this value of `To`.
pub(crate) fn header_to(to: &str) -> String {
    format!(
        "Received: from mx.supplier.example by inbound.example.org; Sun, 23 Mar 2025 10:11:12 +0000\r\n\
         From: hh-data@supplier.example\r\nTo: {to}\r\nSubject: Half-hourly readings\r\nMIME-Version: 1.0\r\n"
    )
}

/// An email with these parts, each from its header on.
pub(crate) fn multipart(name: &str, parts: &[String]) -> String {
    format!("{}{}", header(name), body_of(parts))
}

/// The `Content-Type` of a multipart, and these parts.
pub(crate) fn body_of(parts: &[String]) -> String {
    let mut body = "Content-Type: multipart/mixed; boundary=\"=_part\"\r\n\r\n".to_owned();
    for part in parts {
        write!(body, "--=_part\r\n{part}\r\n").unwrap();
    }
    body + "--=_part--\r\n"
}

/// A part with readings, called `readings.csv`.
pub(crate) fn file_part() -> String {
    named_part(&format!("filename=\"{FILE}\""))
}

/// A part with readings and these parameters of `Content-Disposition`.
pub(crate) fn named_part(parameters: &str) -> String {
    format!("Content-Type: text/csv\r\nContent-Disposition: attachment; {parameters}\r\n\r\n{READINGS}")
}

/// A part called `readings.csv` with this encoding and body.
pub(crate) fn encoded_part(encoding: &str, body: &str) -> String {
    format!(
        "Content-Type: text/csv\r\nContent-Transfer-Encoding: {encoding}\r\n\
         Content-Disposition: attachment; filename=\"{FILE}\"\r\n\r\n{body}"
    )
}

/// Base64 in lines of 76 characters.
pub(crate) fn base64(bytes: &[u8]) -> String {
    let lines = bytes.chunks(57).map(|line| STANDARD.encode_to_string(line) + "\r\n");
    lines.collect()
}

/// A block of uuencode.
pub(crate) fn uuencode(name: &str, bytes: &[u8]) -> String {
    let mut encoded = format!("begin 644 {name}\r\n");
    for line in bytes.chunks(45) {
        encoded.push(char::from(b' ' + line.len() as u8));
        for group in line.chunks(3) {
            let bits = group.iter().fold(0_u32, |bits, &byte| bits << 8 | u32::from(byte)) << (8 * (3 - group.len()));
            for at in 0..4 {
                let bits = (bits >> (18 - 6 * at) & 63) as u8;
                encoded.push(char::from(if bits == 0 { b'`' } else { b' ' + bits }));
            }
        }
        encoded.push_str("\r\n");
    }
    encoded + "`\r\nend\r\n"
}

/// Readings of about as many bytes, in whole lines that end as they are delivered.
pub(crate) fn readings_of(bytes: u64) -> String {
    let mut readings = "MPR,Date,hr0030,hr0100,hr0130\n".to_owned();
    for number in 0.. {
        if readings.len() as u64 >= bytes {
            break;
        }
        writeln!(readings, "9100000001,23/03/2025,0.125,0.250,{number}").unwrap();
    }
    readings
}
