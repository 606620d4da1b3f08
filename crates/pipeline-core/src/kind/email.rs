//! Emails, told by their header lines.

use super::bytes::{find_ignore_case, is_blank, starts_with_ignore_case, trim_start};
use super::{HEAD_BYTES, table, text};

/// Whether `head` begins as an email does: with at least two header lines (RFC 5322 section 2.2), of which
/// at least one is of a kind that only emails have, with a value that fits. A mailbox's `From ` line, blank
/// lines and a byte order mark before them are passed over. The first 64 KiB count.
///
/// A name and a colon are not enough, because reports begin with `Site: …` and `Date: …` too.
#[must_use]
pub fn is_email(head: &[u8]) -> bool {
    let head = head.get(..HEAD_BYTES).unwrap_or(head);
    text::decode(header_block(head)).is_some_and(|text| is_message(&text))
}

/// Up to the first blank line after the first that is not: a body in 8-bit or binary encoding is no text.
fn header_block(head: &[u8]) -> &[u8] {
    let unmarked = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let start = trim_start(unmarked);
    let ends = [&b"\n\n"[..], b"\n\r\n"].map(|end| memchr::memmem::find(start, end));
    let end = ends.into_iter().flatten().min().map_or(start.len(), |at| at + 1);
    start.get(..end).unwrap_or_default()
}

/// As [`is_email`], for decoded text.
pub(super) fn is_message(text: &[u8]) -> bool {
    let header = Header::of(text);
    let needed = if header.ends_well { 1 } else { 2 };
    // Two proofs outweigh addresses that line up as columns.
    header.fields >= 2 && header.proofs >= needed && (header.proofs >= 2 || !table::is_table(header.lines, false))
}

/// Whether a message is a page saved with its pictures (MHTML, RFC 2557), as Excel writes it.
pub(super) fn is_web_archive(text: &[u8]) -> bool {
    let lines = Header::of(text).lines;
    find_ignore_case(lines, b"multipart/related").is_some()
        || find_ignore_case(lines, b"x-document-type: workbook").is_some()
}

/// What the lines before the first blank line are.
struct Header<'a> {
    lines: &'a [u8],
    /// Well-formed fields, each with the lines that continue it.
    fields: usize,
    /// Fields of emails alone, with a value that fits.
    proofs: usize,
    /// Up to a blank line or the end every line was a field or continued one.
    ends_well: bool,
}

impl<'a> Header<'a> {
    fn of(text: &'a [u8]) -> Self {
        let start = without_mailbox_line(trim_start(text));
        let mut header = Self {
            lines: &[],
            fields: 0,
            proofs: 0,
            ends_well: true,
        };
        let (mut length, mut has_subject, mut has_other) = (0, false, false);
        for line in start.split_inclusive(|byte| *byte == b'\n') {
            let is_continuation = header.fields > 0 && matches!(line.first(), Some(b' ' | b'\t'));
            if line.iter().all(|byte| is_blank(*byte)) {
                break;
            }
            if !is_continuation {
                let Some((name, value)) = field(line) else {
                    header.ends_well = false;
                    break;
                };
                header.fields += 1;
                header.proofs += usize::from(is_proof(name, value));
                has_subject |= name.eq_ignore_ascii_case(b"subject");
                has_other |= is_any(name, &[b"date", b"from", b"to"]);
            }
            length += line.len();
        }
        // Neither proves much alone; reports that have both are rare, emails that have neither as well.
        header.proofs += usize::from(header.proofs == 0 && has_subject && has_other);
        header.lines = start.get(..length).unwrap_or_default();
        header
    }
}

/// Mailboxes (RFC 4155) and some servers put `From address date` before the first header.
fn without_mailbox_line(text: &[u8]) -> &[u8] {
    if !text.starts_with(b"From ") && !text.starts_with(b">From ") {
        return text;
    }
    let end = memchr::memchr(b'\n', text).map_or(text.len(), |at| at + 1);
    text.get(end..).unwrap_or_default()
}

/// Name and value of a header field: printable ASCII without colon or space, then a colon. Blanks before
/// the colon are obsolete (RFC 5322 section 4.5) and still seen.
fn field(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let (name, value) = line.split_at_checked(memchr::memchr(b':', line)?)?;
    let name = name.trim_ascii_end();
    let is_well_formed = !name.is_empty() && name.iter().all(u8::is_ascii_graphic);
    is_well_formed.then_some((name, value.get(1..).unwrap_or_default().trim_ascii()))
}

/// Whether a field is of emails alone. Dates are not: reports state theirs in as many forms.
fn is_proof(name: &[u8], value: &[u8]) -> bool {
    let has = |needle: &[u8]| find_ignore_case(value, needle).is_some();
    if is_any(
        name,
        &[
            b"from",
            b"to",
            b"cc",
            b"sender",
            b"reply-to",
            b"return-path",
            b"delivered-to",
        ],
    ) {
        return value.contains(&b'@') || value.contains(&b'<') || has(b"undisclosed");
    }
    if is_any(name, &[b"received"]) {
        // The first line may hold no more than `Received:`; the host follows on the next.
        return value.is_empty() || has(b"from ") || has(b"by ") || has(b"for ");
    }
    if is_any(name, &[b"message-id"]) {
        return value.contains(&b'@') || value.contains(&b'<');
    }
    if is_any(name, &[b"mime-version"]) {
        return value.contains(&b'1');
    }
    const MAIN_TYPES: [&[u8]; 5] = [b"text/", b"multipart/", b"application/", b"message/", b"image/"];
    is_any(name, &[b"content-type"])
        && MAIN_TYPES
            .iter()
            .any(|main_type| starts_with_ignore_case(value, main_type))
}

fn is_any(name: &[u8], names: &[&[u8]]) -> bool {
    names.iter().any(|known| name.eq_ignore_ascii_case(known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_lines_make_an_email() {
        for text in [
            "From: Readings <hh@example.org>\r\nTo: sheffield@example.org\r\n\r\nHello",
            "Return-Path: <>\nReceived: from mx.example.org (mx [192.0.2.1])\n\tby inbound; x\n\nbody",
            "From hh@example.org Sat Feb  4 10:00:00 2023\nReceived: by x\nSubject: HH data\n\n",
            "\u{feff}\r\n\r\nMIME-Version: 1.0\r\nContent-Type: text/csv\r\n\r\nMPAN,Date,HH1\r\n1,2,3\r\n",
            "Subject: HH data\nDate: Sat, 04 Feb 2023 10:00:00 +0000\n\nMPAN,Date,HH1\n",
            "Subject: HH data\nTo: nobody\n",
            "Received:\n from mx by inbound\nX-Empty:\n\n",
            "To: a@example.org, b@example.org, c@example.org\nCc: d@example.org, e@example.org, f@example.org\n\n",
            "Message-ID: <1@example.org>\nMIME-Version: 1.0\nthis line is no header\n\n",
        ] {
            assert!(is_email(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn a_binary_body_does_not_hide_the_header() {
        let mut email =
            b"\xef\xbb\xbf\r\nFrom: hh@example.org\r\nContent-Type: application/zip\r\n\r\nPK\x03\x04".to_vec();
        email.extend([1; 900]);
        assert!(is_email(&email));
    }

    #[test]
    fn reports_that_begin_with_names_and_colons_are_no_emails() {
        for text in [
            "",
            "\n\n",
            "MPR,Date,hr0030\n1,2,3\n",
            "Site: Abbey School,Ref: 12,MPAN: 20000\nMPAN,Date,HH1\n",
            "Site: Abbey School\nDate: 01/02/2023\n\nMPAN,Date,HH1\n",
            "Report: Half hourly\nFrom: 01/02/2023\nTo: 28/02/2023 23:30\n\nMPAN,Date,HH1\n",
            "Date: 01 Feb 2023 00:00 UTC\nTime: 10:00\n\nMPAN,Date,HH1\n",
            "Contact: hh@example.org\nSite: A\n\nMPAN,Date,HH1\n",
            "From: hh@example.org\nMPAN,Date,HH1\n1,2,3\n",
            "Subject: HH data\n\nHello",
            "Dear all,\nFrom: now on\n",
            "{\"From\": \"a@example.org\",\n\"To\": \"b@example.org\"}",
            "Received:,Read:,kWh:\n1,2,3\n",
        ] {
            assert!(!is_email(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn a_page_saved_with_its_pictures_is_told_by_its_type() {
        let saved = b"MIME-Version: 1.0\r\nX-Document-Type: Workbook\r\nContent-Type: multipart/related;\r\n boundary=x\r\n\r\n";
        assert!(is_email(saved) && is_web_archive(saved));
        assert!(!is_web_archive(
            b"MIME-Version: 1.0\nContent-Type: text/plain\n\nmultipart/related"
        ));
    }
}
