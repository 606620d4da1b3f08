//! The sixth function: people are told of what could not be used.

use end_to_end_tests::aws_events::sqs_event;
use end_to_end_tests::functions::{function, response, stage, start};
use end_to_end_tests::{Log, Recorder, S3};
use pipeline_core::{Bucket, Stage};
use serde_json::{Value, json};

/// An email of a sender whom the mail service has confirmed, with a file that nobody can use.
const EMAIL: &str = "Return-Path: <readings@supplier.example>\r\n\
    Received: from mx.supplier.example by inbound-smtp.eu-west-2.amazonaws.com; Sun, 23 Mar 2025 10:11:12 +0000\r\n\
    X-SES-Spam-Verdict: PASS\r\nX-SES-Virus-Verdict: PASS\r\n\
    Authentication-Results: amazonses.com; spf=pass; dkim=pass header.i=@supplier.example; dmarc=pass\r\n\
    From: readings@supplier.example\r\nTo: sheffield@example.org\r\nSubject: Readings\r\nMIME-Version: 1.0\r\n\
    Content-Type: application/pdf; name=\"invoice.pdf\"\r\n\r\n%PDF-1.7\r\n";

/// The messages of the queue about everything in unprocessable.
async fn messages(s3: &S3) -> Value {
    let mut bodies = Vec::new();
    for key in s3.keys(Bucket::Unprocessable).await {
        bodies.push(("m", s3.event(Bucket::Unprocessable, &key).await.to_string()));
    }
    sqs_event(s3.region(), bodies)
}

#[tokio::test]
async fn operators_rollbar_and_the_sender_are_told_once_and_no_log_has_the_address() {
    let s3 = S3::start().await;
    let unpack = s3.put_and_tell(Bucket::Inbox, "o3gbv5qk", EMAIL).await;
    response(&start(&stage(Stage::UnpackAttachments, &s3)).await, &unpack).await;
    let waiting = s3.keys(Bucket::Process).await;
    let process = s3.event(Bucket::Process, &waiting[0]).await;
    response(&start(&stage(Stage::ProcessFile, &s3)).await, &process).await;

    let (aws, rollbar) = (Recorder::taking_forms().await, Recorder::answering(200).await);
    let notify = function("notify", &s3)
        .variable("AWS_ENDPOINT_URL_SNS", aws.url())
        .variable("AWS_ENDPOINT_URL_SES", aws.url())
        .variable("REPLY_TO_SUPPLIERS", "true")
        .variable("REPLY_FROM", "data@example.org")
        .variable("ROLLBAR_ACCESS_TOKEN", "token")
        .variable("ROLLBAR_ENDPOINT", rollbar.url());
    let instance = start(&notify).await;
    for _ in 0..2 {
        let answer = response(&instance, &messages(&s3).await).await;
        assert_eq!(answer, json!({"batchItemFailures": []}));
    }

    let asked = aws.requests();
    let of = |action: &str| -> Vec<_> {
        let found = asked.iter().filter(|request| request.form["Action"] == action);
        found.map(|request| &request.form).collect()
    };
    let (published, sent) = (of("Publish"), of("SendRawEmail"));
    assert_eq!((published.len(), sent.len()), (1, 1), "{asked:#?}");
    let (published, sent) = (published[0], sent[0]);
    assert_eq!(published["Subject"], "sheffield: a file of an email could not be used");
    assert_eq!(
        published["TopicArn"],
        "arn:aws:sns:eu-west-2:123456789012:data-pipeline-test-rejects"
    );
    assert!(published["Message"].contains("invoice.pdf") && published["Message"].contains("The sender was told."));
    assert_eq!(
        (sent["Source"].as_str(), sent["Destinations.member.1"].as_str()),
        ("data@example.org", "readings@supplier.example")
    );
    let [item] = rollbar.requests().try_into().unwrap();
    assert_eq!(
        (&item.body["data"]["level"], &item.body["data"]["title"]),
        (&json!("warning"), &json!(published["Subject"]))
    );

    let log = Log::read(&instance.stop().await.stdout.so_far());
    let told = log
        .lines
        .iter()
        .find(|line| line.get("notification").is_some())
        .unwrap();
    assert_eq!(
        (&told["message_key"], &told["was_sender_told"]),
        (&json!("o3gbv5qk"), &json!(true))
    );
    assert!(!format!("{log:?} {:?}", item.body).contains("readings@"));
}

#[tokio::test]
async fn a_message_that_cannot_be_read_comes_again_and_an_event_of_another_shape_is_an_error() {
    let s3 = S3::start().await;
    let aws = Recorder::taking_forms().await;
    let instance = start(&function("notify", &s3).variable("AWS_ENDPOINT_URL_SNS", aws.url())).await;
    let unreadable = sqs_event(s3.region(), [("unreadable", "hello".to_owned())]);
    let answer = response(&instance, &unreadable).await;
    assert_eq!(answer, json!({"batchItemFailures": [{"itemIdentifier": "unreadable"}]}));
    assert!(aws.requests().is_empty());
}
