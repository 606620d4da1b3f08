//! Puts emails into an inbox as the mail service does.

use std::fmt::Write;

use anyhow::{Context, bail};
use bytes::Bytes;
use pipeline_core::store::Put;
use pipeline_core::{Bucket, Key, Store};
use smtp_server::{Mailbox, Message, Unstored};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

use crate::address::written;

/// Amazon SES names emails by as many.
const KEY_CHARS: usize = 40;
const KEY_ALPHABET: &[u8; 32] = b"0123456789abcdefghijklmnopqrstuv";

/// How many keys are tried: that one is taken is as good as impossible.
const MOST_KEYS: u32 = 3;

/// The inbox, as the mail service sees it.
#[derive(Debug)]
pub(crate) struct Inbox {
    store: Store,
    /// `MAIL_DOMAINS`; if empty, mail for any is taken.
    domains: Vec<String>,
}

impl Inbox {
    pub(crate) const fn new(store: Store, domains: Vec<String>) -> Self {
        Self { store, domains }
    }

    /// Stores an email, with the fields of a mail service on top, under a key that nobody has used.
    pub(crate) async fn put(&self, message: &Message) -> anyhow::Result<String> {
        for _ in 0..MOST_KEYS {
            let key = random_key()?;
            let mut object = trace_fields(message, &key, OffsetDateTime::now_utc()).into_bytes();
            object.extend_from_slice(&message.bytes);
            let object = Bytes::from(object);
            let put = self
                .store
                .put_new(Bucket::Inbox, &Key::new(&key), object, [].into())
                .await?;
            if put == Put::Created {
                return Ok(key);
            }
        }
        bail!("every key that was tried is taken")
    }
}

impl Mailbox for Inbox {
    fn accepts(&self, recipient: &str) -> Result<(), String> {
        let domain = recipient.rsplit_once('@').map_or("", |(_, domain)| domain);
        if self.domains.is_empty() || self.domains.iter().any(|ours| ours.eq_ignore_ascii_case(domain)) {
            return Ok(());
        }
        Err(format!("We take mail for {} only", self.domains.join(", ")))
    }

    async fn store(&self, message: Message) -> Result<String, Unstored> {
        self.put(&message).await.map_err(|error| {
            tracing::error!(error = format!("{error:#}"), "an email could not be stored");
            Unstored
        })
    }
}

/// The fields that whoever delivers an email puts on top (RFC 5321 section 4.4). A `Received` field names one recipient at most;
/// `X-Original-To` names each, as Postfix has it.
fn trace_fields(message: &Message, key: &str, now: OffsetDateTime) -> String {
    let mut fields = format!("Return-Path: <{}>\r\n", written(&message.sender));
    for recipient in &message.recipients {
        // Writing to a string cannot fail.
        let _ = write!(fields, "X-Original-To: {}\r\n", written(recipient));
    }
    let first = message.recipients.first().map(|first| written(first));
    let _ = write!(
        fields,
        "Received: from {} ({})\r\n by localhost with {} id {key}\r\n for <{}>;\r\n {}\r\n",
        host(&message.host),
        message.peer.ip(),
        message.protocol.as_str(),
        first.unwrap_or_default(),
        now.format(&Rfc2822).unwrap_or_default(),
    );
    fields
}

/// The host that the client says it is: anything that it likes, so no more than a name or an address is let through.
fn host(said: &str) -> String {
    let is_fine = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '[' | ']');
    let host: String = said.chars().filter(is_fine).take(255).collect();
    if host.is_empty() { "unknown".to_owned() } else { host }
}

/// A name that nobody has used, as Amazon SES makes them.
pub(crate) fn random_key() -> anyhow::Result<String> {
    let mut bytes = [0; KEY_CHARS];
    getrandom::fill(&mut bytes).context("there are no random numbers")?;
    let chars = bytes.iter().filter_map(|byte| KEY_ALPHABET.get(usize::from(byte % 32)));
    Ok(chars.map(|byte| char::from(*byte)).collect())
}

#[cfg(test)]
mod tests {
    use smtp_server::Protocol;
    use time::macros::datetime;
    use unpack_attachments::{Received, headers, recipients};

    use super::*;

    fn message(recipients: &[&str]) -> Message {
        Message {
            peer: ([127, 0, 0, 1], 4711).into(),
            host: "laptop (for; you)\u{202e}".to_owned(),
            protocol: Protocol::Esmtp,
            sender: "meter@supplier.example".to_owned(),
            recipients: recipients.iter().map(|address| (*address).to_owned()).collect(),
            bytes: Vec::new(),
        }
    }

    #[test]
    fn the_fields_of_the_mail_service_stand_on_top() {
        let fields = trace_fields(
            &message(&["sheffield@example.org", "a b@example.org"]),
            "key",
            datetime!(2026-11-30 10:11:12 UTC),
        );
        assert_eq!(
            fields,
            "Return-Path: <meter@supplier.example>\r\nX-Original-To: sheffield@example.org\r\nX-Original-To: \"a b\"@example.org\r\n\
             Received: from laptopforyou (127.0.0.1)\r\n by localhost with ESMTP id key\r\n for <sheffield@example.org>;\r\n \
             Mon, 30 Nov 2026 10:11:12 +0000\r\n"
        );
    }

    #[test]
    fn the_stage_reads_every_recipient_and_the_time_whatever_the_email_says() {
        let addresses = [
            "Sheffield@example.org",
            "\"npower eon\"@example.org",
            "b\u{fc}hne@example.org",
        ];
        let now = datetime!(2026-11-30 10:11:12 UTC);
        let fields = trace_fields(&message(&addresses), "key", now);
        let email = format!("{fields}To: bam@example.org\r\nX-Forwarded-To: frome@example.org\r\n\r\n");
        let headers = headers(email.as_bytes()).unwrap();
        let areas = recipients(&headers, &[], None).unwrap().areas;
        let areas: Vec<_> = areas.iter().map(ToString::to_string).collect();
        assert_eq!(areas, ["sheffield", "npower eon", "b\u{fc}hne"]);
        assert_eq!(Received::topmost(&headers).at, Some(now));
    }

    #[test]
    fn keys_are_as_those_of_the_mail_service_and_differ() {
        let key = random_key().unwrap();
        assert_eq!(key.len(), KEY_CHARS);
        assert!(key.bytes().all(|byte| KEY_ALPHABET.contains(&byte)));
        assert_ne!(key, random_key().unwrap());
    }
}
