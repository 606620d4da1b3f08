//! S3 fails: the invocation is an error that a person understands, and nothing is lost.

use std::time::Duration;

use end_to_end_tests::functions::{PLENTY, error, response, stage, start};
use end_to_end_tests::loopback::refusing_url;
use end_to_end_tests::{Fault, Log, Proxy, S3};
use pipeline_core::{Bucket, Stage};
use runtime_api::ErrorReport;

use crate::{READINGS, assert_is_for_people, dropped, is_short_type};

const KEY: &str = "sheffield/import.csv";

/// What process-file says of its object over an S3 that is reached there. The object must still be whole, and when S3 is well, the
/// event that Lambda gives again finishes the work.
async fn failing(s3: &S3, endpoint: String, time: Duration) -> ErrorReport {
    let event = dropped(s3, KEY).await;
    let function = stage(Stage::ProcessFile, s3);
    let instance = start(&function.clone().variable("AWS_ENDPOINT_URL_S3", endpoint)).await;
    let report = error(&instance, &event, time).await;
    assert!(is_short_type(&report.error_type), "{report}");
    assert_is_for_people(&report.error_message);
    assert!(report.error_message.contains(KEY), "{report}");
    assert!(instance.is_running());
    let log = Log::read(&instance.stop().await.stdout.so_far());
    let line = log.lines.iter().find(|line| line["level"] == "ERROR").unwrap();
    assert_eq!(line["error_type"], report.error_type.as_str());
    assert_eq!(line["key"], KEY);
    assert_eq!(line["stage"], "process-file");

    assert_eq!(s3.content(Bucket::Process, KEY).await, READINGS);
    assert!(s3.keys(Bucket::AmrData).await.is_empty());
    assert!(s3.keys(Bucket::Receipts).await.is_empty());
    response(&start(&function).await, &event).await;
    assert_eq!(s3.content(Bucket::AmrData, KEY).await, READINGS);
    assert!(s3.keys(Bucket::Process).await.is_empty());
    report
}

/// The same, with a fault for requests that begin with these methods and paths of a bucket.
async fn failing_with(
    fault: Fault,
    faulty: impl Fn(&str) -> bool + Send + Sync + 'static,
    time: Duration,
) -> ErrorReport {
    let s3 = S3::start().await;
    let proxy = Proxy::start(s3.endpoint(), move |method, path| {
        faulty(&format!("{method} {path}")).then_some(fault)
    })
    .await;
    failing(&s3, proxy.url(), time).await
}

fn is_delivery(request: &str) -> bool {
    request.starts_with("PUT ") && request.contains("-data-amr-data/")
}

#[tokio::test]
async fn an_s3_that_refuses_connections_is_unreachable() {
    let report = failing(&S3::start().await, refusing_url().await, PLENTY).await;
    assert_eq!(report.error_type, "S3Unreachable");
}

#[tokio::test]
async fn an_s3_that_wants_fewer_requests_is_named() {
    let report = failing_with(Fault::Refused(503, "SlowDown"), |_| true, PLENTY).await;
    assert_eq!(report.error_type, "S3Refused");
}

#[tokio::test]
async fn a_permission_that_is_missing_for_reading_is_named() {
    let report = failing_with(Fault::Refused(403, "AccessDenied"), |_| true, PLENTY).await;
    assert_eq!(report.error_type, "S3Refused");
}

#[tokio::test]
async fn a_permission_that_is_missing_for_writing_is_named() {
    let report = failing_with(Fault::Refused(403, "AccessDenied"), is_delivery, PLENTY).await;
    assert_eq!(report.error_type, "S3Refused");
}

#[tokio::test]
async fn an_s3_that_never_answers_is_given_up_before_the_deadline() {
    let time = Duration::from_secs(4);
    let report = failing_with(Fault::Hangs, |_| true, time).await;
    assert_eq!(report.error_type, "DeadlineNear");
}

#[tokio::test]
async fn an_s3_that_hangs_while_writing_is_given_up_before_the_deadline() {
    let report = failing_with(Fault::Hangs, is_delivery, Duration::from_secs(4)).await;
    assert_eq!(report.error_type, "DeadlineNear");
}

#[tokio::test]
async fn a_receipt_that_cannot_be_written_keeps_the_source() {
    let s3 = S3::start().await;
    let event = dropped(&s3, KEY).await;
    let proxy = Proxy::start(s3.endpoint(), |method, path| {
        let is_receipt = method == "PUT" && path.contains("-data-receipts/");
        is_receipt.then_some(Fault::Refused(403, "AccessDenied"))
    })
    .await;
    let function = stage(Stage::ProcessFile, &s3);
    let instance = start(&function.clone().variable("AWS_ENDPOINT_URL_S3", proxy.url())).await;
    assert_eq!(error(&instance, &event, PLENTY).await.error_type, "S3Refused");
    assert_eq!(s3.keys(Bucket::Process).await, [KEY]);
    response(&start(&function).await, &event).await;
    assert_eq!(s3.keys(Bucket::AmrData).await, [KEY]);
    assert!(s3.keys(Bucket::Process).await.is_empty());
}
