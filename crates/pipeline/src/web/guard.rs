//! Keeps other web sites out of the page: it has no password, and every page in the browser can try to reach it.

use axum::extract::Request;
use axum::http::header::{HOST, HeaderName, ORIGIN};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::net::IpAddr;

const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Sent with every answer.
const HEADERS: [(&str, &str); 8] = [
    (
        "content-security-policy",
        "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; \
         base-uri 'none'; frame-ancestors 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    // With `no-referrer` a browser hides the origin of a form, which is asked for below.
    ("referrer-policy", "same-origin"),
    ("x-frame-options", "DENY"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "camera=(), geolocation=(), microphone=()"),
    ("cache-control", "no-store"),
];

/// Refuses what does not come from this machine's own page, and guards the answer.
pub(super) async fn guard(request: Request, next: Next) -> Response {
    let mut response = match refusal(request.method(), request.headers()) {
        Some(why) => (StatusCode::FORBIDDEN, why).into_response(),
        None => next.run(request).await,
    };
    for (name, value) in HEADERS {
        let name = HeaderName::from_static(name);
        response
            .headers_mut()
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
    response
}

/// Why a request is refused.
///
/// A name that leads to this machine's own address does not make a stranger's page ours (DNS rebinding): `Host` has to name
/// this machine. And what changes something has to come from a page of ours, or from no browser at all.
fn refusal(method: &Method, headers: &HeaderMap) -> Option<&'static str> {
    let Some(host) = headers
        .get(HOST)
        .and_then(|host| host.to_str().ok())
        .filter(|host| is_this_machine(host))
    else {
        return Some("This page is for this machine only: open it as http://127.0.0.1 or http://localhost.\n");
    };
    if [Method::GET, Method::HEAD].contains(method) {
        return None;
    }
    let is_own_site = headers.get(SITE).is_none_or(|site| site == "same-origin");
    let own = format!("http://{host}");
    let is_own_origin = headers
        .get(ORIGIN)
        .is_none_or(|origin| origin.as_bytes().eq_ignore_ascii_case(own.as_bytes()));
    (!is_own_site || !is_own_origin).then_some("Another site may not send anything here.\n")
}

/// Whether a `Host` is `localhost` or a loopback address, with any port.
fn is_this_machine(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let address = name
        .strip_prefix('[')
        .and_then(|name| name.strip_suffix(']'))
        .unwrap_or(name);
    name.eq_ignore_ascii_case("localhost") || address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(method: Method, headers: &[(&'static str, &'static str)]) -> bool {
        let headers = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        refusal(&method, &headers.collect()).is_some()
    }

    #[test]
    fn only_names_of_this_machine_are_answered() {
        for host in [
            "127.0.0.1:8080",
            "localhost:8080",
            "LOCALHOST",
            "[::1]:8080",
            "127.0.0.1",
            "127.1.2.3:1",
        ] {
            assert!(!refused(Method::GET, &[("host", host)]), "{host}");
        }
        for host in [
            "evil.example",
            "127.0.0.1.evil.example:8080",
            "localhost.evil.example",
            "10.0.0.1:8080",
            "",
            "[::1",
        ] {
            assert!(refused(Method::GET, &[("host", host)]), "{host}");
        }
        assert!(refused(Method::GET, &[]));
    }

    #[test]
    fn only_pages_of_ours_and_no_browsers_may_send() {
        let host = ("host", "localhost:8080");
        assert!(!refused(Method::POST, &[host]));
        assert!(!refused(Method::POST, &[host, ("origin", "http://localhost:8080")]));
        assert!(!refused(
            Method::POST,
            &[
                host,
                ("origin", "http://localhost:8080"),
                ("sec-fetch-site", "same-origin")
            ]
        ));
        for origin in [
            "http://evil.example",
            "null",
            "http://localhost:9999",
            "https://localhost:8080",
        ] {
            assert!(refused(Method::POST, &[host, ("origin", origin)]), "{origin}");
        }
        for site in ["cross-site", "same-site", "none"] {
            assert!(refused(Method::POST, &[host, ("sec-fetch-site", site)]), "{site}");
        }
    }
}
