//! Links that mail security services have wrapped: back to where they lead.

use url::Url;

use crate::encoding::base64::base64;
use crate::encoding::text::guess;
use crate::header::parameters::percent_decode;

/// Wrappers in wrappers that are undone.
const MAX_WRAPPERS: usize = 5;

/// Services that keep the whole link in a query parameter: the end of their host, and the parameter.
const IN_QUERY: [(&str, &str); 11] = [
    ("safelinks.protection.outlook.com", "url"),
    ("safelinks.protection.office365.us", "url"),
    ("safelinks.protection.partner.outlook.cn", "url"),
    ("statics.teams.cdn.office.net", "url"),
    ("linkprotect.cudasvc.com", "a"),
    ("protect2.fireeye.com", "u"),
    ("protection.fireeye.com", "u"),
    ("clicktime.symantec.com", "u"),
    ("scanmail.trustwave.com", "u"),
    ("urlprotect.trendmicro.com", "url"),
    ("urldefense.proofpoint.com/v1", "u"),
];

/// Where a link leads once every wrapper is undone; a link that nobody wrapped stays as it is.
#[must_use]
pub(crate) fn unwrapped(link: Url) -> Url {
    let mut link = link;
    for _ in 0..MAX_WRAPPERS {
        match inside(&link) {
            Some(inner) => link = inner,
            None => break,
        }
    }
    link
}

fn inside(link: &Url) -> Option<Url> {
    let host = link.host_str()?;
    let place = format!("{host}{}", link.path());
    let is_at = |known: &str| {
        let at = known.split_once('/').map_or(host, |_| place.as_str());
        let known_host = known.split('/').next().unwrap_or_default();
        let is_host = host == known_host || host.strip_suffix(known_host).is_some_and(|rest| rest.ends_with('.'));
        is_host && (at == host || at.starts_with(known))
    };
    if let Some((_, parameter)) = IN_QUERY.iter().find(|(known, _)| is_at(known)) {
        return parse(&query(link, parameter)?);
    }
    match host {
        "urldefense.proofpoint.com" | "urldefense.com" | "urldefense.us" if link.path().starts_with("/v2/") => {
            proofpoint_v2(link)
        }
        "urldefense.proofpoint.com" | "urldefense.com" | "urldefense.us" => proofpoint_v3(link.as_str()),
        "secure-web.cisco.com" => parse(&percent_decode(link.path_segments()?.next_back()?.as_bytes())),
        _ if is_google(host) && link.path() == "/url" => parse(&query(link, "q").or_else(|| query(link, "url"))?),
        _ if host.ends_with(".protection.sophos.com") => parse(&base64(&query(link, "u")?)),
        _ => None,
    }
}

fn is_google(host: &str) -> bool {
    host.strip_prefix("www.").unwrap_or(host).starts_with("google.")
}

/// A query parameter, percent-decoded. A plus sign stays: links are no forms.
fn query(link: &Url, parameter: &str) -> Option<Vec<u8>> {
    link.query()?
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .find(|(name, _)| *name == parameter)
        .map(|(_, value)| percent_decode(value.as_bytes()))
}

fn parse(inner: &[u8]) -> Option<Url> {
    let inner = Url::parse(guess(inner).trim()).ok()?;
    matches!(inner.scheme(), "http" | "https").then_some(inner)
}

/// In version 2 `-` stands for `%` and `_` for `/`.
fn proofpoint_v2(link: &Url) -> Option<Url> {
    let encoded = query(link, "u")?
        .into_iter()
        .map(|byte| match byte {
            b'-' => b'%',
            b'_' => b'/',
            byte => byte,
        })
        .collect::<Vec<_>>();
    parse(&percent_decode(&encoded))
}

/// In version 3 the link stands between `/v3/__` and `__;`. Each `*` in it stands for a character of the base64 text
/// behind the semicolon, and `**` with a length for as many.
fn proofpoint_v3(link: &str) -> Option<Url> {
    let (_, rest) = link.split_once("/v3/__")?;
    let (inner, behind) = rest.split_once("__;").or_else(|| rest.split_once("__"))?;
    let replaced: String = behind.split('!').next()?.chars().map(from_url_alphabet).collect();
    let replaced = base64(replaced.as_bytes());
    let mut replaced = std::str::from_utf8(&replaced).ok()?.chars();
    let mut restored = String::with_capacity(inner.len());
    let mut chars = inner.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '*' {
            restored.push(c);
        } else if chars.next_if_eq(&'*').is_some() {
            let count = chars.next().and_then(run_length)?;
            restored.extend(replaced.by_ref().take(count));
        } else {
            restored.extend(replaced.next());
        }
    }
    // Some mail programs make one slash of two.
    if let Some((scheme, host)) = restored.split_once(":/")
        && !host.starts_with('/')
    {
        restored = format!("{scheme}://{host}");
    }
    parse(restored.as_bytes())
}

/// `A` is 2, as one character is a single asterisk.
fn run_length(c: char) -> Option<usize> {
    const LENGTHS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    LENGTHS.find(c).map(|at| at + 2)
}

const fn from_url_alphabet(c: char) -> char {
    match c {
        '-' => '+',
        '_' => '/',
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INNER: &str = "https://datavision.imserv.com/imgserver/get.aspx?id=1&code=a_b-c";

    fn unwrapped_text(link: &str) -> String {
        unwrapped(Url::parse(link).unwrap()).to_string()
    }

    #[test]
    fn links_that_keep_the_whole_link_in_their_query_are_undone() {
        let encoded = "https%3A%2F%2Fdatavision.imserv.com%2Fimgserver%2Fget.aspx%3Fid%3D1%26code%3Da_b-c";
        for link in [
            format!("https://eur03.safelinks.protection.outlook.com/?url={encoded}&data=05%7C02%7Cx&reserved=0"),
            format!("https://urldefense.proofpoint.com/v1/url?u={encoded}&k=abc"),
            format!("https://www.google.com/url?q={encoded}&sa=D&ust=1"),
            format!("https://www.google.co.uk/url?sa=t&url={encoded}"),
            format!("https://linkprotect.cudasvc.com/url?a={encoded}&c=E,1"),
            format!("https://secure-web.cisco.com/1abc/{encoded}"),
        ] {
            assert_eq!(unwrapped_text(&link), INNER, "{link}");
        }
    }

    #[test]
    fn proofpoints_second_version_is_undone() {
        let link = "https://urldefense.proofpoint.com/v2/url?u=https-3A__datavision.imserv.com_imgserver_get.aspx-3Fid-3D1-26code-3Da-5Fb-2Dc&d=DwMFAg&c=x";
        assert_eq!(unwrapped_text(link), INNER);
    }

    #[test]
    fn proofpoints_third_version_is_undone() {
        let link = "https://urldefense.com/v3/__https://datavision.imserv.com/imgserver/get.aspx?id=1&code=a_b-c__;!!ABC!token$";
        assert_eq!(unwrapped_text(link), INNER);
        // `Jio=` is `&*`, `fCt8` is `|+|`.
        let link = "https://urldefense.com/v3/__https:/x.example/a?b=1*c=*__;Jio!!ABC!token$";
        assert_eq!(unwrapped_text(link), "https://x.example/a?b=1&c=*");
        let link = "https://urldefense.us/v3/__https://x.example/a?b=**Bc__;fCt8!!ABC!token$";
        assert_eq!(unwrapped_text(link), "https://x.example/a?b=|+|c");
    }

    #[test]
    fn a_wrapper_in_a_wrapper_is_undone_and_a_ring_is_not_followed() {
        let google = "https%3A%2F%2Fwww.google.com%2Furl%3Fq%3Dhttps%253A%252F%252Fx.example%252Fa.csv";
        assert_eq!(
            unwrapped_text(&format!("https://eur03.safelinks.protection.outlook.com/?url={google}")),
            "https://x.example/a.csv"
        );
        let nested = (0..20).fold("https://x.example/".to_owned(), |inner, _| {
            let encoded: String = url::form_urlencoded::byte_serialize(inner.as_bytes()).collect();
            format!("https://www.google.com/url?q={encoded}")
        });
        assert!(unwrapped_text(&nested).starts_with("https://www.google.com/"));
    }

    #[test]
    fn other_links_stay_as_they_are() {
        for link in [
            INNER,
            "https://evilsafelinks.protection.outlook.com/?url=https%3A%2F%2Fx.example",
            "https://www.google.com/search?q=https://x.example",
        ] {
            assert_eq!(unwrapped_text(link), Url::parse(link).unwrap().to_string());
        }
    }
}
