//! Archives made byte by byte, and readings as suppliers send them.

#![allow(dead_code, unreachable_pub, reason = "every test uses its own part")]

pub mod tar_bytes;
pub mod zip_bytes;

use pipeline_core::{BadPart, Limits, ReasonCode, Rejection};
use uncompress_file::unpack_bytes;

/// Half-hourly readings of one meter, as a supplier's export has them.
pub fn readings(meter: &str, days: u32) -> Vec<u8> {
    let mut csv = String::from("MPR,Date");
    for half_hour in 1..=48 {
        csv.push_str(&format!(",hr{:02}{:02}", half_hour / 2, half_hour % 2 * 30));
    }
    csv.push_str("\r\n");
    for day in 1..=days {
        csv.push_str(&format!("{meter},{:02}/03/2024", day % 31 + 1));
        for half_hour in 0..48 {
            csv.push_str(&format!(",{}.{}", day * 7 % 13, half_hour * day % 97));
        }
        csv.push_str("\r\n");
    }
    csv.into_bytes()
}

/// Three members, packed as most are.
pub fn three_items() -> Vec<zip_bytes::Item> {
    ["a.csv", "b.csv", "c.csv"]
        .map(|name| zip_bytes::Item::new(format!("2024/{name}"), &readings(name, 20)))
        .to_vec()
}

/// Limits of the size of a test.
pub fn limits() -> Limits {
    Limits {
        members: 50,
        archive_bytes: 1 << 20,
        member_bytes: 1 << 20,
        unpacked_bytes: 4 << 20,
        ..Limits::default()
    }
}

/// What came out of an archive: names, contents, and the names and codes of what was bad.
#[derive(Debug, PartialEq, Eq)]
pub struct Out {
    pub members: Vec<(String, Vec<u8>)>,
    pub bad: Vec<(String, ReasonCode)>,
    pub reasons: Vec<String>,
}

impl Out {
    pub fn names(&self) -> Vec<&str> {
        self.members.iter().map(|(name, _)| name.as_str()).collect()
    }

    pub fn bad(&self) -> Vec<(&str, ReasonCode)> {
        self.bad.iter().map(|(name, code)| (name.as_str(), *code)).collect()
    }
}

pub fn unpack_as(name: &str, bytes: &[u8], limits: &Limits) -> Result<Out, Rejection> {
    let (members, bad) = unpack_bytes(bytes, name, limits)?;
    let reasons = bad.iter().map(|bad: &BadPart| bad.rejection.reason.clone()).collect();
    Ok(Out {
        members: members
            .into_iter()
            .map(|(member, content)| (member.name, content))
            .collect(),
        bad: bad
            .into_iter()
            .map(|bad| (bad.part, bad.rejection.reason_code))
            .collect(),
        reasons,
    })
}

pub fn unpack(name: &str, bytes: &[u8]) -> Out {
    unpack_as(name, bytes, &limits()).unwrap()
}

pub fn rejected(name: &str, bytes: &[u8]) -> Rejection {
    unpack_as(name, bytes, &limits()).unwrap_err()
}

pub fn gzip(content: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}
