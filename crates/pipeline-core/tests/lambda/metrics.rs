//! What an object's metrics are, and that they keep to CloudWatch's embedded metric format.

use std::collections::BTreeMap;

use pipeline_core::metrics::of_object;
use pipeline_core::receipt::{InputRecord, OutputRecord, RejectRecord, SCHEMA};
use pipeline_core::{
    About, BadPart, Before, Bucket, Earlier, Failure, Handled, Key, ObjectEvent, Origin, Outcome, ReasonCode, Receipt,
    Rejection, RunError, Stage,
};
use serde_json::Value;
use time::OffsetDateTime;
use time::macros::datetime;

const EVENT: OffsetDateTime = datetime!(2025-03-23 10:11:12 UTC);
const NOW: OffsetDateTime = datetime!(2025-03-23 10:11:14.5 UTC);
const STAGE: Stage = Stage::UncompressFile;

/// Name and dimensions (`Stage=…,Outcome=…`) of a metric, and its value and unit.
type Metrics = BTreeMap<(String, String), (u64, String)>;

fn object() -> ObjectEvent {
    ObjectEvent {
        bucket: "es-test-data-uncompressed".to_owned(),
        key: Key::new("sheffield/march.zip"),
        event_time: Some(EVENT),
        message_id: None,
    }
}

fn origin() -> Origin {
    Origin::of_outside_object("b", "k", "e", EVENT)
}

fn output(size: u64) -> OutputRecord {
    OutputRecord {
        bucket: Bucket::Process,
        key: format!("sheffield/{size}.csv"),
        origin: origin(),
        path_in_parent: String::new(),
        source_name: String::new(),
        size,
        blake3: String::new(),
        rows: None,
    }
}

fn receipt(outcome: Outcome, rejected: Option<RejectRecord>) -> Handled {
    Handled::Now(Box::new(Receipt {
        schema: SCHEMA,
        stage: STAGE,
        origin: origin(),
        parent: None,
        message: None,
        area: None,
        received: EVENT,
        source_name: "march.zip".to_owned(),
        depth: 0,
        generation: 0,
        input: InputRecord {
            bucket: Bucket::Uncompressed,
            key: "sheffield/march.zip".to_owned(),
            size: 700,
            etag: String::new(),
            blake3: Some(String::new()),
        },
        outcome,
        outputs: vec![output(1_000), output(24)],
        rejected,
        notes: Default::default(),
        started: EVENT,
        duration_ms: 321,
    }))
}

fn rejected(code: ReasonCode, parts: &[ReasonCode]) -> Option<RejectRecord> {
    let part = |code: &ReasonCode| BadPart {
        part: "bad.csv".to_owned(),
        rejection: Rejection::new(*code, "It is bad."),
    };
    Some(RejectRecord {
        key: "sheffield/march.zip".to_owned(),
        rejection: Rejection::new(code, "It is bad."),
        parts: parts.iter().map(part).collect(),
    })
}

fn lines(object: &ObjectEvent, handled: &Result<Handled, RunError>) -> Vec<Value> {
    let documents = of_object(STAGE, object, handled, NOW);
    documents
        .iter()
        .map(|document| document.to_json("es-test-data-pipeline"))
        .collect()
}

fn metrics(object: &ObjectEvent, handled: &Result<Handled, RunError>) -> Metrics {
    let mut all = Metrics::new();
    for line in lines(object, handled) {
        for (metric, value) in read(&line) {
            assert_eq!(all.insert(metric.clone(), value), None, "{metric:?} comes twice");
        }
    }
    all
}

/// Reads a line by the rules of the CloudWatch user guide, "Specification: Embedded metric format".
fn read(line: &Value) -> Metrics {
    let head = &line["_aws"];
    assert_eq!(head["Timestamp"].as_u64(), Some(1_742_724_674_500));
    let mut metrics = Metrics::new();
    for directive in head["CloudWatchMetrics"].as_array().unwrap() {
        let namespace = directive["Namespace"].as_str().unwrap();
        assert!((1..=1024).contains(&namespace.len()));
        let defined = directive["Metrics"].as_array().unwrap();
        assert!((1..=100).contains(&defined.len()));
        let sets = directive["Dimensions"].as_array().unwrap();
        assert!(!sets.is_empty());
        for set in sets {
            let names = set.as_array().unwrap();
            assert!(names.len() <= 30);
            let value_of = |name: &Value| {
                let value = line[name.as_str().unwrap()].as_str().unwrap();
                assert!((1..=1024).contains(&value.len()));
                format!("{}={value}", name.as_str().unwrap())
            };
            let dimensions = names.iter().map(value_of).collect::<Vec<_>>().join(",");
            for metric in defined {
                let name = metric["Name"].as_str().unwrap();
                let value = line[name].as_u64().unwrap();
                let unit = metric["Unit"].as_str().unwrap().to_owned();
                metrics.insert((name.to_owned(), dimensions.clone()), (value, unit));
            }
        }
    }
    metrics
}

fn expected(metrics: &[(&str, &str, u64, &str)]) -> Metrics {
    let metric = |(name, dimensions, value, unit): &(&str, &str, u64, &str)| {
        (
            ((*name).to_owned(), (*dimensions).to_owned()),
            (*value, (*unit).to_owned()),
        )
    };
    metrics.iter().map(metric).collect()
}

const OF_STAGE: &str = "Stage=uncompress-file";

#[test]
fn work_that_is_done_is_counted_with_its_bytes_its_files_its_time_and_its_age() {
    assert_eq!(
        metrics(&object(), &Ok(receipt(Outcome::Done, None))),
        expected(&[
            ("Objects", OF_STAGE, 1, "Count"),
            ("Objects", "Stage=uncompress-file,Outcome=done", 1, "Count"),
            ("BytesIn", OF_STAGE, 700, "Bytes"),
            ("BytesIn", "Stage=uncompress-file,Outcome=done", 700, "Bytes"),
            ("Files", OF_STAGE, 2, "Count"),
            ("BytesOut", OF_STAGE, 1_024, "Bytes"),
            ("Duration", OF_STAGE, 321, "Milliseconds"),
            ("EventAge", OF_STAGE, 2_500, "Milliseconds"),
            ("RejectsToLookAt", "", 0, "Count"),
        ])
    );
}

#[test]
fn what_is_delivered_is_counted_with_its_rows() {
    let Handled::Now(mut receipt) = receipt(Outcome::Done, None) else {
        unreachable!()
    };
    receipt.stage = Stage::ProcessFile;
    receipt.outputs[0].bucket = Bucket::AmrData;
    receipt.outputs[0].rows = Some(49);
    let metrics = metrics(&object(), &Ok(Handled::Now(receipt)));
    for (name, value) in [("Delivered", 1), ("Rows", 49)] {
        assert_eq!(metrics[&(name.to_owned(), String::new())], (value, "Count".to_owned()));
    }
}

#[test]
fn without_an_event_time_there_is_no_age_and_a_time_in_the_future_is_age_zero() {
    let age = |event_time| {
        let object = ObjectEvent { event_time, ..object() };
        let metrics = metrics(&object, &Ok(receipt(Outcome::Done, None)));
        metrics
            .get(&("EventAge".to_owned(), OF_STAGE.to_owned()))
            .map(|(value, _)| *value)
    };
    assert_eq!(age(None), None);
    assert_eq!(age(Some(NOW + time::Duration::SECOND)), Some(0));
}

#[test]
fn work_that_was_done_before_or_failed_is_counted_and_nothing_else() {
    let before = Ok(Handled::Before(Before {
        earlier: Earlier::SourceGone,
        about: About::default(),
    }));
    let failed = Err(RunError {
        stage: STAGE.as_str(),
        bucket: object().bucket,
        key: object().key.to_string(),
        about: About::default(),
        failure: Failure::Deadline,
    });
    for (handled, outcome) in [(before, "before"), (failed, "failed")] {
        let by_outcome = format!("{OF_STAGE},Outcome={outcome}");
        assert_eq!(
            metrics(&object(), &handled),
            expected(&[("Objects", OF_STAGE, 1, "Count"), ("Objects", &by_outcome, 1, "Count")])
        );
    }
}

fn rejects(handled: &Result<Handled, RunError>) -> (Vec<(String, u64)>, u64) {
    let metrics = metrics(&object(), handled);
    let to_look_at = metrics[&("RejectsToLookAt".to_owned(), String::new())].0;
    let by_code = metrics.into_iter().filter(|((name, _), _)| name == "Rejects");
    (
        by_code.map(|((_, code), (count, _))| (code, count)).collect(),
        to_look_at,
    )
}

#[test]
fn a_whole_reject_counts_once_by_its_code() {
    let handled = Ok(receipt(Outcome::Rejected, rejected(ReasonCode::Html, &[])));
    assert_eq!(rejects(&handled), (vec![("ReasonCode=html".to_owned(), 1)], 1));
}

#[test]
fn a_signature_image_is_no_reject_to_look_at() {
    let handled = Ok(receipt(Outcome::Rejected, rejected(ReasonCode::NotData, &[])));
    assert_eq!(rejects(&handled), (vec![("ReasonCode=not-data".to_owned(), 1)], 0));
}

#[test]
fn each_bad_part_counts_by_its_own_code_in_a_line_for_each_code() {
    use ReasonCode::{CorruptArchive, Encrypted, NotData};
    let parts = [Encrypted, CorruptArchive, NotData, Encrypted];
    let handled = Ok(receipt(Outcome::Partly, rejected(Encrypted, &parts)));
    assert_eq!(lines(&object(), &handled).len(), 3);
    let by_code = [("corrupt-archive", 1), ("encrypted", 2), ("not-data", 1)];
    let by_code = by_code.map(|(code, count)| (format!("ReasonCode={code}"), count));
    assert_eq!(rejects(&handled), (by_code.to_vec(), 3));
}
