//! What the mail service says of who sent an email: `Authentication-Results` (RFC 8601), and its verdicts on spam and viruses.
//!
//! SES puts its fields above all that the sender wrote, without a gap: `Return-Path`, one `Received`, `X-SES-…`, `Received-SPF`,
//! `Authentication-Results`. Only this block is believed. A receipt rule without scanning adds no verdicts; then the block has none, or
//! the sender's own; such a rule must not be used with replies (`docs/OPERATIONS.md`).

use crate::fields::Field;
use crate::mailbox::Mailbox;

/// By whom `Authentication-Results` of SES are.
const SES: &str = "amazonses.com";

/// What the mail service found out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Authentication {
    spam: Option<String>,
    virus: Option<String>,
    /// Method, result, and what else was said of it.
    results: Vec<(String, String, String)>,
}

impl Authentication {
    /// Reads the mail service's own fields.
    pub(crate) fn read(fields: &[Field]) -> Self {
        let block = own_block(fields);
        let verdict = |name: &str| {
            let field = block.iter().find(|field| field.name == name);
            field.map(|field| field.value.trim().to_ascii_lowercase())
        };
        let results = block.iter().find(|field| field.name == "authentication-results");
        Self {
            spam: verdict("x-ses-spam-verdict"),
            virus: verdict("x-ses-virus-verdict"),
            results: results.map(|field| results_of(&field.value)).unwrap_or_default(),
        }
    }

    /// Whether the mail service says that there is no spam and no virus in it. Not to know is not to say so.
    pub(crate) fn is_clean(&self) -> bool {
        [&self.spam, &self.virus]
            .into_iter()
            .all(|verdict| verdict.as_deref() == Some("pass"))
    }

    /// Whether the email comes from whom it says: nothing failed, and SPF (RFC 7208), which is about the envelope's sender, passed, or
    /// a signature (DKIM, RFC 6376) of the sender's own domain.
    pub(crate) fn is_from(&self, sender: &Mailbox) -> bool {
        let of = |method: &'static str| self.results.iter().filter(move |(name, ..)| name == method);
        let is_fail = |result: &str| matches!(result, "fail" | "softfail" | "hardfail" | "policy");
        let has_failed = |method| of(method).any(|(_, result, _)| is_fail(result));
        let passes = |method| of(method).any(|(_, result, _)| result == "pass");
        if has_failed("spf") || has_failed("dmarc") || has_failed("dkim") && !passes("dkim") {
            return false;
        }
        let is_signed_by_sender = || {
            let signed = of("dkim").filter(|(_, result, _)| result == "pass");
            signed
                .filter_map(|(.., properties)| signing_domain(properties))
                .any(|domain| sender.is_related_to(domain))
        };
        // The first is the mail service's; what may follow within one field is as the sender's server called itself.
        of("spf").next().is_some_and(|(_, result, _)| result == "pass") || is_signed_by_sender()
    }
}

/// The fields at the top that the mail service adds, each once.
fn own_block(fields: &[Field]) -> &[Field] {
    let is_own = |name: &str| {
        matches!(
            name,
            "return-path" | "received" | "received-spf" | "authentication-results"
        ) || name.starts_with("x-ses-")
    };
    let end = fields.iter().enumerate().position(|(at, field)| {
        let is_second = fields.iter().take(at).any(|earlier| earlier.name == field.name);
        is_second || !is_own(&field.name)
    });
    fields.get(..end.unwrap_or(fields.len())).unwrap_or_default()
}

/// The results of one field, if it is the mail service's.
fn results_of(value: &str) -> Vec<(String, String, String)> {
    let plain = without_comments(value).to_ascii_lowercase();
    let mut parts = plain.split(';');
    let by = parts.next().and_then(|by| by.split_ascii_whitespace().next());
    if by != Some(SES) {
        return Vec::new();
    }
    let result = |part: &str| {
        let (method, rest) = part.trim().split_once('=')?;
        let (result, properties) = rest.trim().split_once(char::is_whitespace).unwrap_or((rest.trim(), ""));
        Some((method.trim().to_owned(), result.to_owned(), properties.to_owned()))
    };
    parts.filter_map(result).collect()
}

/// `header.i=@supplier.example`, or `header.d=supplier.example`.
fn signing_domain(properties: &str) -> Option<&str> {
    let value = |name: &str| {
        let mut words = properties.split_ascii_whitespace();
        words.find_map(|word| word.strip_prefix(name))
    };
    let domain = value("header.d=").or_else(|| value("header.i="))?;
    domain.rsplit('@').next()
}

/// Comments may hold whatever a stranger's server says (RFC 5322 section 3.2.2).
fn without_comments(text: &str) -> String {
    let mut depth = 0_u32;
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '(' => depth += 1,
            ')' if depth > 0 => depth -= 1,
            _ if depth == 0 => plain.push(c),
            _ => {}
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::fields;

    const TOP: &str = "Return-Path: <readings@supplier.example>\r\n\
        Received: from mx.supplier.example by inbound-smtp.eu-west-2.amazonaws.com for bam@example.org; Thu, 20 Nov 2025 10:11:12 +0000\r\n\
        X-SES-Spam-Verdict: PASS\r\nX-SES-Virus-Verdict: PASS\r\nReceived-SPF: pass (spfCheck: ok) client-ip=192.0.2.1;\r\n";

    fn read(header: &str) -> Authentication {
        Authentication::read(&fields(format!("{header}\r\n").as_bytes()).unwrap())
    }

    fn is_from(results: &str, sender: &str) -> bool {
        let field = format!("Authentication-Results: {results}\r\n");
        read(&format!("{TOP}{field}From: readings@supplier.example\r\n")).is_from(&Mailbox::parse(sender).unwrap())
    }

    #[test]
    fn a_sender_is_believed_by_spf_or_by_a_signature_of_its_own_domain() {
        let sender = "readings@supplier.example";
        for (results, believed) in [
            (
                "amazonses.com;\r\n spf=pass (spfCheck: domain of supplier.example) client-ip=192.0.2.1; envelope-from=readings@supplier.example; \
                 helo=mx.supplier.example;\r\n dkim=pass header.i=@supplier.example;\r\n dmarc=pass header.from=supplier.example;",
                true,
            ),
            (
                "amazonses.com; spf=pass client-ip=192.0.2.1; dmarc=none header.from=supplier.example;",
                true,
            ),
            (
                "amazonses.com; spf=none; dkim=pass header.i=@mail.supplier.example; dmarc=pass",
                true,
            ),
            (
                "amazonses.com; spf=none; dkim=pass header.i=@other.example; dmarc=none",
                false,
            ),
            (
                "amazonses.com; spf=fail; dkim=pass header.i=@supplier.example; dmarc=pass",
                false,
            ),
            (
                "amazonses.com; spf=softfail; dkim=pass header.i=@supplier.example",
                false,
            ),
            ("amazonses.com; spf=pass; dkim=fail header.i=@supplier.example", false),
            (
                "amazonses.com; spf=pass; dkim=fail header.i=@a.example; dkim=pass header.i=@supplier.example",
                true,
            ),
            (
                "amazonses.com; spf=pass; dkim=pass header.i=@supplier.example; dmarc=fail",
                false,
            ),
            ("amazonses.com; spf=neutral; dkim=none; dmarc=none", false),
            (
                "amazonses.com; spf=none (spf=pass; dkim=pass header.i=@supplier.example); dmarc=none",
                false,
            ),
            ("amazonses.com; spf=neutral helo=x; spf=pass; dmarc=none", false),
            (
                "mx.supplier.example; spf=pass; dkim=pass header.i=@supplier.example",
                false,
            ),
            ("", false),
        ] {
            assert_eq!(is_from(results, sender), believed, "{results}");
        }
    }

    #[test]
    fn what_stands_below_the_mail_services_own_fields_is_the_senders_word() {
        let forged = "X-SES-Spam-Verdict: PASS\r\nX-SES-Virus-Verdict: PASS\r\nAuthentication-Results: amazonses.com; spf=pass\r\n";
        let sender = Mailbox::parse("readings@supplier.example").unwrap();
        let own =
            "Return-Path: <readings@supplier.example>\r\nReceived: by inbound; Thu, 20 Nov 2025 10:11:12 +0000\r\n";
        for header in [
            format!("{own}Received: by mx\r\n{forged}"),
            format!("{own}From: readings@supplier.example\r\n{forged}"),
        ] {
            let read = read(&header);
            assert!(!read.is_clean() && !read.is_from(&sender), "{header}");
        }
        let both = read(&format!(
            "{own}X-SES-Spam-Verdict: FAIL\r\nX-SES-Virus-Verdict: PASS\r\n{forged}"
        ));
        assert!(!both.is_clean());
    }

    #[test]
    fn only_a_pass_of_both_verdicts_is_clean() {
        assert!(read(TOP).is_clean());
        for (spam, virus) in [
            ("FAIL", "PASS"),
            ("GRAY", "PASS"),
            ("PASS", "FAIL"),
            ("PROCESSING_FAILED", "PASS"),
            ("", "PASS"),
        ] {
            let header =
                format!("Return-Path: <a@b.example>\r\nX-SES-Spam-Verdict: {spam}\r\nX-SES-Virus-Verdict: {virus}\r\n");
            assert!(!read(&header).is_clean(), "{spam} {virus}");
        }
    }
}
