//! The reply to a supplier: polite, plain, and as automatic letters have to be (RFC 3834 section 3).

use std::collections::HashSet;

use mail_builder::MessageBuilder;
use mail_builder::headers::raw::Raw;
use time::OffsetDateTime;
use time::macros::format_description;

use crate::answerable::is_for_senders;
use crate::case::{Case, Problem};
use crate::mailbox::Mailbox;
use crate::original::Original;
use crate::plain::{counted, on_one_line};

/// Files that a reply names; it says how many more there are.
const MAX_NAMED: usize = 50;

/// Characters of a name, of a reason, and of a subject.
const MAX_NAME: usize = 150;
const MAX_REASON: usize = 400;
const MAX_SUBJECT: usize = 200;

/// The text of the reply to the sender of an email; `None` if there is nothing in it for them.
#[must_use]
pub fn text(case: &Case) -> Option<String> {
    let for_sender = case
        .problems
        .iter()
        .filter(|problem| is_for_senders(problem.reason_code));
    let mut named: Vec<(&str, &str)> = for_sender
        .map(|Problem { name, reason, .. }| (name.as_str(), reason.as_str()))
        .collect();
    // An email to several areas has each of its files several times.
    let mut seen = HashSet::new();
    named.retain(|one| seen.insert(*one));
    let first = named.first()?;
    let day = case
        .received
        .format(format_description!("[day padding:none] [month repr:long] [year]"));
    let day = day.unwrap_or_default();
    let is_whole_email = case.problems.iter().any(|problem| problem.is_email) && named.len() == 1;
    let entries = if is_whole_email {
        format!("We could not use it: {}\n", on_one_line(first.1, MAX_REASON))
    } else {
        let one = "One file of it could not be used:".to_owned();
        let head = if named.len() == 1 {
            one
        } else {
            format!("{} files of it could not be used:", named.len())
        };
        let entry = |(name, reason): &(&str, &str)| {
            format!(
                "- {}\n  {}\n",
                on_one_line(name, MAX_NAME),
                on_one_line(reason, MAX_REASON)
            )
        };
        let list: String = named.iter().take(MAX_NAMED).map(entry).collect();
        let more = named.len().saturating_sub(MAX_NAMED);
        let more = if more > 0 {
            format!("- and {}\n", counted(more, "one more", "more"))
        } else {
            String::new()
        };
        format!("{head}\n\n{list}{more}")
    };
    let others = match case.delivered {
        0 => String::new(),
        _ => "\nThe other files of the email have arrived; please do not send them again.\n".to_owned(),
    };
    Some(format!(
        "Hello,\n\nthank you for your email of {day} with meter readings.\n\n{entries}{others}\n\
         If there are readings in it that we should have, please send them again in a form that we can use: as CSV, or as an Excel workbook \
         without a password.\n\n\
         This letter was written by a program, which writes to you at most once an hour.\n"
    ))
}

/// The whole letter, ready to be sent.
#[must_use]
pub fn letter(text: &str, to: &Mailbox, from: &Mailbox, original: &Original, now: OffsetDateTime) -> Vec<u8> {
    let subject = on_one_line(&original.subject, MAX_SUBJECT);
    let subject = match subject.get(..3) {
        _ if subject.is_empty() => "Your email".to_owned(),
        Some(re) if re.eq_ignore_ascii_case("re:") => subject,
        _ => format!("Re: {subject}"),
    };
    let mut letter = MessageBuilder::new()
        .from(from.expose())
        .to(to.expose())
        .subject(subject)
        .date(now.unix_timestamp())
        .message_id(message_id(text, to, from, now))
        .header("Auto-Submitted", Raw::new("auto-replied"))
        // Microsoft's programs answer automatic letters unless they are told not to.
        .header("X-Auto-Response-Suppress", Raw::new("All"))
        .text_body(text);
    if let Some(id) = &original.message_id {
        letter = letter.in_reply_to(id.clone()).references(original.references.clone());
    }
    letter.write_to_vec().unwrap_or_default()
}

/// Made of what is in the letter: a name of this machine would be no name at all.
fn message_id(text: &str, to: &Mailbox, from: &Mailbox, now: OffsetDateTime) -> String {
    let hash = blake3::hash(format!("{text}\n{}\n{}", to.expose(), now.unix_timestamp_nanos()).as_bytes());
    let short: String = hash.to_hex().chars().take(32).collect();
    format!("{short}@{}", from.domain())
}

#[cfg(test)]
mod tests {
    use mail_parser::MessageParser;
    use pipeline_core::ReasonCode;
    use proptest::prelude::*;
    use time::macros::datetime;

    use super::*;
    use crate::example::{case, problem};

    fn mailbox(text: &str) -> Mailbox {
        Mailbox::parse(text).unwrap()
    }

    fn letter_to(header: &str, text: &str) -> String {
        let original = Original::read(format!("{header}\r\n\r\n").as_bytes()).unwrap();
        let (to, from) = (mailbox("readings@supplier.example"), mailbox("data@example.org"));
        String::from_utf8(letter(text, &to, &from, &original, datetime!(2025-03-23 10:20 UTC))).unwrap()
    }

    #[test]
    fn a_reply_names_each_file_and_why_it_could_not_be_used() {
        let text = text(&case(&["gas.xlsx", "power.xls"], 1)).unwrap();
        assert_eq!(
            text,
            "Hello,\n\nthank you for your email of 23 March 2025 with meter readings.\n\n2 files of it could not be used:\n\n\
             - gas.xlsx\n  “gas.xlsx” is protected by a password.\n- power.xls\n  “power.xls” is protected by a password.\n\n\
             The other files of the email have arrived; please do not send them again.\n\n\
             If there are readings in it that we should have, please send them again in a form that we can use: as CSV, or as an Excel \
             workbook without a password.\n\nThis letter was written by a program, which writes to you at most once an hour.\n"
        );
    }

    #[test]
    fn a_file_that_went_to_several_areas_is_named_once_and_a_whole_email_without_a_name() {
        let mut twice = case(&["gas.xlsx", "gas.xlsx"], 0);
        twice.problems[1].area = Some("bam".to_owned());
        assert!(
            text(&twice)
                .unwrap()
                .contains("One file of it could not be used:\n\n- gas.xlsx\n")
        );
        let mut whole = case(&["o3gbv5qk"], 0);
        whole.problems[0].is_email = true;
        let text = text(&whole).unwrap();
        assert!(
            text.contains("We could not use it: “o3gbv5qk” is protected") && !text.contains("- "),
            "{text}"
        );
    }

    #[test]
    fn what_is_nothing_for_senders_is_not_in_a_reply() {
        let mut case = case(&["gas.xlsx", "o3gbv5qk"], 0);
        case.problems[1].reason_code = ReasonCode::Virus;
        assert!(!text(&case).unwrap().contains("o3gbv5qk"));
        case.problems.remove(0);
        assert_eq!(text(&case), None);
    }

    #[test]
    fn ten_thousand_files_make_a_short_letter() {
        let mut case = case(&[], 0);
        case.problems = (0..10_000)
            .map(|n| problem(&format!("{n}{}.xlsx", "Zähler ".repeat(500))))
            .collect();
        let text = text(&case).unwrap();
        assert!(text.len() < 64 * 1024, "{}", text.len());
        assert!(
            text.contains("10000 files of it") && text.contains("- and 9950 more\n"),
            "{text}"
        );
    }

    #[test]
    fn the_letter_is_an_automatic_reply_in_the_thread() {
        let letter = letter_to(
            "Subject: =?utf-8?Q?Z=C3=A4hler?=\r\nMessage-ID: <2@supplier.example>\r\nReferences: <1@supplier.example>",
            "Zähler",
        );
        for line in [
            "From: <data@example.org>",
            "To: <readings@supplier.example>",
            "Auto-Submitted: auto-replied",
            "X-Auto-Response-Suppress: All",
            "In-Reply-To: <2@supplier.example>",
            "References: <1@supplier.example> <2@supplier.example>",
            "Date: Sun, 23 Mar 2025 10:20:00 +0000",
            "MIME-Version: 1.0",
        ] {
            assert!(letter.lines().any(|one| one == line), "{line} is missing in:\n{letter}");
        }
        assert!(letter.is_ascii());
        let parsed = MessageParser::default().parse(&letter).unwrap();
        assert_eq!(parsed.subject(), Some("Re: Zähler"));
        assert!(parsed.message_id().unwrap().ends_with("@example.org"));
        assert_eq!(parsed.body_text(0).unwrap(), "Zähler");
    }

    #[test]
    fn a_subject_that_is_a_reply_stays_and_none_becomes_one() {
        let subject = |header: &str| {
            let letter = letter_to(header, "x");
            MessageParser::default()
                .parse(&letter)
                .unwrap()
                .subject()
                .unwrap()
                .to_owned()
        };
        assert_eq!(subject("Subject: RE: gas"), "RE: gas");
        assert_eq!(subject("From: a@b.example"), "Your email");
    }

    proptest! {
        #[test]
        fn no_name_and_no_subject_adds_a_header_or_a_recipient(name in "\\PC{0,80}|[ -~\r\n]{0,80}", subject in "[ -~]{0,80}|\\PC{0,80}") {
            let mut case = case(&["x"], 0);
            case.problems[0].name.clone_from(&name);
            case.problems[0].reason = name;
            let original = Original { subject: format!("{subject}\r\nBcc: x@y.example"), ..Original::read(b"From: a@b.example\n\n").unwrap() };
            let to = mailbox("readings@supplier.example");
            let bytes = letter(&text(&case).unwrap(), &to, &mailbox("data@example.org"), &original, datetime!(2025-03-23 10:20 UTC));
            let parsed = MessageParser::default().parse(&bytes).unwrap();
            let mut names: Vec<String> = parsed.headers().iter().map(|header| header.name.as_str().to_ascii_lowercase()).collect();
            names.sort();
            prop_assert_eq!(names, [
                "auto-submitted", "content-transfer-encoding", "content-type", "date", "from", "message-id", "mime-version", "subject", "to",
                "x-auto-response-suppress",
            ]);
            prop_assert_eq!(parsed.to().unwrap().iter().count(), 1);
            prop_assert!(bytes.split(|byte| *byte == b'\n').all(|line| line.len() < 998));
        }
    }
}
