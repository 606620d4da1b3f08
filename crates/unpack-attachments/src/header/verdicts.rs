//! What the mail service says about viruses and spam (`X-SES-Virus-Verdict`, `X-SES-Spam-Verdict`).

use crate::header::fields::Headers;

/// The verdicts of the mail service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MailVerdicts {
    /// A virus was found.
    pub virus: bool,
    /// The email looks like spam.
    pub spam: bool,
}

impl MailVerdicts {
    /// Reads the topmost field of each name: the mail service puts its own above what the sender may have forged.
    #[must_use]
    pub fn read(headers: &Headers<'_>) -> Self {
        let is_fail = |name| {
            headers
                .text(name)
                .is_some_and(|verdict| verdict.eq_ignore_ascii_case("fail"))
        };
        Self {
            virus: is_fail("x-ses-virus-verdict"),
            spam: is_fail("x-ses-spam-verdict"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(header: &str) -> (bool, bool) {
        let raw = format!("{header}\n\n");
        let verdicts = MailVerdicts::read(&crate::header::fields::parse(raw.as_bytes(), 0, b'\n', |_| false).0);
        (verdicts.virus, verdicts.spam)
    }

    #[test]
    fn a_fail_of_the_mail_service_counts_in_any_case() {
        assert_eq!(
            read("X-SES-Virus-Verdict: FAIL\nX-SES-Spam-Verdict: PASS"),
            (true, false)
        );
        assert_eq!(read("x-ses-spam-verdict: fail"), (false, true));
        assert_eq!(
            read("X-SES-Virus-Verdict: PROCESSING_FAILED\nX-SES-Spam-Verdict: GRAY"),
            (false, false)
        );
    }

    #[test]
    fn only_the_topmost_verdict_counts() {
        assert_eq!(
            read("X-SES-Virus-Verdict: PASS\nX-SES-Virus-Verdict: FAIL"),
            (false, false)
        );
        assert_eq!(
            read("X-SES-Virus-Verdict: FAIL\nX-SES-Virus-Verdict: PASS"),
            (true, false)
        );
    }
}
