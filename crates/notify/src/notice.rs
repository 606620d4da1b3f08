//! What operators are told: one letter for a whole email.

use std::collections::BTreeSet;
use std::fmt::Write;

use serde::{Deserialize, Serialize};
use time::format_description::well_known::Rfc3339;

use crate::case::{Case, Problem};
use crate::plain::{counted, for_shell, in_ascii, on_one_line};

/// Characters of a subject that SNS takes: ASCII, fewer than 100 (SNS API reference, "Publish").
const MAX_SUBJECT: usize = 99;

/// Bytes of a body. SNS takes 256 KB for everything; what is said of the sender comes behind it.
const MAX_BODY: usize = 200 * 1024;

/// Characters of a name, of a reason, and of a key.
const MAX_NAME: usize = 200;
const MAX_REASON: usize = 1_000;
const MAX_KEY: usize = 1_024;

/// A letter to operators.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// At most 99 ASCII characters on one line.
    pub subject: String,
    /// Plain text of at most 200 KiB.
    pub body: String,
}

/// How names are to be understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place<'a> {
    /// The stage that `pipeline trace` is to look at.
    pub stage: &'a str,
    /// The name of the bucket in which the case entered.
    pub entered: &'a str,
    /// The name of the unprocessable bucket.
    pub unprocessable: &'a str,
}

impl Notice {
    /// The letter about a case.
    #[must_use]
    pub fn about(case: &Case, place: &Place<'_>) -> Self {
        let headline = headline(case);
        let subject = on_one_line(&in_ascii(&format!("{}: {headline}", areas(case))), MAX_SUBJECT);
        Self {
            // The ellipsis of what is too long is no ASCII, and takes one place as well.
            subject: subject.replace('…', "~"),
            body: body(case, place, &headline),
        }
    }
}

/// `2 of 3 files of an email could not be used`.
fn headline(case: &Case) -> String {
    let bad = case.problems.len();
    let all = bad + case.delivered;
    if case.is_email() && bad == 1 && case.problems.iter().all(|problem| problem.is_email) {
        return "an email could not be used".to_owned();
    }
    let what = match (bad, all) {
        (1, 1) => "a file".to_owned(),
        (_, _) if bad == all => format!("all {all} files"),
        _ => format!("{bad} of {all} files"),
    };
    let of = if case.is_email() {
        " of an email"
    } else {
        " that somebody dropped"
    };
    format!("{what}{of} could not be used")
}

fn areas(case: &Case) -> String {
    let areas: BTreeSet<&str> = case
        .problems
        .iter()
        .filter_map(|problem| problem.area.as_deref())
        .collect();
    let mut areas = areas.into_iter();
    match (areas.next(), areas.count()) {
        (None, _) => "no area".to_owned(),
        (Some(first), 0) => on_one_line(first, 40),
        (Some(first), more) => format!("{} and {more} more", on_one_line(first, 30)),
    }
}

fn body(case: &Case, place: &Place<'_>, headline: &str) -> String {
    let mut body = format!("{}: {headline}.\n", areas(case));
    if !case.is_finished {
        body += "Not all of it has been worked on yet: this is what is known so far.\n";
    }
    let mut left_out = case.problems.len();
    for (number, problem) in (1..).zip(&case.problems) {
        let entry = entry(number, problem, place);
        if body.len() + entry.len() > MAX_BODY {
            break;
        }
        body += &entry;
        left_out -= 1;
    }
    if left_out > 0 {
        body += &format!("\nand {}.\n", counted(left_out, "one more", "more"));
    }
    let entered = if case.is_email() {
        "The email"
    } else {
        "The file that entered"
    };
    let received = case.received.format(&Rfc3339).unwrap_or_default();
    let delivered = counted(
        case.delivered,
        "One other file was delivered.",
        "other files were delivered.",
    );
    let key = on_one_line(&case.key, MAX_KEY);
    // Writing to a string cannot fail.
    let _ = write!(
        body,
        "\n{delivered}\n{entered}: {}/{key}, received {received}\n\nThe whole story:\n  pipeline trace {} --stage {}\n",
        place.entered,
        for_shell(&key),
        for_shell(place.stage),
    );
    body
}

fn entry(number: usize, problem: &Problem, place: &Place<'_>) -> String {
    let name = if problem.is_email {
        "The email itself".to_owned()
    } else {
        on_one_line(&problem.name, MAX_NAME)
    };
    format!(
        "\n{number}. {name}\n   {}: {}\n   {}/{}\n",
        problem.reason_code,
        on_one_line(&problem.reason, MAX_REASON),
        place.unprocessable,
        on_one_line(&problem.key, MAX_KEY),
    )
}

#[cfg(test)]
mod tests {
    use pipeline_core::Bucket;
    use proptest::prelude::*;

    use super::*;
    use crate::example::{case, problem};

    const PLACE: Place<'static> = Place {
        stage: "production",
        entered: "es-production-data-inbox",
        unprocessable: "es-production-data-unprocessable",
    };

    #[test]
    fn one_letter_lists_every_file_with_its_reason_and_where_it_lies() {
        let notice = Notice::about(&case(&["gas.xlsx", "power.xls"], 1), &PLACE);
        assert_eq!(notice.subject, "sheffield: 2 of 3 files of an email could not be used");
        assert_eq!(
            notice.body,
            "sheffield: 2 of 3 files of an email could not be used.\n\
             \n1. gas.xlsx\n   encrypted: “gas.xlsx” is protected by a password.\n   es-production-data-unprocessable/sheffield/gas.xlsx\n\
             \n2. power.xls\n   encrypted: “power.xls” is protected by a password.\n   es-production-data-unprocessable/sheffield/power.xls\n\
             \nOne other file was delivered.\nThe email: es-production-data-inbox/o3gbv5qk, received 2025-03-23T10:11:12Z\n\
             \nThe whole story:\n  pipeline trace o3gbv5qk --stage production\n"
        );
    }

    #[test]
    fn the_subject_says_how_much_of_what_could_not_be_used() {
        let subject = |case: &Case| Notice::about(case, &PLACE).subject;
        assert_eq!(
            subject(&case(&["gas.xlsx"], 0)),
            "sheffield: a file of an email could not be used"
        );
        assert_eq!(
            subject(&case(&["a.pdf", "b.pdf"], 0)),
            "sheffield: all 2 files of an email could not be used"
        );
        let mut whole = case(&["o3gbv5qk"], 0);
        whole.problems[0].is_email = true;
        assert_eq!(subject(&whole), "sheffield: an email could not be used");
        whole.problems[0].area = None;
        assert_eq!(subject(&whole), "no area: an email could not be used");
        let mut dropped = case(&["gas.xlsx"], 2);
        dropped.bucket = Bucket::Process;
        assert_eq!(
            subject(&dropped),
            "sheffield: 1 of 3 files that somebody dropped could not be used"
        );
        dropped.problems.push(Problem {
            area: Some("bam".to_owned()),
            ..problem("x.pdf")
        });
        assert_eq!(
            subject(&dropped),
            "bam and 1 more: 2 of 4 files that somebody dropped could not be used"
        );
    }

    #[test]
    fn ten_thousand_files_of_long_names_still_fit() {
        let name = format!("{}.csv", "Zähler ".repeat(2_000));
        let names = vec![name.as_str(); 10_000];
        let notice = Notice::about(&case(&names, 0), &PLACE);
        assert!(notice.body.len() <= MAX_BODY + 4 * 1024, "{}", notice.body.len());
        assert!(notice.body.contains(" more.\n") && notice.body.contains("pipeline trace"));
        assert_eq!(
            notice.subject,
            "sheffield: all 10000 files of an email could not be used"
        );
    }

    proptest! {
        #[test]
        fn sns_takes_every_subject_and_body_whatever_the_names(name in any::<String>(), area in any::<String>(), reason in any::<String>()) {
            let mut case = case(&["x", "y"], 0);
            case.key.clone_from(&name);
            for problem in &mut case.problems {
                (problem.name, problem.area, problem.reason) = (name.clone(), Some(area.clone()), reason.clone());
            }
            let Notice { subject, body } = Notice::about(&case, &PLACE);
            prop_assert!((1..100).contains(&subject.len()) && subject.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{subject:?}");
            // It must not begin with a blank (SNS API reference, "Publish").
            prop_assert!(subject.as_bytes()[0].is_ascii_graphic());
            prop_assert!(body.chars().all(|c| !c.is_control() || c == '\n'));
            // No name begins a line of its own.
            prop_assert_eq!(body.lines().count(), Notice::about(&crate::example::case(&["x", "y"], 0), &PLACE).body.lines().count());
        }
    }
}
