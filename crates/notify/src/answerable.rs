//! Who may be answered: people who sent an email themselves, and nobody else (RFC 3834 section 2).

use pipeline_core::ReasonCode;

use crate::mailbox::Mailbox;
use crate::original::Original;

/// Why a sender is not told. The sentence is for operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotTold {
    /// `REPLY_TO_SUPPLIERS` is not set.
    #[error("replies are switched off (REPLY_TO_SUPPLIERS)")]
    SwitchedOff,
    /// A person dropped the file into a bucket.
    #[error("it did not come by email")]
    NoEmail,
    /// The reasons are such as a sender can do nothing about, or should not be told.
    #[error("the reasons are none for a sender")]
    NotForSenders,
    /// The email is gone, or its header cannot be read.
    #[error("the email's header cannot be read")]
    NoHeader,
    /// A null return path, or an address that is not plain.
    #[error("the email has no sender that can be answered")]
    NoSender,
    /// A program sent it.
    #[error("a program has sent the email by itself")]
    Automatic,
    /// A bounce, or another report.
    #[error("the email is a report of a mail program")]
    Report,
    /// A mailing list, or a circular.
    #[error("the email went to a list or to many at once")]
    ForMany,
    /// `noreply@…`, `mailer-daemon@…`.
    #[error("the sender's address is that of a program")]
    MachineAddress,
    /// Our own address, or one of `MAIL_DOMAINS`.
    #[error("the sender's address is one of ours")]
    OneOfOurs,
    /// A spam or virus verdict other than `PASS`.
    #[error("the mail service does not say that the email is free of spam and viruses")]
    NotClean,
    /// SPF, DKIM or DMARC.
    #[error("the mail service could not confirm the sender (SPF, DKIM, DMARC)")]
    NotConfirmed,
    /// `From` is of another domain than the envelope's sender: an answer would reach a program that counts bounces.
    #[error("the letter is from another domain than its envelope")]
    AnotherDomain,
    /// There was one within the hour.
    #[error("the sender was told of another email less than an hour ago")]
    ToldWithinTheHour,
    /// An earlier attempt has tried, and may have been cut off.
    #[error("an earlier attempt to tell the sender was cut off; it may have been successful")]
    TriedBefore,
    /// SES does not take it.
    #[error("the mail service did not take the reply")]
    Refused,
}

/// Whose addresses are ours.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ours {
    /// `MAIL_DOMAINS`.
    pub domains: Vec<String>,
    /// `REPLY_FROM`.
    pub reply_from: Option<Mailbox>,
}

impl Ours {
    fn include(&self, mailbox: &Mailbox) -> bool {
        let is_domain = |domain: &String| domain.eq_ignore_ascii_case(mailbox.domain());
        let is_reply_from = |own: &Mailbox| own.hash() == mailbox.hash();
        self.domains.iter().any(is_domain) || self.reply_from.as_ref().is_some_and(is_reply_from)
    }
}

/// Whether a sender can do something about a reject. Whoever sends viruses or spam learns nothing, and what was not sent to us, or is no
/// email, has nobody who waits.
#[must_use]
pub const fn is_for_senders(reason: ReasonCode) -> bool {
    !matches!(
        reason,
        ReasonCode::NotData | ReasonCode::Virus | ReasonCode::Spam | ReasonCode::NoArea | ReasonCode::NotAnEmail
    )
}

/// The address to answer: the envelope's sender (RFC 3834 section 4).
///
/// # Errors
/// Why nobody is answered.
pub fn answerable<'a>(original: &'a Original, ours: &Ours) -> Result<&'a Mailbox, NotTold> {
    let sender = original.sender.as_ref().ok_or(NotTold::NoSender)?;
    let from = original.from.as_ref().ok_or(NotTold::NoSender)?;
    let both = [sender, from];
    let refusals = [
        (original.is_automatic, NotTold::Automatic),
        (original.is_report, NotTold::Report),
        (original.is_for_many, NotTold::ForMany),
        (
            both.iter().any(|mailbox| mailbox.is_of_a_machine()),
            NotTold::MachineAddress,
        ),
        (both.iter().any(|mailbox| ours.include(mailbox)), NotTold::OneOfOurs),
        (!original.authentication.is_clean(), NotTold::NotClean),
        (!original.authentication.is_from(sender), NotTold::NotConfirmed),
        (!sender.is_related_to(from.domain()), NotTold::AnotherDomain),
    ];
    match refusals.into_iter().find(|(applies, _)| *applies) {
        Some((_, why)) => Err(why),
        None => Ok(sender),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TOP: &str = "Return-Path: <readings@supplier.example>
Received: from mx.supplier.example by inbound-smtp.eu-west-2.amazonaws.com for bam@example.org; Thu, 20 Nov 2025 10:11:12 +0000
X-SES-Spam-Verdict: PASS
X-SES-Virus-Verdict: PASS
Received-SPF: pass (spfCheck: domain of supplier.example designates 192.0.2.1 as permitted sender) client-ip=192.0.2.1;
Authentication-Results: amazonses.com;
 spf=pass (spfCheck: ok) client-ip=192.0.2.1; envelope-from=readings@supplier.example; helo=mx.supplier.example;
 dkim=pass header.i=@supplier.example;
 dmarc=pass header.from=supplier.example;
X-SES-RECEIPT: AEFBQUFB
";
    const LETTER: &str = "Received: by mx.supplier.example; Thu, 20 Nov 2025 10:11:11 +0000
From: Readings <readings@supplier.example>
To: bam@example.org
Subject: Readings of November
Message-ID: <1@supplier.example>
";

    fn ours() -> Ours {
        Ours {
            domains: vec!["example.org".to_owned()],
            reply_from: Mailbox::parse("data@team.example"),
        }
    }

    fn of(email: &str) -> Result<String, NotTold> {
        let original = Original::read(format!("{email}\n").as_bytes()).ok_or(NotTold::NoHeader)?;
        answerable(&original, &ours()).map(Mailbox::expose)
    }

    fn with(field: &str) -> Result<String, NotTold> {
        of(&format!("{TOP}{LETTER}{field}\n"))
    }

    #[test]
    fn a_person_who_sent_an_email_is_answered_at_the_envelopes_address() {
        assert_eq!(
            of(&format!("{TOP}{LETTER}")),
            Ok("readings@supplier.example".to_owned())
        );
        assert!(with("Auto-Submitted: no").is_ok() && with("Precedence: normal").is_ok());
    }

    #[test]
    fn programs_lists_bounces_and_reports_are_not_answered() {
        for (field, why) in [
            ("Auto-Submitted: auto-generated", NotTold::Automatic),
            ("Auto-Submitted: auto-replied (vacation)", NotTold::Automatic),
            ("X-Auto-Response-Suppress: All", NotTold::Automatic),
            ("Precedence: bulk", NotTold::ForMany),
            ("Precedence: junk", NotTold::ForMany),
            ("Precedence: list", NotTold::ForMany),
            ("List-Id: <readings.supplier.example>", NotTold::ForMany),
            ("List-Unsubscribe: <https://supplier.example/x>", NotTold::ForMany),
            (
                "Content-Type: multipart/report; report-type=disposition-notification",
                NotTold::Report,
            ),
        ] {
            assert_eq!(with(field), Err(why), "{field}");
        }
        for path in ["<>", "", "< >", "MAILER-DAEMON"] {
            let email = format!("{TOP}{LETTER}").replacen("<readings@supplier.example>", path, 1);
            assert_eq!(of(&email), Err(NotTold::NoSender), "{path}");
        }
    }

    #[test]
    fn addresses_of_programs_and_our_own_are_not_answered() {
        for (address, why) in [
            ("noreply@supplier.example", NotTold::MachineAddress),
            ("no-reply@supplier.example", NotTold::MachineAddress),
            ("mailer-daemon@supplier.example", NotTold::MachineAddress),
            ("postmaster@supplier.example", NotTold::MachineAddress),
            ("bounces+7@supplier.example", NotTold::MachineAddress),
            ("bam@example.org", NotTold::OneOfOurs),
            ("Data@Team.example", NotTold::OneOfOurs),
        ] {
            let everywhere = format!("{TOP}{LETTER}").replace("readings@supplier.example", address);
            assert_eq!(of(&everywhere), Err(why), "{address}");
            let letter = LETTER.replace("readings@supplier.example", address);
            assert_eq!(of(&format!("{TOP}{letter}")), Err(why), "{address}");
        }
    }

    #[test]
    fn spam_viruses_and_unconfirmed_senders_are_not_answered() {
        for (was, is, why) in [
            ("Spam-Verdict: PASS", "Spam-Verdict: FAIL", NotTold::NotClean),
            ("Spam-Verdict: PASS", "Spam-Verdict: GRAY", NotTold::NotClean),
            ("Virus-Verdict: PASS", "Virus-Verdict: FAIL", NotTold::NotClean),
            ("X-SES-Virus-Verdict: PASS\n", "", NotTold::NotClean),
            ("spf=pass", "spf=fail", NotTold::NotConfirmed),
            ("spf=pass", "spf=softfail", NotTold::NotConfirmed),
            ("dkim=pass", "dkim=fail", NotTold::NotConfirmed),
            ("dmarc=pass", "dmarc=fail", NotTold::NotConfirmed),
            ("Authentication-Results", "X-Results", NotTold::NotConfirmed),
        ] {
            assert_eq!(
                of(&format!("{}{LETTER}", TOP.replacen(was, is, 1))),
                Err(why),
                "{was} {is}"
            );
        }
    }

    #[test]
    fn a_letter_of_another_domain_than_its_envelope_is_not_answered() {
        for (from, told) in [
            ("gas@mail.supplier.example", true),
            ("gas@other.example", false),
            ("gas@example", false),
            ("gas@supplier.example, power@supplier.example", false),
        ] {
            let letter = LETTER.replace("readings@supplier.example", from);
            assert_eq!(of(&format!("{TOP}{letter}")).is_ok(), told, "{from}");
        }
    }

    #[test]
    fn viruses_spam_and_what_was_not_sent_to_us_are_nothing_to_tell_a_sender() {
        for reason in [
            ReasonCode::Virus,
            ReasonCode::Spam,
            ReasonCode::NoArea,
            ReasonCode::NotData,
        ] {
            assert!(!is_for_senders(reason), "{reason}");
        }
        assert!(is_for_senders(ReasonCode::Encrypted) && is_for_senders(ReasonCode::UnknownArea));
    }

    proptest! {
        /// Whatever a stranger writes below the mail service's own fields: nobody but the confirmed envelope's sender is ever answered.
        #[test]
        fn nothing_that_a_sender_writes_makes_an_answer_go_elsewhere(
            fields in proptest::collection::vec(("(From|Reply-To|Sender|Return-Path|X-SES-Spam-Verdict|Authentication-Results|Subject|[A-Za-z-]{1,12})", "[ -~]{0,60}"), 0..8),
            is_confirmed in any::<bool>(),
        ) {
            let top = if is_confirmed { TOP.to_owned() } else { TOP.replace("spf=pass", "spf=fail") };
            let letter: String = fields.iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
            let told = of(&format!("{top}Received: by mx\n{letter}From: readings@supplier.example\n"));
            if let Ok(address) = told {
                prop_assert!(is_confirmed);
                prop_assert_eq!(address, "readings@supplier.example");
            }
        }
    }
}
