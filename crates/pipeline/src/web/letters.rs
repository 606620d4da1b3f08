//! Whom an email is from and what it is about: for people, from the beginning of the original.

use std::collections::HashMap;

use mail_parser::MessageParser;
use pipeline_core::{Bucket, Key, Origin, Store};

/// How much of an email is read for its header.
const HEADER_BYTES: u64 = 32 * 1024;
/// How many are remembered; an email never changes.
const MOST: usize = 4_096;

/// What a person recognises an email by.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Letter {
    pub(super) subject: Option<String>,
    pub(super) sender: Option<String>,
}

/// The emails that were looked at.
#[derive(Debug, Default)]
pub(super) struct Letters(HashMap<Origin, Letter>);

impl Letters {
    /// Looks into an email. One that has expired or cannot be read tells nothing.
    pub(super) async fn look(&mut self, store: &Store, origin: Origin, key: &str) -> Letter {
        if let Some(letter) = self.0.get(&origin) {
            return letter.clone();
        }
        let Ok(Some((start, _))) = store.get_start(Bucket::Inbox, &Key::new(key), HEADER_BYTES).await else {
            return Letter::default();
        };
        let letter = Letter::of(&start);
        if self.0.len() >= MOST {
            self.0.clear();
        }
        self.0.insert(origin, letter.clone());
        letter
    }
}

impl Letter {
    fn of(start: &[u8]) -> Self {
        let Some(message) = MessageParser::default().parse_headers(start) else {
            return Self::default();
        };
        let filled = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let sender = message
            .from()
            .and_then(|from| from.first())
            .and_then(|address| address.address());
        Self {
            subject: message.subject().and_then(filled),
            sender: sender.and_then(filled),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subject_and_sender_are_decoded() {
        let letter = Letter::of(
            b"From: =?utf-8?q?J=C3=BCrgen?= <readings@supplier.example>\r\nSubject: =?utf-8?b?WsOkaGxlcg==?= 23\r\n\r\nbody",
        );
        assert_eq!(letter.subject.as_deref(), Some("Zähler 23"));
        assert_eq!(letter.sender.as_deref(), Some("readings@supplier.example"));
    }

    #[test]
    fn what_is_no_email_tells_nothing() {
        assert_eq!(Letter::of(b"\x00\x01\x02"), Letter::default());
        assert_eq!(Letter::of(b"Subject:  \r\n\r\n"), Letter::default());
    }
}
