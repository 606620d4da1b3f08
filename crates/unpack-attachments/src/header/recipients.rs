//! Whose readings an email brings: the areas it was sent to.

use std::collections::HashSet;

use pipeline_core::{Area, Areas, BadPart, ReasonCode, Rejection};

use crate::encoding::text::shortened;
use crate::header::address::{Address, addresses};
use crate::header::fields::Headers;
use crate::header::received::Received;

/// Areas of one email; each gets every file, so a longer list is an attack.
const MAX_AREAS: usize = 100;

/// Bytes of an address in a receipt.
const MAX_PART: usize = 255;

/// The areas of an email.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipients {
    /// Each once, in the order of the headers; at least one.
    pub areas: Vec<Area>,
    /// Addresses of ours that belong to no area, by their local part.
    pub unknown: Vec<BadPart>,
}

/// Finds the areas.
///
/// `X-Original-To` above the topmost `Received` counts before all: whoever delivered the email to us put it there, one for each recipient
/// of the envelope, as Postfix and `pipeline serve` do. A sender's fields are below.
///
/// Of the others `X-Forwarded-To` counts first, as a forwarding mailbox leaves `To` as it was. Without `mail_domains` one address
/// of them is all that can be trusted to be ours: the first.
///
/// # Errors
/// [`ReasonCode::NoArea`] if no address is ours, [`ReasonCode::UnknownArea`] if none of ours belongs to an area,
/// [`ReasonCode::TooManyMembers`] if there are more than a hundred.
pub fn recipients(
    headers: &Headers<'_>,
    mail_domains: &[String],
    areas: Option<&Areas>,
) -> Result<Recipients, Rejection> {
    let envelope = headers.above("x-original-to", "received").flat_map(addresses);
    let mut found = collect(envelope.filter(|address| is_ours(address, mail_domains)), areas);
    if found.areas.is_empty() && found.unknown.is_empty() {
        found = collect(ours(in_headers(headers, &["x-forwarded-to"]), mail_domains), areas);
    }
    if found.areas.is_empty() && found.unknown.is_empty() {
        let all = in_headers(headers, &["to", "cc", "delivered-to", "x-original-to"])
            .chain(Received::topmost(headers).recipient);
        found = collect(ours(all, mail_domains), areas);
    }
    if found.areas.len() + found.unknown.len() > MAX_AREAS {
        let reason = format!("The email went to more than {MAX_AREAS} addresses of ours.");
        return Err(Rejection::new(ReasonCode::TooManyMembers, reason));
    }
    if !found.areas.is_empty() {
        return Ok(found);
    }
    Err(found.unknown.into_iter().next().map_or_else(
        || {
            Rejection::new(
                ReasonCode::NoArea,
                "None of the email's recipients is an address of ours.",
            )
        },
        |bad| bad.rejection,
    ))
}

fn in_headers<'a>(headers: &'a Headers<'_>, names: &'a [&str]) -> impl Iterator<Item = Address> + 'a {
    names.iter().flat_map(|name| headers.all(name)).flat_map(addresses)
}

/// Those in our domains; the first where no domains are given.
fn ours<'a>(all: impl Iterator<Item = Address> + 'a, mail_domains: &'a [String]) -> impl Iterator<Item = Address> + 'a {
    let limit = if mail_domains.is_empty() { 1 } else { usize::MAX };
    all.filter(|address| is_ours(address, mail_domains)).take(limit)
}

fn is_ours(address: &Address, mail_domains: &[String]) -> bool {
    mail_domains.is_empty()
        || mail_domains
            .iter()
            .any(|domain| domain.eq_ignore_ascii_case(&address.domain))
}

/// Each area and each unknown address once.
fn collect(ours: impl Iterator<Item = Address>, areas: Option<&Areas>) -> Recipients {
    let mut found = Recipients {
        areas: Vec::new(),
        unknown: Vec::new(),
    };
    let mut seen = HashSet::new();
    for address in ours {
        if seen.len() > MAX_AREAS || !seen.insert(address.local_part.to_lowercase()) {
            continue;
        }
        match Area::from_local_part(&address.local_part, areas) {
            Ok(area) if found.areas.contains(&area) => {}
            Ok(area) => found.areas.push(area),
            Err(rejection) => found.unknown.push(BadPart {
                part: shortened(address.local_part, MAX_PART),
                rejection,
            }),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: [&str; 2] = ["example.org", "readings.example"];

    fn found(header: &str, domains: &[&str], areas: Option<&Areas>) -> Result<Vec<String>, ReasonCode> {
        let domains: Vec<String> = domains.iter().map(|domain| (*domain).to_owned()).collect();
        let raw = format!("{header}\n\n");
        let (headers, _) = crate::header::fields::parse(raw.as_bytes(), 0, b'\n', |_| false);
        recipients(&headers, &domains, areas)
            .map(|found| found.areas.iter().map(ToString::to_string).collect())
            .map_err(|rejection| rejection.reason_code)
    }

    fn one(area: &str) -> Result<Vec<String>, ReasonCode> {
        Ok(vec![area.to_owned()])
    }

    #[test]
    fn x_forwarded_to_counts_before_to() {
        let header = "To: office@school.example\nX-Forwarded-To: Sheffield@example.org";
        assert_eq!(found(header, &[], None), one("sheffield"));
        assert_eq!(found(header, &OURS, None), one("sheffield"));
    }

    #[test]
    fn x_forwarded_to_of_another_domain_does_not_count_where_ours_are_known() {
        let header = "X-Forwarded-To: archive@school.example\nTo: bam@example.org";
        assert_eq!(found(header, &OURS, None), one("bam"));
        assert_eq!(found(header, &[], None), one("archive"));
    }

    #[test]
    fn recipients_of_the_envelope_decide_wherever_the_mail_server_names_them() {
        let header = "Return-Path: <x@supplier.example>\nX-Original-To: bam@example.org\nX-Original-To: frome@example.org\n\
                      Received: by b for <bam@example.org>; Thu, 20 Nov 2025 10:11:12 +0000\n\
                      X-Original-To: below@example.org\nX-Forwarded-To: forwarded@example.org\nTo: to@example.org";
        let both = Ok(vec!["bam".to_owned(), "frome".to_owned()]);
        assert_eq!(found(header, &[], None), both);
        assert_eq!(found(header, &OURS, None), both);
        assert_eq!(found(header, &["elsewhere.example"], None), Err(ReasonCode::NoArea));
        let areas = Areas::new(&["frome".to_owned()]).unwrap();
        assert_eq!(found(header, &[], Some(&areas)), one("frome"));
    }

    #[test]
    fn no_sender_can_name_recipients_of_the_envelope() {
        let header = "Received: by b for <bam@example.org>; Thu, 20 Nov 2025 10:11:12 +0000\nX-Original-To: forged@example.org\nTo: bam@example.org";
        assert_eq!(found(header, &[], None), one("bam"));
        let without_received = "X-Original-To: forged@example.org\nTo: bam@example.org";
        assert_eq!(found(without_received, &[], None), one("bam"));
    }

    #[test]
    fn of_all_recipients_those_in_our_domains_count_each_area_once() {
        let header = "To: x@supplier.example, Bam@EXAMPLE.org\nTo: sheffield@readings.example\nCc: bam@example.org\nDelivered-To: frome@example.org";
        assert_eq!(
            found(header, &OURS, None),
            Ok(vec!["bam".into(), "sheffield".into(), "frome".into()])
        );
    }

    #[test]
    fn a_subdomain_of_ours_is_not_ours() {
        assert_eq!(
            found("To: bam@mail.example.org, bam@notexample.org", &OURS, None),
            Err(ReasonCode::NoArea)
        );
    }

    #[test]
    fn without_domains_the_first_to_counts_alone() {
        assert_eq!(found("Cc: c@x.org\nTo: Group: a@x.org, b@x.org;", &[], None), one("a"));
    }

    #[test]
    fn without_domains_and_to_the_others_count_in_order() {
        let received = "Received: from a by b for <for@x.org>; Thu, 20 Nov 2025 10:11:12 +0000";
        let undisclosed = "To: undisclosed-recipients:;";
        for (header, area) in [
            (
                format!(
                    "{received}\nX-Original-To: original@x.org\nDelivered-To: delivered@x.org\nCc: cc@x.org\n{undisclosed}"
                ),
                "cc",
            ),
            (
                format!("{received}\nX-Original-To: original@x.org\nDelivered-To: delivered@x.org\n{undisclosed}"),
                "delivered",
            ),
            (
                format!("{received}\nX-Original-To: original@x.org\n{undisclosed}"),
                "original",
            ),
            (format!("{received}\n{undisclosed}"), "for"),
        ] {
            assert_eq!(found(&header, &[], None), one(area), "{header}");
        }
        assert_eq!(found(undisclosed, &[], None), Err(ReasonCode::NoArea));
    }

    #[test]
    fn only_the_topmost_received_tells_the_recipient() {
        let header = "Received: by b; Thu, 20 Nov 2025 10:11:12 +0000\nReceived: by c for bam@example.org; Thu, 20 Nov 2025 10:11:11 +0000";
        assert_eq!(found(header, &OURS, None), Err(ReasonCode::NoArea));
    }

    #[test]
    fn a_hidden_copy_is_found_by_the_received_field() {
        let header = "Received: by b for bam@example.org; Thu, 20 Nov 2025 10:11:12 +0000\nTo: x@supplier.example";
        assert_eq!(found(header, &OURS, None), one("bam"));
    }

    #[test]
    fn of_several_of_ours_the_unknown_are_named_and_the_others_served() {
        let areas = Areas::new(&["bam".to_owned()]).unwrap();
        let raw = b"To: bam@example.org, nobody@example.org\n\n";
        let (headers, _) = crate::header::fields::parse(raw, 0, b'\n', |_| false);
        let found = recipients(&headers, &["example.org".to_owned()], Some(&areas)).unwrap();
        assert_eq!(found.areas.len(), 1);
        assert_eq!(found.unknown[0].part, "nobody");
        assert_eq!(found.unknown[0].rejection.reason_code, ReasonCode::UnknownArea);
    }

    #[test]
    fn an_email_to_very_many_areas_is_an_attack() {
        let list: Vec<String> = (0..200_000).map(|n| format!("a{n}@example.org")).collect();
        let header = format!("To: {}", list.join(", "));
        assert_eq!(found(&header, &OURS, None), Err(ReasonCode::TooManyMembers));
    }

    #[test]
    fn an_area_that_is_not_listed_or_looks_like_the_archive_is_unknown() {
        let areas = Areas::new(&["bam".to_owned()]).unwrap();
        assert_eq!(
            found("To: sheffield@example.org", &OURS, Some(&areas)),
            Err(ReasonCode::UnknownArea)
        );
        assert_eq!(
            found("To: archive-bam@example.org", &OURS, None),
            Err(ReasonCode::UnknownArea)
        );
    }
}
