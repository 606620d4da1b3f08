//! What becomes of the messages of the redrive queue.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod support;

use std::time::{Duration, Instant};

use pipeline_core::lambda::Handler;
use serde_json::{Value, json};
use support::{Bench, LambdaApi, keys, objects, scheduled};
use time::macros::datetime;

fn s3_event(bucket: &str, keys: &[&str]) -> Value {
    json!({"Records": keys.iter().map(|key| json!({
        "eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": "eu-west-2", "eventName": "ObjectCreated:Put",
        "eventTime": "2025-03-23T10:11:12.345Z",
        "s3": {"s3SchemaVersion": "1.0", "bucket": {"name": bucket, "arn": format!("arn:aws:s3:::{bucket}")},
               "object": {"key": key, "size": 1024, "eTag": "d41d8cd98f00b204e9800998ecf8427e", "sequencer": "0A1B2C3D4E5F678901"}}
    })).collect::<Vec<_>>()})
}

/// What Lambda sends to an on-failure destination.
fn failure_record(event: &Value) -> Value {
    json!({"version": "1.0", "timestamp": "2025-03-23T10:15:12.345Z",
           "requestContext": {"requestId": "e4b46cbf-b738-xmpl-8880-a18cdf61200e", "condition": "RetriesExhausted",
                              "functionArn": "arn:aws:lambda:eu-west-2:123456789012:function:data-pipeline-test-process-file:$LATEST",
                              "approximateInvokeCount": 3},
           "requestPayload": event,
           "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
           "responsePayload": {"errorType": "S3Refused", "errorMessage": "…"}})
}

/// A batch of the queue; message `n` is `m<n>`.
fn batch(bodies: &[String]) -> Value {
    json!({"Records": bodies.iter().enumerate().map(|(n, body)| json!({
        "messageId": format!("m{n}"), "receiptHandle": "h", "body": body, "eventSource": "aws:sqs",
        "attributes": {"ApproximateReceiveCount": "1"}, "eventSourceARN": "arn:aws:sqs:eu-west-2:123456789012:redrive", "awsRegion": "eu-west-2"
    })).collect::<Vec<_>>()})
}

fn failures(messages: &[&str]) -> Value {
    let failed: Vec<_> = messages.iter().map(|id| json!({"itemIdentifier": id})).collect();
    json!({"batchItemFailures": failed})
}

#[tokio::test]
async fn every_record_of_every_message_goes_to_its_stage_in_an_event_of_its_own() {
    let bench = Bench::start().await;
    let event = batch(&[
        failure_record(&s3_event(
            "es-test-data-process",
            &["bam/half+hourly%2B%C2%A3.csv", "bam/2.csv"],
        ))
        .to_string(),
        s3_event("es-test-data-inbox", &["o3gbv5qk"]).to_string(),
        failure_record(&failure_record(&s3_event("es-test-data-uncompressed", &["bam/3.zip"]))).to_string(),
    ]);
    let answer = bench.sweep().handle(event, None).await.unwrap();
    assert_eq!(answer, failures(&[]));
    let mut taken = bench.lambda.take();
    taken.sort_by_key(|invocation| keys(std::slice::from_ref(invocation)));
    let told: Vec<_> = taken
        .iter()
        .map(|invocation| (invocation.function.as_str(), keys(std::slice::from_ref(invocation))))
        .collect();
    let own = |key: &str| vec![key.to_owned()];
    assert_eq!(
        told,
        [
            ("data-pipeline-test-process-file", own("bam/2.csv")),
            ("data-pipeline-test-uncompress-file", own("bam/3.zip")),
            ("data-pipeline-test-process-file", own("bam/half hourly+£.csv")),
            ("data-pipeline-test-unpack-attachments", own("o3gbv5qk")),
        ]
    );
}

#[tokio::test]
async fn a_record_keeps_its_time() {
    let bench = Bench::start().await;
    let mut without = s3_event("es-test-data-process", &["bam/2.csv"]);
    without["Records"][0].as_object_mut().unwrap().remove("eventTime");
    let with = s3_event("es-test-data-process", &["bam/1.csv"]);
    bench
        .sweep()
        .handle(batch(&[with.to_string(), without.to_string()]), None)
        .await
        .unwrap();
    let mut told: Vec<_> = bench.lambda.take().iter().flat_map(objects).collect();
    told.sort_by(|a, b| a.key.cmp(&b.key));
    assert_eq!(told[0].event_time, Some(datetime!(2025-03-23 10:11:12.345 UTC)));
    assert_eq!(told[1].event_time, None);
}

#[tokio::test]
async fn messages_that_cannot_be_decoded_or_are_for_nobody_have_failed_and_the_others_go_on() {
    let bench = Bench::start().await;
    let test_event = json!({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "es-test-data-inbox"});
    let mut removal = s3_event("es-test-data-process", &["bam/0.csv"]);
    removal["Records"][0]["eventName"] = json!("ObjectRemoved:Delete");
    let event = batch(&[
        "no json".to_owned(),
        s3_event("es-test-data-process", &["bam/1.csv"]).to_string(),
        test_event.to_string(),
        s3_event("es-test-data-amr-data", &["bam/2.csv"]).to_string(),
        s3_event("someone-elses-bucket", &["bam/3.csv"]).to_string(),
        failure_record(&json!({"detail-type": "Object Created"})).to_string(),
        removal.to_string(),
        failure_record(&scheduled(datetime!(2025-03-23 10:15 UTC))).to_string(),
        failure_record(&json!({"now": true})).to_string(),
    ]);
    let answer = bench.sweep().handle(event, None).await.unwrap();
    assert_eq!(answer, failures(&["m0", "m3", "m4", "m5"]));
    assert_eq!(keys(&bench.lambda.take()), ["bam/1.csv"]);
}

#[tokio::test]
async fn a_message_fails_once_if_any_of_its_records_cannot_be_handed_over() {
    let refuse_zip = |invocation: &support::Invocation| {
        if invocation.function.ends_with("uncompress-file") {
            429
        } else {
            202
        }
    };
    let bench = Bench::with(LambdaApi::start(refuse_zip)).await;
    let mut mixed = s3_event("es-test-data-uncompressed", &["bam/1.zip", "bam/2.zip"]);
    let fine = s3_event("es-test-data-process", &["bam/3.csv"]);
    mixed["Records"]
        .as_array_mut()
        .unwrap()
        .extend(fine["Records"].as_array().unwrap().clone());
    let answer = bench
        .sweep()
        .handle(batch(&[mixed.to_string(), fine.to_string()]), None)
        .await
        .unwrap();
    assert_eq!(answer, failures(&["m0"]));
    assert_eq!(keys(&bench.lambda.take()), ["bam/3.csv", "bam/3.csv"]);
}

#[tokio::test]
async fn what_there_is_no_time_for_has_failed() {
    let bench = Bench::start().await;
    let event = batch(&[s3_event("es-test-data-process", &["bam/1.csv"]).to_string()]);
    let answer = bench.sweep().handle(event, Some(Instant::now())).await.unwrap();
    assert_eq!(answer, failures(&["m0"]));
}

#[tokio::test]
async fn a_large_batch_is_handed_over_whole() {
    let bench = Bench::start().await;
    let names: Vec<_> = (0..50).map(|n| format!("bam/{n:02}.csv")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let bodies: Vec<_> = names
        .chunks(5)
        .map(|some| failure_record(&s3_event("es-test-data-process", some)).to_string())
        .collect();
    let deadline = Instant::now() + Duration::from_secs(60);
    let answer = bench.sweep().handle(batch(&bodies), Some(deadline)).await.unwrap();
    assert_eq!(answer, failures(&[]));
    assert_eq!(keys(&bench.lambda.take()), names);
}

#[tokio::test]
async fn a_person_may_hand_over_a_failure_record_too() {
    let bench = Bench::start().await;
    let record = failure_record(&s3_event("es-test-data-spreadsheet", &["bam/1.xls"]));
    assert_eq!(
        bench.sweep().handle(record, None).await.unwrap(),
        json!({"handed_over": 1})
    );
    assert_eq!(keys(&bench.lambda.take()), ["bam/1.xls"]);
    let nobodys = s3_event("es-test-data-receipts", &["x.json"]);
    let error = bench.sweep().handle(nobodys, None).await.unwrap_err();
    assert_eq!(
        (error.error_type.as_str(), error.error_message.as_str()),
        ("WrongBucket", "no stage works on es-test-data-receipts/x.json")
    );
}

#[tokio::test]
async fn an_event_of_unknown_shape_is_an_error() {
    let bench = Bench::start().await;
    for event in [
        json!({}),
        json!({"now": 1}),
        json!("now"),
        json!({"Records": [{"eventSource": "aws:sns"}]}),
    ] {
        let error = bench.sweep().handle(event, None).await.unwrap_err();
        assert_eq!(error.error_type, "UnknownEvent");
    }
}
