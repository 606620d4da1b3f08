//! What the function is told by the environment.

use std::num::{NonZeroU16, NonZeroU32};
use std::str::FromStr;
use std::time::Duration;

use pipeline_core::{Buckets, Vars};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::back_off::BackOff;
use crate::functions::FunctionNames;

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

const AFTER_MINUTES: NonZeroU32 = NonZeroU32::new(60).unwrap();
const INBOX_DAYS: NonZeroU16 = NonZeroU16::new(14).unwrap();

/// How the buckets are swept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The names of the buckets.
    pub buckets: Buckets,
    /// The names of the stages' functions.
    pub functions: FunctionNames,
    /// When an object is sent again (`SWEEP_AFTER_MINUTES`, 60). It should be longer than Lambda takes to give an event
    /// up: three attempts of up to 15 minutes, and the pauses between them.
    pub back_off: BackOff,
    /// The age up to which emails are looked at (`SWEEP_INBOX_DAYS`, 14). Receipts have to live longer, or emails would be
    /// unpacked again whose receipt has expired.
    pub inbox_window: Duration,
    /// What is older was another pipeline's work (`SWEEP_SINCE`): where this one takes over its buckets, nothing there has a
    /// receipt, and everything would be done once more.
    pub since: Since,
    /// The most objects that one run sends of one bucket (`SWEEP_LIMIT`, 500); with 0 it only watches.
    pub limit: u16,
}

/// A moment, as RFC 3339 writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Since(pub OffsetDateTime);

/// What was set is no time.
#[derive(Debug, thiserror::Error)]
#[error("a time such as 2026-11-21T08:00:00Z is wanted")]
pub struct NotATime;

impl FromStr for Since {
    type Err = NotATime;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        OffsetDateTime::parse(text, &Rfc3339).map(Self).map_err(|_| NotATime)
    }
}

impl Settings {
    /// Reads the settings; what is wrong with them is noted in `vars`.
    pub fn read(vars: &mut Vars<'_>) -> Self {
        let after = MINUTE * vars.parsed("SWEEP_AFTER_MINUTES", AFTER_MINUTES).get();
        let inbox_window = DAY * u32::from(vars.parsed("SWEEP_INBOX_DAYS", INBOX_DAYS).get());
        if inbox_window <= after {
            vars.problem(
                "SWEEP_INBOX_DAYS is not longer than SWEEP_AFTER_MINUTES: no email would be looked at".to_owned(),
            );
        }
        Self {
            buckets: Buckets::read(vars),
            functions: FunctionNames::read(vars),
            back_off: BackOff { after },
            inbox_window,
            since: vars.parsed("SWEEP_SINCE", Since(OffsetDateTime::UNIX_EPOCH)),
            limit: vars.parsed("SWEEP_LIMIT", 500),
        }
    }
}

#[cfg(test)]
mod tests {
    use pipeline_core::{Bucket, ConfigError, Stage};

    use super::*;

    fn read(settings: &[(&str, &str)]) -> Result<Settings, ConfigError> {
        let mut vars = Vars::new(|name| {
            let set = settings.iter().find(|(known, _)| *known == name);
            set.map(|(_, value)| (*value).to_owned())
        });
        let settings = Settings::read(&mut vars);
        vars.finish(settings)
    }

    fn names() -> Vec<(&'static str, &'static str)> {
        let buckets = Bucket::ALL.map(|bucket| (bucket.variable(), bucket.variable()));
        let functions = Stage::ALL.map(|stage| (FunctionNames::variable(stage), stage.as_str()));
        buckets.into_iter().chain(functions).collect()
    }

    #[test]
    fn nothing_but_names_has_to_be_set() {
        let settings = read(&names()).unwrap();
        assert_eq!(settings.back_off.after, Duration::from_secs(3600));
        assert_eq!(settings.inbox_window, Duration::from_secs(14 * 24 * 3600));
        assert_eq!(settings.limit, 500);
        for stage in Stage::ALL {
            assert_eq!(settings.functions.name(stage), stage.as_str());
        }
    }

    #[test]
    fn every_problem_is_reported_together() {
        let wrong = [
            ("SWEEP_AFTER_MINUTES", "0"),
            ("SWEEP_INBOX_DAYS", "-3"),
            ("SWEEP_LIMIT", "many"),
            ("SWEEP_SINCE", "yesterday"),
            ("PROCESS_FILE_FUNCTION", " "),
        ];
        let message = read(&wrong).unwrap_err().to_string();
        for part in [
            "SWEEP_AFTER_MINUTES is \"0\"",
            "SWEEP_INBOX_DAYS is \"-3\"",
            "SWEEP_LIMIT is \"many\"",
            "SWEEP_SINCE is \"yesterday\": a time such as",
            "INBOX_BUCKET is not set",
            "UNPACK_ATTACHMENTS_FUNCTION is not set",
            "PROCESS_FILE_FUNCTION is not set",
            "UNCOMPRESS_FILE_FUNCTION is not set",
            "CONVERT_FILE_FUNCTION is not set",
        ] {
            assert!(message.contains(part), "{part} is missing in: {message}");
        }
    }

    #[test]
    fn a_window_in_which_no_email_can_be_is_refused() {
        let mut settings = names();
        settings.extend([("SWEEP_AFTER_MINUTES", "1440"), ("SWEEP_INBOX_DAYS", "1")]);
        let message = read(&settings).unwrap_err().to_string();
        assert!(message.contains("SWEEP_INBOX_DAYS is not longer"), "{message}");
    }
}
