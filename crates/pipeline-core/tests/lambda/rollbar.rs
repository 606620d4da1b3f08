//! What Rollbar hears of, over a real HTTP server, and that the work does not mind what becomes of it.

use std::time::{Duration, Instant};

use pipeline_core::Vars;
use pipeline_core::rollbar::{PATIENCE, Reporter, Rollbar};
use pipeline_core::telemetry;
use serde_json::{Value, json};
use tracing_subscriber::filter::LevelFilter;

use crate::log::Log;
use crate::server::Server;

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// A reporter as the environment configures it, and its log.
struct Reporting {
    reporter: Reporter,
    log: Log,
    _installed: tracing::subscriber::DefaultGuard,
}

impl Reporting {
    fn to(endpoint: &str, token: Option<&str>) -> Self {
        let mut vars = Vars::new(|name| match name {
            "ROLLBAR_ACCESS_TOKEN" => token.map(str::to_owned),
            "ROLLBAR_ENVIRONMENT" => Some("test".to_owned()),
            "ROLLBAR_ENDPOINT" => Some(endpoint.to_owned()),
            "AWS_LAMBDA_FUNCTION_NAME" => Some("data-pipeline-test-process-file".to_owned()),
            _ => None,
        });
        let reporter = Reporter::new(Rollbar::read(&mut vars));
        vars.finish(()).unwrap();
        let log = Log::default();
        let writer = log.clone();
        let subscriber = telemetry::subscriber(LevelFilter::INFO, &reporter, move || writer.clone());
        Self {
            reporter,
            log,
            _installed: tracing::subscriber::set_default(subscriber),
        }
    }

    /// The lines of a level.
    fn lines(&self, level: &str) -> Vec<Value> {
        let lines = self.log.lines().into_iter();
        lines.filter(|line: &Value| line["level"] == level).collect()
    }
}

fn log_failure(key: &str) {
    tracing::error!(
        stage = "process-file",
        bucket = "es-test-data-process",
        key,
        error_type = "S3Refused",
        code = "AccessDenied",
        cause = "S3 refused to read it",
        "the object could not be handled"
    );
}

#[tokio::test]
async fn an_error_arrives_as_an_item_with_what_a_person_needs() {
    let server = Server::answering(200).await;
    let reporting = Reporting::to(&server.url(), Some(TOKEN));
    log_failure("sheffield/import.csv");
    reporting.reporter.send(PATIENCE).await;
    let [request] = server.requests().try_into().unwrap();
    assert_eq!(request.line, "POST /api/1/item/ HTTP/1.1");
    assert_eq!(request.header("x-rollbar-access-token"), TOKEN);
    assert_eq!(request.header("content-type"), "application/json");
    let data = &request.body["data"];
    assert_eq!(data["environment"], "test");
    assert_eq!(data["level"], "error");
    assert_eq!(data["language"], "rust");
    assert_eq!(data["context"], "process-file");
    assert_eq!(data["server"]["host"], "data-pipeline-test-process-file");
    assert_eq!(data["code_version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(
        data["body"]["message"]["body"],
        "the object could not be handled: S3 refused to read it"
    );
    assert!(data["timestamp"].is_u64() && data["fingerprint"].is_string() && data["notifier"]["name"].is_string());
    assert_eq!(
        data["custom"],
        json!({"stage": "process-file", "bucket": "es-test-data-process", "key": "sheffield/import.csv",
               "error_type": "S3Refused", "code": "AccessDenied", "cause": "S3 refused to read it"})
    );
    assert!(reporting.lines("WARN").is_empty());
}

#[tokio::test]
async fn an_error_is_reported_once_and_a_second_invocation_reports_its_own() {
    let server = Server::answering(200).await;
    let reporting = Reporting::to(&server.url(), Some(TOKEN));
    log_failure("first.csv");
    reporting.reporter.send(PATIENCE).await;
    reporting.reporter.send(PATIENCE).await;
    log_failure("second.csv");
    reporting.reporter.send(PATIENCE).await;
    let keys: Vec<_> = server
        .requests()
        .iter()
        .map(|request| request.body["data"]["custom"]["key"].clone())
        .collect();
    assert_eq!(keys, ["first.csv", "second.csv"]);
}

#[tokio::test]
async fn a_reject_is_not_reported() {
    let server = Server::answering(200).await;
    let reporting = Reporting::to(&server.url(), Some(TOKEN));
    tracing::info!(outcome = "rejected", reason_code = "html", "the object was handled");
    reporting.reporter.send(PATIENCE).await;
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn without_a_token_nothing_is_sent() {
    let server = Server::answering(200).await;
    for token in [None, Some(""), Some("  ")] {
        let reporting = Reporting::to(&server.url(), token);
        log_failure("sheffield/import.csv");
        reporting.reporter.send(PATIENCE).await;
        assert_eq!(reporting.lines("ERROR").len(), 1);
        assert!(reporting.lines("WARN").is_empty());
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn of_many_errors_a_handful_is_sent_at_once_and_the_log_tells_of_the_rest() {
    let server = Server::slow(Duration::from_secs(1)).await;
    let reporting = Reporting::to(&server.url(), Some(TOKEN));
    for n in 0..50 {
        log_failure(&format!("{n}.csv"));
    }
    let started = Instant::now();
    reporting.reporter.send(Duration::from_secs(20)).await;
    // One after the other they would take 5 s.
    assert!(started.elapsed() < Duration::from_secs(4), "{:?}", started.elapsed());
    assert_eq!(server.requests().len(), 5);
    assert_eq!(reporting.lines("ERROR").len(), 50);
    let [warning] = reporting.lines("WARN").try_into().unwrap();
    assert_eq!(warning["left_out"], 45);
}

#[tokio::test]
async fn a_server_that_never_answers_holds_up_for_no_longer_than_the_time_out() {
    let server = Server::hanging().await;
    let reporting = Reporting::to(&server.url(), Some(TOKEN));
    log_failure("sheffield/import.csv");
    let started = Instant::now();
    reporting.reporter.send(PATIENCE).await;
    assert!(
        (PATIENCE..PATIENCE * 5).contains(&started.elapsed()),
        "{:?}",
        started.elapsed()
    );
    assert_eq!(server.connections(), 1);
    assert_eq!(reporting.lines("WARN").len(), 1);
}

#[tokio::test]
async fn a_server_that_refuses_is_a_warning_and_nothing_else() {
    for status in [422, 429, 500] {
        let server = Server::answering(status).await;
        let reporting = Reporting::to(&server.url(), Some(TOKEN));
        log_failure("sheffield/import.csv");
        reporting.reporter.send(PATIENCE).await;
        assert_eq!(server.requests().len(), 1);
        let [warning] = reporting.lines("WARN").try_into().unwrap();
        assert!(
            warning["cause"].as_str().unwrap().contains(&status.to_string()),
            "{warning}"
        );
        assert_eq!(reporting.lines("ERROR").len(), 1);
    }
}

#[tokio::test]
async fn a_refused_connection_is_a_warning_and_nothing_else() {
    let closed = Server::answering(200).await.url();
    let reporting = Reporting::to(&closed, Some(TOKEN));
    log_failure("sheffield/import.csv");
    reporting.reporter.send(PATIENCE).await;
    let [warning] = reporting.lines("WARN").try_into().unwrap();
    assert!(!warning.to_string().contains(TOKEN), "{warning}");
    // Reporting that a report failed would never end.
    reporting.reporter.send(PATIENCE).await;
    assert_eq!(reporting.lines("WARN").len(), 1);
}
