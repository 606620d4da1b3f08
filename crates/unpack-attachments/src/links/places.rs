//! Where files may be downloaded from (`DOWNLOAD_LINKS`), compared as parsed URLs (RFC 3986, WHATWG URL).

use std::net::IpAddr;

use url::{Host, Url};

use crate::links::public_address::{is_link_local, is_loopback, is_public};

/// The portal whose emails bring a link instead of a file.
const DEFAULT: &str = "https://datavision.imserv.com/imgserver/";

/// Places below which files may be downloaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DownloadLinks {
    places: Vec<Url>,
    /// Whether an operator named them. Such hosts may have private addresses, as a file server in the house has, but
    /// none where a cloud's metadata service is, and only by name this machine's own.
    is_named_by_operator: bool,
}

impl Default for DownloadLinks {
    fn default() -> Self {
        Self {
            places: Url::parse(DEFAULT).into_iter().collect(),
            is_named_by_operator: false,
        }
    }
}

impl DownloadLinks {
    /// The places that an operator lists; none means the default.
    ///
    /// # Errors
    /// One sentence for each that is no `http` or `https` URL, or has user information in it.
    pub fn new(places: &[String]) -> Result<Self, Vec<String>> {
        if places.is_empty() {
            return Ok(Self::default());
        }
        let (good, bad): (Vec<_>, Vec<_>) = places.iter().map(|place| parse_place(place)).partition(Result::is_ok);
        if !bad.is_empty() {
            return Err(bad.into_iter().filter_map(Result::err).collect());
        }
        Ok(Self {
            places: good.into_iter().flatten().collect(),
            is_named_by_operator: true,
        })
    }

    /// Whether a file may be downloaded from `url`: same scheme, host and port as a listed place, a path below its
    /// path after normalising, and no user information.
    ///
    /// A URL whose path has an encoded slash, backslash, dot segment or NUL in it is below nothing: what the server
    /// makes of it nobody knows.
    #[must_use]
    pub fn allow(&self, url: &Url) -> bool {
        !has_user(url)
            && !has_hidden_structure(url.path())
            && self.places.iter().any(|place| {
                place.scheme() == url.scheme()
                    && place.host() == url.host()
                    && place.port_or_known_default() == url.port_or_known_default()
                    && is_below(url, place.path())
            })
    }

    /// Whether a connection to `address`, which `host` stands for, may be made.
    #[must_use]
    pub fn allow_address(&self, host: &str, address: IpAddr) -> bool {
        is_public(address)
            || (self.is_named_by_operator
                && self.names_host(host)
                && !is_link_local(address)
                && (!is_loopback(address) || is_this_machine(host)))
    }

    fn names_host(&self, host: &str) -> bool {
        self.places
            .iter()
            .any(|place| place.host_str().is_some_and(|named| named.eq_ignore_ascii_case(host)))
    }

    /// Whether the host of `url`, where it is an address itself, may be connected to. Names are looked at when they
    /// are resolved.
    #[must_use]
    pub fn allow_host(&self, url: &Url) -> bool {
        let host = url.host_str().unwrap_or_default();
        match url.host() {
            Some(Host::Ipv4(address)) => self.allow_address(host, IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => self.allow_address(host, IpAddr::V6(address)),
            Some(Host::Domain(_)) => true,
            None => false,
        }
    }
}

/// Whether a host says that it is this machine: whoever else's name stands for it wants to reach what listens only here.
fn is_this_machine(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok()
}

fn parse_place(place: &str) -> Result<Url, String> {
    let url = Url::parse(place).map_err(|error| format!("{place:?} is no URL: {error}"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(format!("{place:?} is not an http or https URL"));
    }
    if has_user(&url) {
        return Err("a download link may not contain a user or a password".to_owned());
    }
    Ok(url)
}

fn has_user(url: &Url) -> bool {
    !url.username().is_empty() || url.password().is_some()
}

/// The parser has resolved dot segments, encoded dots too; slashes it leaves encoded.
fn has_hidden_structure(path: &str) -> bool {
    let path = path.to_ascii_lowercase();
    ["%2f", "%5c", "%00", "%252e", "%252f", "%255c"]
        .iter()
        .any(|hidden| path.contains(hidden))
}

/// A listed path counts as a folder, with or without a slash at its end. The folder itself is no file, unless a query
/// asks it for one.
fn is_below(url: &Url, place: &str) -> bool {
    let place = place.strip_suffix('/').unwrap_or(place);
    match url.path().strip_prefix(place) {
        Some("" | "/") => url.query().is_some_and(|query| !query.is_empty()),
        Some(rest) => rest.starts_with('/'),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(place: &str, url: &str) -> bool {
        let links = DownloadLinks::new(&[place.to_owned()]).unwrap();
        Url::parse(url).is_ok_and(|url| links.allow(&url))
    }

    const PLACE: &str = "https://datavision.imserv.com/imgserver/";

    #[test]
    fn a_link_below_a_listed_place_is_allowed() {
        for url in [
            "https://datavision.imserv.com/imgserver/InboundImageLoader.aspx?code=a%2Fb&id=1",
            "HTTPS://DataVision.IMServ.com:443/imgserver/x.csv",
            "https://datavision.imserv.com/imgserver/a/../x.csv",
            "https://datavision.imserv.com/./imgserver/%2e/x.csv#top",
        ] {
            assert!(allows(PLACE, url), "{url}");
            assert!(DownloadLinks::default().allow(&Url::parse(url).unwrap()), "{url}");
        }
    }

    #[test]
    fn another_scheme_host_port_or_path_is_not() {
        for url in [
            "http://datavision.imserv.com/imgserver/x.csv",
            "https://datavision.imserv.com.evil.example/imgserver/x.csv",
            "https://evil.example/imgserver/x.csv",
            "https://datavision.imserv.com:8443/imgserver/x.csv",
            "https://datavision.imserv.com/imgserver-old/x.csv",
            "https://datavision.imserv.com/IMGSERVER/x.csv",
            "https://datavision.imserv.com/x.csv",
            "https://datavision.imserv.com/imgserver",
            "https://datavision.imserv.com/imgserver/",
            "ftp://datavision.imserv.com/imgserver/x.csv",
        ] {
            assert!(!allows(PLACE, url), "{url}");
        }
    }

    #[test]
    fn a_path_cannot_climb_out() {
        for url in [
            "https://datavision.imserv.com/imgserver/../admin",
            "https://datavision.imserv.com/imgserver/%2e%2e/admin",
            "https://datavision.imserv.com/imgserver/..%2fadmin",
            "https://datavision.imserv.com/imgserver/%2e%2e%2Fadmin",
            "https://datavision.imserv.com/imgserver/..%5Cadmin",
            "https://datavision.imserv.com/imgserver/..\\..\\admin",
            "https://datavision.imserv.com/imgserver/%252e%252e%252fadmin",
        ] {
            assert!(!allows(PLACE, url), "{url}");
        }
    }

    #[test]
    fn user_information_is_refused() {
        for url in [
            "https://datavision.imserv.com@evil.example/imgserver/x.csv",
            "https://user@datavision.imserv.com/imgserver/x.csv",
            "https://:secret@datavision.imserv.com/imgserver/x.csv",
            "https://datavision.imserv.com\\@evil.example/imgserver/x.csv",
        ] {
            assert!(!allows(PLACE, url), "{url}");
        }
    }

    #[test]
    fn a_place_without_a_slash_at_its_end_is_a_folder_all_the_same() {
        assert!(allows("https://x.example/files", "https://x.example/files/a.csv"));
        assert!(allows("https://x.example/files", "https://x.example/files?id=1"));
        assert!(!allows("https://x.example/files", "https://x.example/files2/a.csv"));
        assert!(allows("https://x.example", "https://x.example/a.csv"));
    }

    #[test]
    fn private_addresses_are_refused_unless_the_operator_names_the_host() {
        let private = "10.1.2.3".parse().unwrap();
        let named =
            DownloadLinks::new(&["http://files.school.example/".to_owned(), "http://10.1.2.3/".to_owned()]).unwrap();
        assert!(named.allow_address("files.school.example", private));
        assert!(named.allow_host(&Url::parse("http://10.1.2.3/x").unwrap()));
        assert!(!named.allow_address("other.example", private));
        assert!(!named.allow_host(&Url::parse("http://169.254.169.254/x").unwrap()));
        assert!(!DownloadLinks::default().allow_address("datavision.imserv.com", private));
    }

    #[test]
    fn what_is_no_web_address_is_a_problem() {
        let bad = ["ftp://x.example/", "x.example/files", "https://user:pw@x.example/"].map(str::to_owned);
        assert_eq!(DownloadLinks::new(&bad).unwrap_err().len(), 3);
    }
}
