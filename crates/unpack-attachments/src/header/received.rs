//! The topmost `Received` field: when our mail service took the email, and for whom.

use mail_parser::DateTime;
use time::OffsetDateTime;

use crate::encoding::text::guess;
use crate::header::address::{Address, addresses, without_comments};
use crate::header::fields::{Headers, unfold};

/// What the topmost `Received` field says (RFC 5321 section 4.4).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Received {
    /// Its date; `None` if there is none that can be read.
    pub at: Option<OffsetDateTime>,
    /// The recipient behind `for`.
    pub recipient: Option<Address>,
}

impl Received {
    /// Reads the topmost field only: those below are the sender's word.
    #[must_use]
    pub fn topmost(headers: &Headers<'_>) -> Self {
        headers.first("received").map(Self::parse).unwrap_or_default()
    }

    fn parse(raw: &[u8]) -> Self {
        let line = without_comments(&guess(&unfold(raw)));
        let (stamp, date) = line.rsplit_once(';').unwrap_or((&line, ""));
        Self {
            at: date_time(date),
            recipient: recipient(stamp),
        }
    }
}

/// A date and time of RFC 5322 section 3.3, obsolete forms included.
fn date_time(text: &str) -> Option<OffsetDateTime> {
    let parsed = DateTime::parse_rfc822(text.trim()).filter(DateTime::is_valid)?;
    OffsetDateTime::from_unix_timestamp(parsed.to_timestamp()).ok()
}

fn recipient(stamp: &str) -> Option<Address> {
    let mut words = stamp
        .split_ascii_whitespace()
        .skip_while(|word| !word.eq_ignore_ascii_case("for"));
    words.next()?;
    addresses(words.next()?.as_bytes()).into_iter().next()
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    fn local_part(raw: &str) -> Option<String> {
        Received::parse(raw.as_bytes())
            .recipient
            .map(|address| address.local_part)
    }

    fn at(raw: &str) -> Option<OffsetDateTime> {
        Received::parse(raw.as_bytes()).at
    }

    #[test]
    fn the_recipient_stands_behind_for() {
        assert_eq!(local_part("from a by inbound-smtp.eu-west-1.amazonaws.com with SMTP id x\r\n for sheffield@example.org;\r\n Thu, 20 Nov 2025 10:11:12 +0000 (UTC)").as_deref(), Some("sheffield"));
        assert_eq!(
            local_part("from a (for b@x) by c for <bam@example.org>; Thu, 20 Nov 2025 10:11:12 +0000").as_deref(),
            Some("bam")
        );
        assert_eq!(local_part("from a by b; Thu, 20 Nov 2025 10:11:12 +0000"), None);
    }

    #[test]
    fn dates_of_all_forms_are_read() {
        let expected = Some(datetime!(2025-11-20 10:11:12 UTC));
        assert_eq!(at("by x; Thu, 20 Nov 2025 10:11:12 +0000 (UTC)"), expected);
        assert_eq!(at("by x; Thu, 20 Nov 2025 12:11:12 +0200"), expected);
        assert_eq!(at("by x; 20 Nov 25 05:11:12 EST"), expected);
        assert_eq!(at("by x (a; b);\r\n\tThu, 20 Nov 2025\r\n 10:11:12 GMT"), expected);
    }

    #[test]
    fn only_the_topmost_date_counts() {
        let topmost = |raw: &[u8]| Received::topmost(&crate::header::fields::parse(raw, 0, b'\n', |_| false).0).at;
        let ours = "Received: by inbound; Thu, 20 Nov 2025 10:11:12 +0000\n";
        let theirs = "Received: by mx; Sat, 01 Jan 2000 00:00:00 +0000\n\n";
        assert_eq!(
            topmost(format!("{ours}{theirs}").as_bytes()),
            Some(datetime!(2025-11-20 10:11:12 UTC))
        );
        assert_eq!(topmost(format!("Received: by inbound\n{theirs}").as_bytes()), None);
    }

    #[test]
    fn a_date_that_is_none_is_not_made_up() {
        assert_eq!(at("by x; yesterday"), None);
        assert_eq!(at("by x"), None);
        assert_eq!(at("by x; 99 Nov 2025 10:11:12 +0000"), None);
    }
}
