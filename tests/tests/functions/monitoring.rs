//! What an operator sees: metrics and Rollbar.

use std::time::{Duration, Instant};

use end_to_end_tests::functions::{PLENTY, error, example, response, stage, start};
use end_to_end_tests::loopback::refusing_url;
use end_to_end_tests::{Fault, Log, Metric, Proxy, Recorder, S3, aws_events, zip};
use pipeline_core::{Bucket, Stage};
use runtime_api::Function;
use serde_json::json;

use crate::{READINGS, dropped};

const NAMESPACE: &str = "es-test-data-pipeline";
const TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// The values of a metric for exactly these dimensions.
fn values(metrics: &[Metric], name: &str, unit: &str, dimensions: &[(&str, &str)]) -> Vec<f64> {
    let wanted = dimensions
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let of_these = metrics
        .iter()
        .filter(|metric| metric.name == name && metric.dimensions == wanted);
    of_these
        .inspect(|metric| {
            assert_eq!(
                (metric.unit.as_str(), metric.namespace.as_str()),
                (unit, NAMESPACE),
                "{metric:?}"
            )
        })
        .flat_map(|metric| metric.values.clone())
        .collect()
}

/// An S3 that lets nothing be delivered.
async fn refuses_delivery(s3: &S3) -> Proxy {
    Proxy::start(s3.endpoint(), |method, path| {
        let is_delivery = method == "PUT" && path.contains("-data-amr-data/");
        is_delivery.then_some(Fault::Refused(403, "AccessDenied"))
    })
    .await
}

#[tokio::test]
async fn an_object_is_one_line_of_metrics_with_what_the_alarms_are_made_of() {
    let s3 = S3::start().await;
    let function = stage(Stage::ProcessFile, &s3).variable("METRICS_NAMESPACE", NAMESPACE);
    let instance = start(&function).await;
    let good = dropped(&s3, "sheffield/good.csv").await;
    response(&instance, &good).await;
    response(&instance, &good).await;
    let empty = s3.put_and_tell(Bucket::Process, "sheffield/empty.csv", "\n\n").await;
    response(&instance, &empty).await;
    let picture = s3
        .put_and_tell(
            Bucket::Process,
            "sheffield/logo.png",
            &b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"[..],
        )
        .await;
    response(&instance, &picture).await;
    let log = Log::read(&instance.stop().await.stdout.so_far());
    assert_eq!(log.metric_lines().len(), 4);

    let metrics = log.metrics();
    let stage = ("Stage", "process-file");
    let size = READINGS.len() as f64;
    assert_eq!(values(&metrics, "Objects", "Count", &[stage]), [1.0; 4]);
    for (outcome, count) in [("done", 1), ("before", 1), ("rejected", 2), ("failed", 0)] {
        let objects = values(&metrics, "Objects", "Count", &[stage, ("Outcome", outcome)]);
        assert_eq!(objects, vec![1.0; count], "{outcome}");
    }
    assert_eq!(
        values(&metrics, "BytesIn", "Bytes", &[stage, ("Outcome", "done")]),
        [size]
    );
    assert_eq!(values(&metrics, "Files", "Count", &[stage]).iter().sum::<f64>(), 1.0);
    assert_eq!(
        values(&metrics, "BytesOut", "Bytes", &[stage]).iter().sum::<f64>(),
        size
    );
    // What was done before is no work, so that the averages are those of work.
    assert_eq!(values(&metrics, "Duration", "Milliseconds", &[stage]).len(), 3);
    let ages = values(&metrics, "EventAge", "Milliseconds", &[stage]);
    assert_eq!(ages.len(), 3);
    assert!(ages.iter().all(|age| (0.0..600_000.0).contains(age)), "{ages:?}");
    assert_eq!(values(&metrics, "Rejects", "Count", &[("ReasonCode", "empty")]), [1.0]);
    assert_eq!(
        values(&metrics, "Rejects", "Count", &[("ReasonCode", "not-data")]),
        [1.0]
    );
    assert_eq!(
        values(&metrics, "RejectsToLookAt", "Count", &[]).iter().sum::<f64>(),
        1.0
    );
    // Nobody pays for a metric by file, area or email.
    let known = ["Stage", "Outcome", "ReasonCode"];
    let others = metrics
        .iter()
        .flat_map(|metric| metric.dimensions.keys())
        .find(|name| !known.contains(&name.as_str()));
    assert_eq!(others, None);
}

#[tokio::test]
async fn each_bad_part_counts_by_its_own_reason() {
    let s3 = S3::start().await;
    let archive = zip(&[("good.csv", READINGS.as_bytes()), ("nested.csv", READINGS.as_bytes())]);
    // The second member's bytes are damaged: its checksum is not right any more.
    let mut damaged = archive.clone();
    let at = archive.windows(9).rposition(|window| window == b"01/09/202").unwrap();
    damaged[at] ^= 1;
    let event = s3
        .put_and_tell(Bucket::Uncompressed, "sheffield/readings.zip", damaged)
        .await;
    let function = stage(Stage::UncompressFile, &s3).variable("METRICS_NAMESPACE", NAMESPACE);
    let instance = start(&function).await;
    response(&instance, &event).await;
    let log = Log::read(&instance.stop().await.stdout.so_far());
    assert_eq!(log.handled()[0]["outcome"], "partly");
    let metrics = log.metrics();
    let dimensions = [("Stage", "uncompress-file"), ("Outcome", "partly")];
    assert_eq!(values(&metrics, "Objects", "Count", &dimensions), [1.0]);
    assert_eq!(
        values(&metrics, "Rejects", "Count", &[("ReasonCode", "corrupt-archive")]),
        [1.0]
    );
    assert_eq!(values(&metrics, "RejectsToLookAt", "Count", &[]), [1.0]);
}

#[tokio::test]
async fn an_object_that_fails_is_counted_and_an_unknown_time_gives_no_age() {
    let s3 = S3::start().await;
    let mut event = dropped(&s3, "sheffield/import.csv").await;
    event["Records"][0].as_object_mut().unwrap().remove("eventTime");
    let proxy = refuses_delivery(&s3).await;
    let function = stage(Stage::ProcessFile, &s3)
        .variable("METRICS_NAMESPACE", NAMESPACE)
        .variable("AWS_ENDPOINT_URL_S3", proxy.url());
    let instance = start(&function).await;
    error(&instance, &event, PLENTY).await;
    let log = Log::read(&instance.stop().await.stdout.so_far());
    let metrics = log.metrics();
    let dimensions = [("Stage", "process-file"), ("Outcome", "failed")];
    assert_eq!(log.metric_lines().len(), 1);
    assert_eq!(values(&metrics, "Objects", "Count", &dimensions), [1.0]);
    assert!(values(&metrics, "EventAge", "Milliseconds", &[("Stage", "process-file")]).is_empty());
}

#[tokio::test]
async fn without_a_namespace_there_are_no_metrics() {
    let s3 = S3::start().await;
    let event = dropped(&s3, "sheffield/import.csv").await;
    let instance = start(&stage(Stage::ProcessFile, &s3).variable("METRICS_NAMESPACE", "")).await;
    response(&instance, &event).await;
    let log = Log::read(&instance.stop().await.stdout.so_far());
    assert!(log.metric_lines().is_empty());
    assert_eq!(log.handled().len(), 1);
}

/// process-file, reporting there, over an S3 that lets nothing be delivered.
fn reporting(s3: &S3, proxy: &Proxy, rollbar: String) -> Function {
    stage(Stage::ProcessFile, s3)
        .variable("AWS_ENDPOINT_URL_S3", proxy.url())
        .variable("ROLLBAR_ACCESS_TOKEN", TOKEN)
        .variable("ROLLBAR_ENVIRONMENT", "test")
        .variable("ROLLBAR_ENDPOINT", format!("{rollbar}/api/1/item/"))
}

#[tokio::test]
async fn a_failure_is_one_item_at_rollbar_with_bucket_key_stage_and_reason() {
    let s3 = S3::start().await;
    let event = dropped(&s3, "sheffield/import.csv").await;
    let (proxy, rollbar) = (refuses_delivery(&s3).await, Recorder::answering(200).await);
    let instance = start(&reporting(&s3, &proxy, rollbar.url())).await;
    let report = error(&instance, &event, PLENTY).await;
    assert_eq!(rollbar.wait_for(1).await.len(), 1);
    let item = &rollbar.requests()[0];
    assert_eq!(item.path, "/api/1/item/");
    let is_signed = item
        .headers
        .get("x-rollbar-access-token")
        .is_some_and(|token| token == TOKEN);
    assert!(is_signed || item.body["access_token"] == TOKEN, "{item:?}");
    let data = &item.body["data"];
    assert_eq!(
        (&data["environment"], &data["level"]),
        (&json!("test"), &json!("error")),
        "{data}"
    );
    assert!(data["body"].is_object(), "{data}");
    let text = data.to_string();
    for part in [
        s3.name(Bucket::Process),
        "sheffield/import.csv",
        "process-file",
        "S3Refused",
        "AccessDenied",
    ] {
        assert!(text.contains(part), "{part} is missing in {text}");
    }
    assert!(!report.error_message.is_empty());
    let output = instance.stop().await;
    let printed = [output.stdout.so_far(), output.stderr.so_far()].concat().join("\n");
    assert!(!printed.contains(TOKEN), "{printed}");
}

#[tokio::test]
async fn rollbar_hears_of_panics_and_of_unknown_events_and_not_of_rejects() {
    let s3 = S3::start().await;
    let rollbar = Recorder::answering(200).await;
    let function = example("panics", &s3)
        .variable("PANICS", "step")
        .variable("ROLLBAR_ACCESS_TOKEN", TOKEN)
        .variable("ROLLBAR_ENVIRONMENT", "test")
        .variable("ROLLBAR_ENDPOINT", format!("{}/api/1/item/", rollbar.url()));
    let instance = start(&function).await;
    response(&instance, &dropped(&s3, "sheffield/logo.csv").await).await;
    response(&instance, &aws_events::s3_test_event(s3.name(Bucket::Process))).await;
    error(&instance, &dropped(&s3, "sheffield/panic.csv").await, PLENTY).await;
    error(&instance, &json!({"hello": "world"}), PLENTY).await;
    let items = rollbar.wait_for(2).await;
    assert_eq!(items.len(), 2, "{items:#?}");
    assert!(items[0].body.to_string().contains("Panic"), "{items:#?}");
    assert!(items[1].body.to_string().contains("UnknownEvent"), "{items:#?}");
    assert!(
        items.iter().all(|item| !item.body.to_string().contains("logo.csv")),
        "{items:#?}"
    );
}

#[tokio::test]
async fn an_answer_does_not_wait_for_rollbar_for_long() {
    let s3 = S3::start().await;
    let event = dropped(&s3, "sheffield/import.csv").await;
    let (proxy, rollbar) = (refuses_delivery(&s3).await, Recorder::hanging().await);
    let instance = start(&reporting(&s3, &proxy, rollbar.url())).await;
    instance.cold_start().await.unwrap();
    let started = Instant::now();
    let report = error(&instance, &event, PLENTY).await;
    assert_eq!(report.error_type, "S3Refused");
    // 2 seconds, and plenty for a busy machine; without an end it would be a minute.
    assert!(started.elapsed() < Duration::from_secs(15), "{:?}", started.elapsed());
    assert_eq!(rollbar.wait_for(1).await.len(), 1);
}

#[tokio::test]
async fn an_error_is_the_same_when_rollbar_is_down_or_refuses() {
    let s3 = S3::start().await;
    let event = dropped(&s3, "sheffield/import.csv").await;
    let (proxy, refusing) = (refuses_delivery(&s3).await, Recorder::answering(422).await);
    for rollbar in [refusing_url().await, refusing.url()] {
        let instance = start(&reporting(&s3, &proxy, rollbar)).await;
        assert_eq!(error(&instance, &event, PLENTY).await.error_type, "S3Refused");
        Log::read(&instance.stop().await.stdout.so_far());
    }
}

#[tokio::test]
async fn without_a_token_rollbar_hears_nothing() {
    let s3 = S3::start().await;
    let event = dropped(&s3, "sheffield/import.csv").await;
    let (proxy, rollbar) = (refuses_delivery(&s3).await, Recorder::answering(200).await);
    for token in [None, Some("")] {
        let function = reporting(&s3, &proxy, rollbar.url()).without("ROLLBAR_ACCESS_TOKEN");
        let function = token.iter().fold(function, |function, token| {
            function.variable("ROLLBAR_ACCESS_TOKEN", *token)
        });
        let instance = start(&function).await;
        error(&instance, &event, PLENTY).await;
    }
    assert!(rollbar.requests().is_empty());
}
