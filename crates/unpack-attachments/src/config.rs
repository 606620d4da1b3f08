//! What this stage is told by the environment.

use pipeline_core::config::mail_domains;
use pipeline_core::{Areas, Vars};

use crate::links::places::DownloadLinks;

/// Settings of this stage alone.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UnpackConfig {
    /// Domains whose addresses are ours (`MAIL_DOMAINS`); if empty, the first recipient is taken for ours.
    pub mail_domains: Vec<String>,
    /// Areas that exist (`AREAS`); if none, every address of ours is an area.
    pub areas: Option<Areas>,
    /// Places that files are downloaded from (`DOWNLOAD_LINKS`).
    pub download_links: DownloadLinks,
    /// Whether spam is rejected (`REJECT_SPAM`).
    pub reject_spam: bool,
}

impl UnpackConfig {
    /// Reads the settings; what is wrong with them is noted in `vars`.
    pub fn read(vars: &mut Vars<'_>) -> Self {
        Self {
            mail_domains: mail_domains(vars),
            areas: Areas::read(vars),
            download_links: download_links(vars),
            reject_spam: vars.parsed("REJECT_SPAM", false),
        }
    }
}

fn download_links(vars: &mut Vars<'_>) -> DownloadLinks {
    match DownloadLinks::new(&vars.list("DOWNLOAD_LINKS")) {
        Ok(links) => links,
        Err(bad) => {
            vars.problem(format!("DOWNLOAD_LINKS: {}", bad.join("; ")));
            DownloadLinks::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(settings: &[(&str, &str)]) -> Result<UnpackConfig, String> {
        let lookup = |name: &str| {
            let found = settings.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        let mut vars = Vars::new(lookup);
        let config = UnpackConfig::read(&mut vars);
        vars.finish(config).map_err(|error| error.to_string())
    }

    #[test]
    fn nothing_set_is_the_default() {
        assert_eq!(read(&[]), Ok(UnpackConfig::default()));
    }

    #[test]
    fn lists_are_separated_by_commas_or_blanks() {
        let config = read(&[
            ("MAIL_DOMAINS", "Example.org, @readings.example other.example."),
            ("AREAS", "sheffield,npower-eon bam"),
            ("DOWNLOAD_LINKS", "https://a.example/x/ https://b.example/"),
            ("REJECT_SPAM", "true"),
        ])
        .unwrap();
        assert_eq!(
            config.mail_domains,
            ["example.org", "readings.example", "other.example"]
        );
        assert!(config.areas.is_some() && config.reject_spam);
        assert_ne!(config.download_links, DownloadLinks::default());
    }

    #[test]
    fn every_problem_is_reported_together() {
        let message = read(&[
            ("MAIL_DOMAINS", "me@example.org"),
            ("AREAS", "archive-bam"),
            ("DOWNLOAD_LINKS", "ftp://a.example/"),
            ("REJECT_SPAM", "perhaps"),
        ])
        .unwrap_err();
        for name in ["MAIL_DOMAINS", "AREAS", "DOWNLOAD_LINKS", "REJECT_SPAM"] {
            assert!(message.contains(name), "{name} is missing in: {message}");
        }
    }
}
