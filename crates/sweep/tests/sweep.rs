//! What becomes of stuck work, over a real S3 server, with the real stages.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod support;

use std::collections::HashSet;
use std::time::{Duration, Instant};

use pipeline_core::lambda::Handler;
use pipeline_core::{Bucket, Buckets, Handled, Key, Limits, Origin, Outcome, Stage, Vars};
use process_file::ProcessFile;
use serde_json::json;
use support::{Bench, LambdaApi, READINGS, keys, objects, scheduled};
use sweep::{Run, Since};
use time::OffsetDateTime;
use unpack_attachments::{Timeouts, UnpackAttachments, UnpackConfig};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

const EMAIL: &[u8] =
    b"From: readings@supplier.example\r\nTo: sheffield@example.org\r\nMessage-ID: <1@supplier.example>\r\n\
    Content-Type: text/csv; name=\"import.csv\"\r\nContent-Disposition: attachment; filename=\"import.csv\"\r\n\r\n\
    MPR,Date,hr0030,hr0100\r\n9100000001,23/03/2025,0.1,0.2\r\n";

fn process_file(bench: &Bench) -> pipeline_core::Runner<ProcessFile> {
    let step = ProcessFile::read(&mut Vars::new(|_| None), &bench.buckets.config);
    bench.buckets.runner_of(step)
}

fn unpack_attachments(bench: &Bench) -> pipeline_core::Runner<UnpackAttachments> {
    let config = UnpackConfig::read(&mut Vars::new(|_| None));
    let step = UnpackAttachments::new(config, Limits::default(), Timeouts::default());
    bench.buckets.runner_of(step)
}

fn numbered(prefix: &str, count: usize) -> Vec<String> {
    (0..count).map(|n| format!("{prefix}{n:05}.csv")).collect()
}

#[tokio::test]
async fn a_stuck_file_is_delivered_after_a_sweep() {
    let bench = Bench::start().await;
    let key = "sheffield/half hourly+£ (1).csv";
    bench.buckets.drop_file(Bucket::Process, key, READINGS).await;
    let answer = bench.run().await.unwrap();
    assert_eq!(answer["process"]["waiting"], 1);
    assert_eq!(answer["process"]["sent_again"], 1);
    let handled = bench.work(&process_file(&bench), Stage::ProcessFile).await;
    assert!(matches!(&handled[..], [Handled::Now(receipt)] if receipt.outcome == Outcome::Done));
    assert_eq!(bench.buckets.keys(Bucket::AmrData).await, [key]);
    assert!(bench.buckets.keys(Bucket::Process).await.is_empty());
    let answer = bench.run().await.unwrap();
    assert_eq!(
        answer["process"],
        json!({"waiting": 0, "oldest_age_s": 0, "due": 0, "sent_again": 0, "failed": 0, "left": 0, "looked_at_all": true})
    );
    assert_eq!(answer["amr-data"]["waiting"], 1);
}

#[tokio::test]
async fn an_event_tells_when_the_object_was_created_and_what_it_is() {
    let bench = Bench::start().await;
    bench
        .buckets
        .drop_file(Bucket::Spreadsheet, "sheffield/import.xlsx", READINGS)
        .await;
    let listed = bench
        .buckets
        .store
        .list(Bucket::Spreadsheet, "")
        .await
        .unwrap()
        .remove(0);
    bench.run().await.unwrap();
    let taken = bench.lambda.take();
    assert_eq!(taken[0].function, "data-pipeline-test-convert-file");
    assert_eq!(objects(&taken[0])[0].event_time, Some(listed.last_modified));
    let record = &taken[0].payload["Records"][0];
    assert_eq!(record["awsRegion"], "eu-west-2");
    assert_eq!(record["s3"]["object"]["size"], READINGS.len());
    assert_eq!(record["s3"]["object"]["eTag"], listed.etag.trim_matches('"'));
}

#[tokio::test]
async fn an_email_without_a_receipt_is_unpacked_and_one_with_a_receipt_is_left_alone() {
    let bench = Bench::start().await;
    let runner = unpack_attachments(&bench);
    let first = bench.buckets.drop_file(Bucket::Inbox, "2025/mail+1 £", EMAIL).await;
    step_bench::receipt(runner.handle(&first, None).await);
    bench.buckets.drop_file(Bucket::Inbox, "2025/mail+2 £", EMAIL).await;
    let answer = bench.run().await.unwrap();
    assert_eq!(answer["inbox"]["waiting"], 1);
    assert_eq!(answer["inbox"]["sent_again"], 1);
    let handled = bench.work(&runner, Stage::UnpackAttachments).await;
    assert!(matches!(&handled[..], [Handled::Now(receipt)] if receipt.input.key == "2025/mail+2 £"));
    let answer = bench.run().await.unwrap();
    assert_eq!(answer["inbox"]["waiting"], 0);
    assert_eq!(answer["inbox"]["oldest_age_s"], 0);
}

#[tokio::test]
async fn a_listing_gives_an_email_the_origin_that_the_runner_gives_it() {
    let bench = Bench::start().await;
    let event = bench.buckets.drop_file(Bucket::Inbox, "o3gbv5qk", EMAIL).await;
    let receipt = step_bench::receipt(unpack_attachments(&bench).handle(&event, None).await);
    let listed = bench.buckets.store.list(Bucket::Inbox, "").await.unwrap().remove(0);
    let origin = Origin::of_outside_object(&event.bucket, listed.key.as_str(), &listed.etag, listed.last_modified);
    assert_eq!(origin, receipt.origin);
}

#[tokio::test]
async fn an_email_is_left_alone_until_it_is_stuck_and_when_its_receipt_may_have_expired() {
    let bench = Bench::start().await;
    bench.buckets.drop_file(Bucket::Inbox, "o3gbv5qk", EMAIL).await;
    let turns = [
        (59 * MINUTE, 0),
        (61 * MINUTE, 1),
        (30 * DAY - MINUTE, 1),
        (30 * DAY, 0),
    ];
    for (later, waiting) in turns {
        let answer = bench.run_in(later).await.unwrap();
        assert_eq!(answer["inbox"]["waiting"], waiting, "{later:?}");
    }
}

#[tokio::test]
async fn what_is_finished_but_was_not_removed_is_removed() {
    let bench = Bench::start().await;
    let event = bench
        .buckets
        .drop_file(Bucket::Process, "sheffield/import.csv", READINGS)
        .await;
    let head = bench
        .buckets
        .store
        .head(Bucket::Process, &event.key)
        .await
        .unwrap()
        .unwrap();
    let origin = Origin::of_outside_object(&event.bucket, event.key.as_str(), &head.etag, head.last_modified);
    // As after a crash between the receipt and the removal of the source.
    bench
        .buckets
        .drop_file(Bucket::Receipts, Key::receipt(origin).as_str(), b"{}")
        .await;
    bench.run().await.unwrap();
    let handled = bench.work(&process_file(&bench), Stage::ProcessFile).await;
    assert!(matches!(handled[..], [Handled::Before(_)]));
    assert!(bench.buckets.keys(Bucket::Process).await.is_empty());
}

#[tokio::test]
async fn what_waits_is_counted_from_the_beginning_but_sent_only_when_it_is_stuck() {
    let bench = Bench::start().await;
    for bucket in [Bucket::Process, Bucket::Uncompressed, Bucket::Spreadsheet] {
        bench.buckets.drop_file(bucket, "sheffield/import", READINGS).await;
    }
    let answer = bench.run_in(59 * MINUTE).await.unwrap();
    for bucket in ["process", "uncompressed", "spreadsheet"] {
        assert_eq!(answer[bucket]["waiting"], 1, "{bucket}");
        let age = answer[bucket]["oldest_age_s"].as_u64().unwrap();
        assert!((59 * 60..60 * 60).contains(&age), "{age}");
    }
    assert!(bench.lambda.take().is_empty());
    bench.run().await.unwrap();
    let functions: HashSet<_> = bench.lambda.take().into_iter().map(|taken| taken.function).collect();
    let expected = ["process-file", "uncompress-file", "convert-file"].map(|name| format!("data-pipeline-test-{name}"));
    assert_eq!(functions, HashSet::from(expected));
}

#[tokio::test]
async fn an_object_that_fails_for_ever_is_sent_less_and_less_often_unless_a_person_wants_it_now() {
    let bench = Bench::start().await;
    bench
        .buckets
        .drop_file(Bucket::Process, "sheffield/import.csv", READINGS)
        .await;
    let now = OffsetDateTime::now_utc();
    let mut sent_at = Vec::new();
    for quarter in 1..=2 * 96 {
        let time = now + quarter * 15 * MINUTE;
        bench.sweep().handle(scheduled(time), None).await.unwrap();
        if !bench.lambda.take().is_empty() {
            sent_at.push(quarter);
        }
    }
    assert_eq!(sent_at[0], 4);
    assert!((8..=12).contains(&sent_at.len()), "{sent_at:?}");
    let not_due = (4..).find(|quarter| !sent_at.contains(quarter)).unwrap();
    let everything = Run {
        now: now + not_due * 15 * MINUTE,
        everything: true,
    };
    bench.sweep().run(everything, None).await.unwrap();
    assert_eq!(keys(&bench.lambda.take()), ["sheffield/import.csv"]);
}

#[tokio::test]
async fn now_does_not_mean_what_is_being_worked_on() {
    let bench = Bench::start().await;
    bench
        .buckets
        .drop_file(Bucket::Process, "sheffield/import.csv", READINGS)
        .await;
    let answer = bench.sweep().handle(json!({"now": true}), None).await.unwrap();
    assert_eq!(answer["process"]["waiting"], 1);
    assert!(bench.lambda.take().is_empty());
}

#[tokio::test]
async fn a_bucket_of_many_pages_is_swept_whole() {
    let mut bench = Bench::start().await;
    bench.settings.limit = 5000;
    let all = numbered("sheffield/", 2100);
    bench.drop_files(Bucket::Process, &all).await;
    let answer = bench.run().await.unwrap();
    assert_eq!(answer["process"]["waiting"], 2100);
    assert_eq!(keys(&bench.lambda.take()), all);
}

#[tokio::test]
async fn no_more_than_the_limit_is_sent_and_everybody_gets_a_turn() {
    let mut bench = Bench::start().await;
    bench.settings.limit = 20;
    let all = numbered("sheffield/", 300);
    bench.drop_files(Bucket::Process, &all).await;
    // None of them is ever finished, as if all failed.
    let mut sent = HashSet::new();
    for quarter in 4..=96 {
        let answer = bench.run_in(quarter * 15 * MINUTE).await.unwrap();
        let taken = keys(&bench.lambda.take());
        assert!(taken.len() <= 20 && answer["process"]["sent_again"] == taken.len());
        sent.extend(taken);
    }
    assert_eq!(sent.len(), 300);
}

#[tokio::test]
async fn with_a_limit_of_nothing_it_only_watches() {
    let mut bench = Bench::start().await;
    bench.settings.limit = 0;
    bench.drop_files(Bucket::Process, &numbered("sheffield/", 3)).await;
    let answer = bench.run().await.unwrap();
    assert_eq!(
        (&answer["process"]["waiting"], &answer["process"]["due"]),
        (&json!(3), &json!(3))
    );
    assert!(bench.lambda.take().is_empty());
}

#[tokio::test]
async fn what_another_pipeline_left_behind_is_neither_sent_nor_counted() {
    let mut bench = Bench::start().await;
    bench.drop_files(Bucket::Process, &numbered("sheffield/", 3)).await;
    bench.buckets.drop_file(Bucket::Inbox, "o3gbv5qk", EMAIL).await;
    for (since, waiting) in [(-time::Duration::HOUR, 3), (time::Duration::HOUR, 0)] {
        bench.settings.since = Since(OffsetDateTime::now_utc() + since);
        let answer = bench.run().await.unwrap();
        assert_eq!(answer["process"]["waiting"], waiting);
        assert_eq!(answer["inbox"]["waiting"], waiting.min(1));
        assert_eq!(bench.lambda.take().is_empty(), waiting == 0);
    }
}

#[tokio::test]
async fn a_folder_that_the_console_made_ends_in_unprocessable_like_any_empty_file() {
    let bench = Bench::start().await;
    bench.buckets.drop_file(Bucket::Process, "sheffield/", b"").await;
    bench.run().await.unwrap();
    let handled = bench.work(&process_file(&bench), Stage::ProcessFile).await;
    assert!(matches!(&handled[..], [Handled::Now(receipt)] if receipt.outcome == Outcome::Rejected));
    assert!(bench.buckets.keys(Bucket::Process).await.is_empty());
    assert_eq!(bench.buckets.keys(Bucket::Unprocessable).await.len(), 1);
}

#[tokio::test]
async fn delivered_files_that_no_importer_takes_are_counted_without_the_archive_and_never_sent() {
    let bench = Bench::start().await;
    bench
        .drop_files(Bucket::AmrData, &numbered("archive-sheffield/", 2100))
        .await;
    bench
        .drop_files(
            Bucket::AmrData,
            &["aberdeen/1.csv", "sheffeild/1.csv"].map(str::to_owned),
        )
        .await;
    let answer = bench.run_in(3 * DAY).await.unwrap();
    assert_eq!(answer["amr-data"]["waiting"], 2);
    assert_eq!(answer["amr-data"]["oldest_age_s"].as_u64().unwrap() / (24 * 3600), 3);
    assert!(bench.lambda.take().is_empty());
}

#[tokio::test]
async fn a_folder_that_the_console_made_waits_for_no_importer() {
    let bench = Bench::start().await;
    let keys = ["sheffield/", "sheffield/1.csv"].map(str::to_owned);
    bench.drop_files(Bucket::AmrData, &keys).await;
    let answer = bench.run().await.unwrap();
    assert_eq!(answer["amr-data"]["waiting"], 1);
}

#[tokio::test]
async fn one_bucket_that_cannot_be_listed_does_not_keep_the_others_from_being_swept() {
    let mut bench = Bench::start().await;
    bench.drop_files(Bucket::Process, &numbered("sheffield/", 1)).await;
    bench.drop_files(Bucket::Spreadsheet, &numbered("sheffield/", 1)).await;
    let names = bench.settings.buckets.clone();
    bench.settings.buckets = Buckets::named(|bucket| match bucket {
        Bucket::Uncompressed => "es-test-data-missing".to_owned(),
        _ => names.name(bucket).to_owned(),
    });
    let error = bench.run().await.unwrap_err();
    assert_eq!(error.error_type, "S3Refused");
    assert!(
        error.error_message.contains("list es-test-data-missing"),
        "{}",
        error.error_message
    );
    assert_eq!(bench.lambda.take().len(), 2);
}

#[tokio::test]
async fn where_s3_cannot_be_reached_the_run_has_failed() {
    let bench = Bench::start().await;
    let sweep = bench.sweep();
    bench.buckets.s3.shutdown().await;
    let error = sweep
        .handle(scheduled(OffsetDateTime::now_utc()), None)
        .await
        .unwrap_err();
    assert_eq!(error.error_type, "S3Unreachable");
}

#[tokio::test]
async fn a_function_that_cannot_be_invoked_fails_the_run_but_not_the_other_functions() {
    for (status, error_type, code, attempts) in [
        (500, "LambdaRefused", "ServiceException", 3),
        (429, "LambdaRefused", "TooManyRequestsException", 3),
        (404, "LambdaRefused", "ResourceNotFoundException", 1),
        (503, "LambdaRefused", "HTTP 503", 3),
    ] {
        let refuse = move |function: &str| {
            if function.ends_with("process-file") {
                status
            } else {
                202
            }
        };
        let bench = Bench::with(LambdaApi::start(move |invocation| refuse(&invocation.function))).await;
        bench.drop_files(Bucket::Process, &numbered("sheffield/", 2)).await;
        bench.drop_files(Bucket::Spreadsheet, &numbered("bam/", 1)).await;
        let error = bench.run().await.unwrap_err();
        assert_eq!(error.error_type, error_type);
        let expected = format!("Lambda refused to invoke data-pipeline-test-process-file: {code} (request r-1)");
        assert_eq!(error.error_message, expected);
        assert_eq!(keys(&bench.lambda.take()), ["bam/00000.csv"]);
        assert_eq!(bench.lambda.requests(), 2 * attempts + 1, "{status}");
    }
}

#[tokio::test]
async fn a_refused_connection_fails_the_run() {
    let bench = Bench::with(LambdaApi::refusing()).await;
    bench.drop_files(Bucket::Process, &numbered("sheffield/", 1)).await;
    let error = bench.run().await.unwrap_err();
    assert_eq!(error.error_type, "LambdaUnreachable");
    assert_eq!(
        error.error_message,
        "Lambda could not be reached to invoke data-pipeline-test-process-file"
    );
}

#[tokio::test]
async fn an_outage_of_a_moment_is_overcome_within_the_run() {
    let refused = std::sync::atomic::AtomicUsize::new(0);
    let sometimes = move |_: &_| {
        let nth = refused.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        if nth == 0 { 429 } else { 202 }
    };
    let bench = Bench::with(LambdaApi::start(sometimes)).await;
    bench.drop_files(Bucket::Process, &numbered("sheffield/", 1)).await;
    bench.run().await.unwrap();
    assert_eq!(bench.lambda.take().len(), 1);
}

#[tokio::test]
async fn it_stops_before_the_deadline_and_says_what_it_left() {
    let slow = LambdaApi::start(|_| {
        std::thread::sleep(Duration::from_millis(800));
        202
    });
    let bench = Bench::with(slow).await;
    bench.drop_files(Bucket::Process, &numbered("sheffield/", 100)).await;
    let event = scheduled(OffsetDateTime::now_utc() + HOUR + MINUTE);
    let began = Instant::now();
    let answer = bench
        .sweep()
        .handle(event, Some(began + Duration::from_secs(6)))
        .await
        .unwrap();
    assert!(began.elapsed() < Duration::from_millis(5500), "{:?}", began.elapsed());
    let (sent, left) = (&answer["process"]["sent_again"], &answer["process"]["left"]);
    assert_eq!(sent.as_u64().unwrap() + left.as_u64().unwrap(), 100);
    assert!(left.as_u64().unwrap() > 0 && sent.as_u64().unwrap() > 0, "{answer}");
}

#[tokio::test]
async fn a_run_that_has_no_time_says_that_it_did_not_look() {
    let bench = Bench::start().await;
    let event = scheduled(OffsetDateTime::now_utc());
    let answer = bench.sweep().handle(event, Some(Instant::now())).await.unwrap();
    assert_eq!(answer["process"]["looked_at_all"], false);
}
