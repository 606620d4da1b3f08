//! Emails: their parts, their header, their links.

use std::collections::HashSet;

use bytes::Bytes;
use pipeline_core::SafePath;
use time::format_description::well_known::Rfc3339;
use unpack_attachments::{Body, DownloadLinks, Headers, MailVerdicts, Parameterized, Received};
use url::Url;

use crate::limits;

/// An email: its parts, recipients, verdicts, time and links.
///
/// # Panics
/// If it gives other files the second time, two files of one path, a name that is not safe, or more than was in it.
pub(crate) fn email(bytes: &[u8]) {
    if let Some(headers) = unpack_attachments::headers(bytes) {
        check_header(&headers);
    }
    let (email, limits) = (Bytes::copy_from_slice(bytes), limits());
    let unpacked = unpack_attachments::unpack(email.clone(), &limits);
    assert_eq!(
        unpacked,
        // Nobody else holds these bytes: they are decoded in place.
        unpack_attachments::unpack(Bytes::copy_from_slice(bytes), &limits),
        "the same email gives other files"
    );
    let Ok(unpacked) = unpacked else { return };
    let mut paths = HashSet::new();
    for file in &unpacked.files {
        assert!(paths.insert(file.path.as_str()), "two files are part {}", file.path);
        assert!(is_file_name(&file.name), "{:?} is not safe", file.name);
        assert!(file.depth <= limits.depth, "it is too deep");
    }
    assert!(
        unpacked.files.len() as u64 <= limits.members,
        "there are too many files"
    );
    // Bytes are unpacked once; only a line end may become two bytes.
    let all: usize = unpacked.files.iter().map(|file| file.bytes.len()).sum();
    assert!(all <= 2 * bytes.len(), "of {} bytes {all} came out", bytes.len());
    check_links(&unpacked.bodies);
}

/// A header, or a value of one.
///
/// # Panics
/// If an address is none, an area leaves its prefix, or a time cannot be written.
pub(crate) fn header(bytes: &[u8]) {
    for address in unpack_attachments::addresses(bytes) {
        assert!(!address.local_part.is_empty() && !address.domain.is_empty());
    }
    let value = Parameterized::parse(bytes);
    for name in ["filename", "name", "charset", "boundary"] {
        if let Some(name) = value.text(name).as_deref().and_then(SafePath::from_file_name) {
            assert!(is_file_name(&name), "{name:?} is not safe");
        }
    }
    let around: [&[u8]; 5] = [
        b"X-SES-Spam-Verdict: PASS\nReceived: ",
        bytes,
        b"\nTo: ",
        bytes,
        b"\n\n",
    ];
    if let Some(headers) = unpack_attachments::headers(&around.concat()) {
        check_header(&headers);
    }
}

/// The text of an email, with a link in it perhaps.
///
/// # Panics
/// If a link is found that does not lead where links may lead.
pub(crate) fn link(bytes: &[u8]) {
    let body = |is_html, charset: &str| Body {
        is_html,
        bytes: Bytes::copy_from_slice(bytes),
        charset: charset.to_owned(),
    };
    check_links(&[body(false, "")]);
    check_links(&[body(true, "utf-8")]);
    check_links(&[body(false, "utf-7"), body(true, "iso-2022-jp")]);
}

/// A `winmail.dat`; a second time with its checksums put right, which decide whether a file is whole.
///
/// # Panics
/// If it gives more than was in it.
pub(crate) fn tnef(bytes: &[u8]) {
    const MAX: usize = 1_000;
    let mended = with_checksums(bytes);
    for bytes in [bytes, &mended] {
        let read = unpack_attachments::read_tnef(bytes, MAX);
        assert!(read.attachments.len() <= MAX + 1, "there are too many files");
        for attachment in &read.attachments {
            assert!(bytes.as_ptr_range().contains(&attachment.data.as_ptr()) || attachment.data.is_empty());
        }
    }
}

/// Level, identifier, length, data, checksum (MS-OXTNEF section 2.1.3.3), behind six bytes.
fn with_checksums(bytes: &[u8]) -> Vec<u8> {
    let mut mended = bytes.to_vec();
    let mut rest = mended.get_mut(6..).unwrap_or_default();
    while let Some((head, behind)) = rest.split_first_chunk_mut::<9>() {
        let [_, _, _, _, _, length @ ..] = *head;
        let Some((data, behind)) = behind.split_at_mut_checked(u32::from_le_bytes(length) as usize) else {
            break;
        };
        let Some((checksum, behind)) = behind.split_first_chunk_mut::<2>() else {
            break;
        };
        let sum = data.iter().fold(0_u16, |sum, &byte| sum.wrapping_add(u16::from(byte)));
        *checksum = sum.to_le_bytes();
        rest = behind;
    }
    mended
}

fn check_header(headers: &Headers<'_>) {
    let received = Received::topmost(headers);
    if let Some(at) = received.at {
        assert!(at.format(&Rfc3339).is_ok(), "{at:?} cannot be written");
    }
    let _ = MailVerdicts::read(headers);
    for domains in [&["example.org".to_owned()][..], &[]] {
        let Ok(recipients) = unpack_attachments::recipients(headers, domains, None) else {
            continue;
        };
        assert!(recipients.areas.len() <= 100, "there are too many areas");
        for area in &recipients.areas {
            let safe = SafePath::from_file_name(area.as_str());
            assert_eq!(
                safe.as_ref().map(SafePath::as_str),
                Some(area.as_str()),
                "it is not safe"
            );
        }
    }
}

fn check_links(bodies: &[Body]) {
    let allowed = DownloadLinks::default();
    let links = unpack_attachments::download_links(bodies, &allowed);
    assert!(links.len() <= 101, "there are too many links");
    for link in &links {
        assert_eq!(
            (link.scheme(), link.host_str(), link.port(), link.fragment()),
            ("https", Some("datavision.imserv.com"), None, None)
        );
        // The folder itself is a file where a query asks it for one.
        let is_below =
            link.path().starts_with("/imgserver/") || (link.path() == "/imgserver" && link.query().is_some());
        assert!(is_below, "{link} leads elsewhere");
        // Whoever reads the text of the link again is led to the same place.
        assert_eq!(Url::parse(link.as_str()).as_ref(), Ok(link));
    }
}

fn is_file_name(name: &SafePath) -> bool {
    SafePath::from_file_name(name.as_str()).as_ref() == Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_winmail_has_the_right_checksums_again() {
        let mut winmail = include_bytes!("../../../fuzz/corpus/tnef/winmail-2.dat").to_vec();
        *winmail.last_mut().unwrap() ^= 1;
        assert!(unpack_attachments::read_tnef(&winmail, 9).is_corrupt);
        assert!(!unpack_attachments::read_tnef(&with_checksums(&winmail), 9).is_corrupt);
    }
}
