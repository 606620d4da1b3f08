//! What AWS sends, and what the functions answer.

use end_to_end_tests::S3;
use end_to_end_tests::aws_events::{encoded, failure_record, s3_event, s3_test_event, sqs_event};
use end_to_end_tests::functions::{PLENTY, error, response, stage, start};
use end_to_end_tests::{Fault, Log, Proxy};
use pipeline_core::{Bucket, Stage};
use serde_json::{Value, json};

use crate::{READINGS, dropped, is_short_type};

/// An S3 that refuses to let anything called `bad.csv` be delivered.
async fn refuses_bad_csv(s3: &S3) -> Proxy {
    let amr_data = format!("/{}/", s3.name(Bucket::AmrData));
    Proxy::start(s3.endpoint(), move |method, path| {
        let is_bad = method == "PUT" && path.starts_with(&amr_data) && path.contains("bad.csv");
        is_bad.then_some(Fault::Refused(403, "AccessDenied"))
    })
    .await
}

#[tokio::test]
async fn an_event_as_s3_sends_it_is_handled() {
    let s3 = S3::start().await;
    let event = dropped(&s3, "sheffield/import.csv").await;
    let instance = start(&stage(Stage::ProcessFile, &s3)).await;
    assert_eq!(response(&instance, &event).await, Value::Null);
    assert_eq!(s3.content(Bucket::AmrData, "sheffield/import.csv").await, READINGS);
    assert!(s3.keys(Bucket::Process).await.is_empty());
    assert_eq!(s3.keys(Bucket::Receipts).await.len(), 1);
}

#[tokio::test]
async fn an_event_may_lack_what_the_pipeline_does_not_need() {
    let s3 = S3::start().await;
    let mut event = dropped(&s3, "sheffield/import.csv").await;
    let record = event["Records"][0].as_object_mut().unwrap();
    for field in [
        "userIdentity",
        "requestParameters",
        "responseElements",
        "eventTime",
        "awsRegion",
    ] {
        record.remove(field);
    }
    event["Records"][0]["s3"]["object"] = json!({"key": "sheffield/import.csv"});
    let instance = start(&stage(Stage::ProcessFile, &s3)).await;
    assert_eq!(response(&instance, &event).await, Value::Null);
    assert_eq!(s3.keys(Bucket::AmrData).await, ["sheffield/import.csv"]);
}

#[tokio::test]
async fn keys_are_decoded_as_s3_encodes_them() {
    let s3 = S3::start().await;
    let keys = [
        "sheffield/Half hourly readings.csv",
        "sheffield/gas+electricity.csv",
        "sheffield/cost £ 100%.csv",
        "sheffield/Zähler für Schüler.csv",
        "sheffield/a%20b.csv",
        "sheffield/=1&2?3#4,5;6:7@8'9(0)!~*.csv",
    ];
    assert_eq!(encoded(keys[2]), "sheffield/cost+%C2%A3+100%25.csv");
    let mut records = Vec::new();
    for key in keys {
        let mut event = dropped(&s3, key).await;
        assert!(event["Records"][0]["s3"]["object"].get("urlDecodedKey").is_none());
        records.push(event["Records"][0].take());
    }
    let instance = start(&stage(Stage::ProcessFile, &s3)).await;
    assert_eq!(response(&instance, &s3_event(records)).await, Value::Null);
    let mut delivered = s3.keys(Bucket::AmrData).await;
    let mut expected = keys.to_vec();
    delivered.sort();
    expected.sort_unstable();
    assert_eq!(delivered, expected);
    assert!(s3.keys(Bucket::Process).await.is_empty());
}

#[tokio::test]
async fn a_record_that_fails_does_not_keep_its_siblings_from_being_done() {
    let s3 = S3::start().await;
    let mut records = Vec::new();
    for key in ["sheffield/one.csv", "sheffield/bad.csv", "sheffield/two.csv"] {
        records.push(dropped(&s3, key).await["Records"][0].take());
    }
    let event = s3_event(records);
    let proxy = refuses_bad_csv(&s3).await;
    let function = stage(Stage::ProcessFile, &s3);
    let instance = start(&function.clone().variable("AWS_ENDPOINT_URL_S3", proxy.url())).await;
    let report = error(&instance, &event, PLENTY).await;
    assert_eq!(report.error_type, "S3Refused");
    assert!(report.error_message.contains("sheffield/bad.csv"), "{report}");
    assert_eq!(
        s3.keys(Bucket::AmrData).await,
        ["sheffield/one.csv", "sheffield/two.csv"]
    );
    assert_eq!(s3.keys(Bucket::Process).await, ["sheffield/bad.csv"]);

    // Lambda gives the same event again, when S3 is well.
    let instance = start(&function).await;
    assert_eq!(response(&instance, &event).await, Value::Null);
    assert_eq!(
        s3.keys(Bucket::AmrData).await,
        ["sheffield/bad.csv", "sheffield/one.csv", "sheffield/two.csv"]
    );
    assert!(s3.keys(Bucket::Process).await.is_empty());
}

#[tokio::test]
async fn of_a_queues_batch_exactly_the_bad_messages_come_back() {
    let s3 = S3::start().await;
    let good = dropped(&s3, "sheffield/good.csv").await;
    let parked = dropped(&s3, "sheffield/parked.csv").await;
    let bad = dropped(&s3, "sheffield/bad.csv").await;
    let batch = sqs_event(
        s3.region(),
        [
            ("good", good.to_string()),
            ("cut-off", good.to_string().split_off(100)),
            ("bad", bad.to_string()),
            ("parked", failure_record("process-file", &parked).to_string()),
            ("test", s3_test_event(s3.name(Bucket::Process)).to_string()),
            ("unknown", json!({"hello": "world"}).to_string()),
        ],
    );
    let proxy = refuses_bad_csv(&s3).await;
    let function = stage(Stage::ProcessFile, &s3).variable("AWS_ENDPOINT_URL_S3", proxy.url());
    let instance = start(&function).await;
    let answer = response(&instance, &batch).await;
    let failures = answer["batchItemFailures"].as_array().unwrap();
    let mut failed: Vec<_> = failures
        .iter()
        .map(|one| one["itemIdentifier"].as_str().unwrap())
        .collect();
    failed.sort_unstable();
    assert_eq!(failed, ["bad", "cut-off", "unknown"]);
    assert_eq!(
        s3.keys(Bucket::AmrData).await,
        ["sheffield/good.csv", "sheffield/parked.csv"]
    );
    assert_eq!(s3.keys(Bucket::Process).await, ["sheffield/bad.csv"]);
}

#[tokio::test]
async fn the_test_event_succeeds_and_does_nothing() {
    let s3 = S3::start().await;
    dropped(&s3, "sheffield/import.csv").await;
    for of_stage in Stage::ALL {
        let instance = start(&stage(of_stage, &s3)).await;
        let event = s3_test_event(s3.name(of_stage.source()));
        assert_eq!(response(&instance, &event).await, Value::Null, "{of_stage}");
    }
    assert_eq!(s3.keys(Bucket::Process).await, ["sheffield/import.csv"]);
    for bucket in [Bucket::AmrData, Bucket::Unprocessable, Bucket::Receipts] {
        assert!(s3.keys(bucket).await.is_empty(), "{bucket}");
    }
}

#[tokio::test]
async fn an_event_of_an_unknown_shape_is_an_error() {
    let s3 = S3::start().await;
    let instance = start(&stage(Stage::ConvertFile, &s3)).await;
    let unknown = [
        json!({"hello": "world"}),
        json!({"Records": [{"eventSource": "aws:sns", "Sns": {"Message": "hello"}}]}),
        json!({"Records": "none"}),
        json!(["Records"]),
        Value::Null,
    ];
    for event in unknown {
        let report = error(&instance, &event, PLENTY).await;
        assert_eq!(report.error_type, "UnknownEvent", "{event}");
        assert!(is_short_type(&report.error_type));
        assert!(!report.error_message.is_empty());
    }
}

#[tokio::test]
async fn an_event_that_comes_again_does_nothing() {
    let s3 = S3::start().await;
    let event = s3.put_and_tell(Bucket::Inbox, "x1", email("sheffield")).await;
    let unpack = start(&stage(Stage::UnpackAttachments, &s3)).await;
    response(&unpack, &event).await;
    let files = s3.keys(Bucket::Process).await;
    assert_eq!(files.len(), 1);
    response(&unpack, &event).await;
    assert_eq!(s3.keys(Bucket::Process).await, files);

    let event = s3.event(Bucket::Process, &files[0]).await;
    let process = start(&stage(Stage::ProcessFile, &s3)).await;
    response(&process, &event).await;
    assert_eq!(s3.keys(Bucket::AmrData).await, ["sheffield/import.csv"]);
    s3.remove(Bucket::AmrData, "sheffield/import.csv").await;
    response(&process, &event).await;
    assert!(s3.keys(Bucket::AmrData).await.is_empty());

    for instance in [unpack, process] {
        let log = Log::read(&instance.stop().await.stdout.so_far());
        let outcomes: Vec<_> = log.handled().iter().map(|line| line["outcome"].clone()).collect();
        assert_eq!(outcomes, ["done", "before"]);
    }
}

/// An email with the readings.
pub(crate) fn email(area: &str) -> Vec<u8> {
    end_to_end_tests::Mail::to(area)
        .message_id("<1@supplier.example>")
        .attach("import.csv", READINGS)
        .to_bytes()
}
