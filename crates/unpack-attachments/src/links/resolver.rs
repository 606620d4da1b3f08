//! Names to addresses, without those that a download must not reach.

use std::io;
use std::net::IpAddr;

use aws_smithy_runtime_api::client::dns::{DnsFuture, ResolveDns, ResolveDnsError};

use crate::links::places::DownloadLinks;

/// A name stands only for addresses in our own network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the name stands for no address on the public internet")]
pub(crate) struct NotPublic;

/// The system's resolver behind a filter. The connection uses what comes out of it, so a name cannot stand for one
/// address when it is checked and for another when it is used.
#[derive(Debug, Clone)]
pub(crate) struct FilteredResolver {
    links: DownloadLinks,
}

impl FilteredResolver {
    /// A resolver that lets pass what `links` allow.
    #[must_use]
    pub(crate) const fn new(links: DownloadLinks) -> Self {
        Self { links }
    }

    async fn resolve(&self, name: &str) -> Result<Vec<IpAddr>, ResolveDnsError> {
        let found = tokio::net::lookup_host((name, 0)).await.map_err(ResolveDnsError::new)?;
        self.filter(name, found.map(|address| address.ip()))
    }

    fn filter(&self, name: &str, found: impl Iterator<Item = IpAddr>) -> Result<Vec<IpAddr>, ResolveDnsError> {
        let mut found = found.peekable();
        if found.peek().is_none() {
            return Err(ResolveDnsError::new(io::Error::from(io::ErrorKind::NotFound)));
        }
        let allowed: Vec<IpAddr> = found
            .filter(|address| self.links.allow_address(name, *address))
            .collect();
        if allowed.is_empty() {
            return Err(ResolveDnsError::new(NotPublic));
        }
        Ok(allowed)
    }
}

impl ResolveDns for FilteredResolver {
    fn resolve_dns<'a>(&'a self, name: &'a str) -> DnsFuture<'a> {
        DnsFuture::new(self.resolve(name))
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use super::*;

    fn filter(links: DownloadLinks, found: &[&str]) -> Result<usize, bool> {
        let found: Vec<IpAddr> = found.iter().map(|address| address.parse().unwrap()).collect();
        FilteredResolver::new(links)
            .filter("datavision.imserv.com", found.into_iter())
            .map(|allowed| allowed.len())
            .map_err(|error| error.source().is_some_and(|source| source.is::<NotPublic>()))
    }

    #[test]
    fn private_addresses_are_left_out() {
        assert_eq!(
            filter(DownloadLinks::default(), &["8.8.8.8", "10.0.0.1", "::ffff:127.0.0.1"]),
            Ok(1)
        );
        assert_eq!(filter(DownloadLinks::default(), &["169.254.169.254"]), Err(true));
        assert_eq!(filter(DownloadLinks::default(), &[]), Err(false));
    }

    #[test]
    fn a_host_that_the_operator_names_may_be_private() {
        let links = DownloadLinks::new(&["https://datavision.imserv.com/imgserver/".to_owned()]).unwrap();
        assert_eq!(filter(links, &["10.0.0.1"]), Ok(1));
    }

    #[test]
    fn not_even_such_a_host_stands_for_a_metadata_service_or_this_machine() {
        let links = DownloadLinks::new(&["https://datavision.imserv.com/imgserver/".to_owned()]).unwrap();
        for address in [
            "169.254.169.254",
            "fd00:ec2::254",
            "fe80::1",
            "::ffff:169.254.169.254",
            "0.0.0.0",
            "::",
            "127.0.0.1",
            "::1",
            "::ffff:127.0.0.1",
        ] {
            assert_eq!(filter(links.clone(), &[address]), Err(true), "{address}");
        }
    }
}
