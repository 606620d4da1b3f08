//! Fetching what a link leads to, from a server that misbehaves in every way.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod support;

use std::time::Duration;

use pipeline_core::ReasonCode;
use support::READINGS;
use support::server::{Reply, Server};
use unpack_attachments::{Download, DownloadError, DownloadLinks, Downloader, Timeouts};
use url::Url;

/// So that a test ends soon. Any other test waits as long as the function does: a busy machine answers late.
const SHORT: Timeouts = Timeouts {
    answer: Duration::from_millis(400),
    read: Duration::from_millis(400),
    total: Duration::from_secs(2),
};

/// `Ok` with the file, `Err(Some(code))` if the link is bad, `Err(None)` if another attempt may succeed.
async fn fetch_within(timeouts: Timeouts, places: &[String], link: &str) -> Result<Download, Option<ReasonCode>> {
    let links = DownloadLinks::new(places).unwrap();
    let downloader = Downloader::new(links, 100_000, timeouts);
    downloader
        .fetch(&Url::parse(link).unwrap())
        .await
        .map_err(|error| match error {
            DownloadError::Bad(rejection) => Some(rejection.reason_code),
            DownloadError::Failed(_) => None,
        })
}

async fn fetch_allowed(places: &[String], link: &str) -> Result<Download, Option<ReasonCode>> {
    fetch_within(Timeouts::default(), places, link).await
}

async fn fetch(server: &Server, path: &str) -> Result<Download, Option<ReasonCode>> {
    fetch_allowed(&[server.url("/files/")], &server.url(path)).await
}

async fn answer(reply: impl Fn() -> Reply + Send + Sync + 'static) -> Result<Download, Option<ReasonCode>> {
    let server = Server::start(move |_| reply());
    fetch(&server, "/files/half%20hourly.csv?key=1").await
}

async fn name(disposition: &'static str) -> Option<String> {
    answer(move || Reply::named(disposition, READINGS)).await.unwrap().name
}

const BAD: Option<ReasonCode> = Some(ReasonCode::DownloadFailed);

#[tokio::test]
async fn the_file_arrives_byte_for_byte_with_the_name_of_its_address() {
    let download = answer(|| {
        Reply::Full(
            200,
            vec!["Content-Type: Text/CSV; charset=utf-8".into()],
            READINGS.into(),
        )
    })
    .await
    .unwrap();
    assert_eq!(download.bytes, READINGS.as_bytes());
    assert_eq!(download.name.as_deref(), Some("half hourly.csv"));
    assert_eq!(download.media_type, "text/csv");
}

#[tokio::test]
async fn no_compression_is_asked_for() {
    let server = Server::start(|_| Reply::ok(READINGS));
    fetch(&server, "/files/a.csv?b=c").await.unwrap();
    let request = server.requests()[0].to_lowercase();
    assert!(request.starts_with("get /files/a.csv?b=c http/1.1"), "{request}");
    assert!(request.contains("accept-encoding: identity"), "{request}");
}

#[tokio::test]
async fn the_content_disposition_names_the_file() {
    assert_eq!(name("attachment; filename=gas.csv").await.as_deref(), Some("gas.csv"));
    assert_eq!(
        name("attachment; filename=\"gas; elec.csv\"").await.as_deref(),
        Some("gas; elec.csv")
    );
    assert_eq!(
        name("attachment; filename=\"x.csv\"; filename*=UTF-8''Z%C3%A4hler.csv")
            .await
            .as_deref(),
        Some("Zähler.csv")
    );
    assert_eq!(
        name("attachment; filename=\"Zähler.csv\"").await.as_deref(),
        Some("Zähler.csv")
    );
    assert_eq!(name("attachment").await.as_deref(), Some("half hourly.csv"));
}

#[tokio::test]
async fn an_address_that_ends_in_a_slash_names_nothing() {
    let server = Server::start(|_| Reply::ok(READINGS));
    assert_eq!(fetch(&server, "/files/march/").await.unwrap().name, None);
}

#[tokio::test]
async fn redirects_below_the_listed_place_are_followed() {
    let server = Server::start(|path| match path {
        "/files/1" => Reply::to("2?x#top"),
        "/files/2?x" => Reply::to("/files/deep/../3"),
        "/files/3" => Reply::named("attachment; filename=gas.csv", READINGS),
        _ => Reply::status(404),
    });
    assert_eq!(
        fetch(&server, "/files/1").await.unwrap().name.as_deref(),
        Some("gas.csv")
    );
}

#[tokio::test]
async fn a_redirect_to_anywhere_else_is_refused() {
    let other = Server::start(|_| Reply::ok(READINGS));
    for location in [
        other.url("/files/a.csv"),
        "http://169.254.169.254/latest/meta-data/".to_owned(),
        "http://[::1]/files/a.csv".to_owned(),
        "https://127.0.0.1/files/a.csv".to_owned(),
        "/secret".to_owned(),
        "/files/../secret".to_owned(),
        "/files/%2e%2e%2fsecret".to_owned(),
        "//user@127.0.0.1/files/a".to_owned(),
        "file:///etc/passwd".to_owned(),
        "http://".to_owned(),
    ] {
        let answer = location.clone();
        let server = Server::start(move |_| Reply::to(&answer));
        assert_eq!(fetch(&server, "/files/a.csv").await.unwrap_err(), BAD, "{location}");
        assert_eq!(server.requests().len(), 1);
    }
    assert!(other.requests().is_empty());
}

#[tokio::test]
async fn a_redirect_without_end_or_aim_is_refused() {
    let server = Server::start(|_| Reply::to("/files/again"));
    assert_eq!(fetch(&server, "/files/again").await.unwrap_err(), BAD);
    assert_eq!(server.requests().len(), 1 + 5);
    assert_eq!(answer(|| Reply::status(302)).await.unwrap_err(), BAD);
}

#[tokio::test]
async fn a_name_that_the_operator_lists_may_be_in_the_house() {
    let server = Server::start(|_| Reply::ok(READINGS));
    let link = server.url_by_name("/files/a.csv");
    assert!(fetch_allowed(&[server.url_by_name("/files/")], &link).await.is_ok());
}

#[tokio::test]
async fn not_even_a_listed_address_is_asked_if_it_is_a_metadata_services() {
    for host in [
        "169.254.169.254",
        "[fd00:ec2::254]",
        "[::ffff:169.254.169.254]",
        "0.0.0.0",
    ] {
        let place = format!("http://{host}/files/");
        let link = format!("{place}a.csv");
        assert_eq!(fetch_allowed(&[place], &link).await.unwrap_err(), BAD, "{host}");
    }
}

#[tokio::test]
async fn a_link_that_is_not_listed_is_not_fetched() {
    let server = Server::start(|_| Reply::ok(READINGS));
    assert_eq!(fetch(&server, "/other/a.csv").await.unwrap_err(), BAD);
    assert_eq!(fetch_allowed(&[], &server.url("/files/a.csv")).await.unwrap_err(), BAD);
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn errors_of_the_link_are_for_good() {
    for status in [400, 401, 403, 404, 410, 304, 300] {
        assert_eq!(
            answer(move || Reply::status(status)).await.unwrap_err(),
            BAD,
            "{status}"
        );
    }
}

#[tokio::test]
async fn errors_of_the_server_are_worth_another_attempt() {
    for status in [408, 429, 500, 502, 503, 504] {
        assert_eq!(
            answer(move || Reply::status(status)).await.unwrap_err(),
            None,
            "{status}"
        );
    }
    assert_eq!(answer(|| Reply::Nothing).await.unwrap_err(), None);
    assert_eq!(answer(|| Reply::Half(Duration::ZERO)).await.unwrap_err(), None);
}

#[tokio::test]
async fn a_server_that_takes_too_long_is_worth_another_attempt() {
    let long = Duration::from_secs(3);
    for (path, reply) in [
        ("/files/silence", Reply::Silence as fn(Duration) -> Reply),
        ("/files/half", Reply::Half),
        ("/files/drip", |_| Reply::Drip(Duration::from_millis(50))),
    ] {
        let server = Server::start(move |_| reply(long));
        let fetched = fetch_within(SHORT, &[server.url("/files/")], &server.url(path)).await;
        assert_eq!(fetched.unwrap_err(), None, "{path}");
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_or_not_known_is_worth_another_attempt() {
    let place = "http://127.0.0.1:1/files/".to_owned();
    assert_eq!(
        fetch_allowed(&[place], "http://127.0.0.1:1/files/a.csv")
            .await
            .unwrap_err(),
        None
    );
    let place = "http://no-such-host.invalid/files/".to_owned();
    assert_eq!(
        fetch_allowed(&[place], "http://no-such-host.invalid/files/a.csv")
            .await
            .unwrap_err(),
        None
    );
}

#[tokio::test]
async fn a_page_or_nothing_at_all_is_no_file() {
    assert_eq!(
        answer(|| Reply::ok("\u{feff}\n<!DOCTYPE html><p>Log in</p>"))
            .await
            .unwrap_err(),
        BAD
    );
    assert_eq!(
        answer(|| Reply::named("attachment; filename=data.csv", "<HTML>"))
            .await
            .unwrap_err(),
        BAD
    );
    assert_eq!(answer(|| Reply::ok("")).await.unwrap_err(), BAD);
    assert_eq!(answer(|| Reply::Full(204, vec![], vec![])).await.unwrap_err(), BAD);
}

#[tokio::test]
async fn more_bytes_than_the_limit_are_too_many_whatever_the_server_says() {
    let too_large = Some(ReasonCode::TooLarge);
    assert_eq!(answer(|| Reply::ok(vec![b'1'; 100_001])).await.unwrap_err(), too_large);
    assert_eq!(answer(|| Reply::Endless).await.unwrap_err(), too_large);
    assert!(answer(|| Reply::ok(vec![b'1'; 100_000])).await.is_ok());
}
