//! Hostile `winmail.dat`: lengths, checksums and counts that lie, messages in messages.

use end_to_end_tests::soak::scale;

use crate::attack::{self, Attack, READINGS};
use crate::mail_bytes::{FILE, base64, file_part, multipart};

const ATTACHMENT: u8 = 2;
const REND_DATA: u32 = 0x0006_9002;
const DATA: u32 = 0x0006_800F;
const TITLE: u32 = 0x0001_8010;
const PROPERTIES: u32 = 0x0006_9005;

fn container(attributes: &[Vec<u8>]) -> Vec<u8> {
    [&[0x78, 0x9f, 0x3e, 0x22, 1, 0][..], &attributes.concat()].concat()
}

fn attribute(id: u32, data: &[u8]) -> Vec<u8> {
    let sum = data.iter().fold(0_u16, |sum, &byte| sum.wrapping_add(u16::from(byte)));
    let length = u32::try_from(data.len()).unwrap();
    [
        &[ATTACHMENT][..],
        &id.to_le_bytes(),
        &length.to_le_bytes(),
        data,
        &sum.to_le_bytes(),
    ]
    .concat()
}

fn file(name: &str) -> Vec<u8> {
    let title = attribute(TITLE, format!("{name}\0").as_bytes());
    [
        attribute(REND_DATA, &[0; 14]),
        title,
        attribute(DATA, READINGS.as_bytes()),
    ]
    .concat()
}

/// A property list with one object: a message in a container of its own.
fn message(inner: &[u8]) -> Vec<u8> {
    let object = [&[7, 3, 2, 0, 0, 0, 0, 0, 0xC0, 0, 0, 0, 0, 0, 0, 0x46][..], inner].concat();
    let length = u32::try_from(object.len()).unwrap().to_le_bytes();
    let padding = vec![0; object.len().next_multiple_of(4) - object.len()];
    let list = [
        &1_u32.to_le_bytes()[..],
        &0x3701_000D_u32.to_le_bytes(),
        &1_u32.to_le_bytes(),
        &length,
        &object,
        &padding,
    ]
    .concat();
    [attribute(REND_DATA, &[0; 14]), attribute(PROPERTIES, &list)].concat()
}

fn email(name: &str, container: &[u8]) -> Attack {
    let part = format!(
        "Content-Type: application/ms-tnef; name=winmail.dat\r\nContent-Transfer-Encoding: base64\r\n\r\n{}",
        base64(container)
    );
    Attack::email(name, multipart(name, &[part, file_part()]))
}

fn winmail(name: &str, container: &[u8]) -> Attack {
    email(name, container).delivers(FILE, READINGS)
}

#[test]
fn containers_of_outlook_that_lie_spoil_nothing() {
    let corrupt = |name: &str, bytes: &[u8]| winmail(name, bytes).partly(&["corrupt-attachment"]);
    let with_length = |length: u32| {
        let mut bytes = container(&[file("a.csv")]);
        let at = bytes.len() - 2 - READINGS.len() - 4;
        bytes[at..at + 4].copy_from_slice(&length.to_le_bytes());
        bytes
    };
    let properties = |list: &[u8]| {
        container(&[
            file("a.csv"),
            attribute(REND_DATA, &[0; 14]),
            attribute(PROPERTIES, list),
        ])
    };
    let many = scale(1_500, 100_000) as usize;
    let nested = (0..20).fold(container(&[file("deep.csv")]), |inner, _| container(&[message(&inner)]));
    let count = |kind: u32, count: u32| {
        [
            &1_u32.to_le_bytes()[..],
            &(0x3701_0000 | kind).to_le_bytes(),
            &count.to_le_bytes(),
        ]
        .concat()
    };
    attack::run(vec![
        winmail("winmail", &container(&[file("a.csv")])).delivers("a.csv", READINGS),
        corrupt("winmail-of-nothing", &container(&[])[..5]),
        corrupt("winmail-cut-off", &container(&[file("a.csv")])[..90]),
        corrupt("winmail-too-long", &with_length(u32::MAX)),
        corrupt("winmail-too-short", &with_length(1)),
        corrupt("winmail-wrong-sum", &{
            let mut bytes = container(&[file("a.csv")]);
            *bytes.last_mut().unwrap() ^= 1;
            bytes
        }),
        corrupt("winmail-properties-without-end", &properties(&u32::MAX.to_le_bytes())).delivers("a.csv", READINGS),
        corrupt("winmail-values-without-end", &properties(&count(0x0102, u32::MAX))).delivers("a.csv", READINGS),
        corrupt("winmail-numbers-without-end", &properties(&count(0x1014, u32::MAX))).delivers("a.csv", READINGS),
        corrupt("winmail-of-no-kind", &properties(&count(0x0FFF, 1))).delivers("a.csv", READINGS),
        winmail("winmail-in-winmail", &nested).partly(&["too-deep"]),
        winmail("winmail-that-climbs", &container(&[file("..\\..\\up\u{202e}.csv")])).delivers("upâ€®.csv", READINGS),
        email("winmail-of-many", &container(&vec![file("a.csv"); many]))
            .rejected(&["too-many-members"])
            .scaled(),
    ]);
}
