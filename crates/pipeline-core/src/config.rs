//! Configuration from the environment: read once, every problem reported together.

use std::fmt;
use std::str::FromStr;

use crate::bucket::Buckets;
use crate::key::KeyLayout;
use crate::limits::Limits;

type Lookup<'a> = dyn Fn(&str) -> Option<String> + 'a;

/// Reads variables and collects what is wrong with them, so that an operator sees every problem at once.
pub struct Vars<'a> {
    lookup: Box<Lookup<'a>>,
    problems: Vec<String>,
}

impl<'a> Vars<'a> {
    /// The variables of this process.
    #[must_use]
    pub fn from_env() -> Self {
        Self::new(|name| std::env::var(name).ok())
    }

    /// Variables from anywhere, for instance a map in a test.
    pub fn new(lookup: impl Fn(&str) -> Option<String> + 'a) -> Self {
        Self {
            lookup: Box::new(lookup),
            problems: Vec::new(),
        }
    }

    /// The trimmed value of a variable; an empty one counts as not set.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<String> {
        (self.lookup)(name)
            .map(|value| value.trim().to_owned())
            .filter(|value| !value.is_empty())
    }

    /// A variable that has to be set.
    pub fn required(&mut self, name: &str) -> String {
        self.get(name).unwrap_or_else(|| {
            self.problem(format!("{name} is not set"));
            String::new()
        })
    }

    /// A variable of a type that can be parsed; `default` if it is not set.
    pub fn parsed<T>(&mut self, name: &str, default: T) -> T
    where
        T: FromStr,
        T::Err: fmt::Display,
    {
        match self.get(name).map(|value| (value.parse(), value)) {
            None => default,
            Some((Ok(parsed), _)) => parsed,
            Some((Err(error), value)) => {
                self.problem(format!("{name} is {value:?}: {error}"));
                default
            }
        }
    }

    /// A list, separated by commas or blanks; empty if the variable is not set.
    #[must_use]
    pub fn list(&self, name: &str) -> Vec<String> {
        self.get(name)
            .unwrap_or_default()
            .split([',', ' ', '\t', '\n'])
            .filter(|item| !item.is_empty())
            .map(str::to_owned)
            .collect()
    }

    /// Notes something that is wrong.
    pub fn problem(&mut self, problem: String) {
        self.problems.push(problem);
    }

    /// The configuration, if nothing was wrong.
    ///
    /// # Errors
    /// All problems that were noted, in one error.
    pub fn finish<T>(self, config: T) -> Result<T, ConfigError> {
        if self.problems.is_empty() {
            Ok(config)
        } else {
            Err(ConfigError {
                problems: self.problems,
            })
        }
    }
}

/// Everything that is wrong with the environment, in one message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the configuration is wrong: {}", problems.join("; "))]
pub struct ConfigError {
    /// One sentence for each problem.
    pub problems: Vec<String>,
}

/// What every stage needs to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The names of the seven buckets.
    pub buckets: Buckets,
    /// How delivered files are named (`KEY_LAYOUT`).
    pub layout: KeyLayout,
    /// Caps on size, count and depth (`LIMIT_…`).
    pub limits: Limits,
}

impl Config {
    /// Reads what every stage needs.
    pub fn read(vars: &mut Vars<'_>) -> Self {
        Self {
            buckets: Buckets::read(vars),
            layout: vars.parsed("KEY_LAYOUT", KeyLayout::default()),
            limits: Limits::read(vars),
        }
    }
}

/// The domains whose addresses are ours (`MAIL_DOMAINS`), in lower case: `example.org`; `@example.org` and `example.org.` are meant too.
pub fn mail_domains(vars: &mut Vars<'_>) -> Vec<String> {
    let listed = vars.list("MAIL_DOMAINS");
    let mut domains = Vec::with_capacity(listed.len());
    for domain in listed {
        let plain = domain
            .strip_prefix('@')
            .unwrap_or(&domain)
            .trim_end_matches('.')
            .to_lowercase();
        if plain.is_empty() || plain.contains(['@', '/', ':', '*']) {
            vars.problem(format!("MAIL_DOMAINS has {domain:?}, which is no domain"));
        } else {
            domains.push(plain);
        }
    }
    domains
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_problem_is_reported_together() {
        let mut vars = Vars::new(|name| match name {
            "KEY_LAYOUT" => Some("nested".into()),
            "LIMIT_DEPTH" => Some("-1".into()),
            "INBOX_BUCKET" => Some("es-test-data-inbox".into()),
            _ => None,
        });
        let config = Config::read(&mut vars);
        let message = vars.finish(config).unwrap_err().to_string();
        for part in [
            "PROCESS_BUCKET is not set",
            "RECEIPTS_BUCKET is not set",
            "KEY_LAYOUT is \"nested\"",
            "LIMIT_DEPTH",
        ] {
            assert!(message.contains(part), "{part} is missing in: {message}");
        }
        assert!(!message.contains("INBOX_BUCKET"), "{message}");
    }

    #[test]
    fn two_buckets_of_one_name_are_refused() {
        let mut one = Vars::new(|name| Some(name.to_owned()));
        Buckets::read(&mut one);
        assert!(one.finish(()).is_ok());
        let mut same = Vars::new(|name| {
            Some(
                if name == "RECEIPTS_BUCKET" {
                    "PROCESS_BUCKET"
                } else {
                    name
                }
                .to_owned(),
            )
        });
        Buckets::read(&mut same);
        let problem = same.finish(()).unwrap_err().to_string();
        assert!(problem.contains("PROCESS_BUCKET and RECEIPTS_BUCKET"), "{problem}");
    }

    #[test]
    fn a_variable_of_blanks_counts_as_not_set() {
        let mut vars = Vars::new(|_| Some("  ".into()));
        assert_eq!(vars.parsed("LIMIT_DEPTH", 4), 4);
        assert!(vars.list("MAIL_DOMAINS").is_empty());
        assert!(vars.finish(()).is_ok());
    }
}
