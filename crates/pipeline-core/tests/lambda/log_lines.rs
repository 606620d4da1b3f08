//! The log's lines about objects, as they are printed.

use std::time::{Duration, Instant};

use pipeline_core::rollbar::{Reporter, Rollbar};
use pipeline_core::{
    Area, Bucket, Failure, Handled, ObjectEvent, Outbox, Output, ReasonCode, Rejection, RunError, SafePath, Stage,
    Vars, Verdict, telemetry,
};
use serde_json::{Value, json};
use step_bench::{Bench, receipt};
use tracing_subscriber::filter::LevelFilter;

use crate::log::Log;

const READINGS: &[u8] = b"MPR,Date,hr0030,hr0100\n9100000001,23/03/2025,0.1,0.2\n";

/// The one line that is logged about an object.
fn line(stage: Stage, object: &ObjectEvent, handled: &Result<Handled, RunError>) -> Value {
    let reporter = Reporter::new(Rollbar::read(&mut Vars::new(|_| None)));
    let log = Log::default();
    let writer = log.clone();
    let subscriber = telemetry::subscriber(LevelFilter::INFO, &reporter, move || writer.clone());
    tracing::subscriber::with_default(subscriber, || telemetry::log(stage, object, handled));
    let [line] = log.lines().try_into().unwrap();
    line
}

/// The fields of a line that are named, those that it lacks being null.
fn fields(line: &Value, names: &[&str]) -> Value {
    names
        .iter()
        .map(|name| ((*name).to_owned(), line[*name].clone()))
        .collect()
}

/// An email that was unpacked into `sheffield/<origin>/import.csv`, and that file's event.
async fn unpacked(bench: &Bench) -> ObjectEvent {
    let email = bench.drop_file(Bucket::Inbox, "mail-1", b"email").await;
    let unpack = bench.runner(Stage::UnpackAttachments, |_, outbox| {
        let output = Output::new(Bucket::Process, SafePath::from_path("import.csv").unwrap(), "2");
        outbox.put(output.area(Area::from_key_part("sheffield").unwrap()), READINGS)?;
        Ok(Verdict::Done)
    });
    let unpacked = receipt(unpack.handle(&email, None).await);
    bench.event(Bucket::Process, &unpacked.outputs[0].key)
}

fn origin_in(object: &ObjectEvent) -> String {
    object.key.parse_staging().1.unwrap().to_string()
}

#[tokio::test]
async fn what_was_done_is_told_with_its_email_its_area_and_its_origin() {
    let bench = Bench::start().await;
    let object = unpacked(&bench).await;
    let runner = bench.runner(Stage::ProcessFile, |input, outbox: &mut Outbox| {
        outbox.forward(Output::new(Bucket::AmrData, input.name().clone(), "file"))?;
        Ok(Verdict::Done)
    });
    let done = line(Stage::ProcessFile, &object, &runner.handle(&object, None).await);
    let names = [
        "level",
        "message",
        "stage",
        "bucket",
        "key",
        "outcome",
        "message_key",
        "area",
        "origin",
        "files",
        "first_file",
        "bytes_in",
        "bytes_out",
    ];
    let size = READINGS.len();
    assert_eq!(
        fields(&done, &names),
        json!({"level": "INFO", "message": "the object was handled", "stage": "process-file", "bucket": "es-test-data-process",
               "key": object.key.as_str(), "outcome": "done", "message_key": "mail-1", "area": "sheffield",
               "origin": origin_in(&object), "files": 1, "first_file": "sheffield/import.csv", "bytes_in": size, "bytes_out": size})
    );
    assert!(done["duration_ms"].is_u64());

    // The event comes again: the source is gone, and its key is all that is known.
    let again = line(Stage::ProcessFile, &object, &runner.handle(&object, None).await);
    let names = ["message", "stage", "key", "outcome", "area", "origin"];
    assert_eq!(
        fields(&again, &names),
        json!({"message": "the work had been done before", "stage": "process-file", "key": object.key.as_str(),
               "outcome": "before", "area": "sheffield", "origin": origin_in(&object)})
    );
}

#[tokio::test]
async fn an_email_that_was_unpacked_before_is_told_with_its_receipt() {
    let bench = Bench::start().await;
    unpacked(&bench).await;
    let object = bench.event(Bucket::Inbox, "mail-1");
    let runner = bench.runner(Stage::UnpackAttachments, |_, _| Ok(Verdict::NoFiles));
    let line = line(Stage::UnpackAttachments, &object, &runner.handle(&object, None).await);
    assert_eq!(
        fields(&line, &["outcome", "message_key"]),
        json!({"outcome": "before", "message_key": "mail-1"})
    );
    assert_eq!(line["receipt"], format!("{}.json", line["origin"].as_str().unwrap()));
}

#[tokio::test]
async fn a_reject_is_told_with_its_code_and_where_it_was_put() {
    let bench = Bench::start().await;
    let object = unpacked(&bench).await;
    let runner = bench.runner(Stage::ProcessFile, |_, _| {
        Ok(Verdict::Rejected(Rejection::new(ReasonCode::Html, "It is a web page.")))
    });
    let line = line(Stage::ProcessFile, &object, &runner.handle(&object, None).await);
    let names = [
        "level",
        "outcome",
        "reason_code",
        "rejected_to",
        "message_key",
        "area",
        "origin",
        "error_type",
    ];
    assert_eq!(
        fields(&line, &names),
        json!({"level": "INFO", "outcome": "rejected", "reason_code": "html", "rejected_to": "sheffield/import.csv",
               "message_key": "mail-1", "area": "sheffield", "origin": origin_in(&object), "error_type": null})
    );
}

#[tokio::test]
async fn a_failure_is_told_with_everything_that_had_been_found_out() {
    let bench = Bench::start().await;
    let object = unpacked(&bench).await;
    let failing = bench.runner(Stage::ProcessFile, |_, _| {
        Err(Failure::Outside {
            what: "a server failed".to_owned(),
            source: Some("it has stopped".into()),
        })
    });
    let names = [
        "level",
        "message",
        "stage",
        "outcome",
        "error_type",
        "message_key",
        "area",
        "origin",
    ];
    let expected = |error_type: &str| {
        json!({"level": "ERROR", "message": "the object could not be handled", "stage": "process-file", "outcome": "failed",
               "error_type": error_type, "message_key": "mail-1", "area": "sheffield", "origin": origin_in(&object)})
    };
    let failed = line(Stage::ProcessFile, &object, &failing.handle(&object, None).await);
    assert_eq!(fields(&failed, &names), expected("OutsideServer"));
    let cause = failed["cause"].as_str().unwrap();
    assert!(cause.ends_with("a server failed: it has stopped"), "{cause}");

    // The deadline forgets nothing, either.
    let slow = bench.runner(Stage::ProcessFile, |_, _| {
        std::thread::sleep(Duration::from_secs(5));
        Ok(Verdict::Done)
    });
    let deadline = Some(Instant::now() + Duration::from_secs(6));
    let late = line(Stage::ProcessFile, &object, &slow.handle(&object, deadline).await);
    assert_eq!(fields(&late, &names), expected("DeadlineNear"));
}

#[tokio::test]
async fn an_event_about_another_bucket_fails_as_such() {
    let bench = Bench::start().await;
    let object = bench.event(Bucket::Spreadsheet, "sheffield/a.xls");
    let runner = bench.runner(Stage::ProcessFile, |_, _| Ok(Verdict::Done));
    let line = line(Stage::ProcessFile, &object, &runner.handle(&object, None).await);
    assert_eq!(
        fields(&line, &["error_type", "area"]),
        json!({"error_type": "WrongBucket", "area": "sheffield"})
    );
}
