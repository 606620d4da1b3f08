//! Emails through the four processes, and what they log on the way.

use std::collections::{BTreeMap, BTreeSet};

use end_to_end_tests::{Fleet, Log, Pipeline, golden_cases, golden_run, zip};
use pipeline_core::{Bucket, Key, Origin};
use serde_json::Value;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn golden_emails_become_the_same_csvs_through_four_processes() {
    let (problems, fleets) = golden_run::run_all(async |settings| {
        let mut settings = settings.clone();
        settings.insert("METRICS_NAMESPACE".to_owned(), "es-test-data-pipeline".to_owned());
        Fleet::start(&settings).await
    })
    .await;
    assert!(problems.is_empty(), "{problems}");

    let secrets = secrets(&fleets).await;
    for fleet in fleets {
        let (_s3, outputs) = fleet.stop().await;
        for (stage, output) in outputs {
            let (stdout, stderr) = (output.stdout.so_far(), output.stderr.so_far());
            let log = Log::read(&stdout);
            for line in log.handled() {
                assert_tells_the_story(line);
            }
            // A container whose parts are bad for several reasons has a line more for each: but it is one object.
            let lines = log.metrics();
            let objects = lines
                .iter()
                .filter(|metric| metric.name == "Objects" && metric.dimensions.len() == 1);
            assert_eq!(objects.count(), log.handled().len(), "{stage}");
            for line in stdout.iter().chain(&stderr) {
                assert!(!line.contains('@'), "{stage} logs an address: {line}");
                let leaked = secrets.iter().find(|secret| line.contains(secret.as_str()));
                assert_eq!(leaked, None, "{stage} logs contents: {line}");
            }
        }
    }
}

/// What is larger than 8 MiB is spooled to disk, moved by copying within S3, and written by multipart uploads.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_files_make_the_whole_way_in_parts() {
    const LARGE: usize = 9 * 1024 * 1024;
    let mut fleet = Fleet::start(&BTreeMap::new()).await;
    let mut csv = "MPR,Date,hr0030,hr0100,hr0130\n".to_owned();
    while csv.len() < LARGE {
        csv.push_str("2000006185057,01/09/2025,0.21,0.19,0.2\n");
    }
    // Stored: so the archive itself is large, too.
    let archive = zip(&[("2025/september.csv", csv.as_bytes())]);
    let noise: Vec<u8> = (0..LARGE as u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect();
    fleet.s3().put(Bucket::Process, "sheffield/readings.zip", archive).await;
    fleet
        .s3()
        .put(Bucket::Process, "sheffield/noise.bin", noise.clone())
        .await;
    fleet.work().await;

    let s3 = fleet.s3();
    assert_eq!(s3.keys(Bucket::AmrData).await, ["sheffield/2025/september.csv"]);
    let delivered = s3.content(Bucket::AmrData, "sheffield/2025/september.csv").await;
    assert!(
        delivered == csv.as_bytes(),
        "{} bytes, not {}",
        delivered.len(),
        csv.len()
    );
    assert_eq!(s3.keys(Bucket::Unprocessable).await, ["sheffield/noise.bin"]);
    let key = Key::new("sheffield/noise.bin");
    let head = fleet.store().head(Bucket::Unprocessable, &key).await.unwrap().unwrap();
    assert_eq!(head.metadata["reason-code"], "unknown-type");
    assert!(s3.content(Bucket::Unprocessable, key.as_str()).await == noise);
}

/// That one finds an email's way by the log alone.
fn assert_tells_the_story(line: &Value) {
    let text = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
    let outcome = text("outcome");
    let outcome = outcome.as_str();
    let outcomes = ["done", "partly", "rejected", "no-files", "before", "failed"];
    assert!(outcomes.contains(&outcome), "{line}");
    assert!(
        !text("bucket").is_empty() && !text("key").is_empty() && !text("stage").is_empty(),
        "{line}"
    );
    assert!(text("origin").parse::<Origin>().is_ok(), "{line}");
    assert!(text("message_key").ends_with(".eml"), "{line}");
    // An email may be for nobody; a file has an area always.
    assert!(
        !text("area").is_empty() || text("stage") == "unpack-attachments",
        "{line}"
    );
    let has = |name: &str| line.get(name).is_some();
    assert_eq!(has("reason_code"), ["partly", "rejected"].contains(&outcome), "{line}");
    assert_eq!(has("error_type"), outcome == "failed", "{line}");
    let is_worked_on = !["before", "failed"].contains(&outcome);
    assert!(
        !is_worked_on || line["duration_ms"].is_u64() && line["bytes_in"].is_u64(),
        "{line}"
    );
}

/// Lines of delivered files and of emails' texts: what no log may hold.
async fn secrets(fleets: &[Fleet]) -> BTreeSet<String> {
    let mut secrets = BTreeSet::new();
    let mut keep = |text: &str| {
        let lines: Vec<_> = text.lines().map(str::trim).filter(|line| line.len() >= 16).collect();
        secrets.extend(
            [lines.first(), lines.get(lines.len() / 2), lines.last()]
                .into_iter()
                .flatten()
                .map(|line| (*line).to_owned()),
        );
    };
    for fleet in fleets {
        for object in fleet.store().list(Bucket::AmrData, "").await.unwrap() {
            let bytes = fleet.s3().content(Bucket::AmrData, object.key.as_str()).await;
            keep(&String::from_utf8_lossy(&bytes));
        }
    }
    let golden = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("golden");
    for case in golden_cases(&golden) {
        for (_, email) in case.emails {
            let email = String::from_utf8_lossy(&email).into_owned();
            if let Some(subject) = email.lines().find_map(|line| line.strip_prefix("Subject: ")) {
                keep(subject);
            }
        }
    }
    assert!(secrets.len() > 100);
    secrets
}
