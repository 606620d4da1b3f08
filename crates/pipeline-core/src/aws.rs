//! How a function reaches AWS: by what Lambda puts into its environment, over one HTTPS stack.
//!
//! The SDK's search for configuration (`aws-config`: profiles, roles to assume, containers, metadata services) is for programs that may run
//! anywhere. A function's region and credentials are in its variables (Lambda developer guide, "Defined runtime environment variables"), its
//! credentials last as long as its process, and without that search, which a cold start would load, it is a good deal smaller.

use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region, SharedCredentialsProvider, SharedHttpClient};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::client::dns::{DnsFuture, ResolveDns, ResolveDnsError, SharedDnsResolver};
pub use aws_types::SdkConfig;

/// The cryptography of every TLS connection: one for all, since each is half a megabyte.
const TLS: Provider = Provider::Rustls(CryptoMode::Ring);

/// What the environment says of a service: region, credentials, and an endpoint other than that of AWS (`AWS_ENDPOINT_URL_<SERVICE>`, or
/// `AWS_ENDPOINT_URL` for all of them). All else is as the SDK has it by default.
///
/// `service` is written as in the variable, for instance `S3` or `LAMBDA`.
#[must_use]
pub fn config(service: &str) -> SdkConfig {
    read(service, |name| std::env::var(name).ok())
}

/// The client that sends the SDK's requests.
#[must_use]
pub fn https() -> SharedHttpClient {
    Builder::new().tls_provider(TLS).build_with_resolver(resolver())
}

/// What sends other requests, seldom ones: no connection is kept, since a function sleeps between two events, and connections die meanwhile.
///
/// Not generic, and with the resolver that [`https`] has: for each type of resolver, and in each crate, a binary would have a whole HTTP stack
/// of its own.
#[must_use]
pub fn connector(resolver: SharedDnsResolver) -> Connector {
    let builder = Connector::builder().tls_provider(TLS).pool_max_idle_per_host(0);
    builder.build_with_resolver(resolver)
}

/// The system's resolver of names.
#[must_use]
pub fn resolver() -> SharedDnsResolver {
    SharedDnsResolver::new(System)
}

#[derive(Debug)]
struct System;

impl ResolveDns for System {
    fn resolve_dns<'a>(&'a self, name: &'a str) -> DnsFuture<'a> {
        DnsFuture::new(async move {
            let found = tokio::net::lookup_host((name, 0)).await.map_err(ResolveDnsError::new)?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}

fn read(service: &str, lookup: impl Fn(&str) -> Option<String>) -> SdkConfig {
    let variable = |name: &str| lookup(name).filter(|value| !value.is_empty());
    let region = variable("AWS_REGION").or_else(|| variable("AWS_DEFAULT_REGION"));
    let endpoint = variable(&format!("AWS_ENDPOINT_URL_{service}")).or_else(|| variable("AWS_ENDPOINT_URL"));
    let keys = variable("AWS_ACCESS_KEY_ID").zip(variable("AWS_SECRET_ACCESS_KEY"));
    let credentials =
        keys.map(|(id, secret)| Credentials::new(id, secret, variable("AWS_SESSION_TOKEN"), None, "environment"));
    let mut config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(https());
    config.set_region(region.map(Region::new));
    config.set_endpoint_url(endpoint);
    config.set_credentials_provider(credentials.map(SharedCredentialsProvider::new));
    config.build()
}

#[cfg(test)]
mod tests {
    use aws_sdk_s3::config::ProvideCredentials;

    use super::*;

    fn of(service: &str, variables: &[(&str, &str)]) -> SdkConfig {
        read(service, |name| {
            let found = variables.iter().find(|(set, _)| *set == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn a_services_own_endpoint_comes_before_that_of_all() {
        let both = [
            ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
            ("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:2"),
        ];
        assert_eq!(of("S3", &both).endpoint_url(), Some("http://127.0.0.1:2"));
        assert_eq!(of("LAMBDA", &both).endpoint_url(), Some("http://127.0.0.1:1"));
        assert_eq!(of("S3", &[("AWS_ENDPOINT_URL_S3", "")]).endpoint_url(), None);
    }

    #[tokio::test]
    async fn a_functions_region_and_credentials_are_those_that_lambda_sets() {
        let config = of(
            "S3",
            &[
                ("AWS_REGION", "eu-west-2"),
                ("AWS_DEFAULT_REGION", "us-east-1"),
                ("AWS_ACCESS_KEY_ID", "ASIAIOSFODNN7EXAMPLE"),
                ("AWS_SECRET_ACCESS_KEY", "secret"),
                ("AWS_SESSION_TOKEN", "session"),
            ],
        );
        assert_eq!(config.region().map(AsRef::as_ref), Some("eu-west-2"));
        let provider = config.credentials_provider().unwrap();
        let credentials = provider.provide_credentials().await.unwrap();
        assert_eq!(
            (
                credentials.access_key_id(),
                credentials.secret_access_key(),
                credentials.session_token()
            ),
            ("ASIAIOSFODNN7EXAMPLE", "secret", Some("session"))
        );
    }

    #[test]
    fn without_variables_there_are_no_credentials_rather_than_wrong_ones() {
        let config = of("S3", &[("AWS_ACCESS_KEY_ID", "ASIAIOSFODNN7EXAMPLE")]);
        assert!(config.credentials_provider().is_none() && config.region().is_none());
    }
}
