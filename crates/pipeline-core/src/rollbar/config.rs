//! Where reports go.

use std::fmt;

use aws_smithy_runtime_api::client::orchestrator::HttpRequest;

use crate::config::Vars;

/// Rollbar's own, for items of all kinds (Rollbar API reference, "Create an item").
const ENDPOINT: &str = "https://api.rollbar.com/api/1/item/";

/// Where reports go, and what they say of their sender.
#[derive(Clone, PartialEq, Eq)]
pub struct Rollbar {
    pub(super) token: Option<String>,
    pub(super) environment: String,
    pub(super) endpoint: String,
    /// The function's name.
    pub(super) function: String,
}

impl Rollbar {
    /// Reads `ROLLBAR_ACCESS_TOKEN` (nothing is reported without), `ROLLBAR_ENVIRONMENT` and `ROLLBAR_ENDPOINT`.
    pub fn read(vars: &mut Vars<'_>) -> Self {
        let token = vars.get("ROLLBAR_ACCESS_TOKEN");
        let is_token = |token: &String| token.chars().all(|c| c.is_ascii_graphic());
        if token.as_ref().is_some_and(|token| !is_token(token)) {
            // A secret: the message does not repeat it.
            vars.problem("ROLLBAR_ACCESS_TOKEN has characters that no token has".to_owned());
        }
        let endpoint = vars.get("ROLLBAR_ENDPOINT").unwrap_or_else(|| ENDPOINT.to_owned());
        if !is_web_address(&endpoint) {
            vars.problem(format!(
                "ROLLBAR_ENDPOINT is {endpoint:?}: not an http or https address"
            ));
        }
        Self {
            token: token.filter(is_token).filter(|_| is_web_address(&endpoint)),
            environment: vars.get("ROLLBAR_ENVIRONMENT").unwrap_or_else(|| "unknown".to_owned()),
            endpoint,
            function: vars
                .get("AWS_LAMBDA_FUNCTION_NAME")
                .unwrap_or_else(|| "unknown".to_owned()),
        }
    }
}

/// Without the token.
impl fmt::Debug for Rollbar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rollbar")
            .field("environment", &self.environment)
            .field("endpoint", &self.endpoint)
            .finish_non_exhaustive()
    }
}

fn is_web_address(address: &str) -> bool {
    let has_scheme = address.starts_with("https://") || address.starts_with("http://");
    has_scheme && HttpRequest::get(address).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Rollbar, String> {
        let mut vars = Vars::new(|name| {
            let found = variables.iter().find(|(set, _)| *set == name);
            found.map(|(_, value)| (*value).to_owned())
        });
        let rollbar = Rollbar::read(&mut vars);
        vars.finish(rollbar).map_err(|error| error.to_string())
    }

    #[test]
    fn without_variables_nothing_is_reported_and_nothing_is_wrong() {
        assert_eq!(read(&[]).unwrap().token, None);
        assert_eq!(read(&[("ROLLBAR_ACCESS_TOKEN", "")]).unwrap().token, None);
        assert_eq!(read(&[]).unwrap().endpoint, ENDPOINT);
    }

    #[test]
    fn an_endpoint_that_is_no_web_address_is_a_problem_of_the_configuration() {
        for endpoint in [
            "rollbar",
            "ftp://a.example/",
            "http://",
            "https:///item",
            "https://a b/",
            "//a.example",
        ] {
            let problem = read(&[("ROLLBAR_ENDPOINT", endpoint)]).unwrap_err();
            assert!(problem.contains("ROLLBAR_ENDPOINT"), "{problem}");
        }
        for endpoint in [
            "http://127.0.0.1:9/",
            "http://[::1]:9/item",
            "https://api.rollbar.com/api/1/item/",
        ] {
            assert!(read(&[("ROLLBAR_ENDPOINT", endpoint)]).is_ok(), "{endpoint}");
        }
    }

    #[test]
    fn the_token_is_never_shown() {
        let token = "0123456789abcdef";
        let rollbar = read(&[("ROLLBAR_ACCESS_TOKEN", token)]).unwrap();
        assert!(!format!("{rollbar:?}").contains(token));
        let problem = read(&[("ROLLBAR_ACCESS_TOKEN", "0123456789\nabcdef")]).unwrap_err();
        assert!(
            problem.contains("ROLLBAR_ACCESS_TOKEN") && !problem.contains("0123"),
            "{problem}"
        );
    }
}
