//! The email that files came with, as far as an answer to it needs to know: who sent it, and whether a person may expect an answer.

use mail_parser::MessageParser;

use crate::authentication::Authentication;
use crate::fields::{Field, fields};
use crate::mailbox::Mailbox;

/// Bytes of an email that are read for its header. No person's letter has more.
pub const HEADER_BYTES: usize = 256 * 1024;

/// Message-IDs that an answer refers to: the first and the latest (RFC 5322 section 3.6.4 asks for all, but sets no limit).
const MAX_REFERENCES: usize = 10;

/// The longest Message-ID that is repeated: a line has no more (RFC 5322 section 2.1.1), and the answer's own have room.
const MAX_MESSAGE_ID: usize = 250;

/// What an email's header tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Original {
    /// The envelope's sender; none for bounces, and where the address is not plain.
    pub(crate) sender: Option<Mailbox>,
    /// Whom the letter says that it is from; exactly one plain address, or none.
    pub(crate) from: Option<Mailbox>,
    /// The subject, decoded, on one line.
    pub(crate) subject: String,
    /// Without angle brackets.
    pub(crate) message_id: Option<String>,
    /// Without angle brackets, oldest first.
    pub(crate) references: Vec<String>,
    pub(crate) authentication: Authentication,
    pub(crate) is_automatic: bool,
    pub(crate) is_for_many: bool,
    pub(crate) is_report: bool,
}

impl Original {
    /// Reads the header of an email, or the beginning of one; `None` if its header does not end there, or is none.
    #[must_use]
    pub fn read(email: &[u8]) -> Option<Self> {
        let header = header_of(email)?;
        let fields = fields(header)?;
        let message = MessageParser::new().parse_headers(header)?;
        let all = |name: &'static str| fields.iter().filter(move |field| field.name == name);
        let only = |name| {
            let mut found = all(name);
            found.next().filter(|_| found.next().is_none())
        };
        let froms: Vec<_> = message.from().map(|from| from.iter().collect()).unwrap_or_default();
        let from = match froms.as_slice() {
            [one] if only("from").is_some() => one.address().and_then(Mailbox::parse),
            _ => None,
        };
        let ids = |name| {
            all(name)
                .flat_map(|field| message_ids(&field.value))
                .collect::<Vec<_>>()
        };
        let message_id = ids("message-id").into_iter().next();
        let earlier = Some(ids("references")).filter(|ids| !ids.is_empty());
        let earlier = earlier.unwrap_or_else(|| ids("in-reply-to"));
        Some(Self {
            // The mail service's own stands at the very top.
            sender: all("return-path").next().and_then(|field| Mailbox::parse(&field.value)),
            from,
            subject: message.subject().unwrap_or_default().to_owned(),
            references: references(earlier, message_id.clone()),
            message_id,
            authentication: Authentication::read(&fields),
            is_automatic: fields.iter().any(is_automatic),
            is_for_many: fields.iter().any(is_for_many),
            is_report: all("content-type").any(|field| {
                let kind = field.value.to_ascii_lowercase();
                kind.starts_with("multipart/report") || kind.starts_with("message/")
            }),
        })
    }
}

/// The lines before the first blank one.
fn header_of(email: &[u8]) -> Option<&[u8]> {
    let ends_at = |end: &[u8]| {
        email
            .windows(end.len())
            .position(|window| window == end)
            .map(|at| at + end.len())
    };
    let end = [ends_at(b"\r\n\r\n"), ends_at(b"\n\n")].into_iter().flatten().min()?;
    email.get(..end)
}

/// Sent by a program of its own accord (RFC 3834 section 5), or by one that wants no answer of another
/// ([MS-OXCMAIL] 2.1.3.2.20, `X-Auto-Response-Suppress`).
fn is_automatic(field: &Field) -> bool {
    let value = field.value.to_ascii_lowercase();
    match field.name.as_str() {
        "auto-submitted" => value.split([';', '(', ' ']).next() != Some("no"),
        "x-auto-response-suppress" => value
            .split(',')
            .any(|one| matches!(one.trim(), "all" | "autoreply" | "dr" | "rn" | "nrn" | "oof")),
        "precedence" => matches!(value.trim(), "auto_reply" | "auto-reply"),
        "x-autoreply"
        | "x-autorespond"
        | "x-autoresponder"
        | "x-auto-reply-from"
        | "x-failed-recipients"
        | "x-loop" => true,
        _ => false,
    }
}

/// Sent to a list, or to many at once (RFC 2919, RFC 2369; RFC 2076 section 3.9 for `Precedence`).
fn is_for_many(field: &Field) -> bool {
    let value = field.value.to_ascii_lowercase();
    match field.name.as_str() {
        "precedence" => matches!(value.trim(), "bulk" | "junk" | "list"),
        "mailing-list" | "feedback-id" | "x-mailing-list" | "x-beenthere" => true,
        name => name.starts_with("list-"),
    }
}

/// What stands in angle brackets, if it is plain: anything else is not repeated.
fn message_ids(value: &str) -> Vec<String> {
    let mut ids = Vec::new();
    let mut rest = value;
    while let Some((_, from)) = rest.split_once('<') {
        let Some((id, after)) = from.split_once('>') else {
            break;
        };
        let is_plain = id.contains('@') && id.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'<');
        if is_plain && id.len() <= MAX_MESSAGE_ID {
            ids.push(id.to_owned());
        }
        rest = after;
    }
    ids
}

/// RFC 5322 section 3.6.4: those of the email, and its own behind them.
fn references(mut ids: Vec<String>, own: Option<String>) -> Vec<String> {
    ids.extend(own);
    let too_many = ids.len().saturating_sub(MAX_REFERENCES);
    if too_many > 0 {
        ids.drain(1..=too_many);
    }
    ids
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(header: &str) -> Original {
        Original::read(format!("{header}\r\n\r\nbody").as_bytes()).unwrap()
    }

    #[test]
    fn sender_subject_and_thread_are_read() {
        let original = read(
            "Return-Path: <bounce@supplier.example>\r\nReceived: by inbound\r\nReturn-Path: <forged@other.example>\r\n\
             From: \"Doe, John\" <john@supplier.example>\r\nSubject: =?utf-8?Q?Z=C3=A4hler?=\r\n =?utf-8?Q?_M=C3=A4rz?=\r\n\
             Message-ID: <3@supplier.example>\r\nReferences: <1@supplier.example>\r\n <2@supplier.example>",
        );
        assert_eq!(original.sender.unwrap().expose(), "bounce@supplier.example");
        assert_eq!(original.from.unwrap().expose(), "john@supplier.example");
        assert_eq!(original.subject, "Zähler März");
        assert_eq!(original.message_id.as_deref(), Some("3@supplier.example"));
        assert_eq!(
            original.references,
            ["1@supplier.example", "2@supplier.example", "3@supplier.example"]
        );
    }

    #[test]
    fn a_bounce_has_no_sender_and_several_authors_are_none() {
        assert_eq!(read("Return-Path: <>\r\nFrom: a@b.example").sender, None);
        assert_eq!(read("From: a@b.example").sender, None);
        for from in [
            "a@b.example, c@d.example",
            "a@b.example\r\nFrom: c@d.example",
            "undisclosed:;",
            "",
        ] {
            assert_eq!(
                read(&format!("Return-Path: <a@b.example>\r\nFrom: {from}")).from,
                None,
                "{from}"
            );
        }
    }

    #[test]
    fn emails_of_programs_lists_and_reports_are_known_by_their_fields() {
        for field in [
            "Auto-Submitted: auto-replied",
            "auto-submitted: auto-generated; type=x",
            "X-Auto-Response-Suppress: DR, OOF, AutoReply",
            "X-Auto-Response-Suppress: All",
            "Precedence: auto_reply",
            "X-Autoreply: yes",
            "X-Loop: readings",
        ] {
            assert!(read(field).is_automatic, "{field}");
        }
        assert!(!read("Auto-Submitted: no (a person)").is_automatic);
        for field in [
            "List-Id: <x.supplier.example>",
            "LIST-UNSUBSCRIBE: <mailto:x>",
            "Precedence: Bulk",
            "Precedence: list",
        ] {
            assert!(read(field).is_for_many, "{field}");
        }
        assert!(!read("Precedence: normal").is_for_many && !read("Listing: gas").is_for_many);
        assert!(read("Content-Type: multipart/report; report-type=delivery-status").is_report);
        assert!(!read("Content-Type: multipart/mixed").is_report);
    }

    #[test]
    fn of_a_long_thread_the_first_and_the_latest_are_kept() {
        let many: String = (0..5_000).map(|n| format!(" <{n}@supplier.example>")).collect();
        let original = read(&format!("Message-ID: <me@supplier.example>\r\nReferences:{many}"));
        assert_eq!(original.references.len(), MAX_REFERENCES);
        assert_eq!(original.references.first().unwrap(), "0@supplier.example");
        assert_eq!(original.references.last().unwrap(), "me@supplier.example");
    }

    #[test]
    fn a_header_without_end_is_not_read() {
        assert_eq!(Original::read(b"From: a@b.example\r\nSubject: x"), None);
        assert_eq!(Original::read(b""), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_not_and_ids_never_end_a_header(mut email in proptest::collection::vec(any::<u8>(), 0..400), id in "\\PC{0,40}") {
            email.extend(format!("\r\nMessage-ID: <{id}>\r\nReferences: {id} <a@{id}>\r\n\r\n").bytes());
            if let Some(original) = Original::read(&email) {
                for id in original.references.iter().chain(&original.message_id) {
                    prop_assert!(id.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'<' && byte != b'>'), "{id:?}");
                }
            }
        }
    }
}
