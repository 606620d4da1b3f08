//! Addresses that a reply may go to, and whose they are.

use std::fmt;

/// Bytes of an address and of its local part (RFC 5321 section 4.5.3.1).
const MAX_ADDRESS: usize = 254;
const MAX_LOCAL_PART: usize = 64;

/// Local parts of programs. Who writes to one of them reaches nobody, or another program (RFC 3834 section 2, RFC 2142).
const MACHINES: [&str; 17] = [
    "abuse",
    "autoreply",
    "bounce",
    "bounces",
    "daemon",
    "donotreply",
    "listserv",
    "mailerdaemon",
    "majordomo",
    "nobody",
    "noreply",
    "postmaster",
    "root",
    "undisclosedrecipients",
    "unsubscribe",
    "uucp",
    "webmaster",
];

/// An address of plain characters, as nearly all are. Others are not written to: nothing in one of these can end a header or
/// be taken for a second address.
#[derive(Clone, PartialEq, Eq)]
pub struct Mailbox {
    local_part: String,
    domain: String,
}

impl Mailbox {
    /// Reads `a@b.example`, with angle brackets around it or without; `None` if it is not plain.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let text = text
            .strip_prefix('<')
            .map_or(Some(text), |inner| inner.strip_suffix('>'))?;
        let (local_part, domain) = text.rsplit_once('@')?;
        let is_plain = text.len() <= MAX_ADDRESS && local_part.len() <= MAX_LOCAL_PART;
        (is_plain && is_dot_atom(local_part) && is_domain(domain)).then(|| Self {
            local_part: local_part.to_owned(),
            domain: domain.to_ascii_lowercase(),
        })
    }

    /// The domain in lower case.
    #[must_use]
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// The address, for the mail service alone: it is in no log and no key.
    #[must_use]
    pub fn expose(&self) -> String {
        format!("{}@{}", self.local_part, self.domain)
    }

    /// A hash that tells senders apart. Case does not matter, and what stands behind a plus sign neither.
    #[must_use]
    pub fn hash(&self) -> String {
        let local_part = self.local_part.to_ascii_lowercase();
        let person = local_part.split('+').next().unwrap_or_default();
        let hash = blake3::hash(format!("sender of an email\n{person}@{}", self.domain).as_bytes());
        hash.to_hex().chars().take(32).collect()
    }

    /// Whether a program reads it, as far as its name tells: `no-reply`, `bounces+4711`, `owner-readings`, …
    #[must_use]
    pub fn is_of_a_machine(&self) -> bool {
        let name = self.local_part.to_ascii_lowercase();
        let person = name.split(['+', '=']).next().unwrap_or_default();
        let letters: String = person.chars().filter(|c| !matches!(c, '-' | '_' | '.')).collect();
        let is_listed = |word: &str| MACHINES.contains(&word);
        let is_of_a_list = name.starts_with("owner-")
            || ["-owner", "-request", "-bounces", "-bounce", "-errors"]
                .iter()
                .any(|end| person.ends_with(end));
        is_of_a_list
            || is_listed(&letters)
            || letters.starts_with("noreply")
            || letters.ends_with("noreply")
            || letters.starts_with("donotreply")
            || letters.ends_with("donotreply")
            || person
                .split(['-', '_', '.'])
                .next()
                .is_some_and(|first| first.starts_with("bounce"))
    }

    /// Whether this domain and that are one, or one lies within the other.
    #[must_use]
    pub fn is_related_to(&self, domain: &str) -> bool {
        let lies_within = |inner: &str, outer: &str| {
            inner
                .strip_suffix(outer)
                .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        };
        // A top-level domain is nobody's.
        let domain = domain.to_ascii_lowercase();
        domain.contains('.') && (lies_within(&self.domain, &domain) || lies_within(&domain, &self.domain))
    }
}

/// Without the address: logs have none.
impl fmt::Debug for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mailbox(…)")
    }
}

/// RFC 5322 section 3.2.3.
fn is_dot_atom(text: &str) -> bool {
    let is_atext = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c);
    text.split('.')
        .all(|atom| !atom.is_empty() && atom.chars().all(is_atext))
}

fn is_domain(text: &str) -> bool {
    let is_label = |label: &str| {
        let is_inner = |c: char| c.is_ascii_alphanumeric() || c == '-';
        !label.is_empty() && !label.starts_with('-') && !label.ends_with('-') && label.chars().all(is_inner)
    };
    text.contains('.') && text.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn mailbox(text: &str) -> Mailbox {
        Mailbox::parse(text).unwrap()
    }

    #[test]
    fn plain_addresses_are_read_and_all_others_are_left_alone() {
        assert_eq!(
            mailbox("<Readings@Supplier.Example>").expose(),
            "Readings@supplier.example"
        );
        assert_eq!(
            mailbox(" o'brien+gas@x.supplier.example\r\n").domain(),
            "x.supplier.example"
        );
        for odd in [
            "",
            "<>",
            "< >",
            "a",
            "a@b",
            "@supplier.example",
            "a@",
            "a b@supplier.example",
            "\"a b\"@supplier.example",
            "a@supplier.example, b@supplier.example",
            "<a@supplier.example",
            "a@b@supplier.example",
            "a..b@supplier.example",
            "a@supplier..example",
            "a@-supplier.example",
            "a@[10.0.0.1]",
            "zähler@supplier.example",
            "a@supplier.example\r\nBcc: b@supplier.example",
            "a@supplier.example>,<b@supplier.example",
        ] {
            assert_eq!(Mailbox::parse(odd), None, "{odd}");
        }
        assert_eq!(Mailbox::parse(&format!("{}@supplier.example", "a".repeat(65))), None);
    }

    #[test]
    fn an_address_is_never_shown_by_accident() {
        assert_eq!(format!("{:?}", mailbox("readings@supplier.example")), "Mailbox(…)");
        assert!(!mailbox("readings@supplier.example").hash().contains("readings"));
    }

    #[test]
    fn one_person_has_one_hash() {
        let hash = |text| mailbox(text).hash();
        assert_eq!(hash("Readings@supplier.example"), hash("readings+7@SUPPLIER.example"));
        assert_ne!(hash("readings@supplier.example"), hash("readings@other.example"));
    }

    #[test]
    fn programs_are_told_by_their_names() {
        for local_part in [
            "noreply",
            "no-reply",
            "No_Reply",
            "do-not-reply",
            "donotreply",
            "MAILER-DAEMON",
            "postmaster",
            "bounce",
            "bounces+1=2",
            "bounce-4711",
            "owner-readings",
            "readings-request",
            "readings-bounces",
            "gas-noreply",
            "noreply-gas",
            "no.reply+7",
        ] {
            assert!(
                mailbox(&format!("{local_part}@supplier.example")).is_of_a_machine(),
                "{local_part}"
            );
        }
        for local_part in [
            "readings",
            "meter.data",
            "r.bouncer2",
            "data-team",
            "rooty",
            "smartmeters",
        ] {
            assert!(
                !mailbox(&format!("{local_part}@supplier.example")).is_of_a_machine(),
                "{local_part}"
            );
        }
    }

    #[test]
    fn domains_are_related_if_one_lies_within_the_other() {
        let supplier = mailbox("a@mail.supplier.example");
        for related in ["mail.supplier.example", "Supplier.example", "x.mail.supplier.example"] {
            assert!(supplier.is_related_to(related), "{related}");
        }
        for other in ["example", "other.example", "plier.example", "ail.supplier.example", ""] {
            assert!(!supplier.is_related_to(other), "{other}");
        }
    }

    proptest! {
        #[test]
        fn nothing_that_is_taken_for_an_address_can_be_more_than_one(text in "[ -~\\r\\n\\t]{0,40}@?[ -~\\r\\n]{0,40}") {
            if let Some(mailbox) = Mailbox::parse(&text) {
                let address = mailbox.expose();
                prop_assert!(address.bytes().all(|byte| byte.is_ascii_graphic()));
                prop_assert!(!address.contains([',', ';', '<', '>', '"', '(', ')', ':', '\\', '[', ']']));
                prop_assert_eq!(address.matches('@').count(), 1);
            }
        }
    }
}
