//! The fifth function: what got stuck comes to its stage again, and the failure queue can be redriven.

use std::time::Duration;

use end_to_end_tests::aws_events::{failure_record, scheduled_event, sqs_event};
use end_to_end_tests::functions::{PLENTY, error, function, response, start};
use end_to_end_tests::{Fault, Log, Metric, Proxy, Recorded, Recorder, S3};
use pipeline_core::Bucket;
use runtime_api::Function;
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::events::email;
use crate::{READINGS, assert_is_for_people, dropped, is_short_type};

const NAMESPACE: &str = "es-test-data-pipeline";

/// sweep, which calls functions there.
fn sweep(s3: &S3, lambda: &Recorder) -> Function {
    function("sweep", s3)
        .variable("AWS_ENDPOINT_URL_LAMBDA", lambda.url())
        .variable("METRICS_NAMESPACE", NAMESPACE)
}

/// The schedule, as far in the future as objects have to be old to count as stuck, and a bit.
fn in_an_hour(s3: &S3) -> Value {
    scheduled_event(s3.region(), OffsetDateTime::now_utc() + Duration::from_secs(65 * 60))
}

/// Lets the stages' functions work on what sweep has sent to Lambda's API (Lambda API reference, "Invoke").
async fn work_on(s3: &S3, sent: &[Recorded]) {
    for request in sent {
        assert_eq!(request.headers["x-amz-invocation-type"], "Event");
        let name = request.path.strip_prefix("/2015-03-31/functions/data-pipeline-test-");
        let name = name.and_then(|name| name.strip_suffix("/invocations"));
        let name = name.unwrap_or_else(|| panic!("{} is no invocation", request.path));
        response(&start(&function(name, s3)).await, &request.body).await;
    }
}

fn value(metrics: &[Metric], name: &str, bucket: Bucket) -> f64 {
    let of_bucket = |metric: &&Metric| {
        metric.name == name && metric.dimensions.len() == 1 && metric.dimensions["Bucket"] == bucket.as_str()
    };
    let found: Vec<_> = metrics.iter().filter(of_bucket).collect();
    assert_eq!(found.len(), 1, "{name} of {bucket}: {found:?}");
    found[0].values[0]
}

#[tokio::test]
async fn what_is_stuck_is_sent_again_and_what_waits_is_published() {
    let s3 = S3::start().await;
    s3.put(Bucket::Process, "sheffield/half hourly+£.csv", READINGS).await;
    s3.put(Bucket::Inbox, "x1", email("bath")).await;
    s3.put(Bucket::AmrData, "mistyped/import.csv", READINGS).await;
    s3.put(Bucket::AmrData, "archive-sheffield/import.csv", READINGS).await;
    let lambda = Recorder::answering(202).await;
    let instance = start(&sweep(&s3, &lambda)).await;
    response(&instance, &scheduled_event(s3.region(), OffsetDateTime::now_utc())).await;
    assert!(lambda.requests().is_empty(), "nothing is stuck yet");

    response(&instance, &in_an_hour(&s3)).await;
    let sent = lambda.requests();
    assert_eq!(sent.len(), 2, "{sent:#?}");
    work_on(&s3, &sent).await;
    assert!(
        s3.keys(Bucket::AmrData)
            .await
            .contains(&"sheffield/half hourly+£.csv".to_owned())
    );
    assert_eq!(s3.keys(Bucket::Process).await.len(), 1, "the email's file");

    // The email has its receipt now.
    response(&instance, &in_an_hour(&s3)).await;
    assert_eq!(lambda.requests().len(), 3);

    let log = Log::read(&instance.stop().await.stdout.so_far());
    let runs = log.metrics();
    assert_eq!(log.metric_lines().len(), 3 * 5);
    let second = &runs[runs.len() / 3..runs.len() / 3 * 2];
    for metric in second {
        let unit = if metric.name == "OldestAge" { "Seconds" } else { "Count" };
        assert_eq!(
            (metric.namespace.as_str(), metric.unit.as_str()),
            (NAMESPACE, unit),
            "{metric:?}"
        );
    }
    for (bucket, waiting, sent_again) in [
        (Bucket::Inbox, 1.0, 1.0),
        (Bucket::Process, 1.0, 1.0),
        (Bucket::Uncompressed, 0.0, 0.0),
        (Bucket::Spreadsheet, 0.0, 0.0),
        (Bucket::AmrData, 1.0, 0.0),
    ] {
        assert_eq!(value(second, "Waiting", bucket), waiting, "{bucket}");
        assert_eq!(value(second, "SentAgain", bucket), sent_again, "{bucket}");
        let age = value(second, "OldestAge", bucket);
        assert!(
            if waiting > 0.0 {
                (3600.0..4800.0).contains(&age)
            } else {
                age == 0.0
            },
            "{bucket}: {age}"
        );
    }
}

#[tokio::test]
async fn the_failure_queue_is_redriven_and_what_cannot_be_read_stays_on_it() {
    let s3 = S3::start().await;
    let parked = dropped(&s3, "sheffield/parked.csv").await;
    let forwarded = s3.put_and_tell(Bucket::Inbox, "x1", email("sheffield")).await;
    let batch = sqs_event(
        s3.region(),
        [
            ("parked", failure_record("process-file", &parked).to_string()),
            ("forwarded", forwarded.to_string()),
            ("unreadable", "hello".to_owned()),
        ],
    );
    let lambda = Recorder::answering(202).await;
    let instance = start(&sweep(&s3, &lambda)).await;
    let answer = response(&instance, &batch).await;
    assert_eq!(answer, json!({"batchItemFailures": [{"itemIdentifier": "unreadable"}]}));
    assert_eq!(lambda.requests().len(), 2);
    work_on(&s3, &lambda.requests()).await;
    assert_eq!(s3.keys(Bucket::AmrData).await, ["sheffield/parked.csv"]);
    assert_eq!(s3.keys(Bucket::Process).await.len(), 1);
}

#[tokio::test]
async fn a_function_that_cannot_be_called_is_an_error_for_people() {
    let s3 = S3::start().await;
    s3.put(Bucket::Process, "sheffield/import.csv", READINGS).await;
    let lambda = Recorder::answering(403).await;
    let instance = start(&sweep(&s3, &lambda)).await;
    let report = error(&instance, &in_an_hour(&s3), PLENTY).await;
    assert!(is_short_type(&report.error_type), "{report}");
    assert_is_for_people(&report.error_message);
    assert_eq!(s3.keys(Bucket::Process).await, ["sheffield/import.csv"]);
}

#[tokio::test]
async fn a_bucket_that_cannot_be_listed_is_an_error_and_the_others_are_swept() {
    let s3 = S3::start().await;
    s3.put(Bucket::Spreadsheet, "sheffield/import.xlsx", READINGS).await;
    let inbox = format!("/{}", s3.name(Bucket::Inbox));
    let proxy = Proxy::start(s3.endpoint(), move |_, path| {
        path.starts_with(&inbox).then_some(Fault::Refused(403, "AccessDenied"))
    })
    .await;
    let lambda = Recorder::answering(202).await;
    let instance = start(&sweep(&s3, &lambda).variable("AWS_ENDPOINT_URL_S3", proxy.url())).await;
    let report = error(&instance, &in_an_hour(&s3), PLENTY).await;
    assert_eq!(report.error_type, "S3Refused");
    assert_is_for_people(&report.error_message);
    assert_eq!(lambda.requests().len(), 1);
}

#[tokio::test]
async fn an_event_that_sweep_does_not_know_is_an_error() {
    let s3 = S3::start().await;
    let lambda = Recorder::answering(202).await;
    let instance = start(&sweep(&s3, &lambda)).await;
    let report = error(&instance, &json!({"hello": "world"}), PLENTY).await;
    assert_eq!(report.error_type, "UnknownEvent");
}
