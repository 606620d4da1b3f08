//! A whole function as a process of its own, between a Runtime API and an S3 on loopback.

use std::time::{Duration, Instant};

use pipeline_core::Bucket;
use runtime_api::{Answer, ErrorReport};
use serde_json::{Value, json};
use step_bench::Bench;

use crate::child::{Child, s3_event, sqs_event};
use crate::server::Server;

async fn bench_with(files: &[&str]) -> Bench {
    let bench = Bench::start().await;
    for file in files {
        bench.drop_file(Bucket::Process, file, b"a,b,c\n1,2,3\n").await;
    }
    bench
}

fn error(answer: Answer) -> ErrorReport {
    match answer {
        Answer::Error(report) => report,
        Answer::Response(value) => panic!("no error, but {value}"),
    }
}

#[tokio::test]
async fn all_that_is_wrong_with_the_configuration_is_told_to_lambda_in_one_message() {
    let child = Child::start(
        "stage",
        &[
            ("KEY_LAYOUT", "nested"),
            ("ROLLBAR_ENDPOINT", "rollbar"),
            ("LOG_LEVEL", "loud"),
        ],
    )
    .await;
    let report = child.api.init_error().await.unwrap();
    assert_eq!(report.error_type, "WrongConfiguration");
    assert_eq!(report.category.as_deref(), Some("Runtime.WrongConfiguration"));
    for part in [
        "KEY_LAYOUT",
        "ROLLBAR_ENDPOINT",
        "LOG_LEVEL",
        "INBOX_BUCKET is not set",
        "RECEIPTS_BUCKET is not set",
    ] {
        assert!(report.error_message.contains(part), "{part} is missing in {report}");
    }
    let ended = child.end().await;
    assert_eq!(ended.code, Some(1));
    let [line] = ended.lines("ERROR").try_into().unwrap();
    assert_eq!(line["error_type"], "WrongConfiguration");
    assert_eq!(line["cause"], report.error_message.as_str());
    // Rust prints what `main` returns; the log's line is not repeated there.
    assert!(!ended.stderr.contains("KEY_LAYOUT"), "{}", ended.stderr);
}

#[tokio::test]
async fn a_panic_of_the_start_is_told_to_lambda() {
    let child = Child::start("panicking-start", &[]).await;
    let report = child.api.init_error().await.unwrap();
    assert_eq!(report.error_type, "Panic");
    assert!(report.error_message.contains("the start has a defect"), "{report}");
    assert_eq!(child.end().await.code, Some(1));
}

#[tokio::test]
async fn by_hand_a_wrong_configuration_is_logged_and_the_exit_code_is_1() {
    let ended = Child::by_hand("stage", &[]).await.end().await;
    assert_eq!(ended.code, Some(1));
    let [line] = ended.lines("ERROR").try_into().unwrap();
    assert!(
        line["cause"].as_str().unwrap().contains("INBOX_BUCKET is not set"),
        "{line}"
    );
}

#[tokio::test]
async fn by_hand_with_a_right_configuration_a_hint_says_what_is_missing() {
    let ended = Child::by_hand("panicking-handler", &[]).await.end().await;
    assert_eq!(ended.code, Some(1));
    let [line] = ended.lines("ERROR").try_into().unwrap();
    let hint = line["cause"].as_str().unwrap();
    assert!(
        hint.contains("AWS_LAMBDA_RUNTIME_API is not set") && hint.contains("pipeline run"),
        "{hint}"
    );
}

#[tokio::test]
async fn a_panic_of_the_handler_is_an_error_of_a_short_type_and_the_process_lives_on() {
    let child = Child::start("panicking-handler", &[]).await;
    for event in ["panic", "panic later"] {
        let report = error(child.invoke(&json!(event)).await);
        assert_eq!(report.error_type, "Panic");
        assert!(
            report.error_message.contains("the handler has a defect (at "),
            "{report}"
        );
    }
    assert_eq!(child.invoke(&json!(1)).await, Answer::Response(json!(1)));
    let ended = child.kill().await;
    let errors = ended.lines("ERROR");
    assert_eq!(errors.len(), 2);
    assert!(errors.iter().all(|line| line["error_type"] == "Panic"), "{errors:?}");
}

#[tokio::test]
async fn a_panic_of_the_runner_does_not_keep_its_siblings_from_being_handled() {
    let bench = bench_with(&["bam/defect.csv", "bam/good.csv"]).await;
    let child = Child::of_stage(&bench, &[]).await;
    let report = error(child.invoke(&s3_event(&["bam/defect.csv", "bam/good.csv"])).await);
    assert_eq!(report.error_type, "Panic");
    assert_eq!(bench.keys(Bucket::AmrData).await, ["bam/good.csv"]);
    assert_eq!(bench.keys(Bucket::Process).await, ["bam/defect.csv"]);
    let ended = child.kill().await;
    let [line] = ended.lines("ERROR").try_into().unwrap();
    assert_eq!(
        (&line["key"], &line["error_type"]),
        (&json!("bam/defect.csv"), &json!("Panic"))
    );
    assert!(ended.stderr.is_empty(), "{}", ended.stderr);
}

#[tokio::test]
async fn of_a_queues_batch_the_messages_that_failed_are_named() {
    let bench = bench_with(&["bam/defect.csv", "bam/good.csv"]).await;
    let child = Child::of_stage(&bench, &[]).await;
    let bodies = [
        s3_event(&["bam/good.csv"]).to_string(),
        "no json".to_owned(),
        s3_event(&["bam/defect.csv"]).to_string(),
    ];
    assert_eq!(
        child.invoke(&sqs_event(&bodies)).await,
        Answer::Response(json!({"batchItemFailures": [{"itemIdentifier": "m1"}, {"itemIdentifier": "m2"}]}))
    );
    let ended = child.kill().await;
    let types: Vec<_> = ended
        .lines("ERROR")
        .iter()
        .map(|line| line["error_type"].clone())
        .collect();
    assert_eq!(types, ["UnknownEvent", "Panic"]);
}

#[tokio::test]
async fn the_message_of_an_error_is_for_people() {
    let bench = bench_with(&[]).await;
    // Nobody listens there any more.
    let gone = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let child = Child::of_stage(&bench, &[("AWS_ENDPOINT_URL", &format!("http://{gone}"))]).await;
    let report = error(child.invoke(&s3_event(&["bam/good.csv"])).await);
    assert_eq!(report.error_type, "S3Unreachable");
    let text = "process-file failed on es-test-data-process/bam/good.csv: S3 could not be reached to read es-test-data-process/bam/good.csv";
    assert_eq!(report.error_message, text);
    let report = error(child.invoke(&json!({"hello": "world"})).await);
    assert_eq!(
        report.to_string(),
        "UnknownEvent: the event cannot be decoded: no `Records` in it"
    );
}

#[tokio::test]
async fn logs_and_metrics_come_in_whole_lines_and_metrics_only_if_they_are_wanted() {
    let files: Vec<String> = (0..20).map(|n| format!("bam/{n}.csv")).collect();
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    for namespace in ["es-test-data-pipeline", ""] {
        let bench = bench_with(&files).await;
        let child = Child::of_stage(&bench, &[("METRICS_NAMESPACE", namespace)]).await;
        assert_eq!(child.invoke(&s3_event(&files)).await, Answer::Response(Value::Null));
        let ended = child.kill().await;
        let metrics: Vec<_> = ended
            .json()
            .into_iter()
            .filter(|line| line.get("_aws").is_some())
            .collect();
        assert_eq!(metrics.len(), if namespace.is_empty() { 0 } else { 20 });
        assert!(
            metrics
                .iter()
                .all(|line| line["Outcome"] == "done" && line["EventAge"].is_u64()),
            "{metrics:?}"
        );
        assert_eq!(ended.lines("INFO").len(), 20);
    }
}

#[tokio::test]
async fn a_report_that_hangs_does_not_hold_up_the_answer_for_longer_than_its_time_out() {
    let bench = bench_with(&["bam/defect.csv"]).await;
    let rollbar = Server::hanging().await;
    let child = Child::of_stage(
        &bench,
        &[("ROLLBAR_ACCESS_TOKEN", "0123"), ("ROLLBAR_ENDPOINT", &rollbar.url())],
    )
    .await;
    let started = Instant::now();
    let report = error(child.invoke(&s3_event(&["bam/defect.csv"])).await);
    assert_eq!(report.error_type, "Panic");
    let took = started.elapsed();
    assert!(
        (Duration::from_secs(2)..Duration::from_secs(10)).contains(&took),
        "{took:?}"
    );
}

#[tokio::test]
async fn rollbar_hears_of_a_function_that_cannot_start_and_lambda_hears_of_it_however_rollbar_is() {
    let (answering, hanging) = (Server::answering(200).await, Server::hanging().await);
    for rollbar in [&answering, &hanging] {
        let variables = [
            ("KEY_LAYOUT", "nested"),
            ("ROLLBAR_ACCESS_TOKEN", "0123"),
            ("ROLLBAR_ENDPOINT", &rollbar.url()),
        ];
        let child = Child::start("stage", &variables).await;
        let report = child.api.init_error().await.unwrap();
        assert_eq!(report.error_type, "WrongConfiguration");
        let started = Instant::now();
        assert_eq!(child.end().await.code, Some(1));
        assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
        let [request] = rollbar.requests().try_into().unwrap();
        let data = &request.body["data"];
        assert_eq!(data["context"], "data-pipeline-test-process-file");
        assert_eq!(data["custom"]["error_type"], "WrongConfiguration");
        assert_eq!(data["custom"]["cause"], report.error_message.as_str());
    }
}

#[tokio::test]
async fn rollbar_hears_of_a_panic_of_the_handler() {
    let rollbar = Server::answering(200).await;
    let variables = [("ROLLBAR_ACCESS_TOKEN", "0123"), ("ROLLBAR_ENDPOINT", &rollbar.url())];
    let child = Child::start("panicking-handler", &variables).await;
    error(child.invoke(&json!("panic")).await);
    // The report has arrived before the answer has.
    let [request] = rollbar.requests().try_into().unwrap();
    let data = &request.body["data"];
    assert_eq!(data["level"], "critical");
    assert_eq!(data["custom"]["error_type"], "Panic");
}
