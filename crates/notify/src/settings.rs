//! What the function is told by the environment.

use pipeline_core::config::mail_domains;
use pipeline_core::{Buckets, Vars};

use crate::answerable::Ours;
use crate::mailbox::Mailbox;

/// Whom to tell, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The names of the buckets.
    pub buckets: Buckets,
    /// The deployment's stage, for the commands that letters name (`STAGE`).
    pub stage: String,
    /// The topic that operators have subscribed to (`REJECTS_TOPIC_ARN`).
    pub topic: String,
    /// Domains whose addresses are ours (`MAIL_DOMAINS`): nobody there is answered.
    pub mail_domains: Vec<String>,
    /// How suppliers are answered; none if they are not (`REPLY_TO_SUPPLIERS`).
    pub replies: Option<Replies>,
}

/// How suppliers are answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replies {
    /// Whose letters they are (`REPLY_FROM`): an address that SES may send for.
    pub from: Mailbox,
    /// The region in which SES may (`REPLY_REGION`), if it is another.
    pub region: Option<String>,
}

impl Settings {
    /// Reads the settings; what is wrong with them is noted in `vars`.
    pub fn read(vars: &mut Vars<'_>) -> Self {
        Self {
            buckets: Buckets::read(vars),
            stage: vars.required("STAGE"),
            topic: vars.required("REJECTS_TOPIC_ARN"),
            mail_domains: mail_domains(vars),
            replies: vars
                .parsed("REPLY_TO_SUPPLIERS", false)
                .then(|| Replies::read(vars))
                .flatten(),
        }
    }

    /// Whose addresses are ours.
    #[must_use]
    pub fn ours(&self) -> Ours {
        Ours {
            domains: self.mail_domains.clone(),
            reply_from: self.replies.as_ref().map(|replies| replies.from.clone()),
        }
    }
}

impl Replies {
    fn read(vars: &mut Vars<'_>) -> Option<Self> {
        let from = vars.required("REPLY_FROM");
        let mailbox = Mailbox::parse(&from);
        if mailbox.is_none() && !from.is_empty() {
            vars.problem("REPLY_FROM is no plain email address".to_owned());
        }
        mailbox.map(|from| Self {
            from,
            region: vars.get("REPLY_REGION"),
        })
    }
}

#[cfg(test)]
mod tests {
    use pipeline_core::{Bucket, ConfigError};

    use super::*;

    fn read(settings: &[(&str, &str)]) -> Result<Settings, ConfigError> {
        let bucket = |name: &str| Bucket::ALL.into_iter().any(|bucket| bucket.variable() == name);
        let mut vars = Vars::new(|name| {
            let set = settings.iter().find(|(known, _)| *known == name);
            set.map(|(_, value)| (*value).to_owned())
                .or_else(|| bucket(name).then(|| name.to_owned()))
        });
        let settings = Settings::read(&mut vars);
        vars.finish(settings)
    }

    const NAMES: [(&str, &str); 2] = [
        ("STAGE", "test"),
        ("REJECTS_TOPIC_ARN", "arn:aws:sns:eu-west-2:123456789012:rejects"),
    ];

    #[test]
    fn suppliers_are_answered_only_where_it_is_wanted() {
        assert_eq!(read(&NAMES).unwrap().replies, None);
        let with = |more: &[(&'static str, &'static str)]| read(&[&NAMES, more].concat());
        assert_eq!(with(&[("REPLY_FROM", "data@example.org")]).unwrap().replies, None);
        let wanted = with(&[
            ("REPLY_TO_SUPPLIERS", "true"),
            ("REPLY_FROM", "data@example.org"),
            ("REPLY_REGION", "eu-west-1"),
        ]);
        let replies = wanted.unwrap().replies.unwrap();
        assert_eq!(
            (replies.from.expose().as_str(), replies.region.as_deref()),
            ("data@example.org", Some("eu-west-1"))
        );
    }

    #[test]
    fn every_problem_is_reported_together_and_no_address_is_repeated() {
        let message = read(&[("REPLY_TO_SUPPLIERS", "perhaps"), ("MAIL_DOMAINS", "a@b")])
            .unwrap_err()
            .to_string();
        for part in [
            "STAGE is not set",
            "REJECTS_TOPIC_ARN is not set",
            "REPLY_TO_SUPPLIERS is \"perhaps\"",
            "MAIL_DOMAINS has",
        ] {
            assert!(message.contains(part), "{part} is missing in: {message}");
        }
        let from = |from| {
            read(&[&NAMES[..], &[("REPLY_TO_SUPPLIERS", "true"), ("REPLY_FROM", from)]].concat())
                .unwrap_err()
                .to_string()
        };
        assert!(from("").contains("REPLY_FROM is not set"));
        assert!(
            from("Us <data@example.org>").contains("REPLY_FROM is no plain")
                && !from("Us <data@example.org>").contains("data@")
        );
    }
}
