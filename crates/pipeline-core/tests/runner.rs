//! The runner's promises, each over a real S3 server.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use pipeline_core::store::Put;
use pipeline_core::{
    Area, BadPart, Bucket, Earlier, Failure, Handled, Input, Key, Outbox, Outcome, Output, Provenance, ReasonCode,
    Rejection, SafePath, Stage, Verdict,
};
use step_bench::{Bench, is_before, receipt};

const READINGS: &[u8] = b"MPR,Date,hr0030,hr0100\n9100000001,23/03/2025,0.1,0.2\n";

fn deliver(input: &Input, outbox: &mut Outbox) -> Result<Verdict, Failure> {
    let bytes = input.bytes().map_err(Failure::Spool)?;
    outbox.put(Output::new(Bucket::AmrData, input.name().clone(), "file"), bytes)?;
    Ok(Verdict::Done)
}

fn reject(_: &Input, _: &mut Outbox) -> Result<Verdict, Failure> {
    Ok(Verdict::Rejected(Rejection::new(
        ReasonCode::Html,
        "“import.csv” is a web page – not a table.",
    )))
}

#[tokio::test]
async fn what_a_step_makes_arrives_then_the_receipt_is_written_and_the_source_removed() {
    let bench = Bench::start().await;
    let event = bench.drop_file(Bucket::Process, "sheffield/import.csv", READINGS).await;
    let receipt = receipt(bench.runner(Stage::ProcessFile, deliver).handle(&event, None).await);
    assert_eq!(bench.content(Bucket::AmrData, "sheffield/import.csv").await, READINGS);
    assert!(bench.keys(Bucket::Process).await.is_empty());
    assert_eq!(bench.keys(Bucket::Receipts).await, [format!("{}.json", receipt.origin)]);
    assert_eq!(receipt.outputs[0].key, "sheffield/import.csv");
    assert_eq!(Some(&receipt.outputs[0].blake3), receipt.input.blake3.as_ref());
    let stored: pipeline_core::Receipt = serde_json::from_slice(
        &bench
            .content(Bucket::Receipts, &format!("{}.json", receipt.origin))
            .await,
    )
    .unwrap();
    assert_eq!(stored, receipt);
}

#[tokio::test]
async fn a_reject_is_put_aside_with_its_reason_and_the_source_removed() {
    let bench = Bench::start().await;
    let event = bench
        .drop_file(Bucket::Process, "sheffield/import.csv", b"<html>")
        .await;
    let receipt = receipt(bench.runner(Stage::ProcessFile, reject).handle(&event, None).await);
    assert_eq!(receipt.outcome, Outcome::Rejected);
    assert_eq!(
        bench.content(Bucket::Unprocessable, "sheffield/import.csv").await,
        b"<html>"[..]
    );
    let metadata = bench.metadata(Bucket::Unprocessable, "sheffield/import.csv").await;
    let (code, reason) = pipeline_core::provenance::reason_of(&metadata).unwrap();
    assert_eq!(
        (code.as_str(), reason.as_str()),
        ("html", "“import.csv” is a web page – not a table.")
    );
    assert!(bench.keys(Bucket::Process).await.is_empty());
}

#[tokio::test]
async fn of_a_container_with_a_bad_part_the_siblings_go_on_and_the_container_is_put_aside() {
    let bench = Bench::start().await;
    let event = bench.drop_file(Bucket::Uncompressed, "bam/march.zip", b"PK").await;
    let runner = bench.runner(Stage::UncompressFile, |_, outbox| {
        let good = Output::new(Bucket::Process, SafePath::from_path("good.csv").unwrap(), "good.csv");
        outbox.put(good, READINGS)?;
        let rejection = Rejection::new(ReasonCode::CorruptArchive, "its checksum is wrong.");
        Ok(Verdict::with_bad_parts(vec![BadPart {
            part: "bad.csv".to_owned(),
            rejection,
        }]))
    });
    let receipt = receipt(runner.handle(&event, None).await);
    assert_eq!(receipt.outcome, Outcome::Partly);
    let [good] = bench.keys(Bucket::Process).await.try_into().unwrap();
    assert!(good.starts_with("bam/") && good.ends_with("/good.csv"), "{good}");
    let (code, reason) =
        pipeline_core::provenance::reason_of(&bench.metadata(Bucket::Unprocessable, "bam/march.zip").await).unwrap();
    assert_eq!(code, "corrupt-archive");
    assert!(reason.contains("bad.csv"), "{reason}");
}

#[tokio::test]
async fn an_event_that_comes_again_does_nothing_even_after_the_importer_took_the_file() {
    let bench = Bench::start().await;
    let event = bench.drop_file(Bucket::Process, "sheffield/import.csv", READINGS).await;
    let runner = bench.runner(Stage::ProcessFile, deliver);
    receipt(runner.handle(&event, None).await);
    bench.remove(Bucket::AmrData, "sheffield/import.csv").await;
    assert!(is_before(&runner.handle(&event, None).await));
    assert!(bench.keys(Bucket::AmrData).await.is_empty());
}

#[tokio::test]
async fn a_crash_between_the_receipt_and_the_deletion_is_repaired_by_the_retry() {
    let bench = Bench::start().await;
    let staged = bench.drop_file(Bucket::Inbox, "mail-1", b"email").await;
    let unpack = bench.runner(Stage::UnpackAttachments, |_, outbox| {
        outbox.set_area(Area::from_key_part("sheffield").unwrap());
        let output = Output::new(Bucket::Process, SafePath::from_path("import.csv").unwrap(), "2");
        outbox.put(output.area(Area::from_key_part("sheffield").unwrap()), READINGS)?;
        Ok(Verdict::Done)
    });
    let unpacked = receipt(unpack.handle(&staged, None).await);
    let key = unpacked.outputs[0].key.clone();
    let metadata = bench.metadata(Bucket::Process, &key).await;
    let event = bench.event(Bucket::Process, &key);
    let process = bench.runner(Stage::ProcessFile, deliver);
    receipt(process.handle(&event, None).await);
    bench.remove(Bucket::AmrData, "sheffield/import.csv").await;
    // The state before the deletion: the source is there again, the receipt too.
    let put = bench
        .store
        .put_new(Bucket::Process, &Key::new(&key), READINGS.into(), metadata)
        .await
        .unwrap();
    assert_eq!(put, pipeline_core::store::Put::Created);
    assert!(is_before(&process.handle(&event, None).await));
    assert!(bench.keys(Bucket::Process).await.is_empty());
    assert!(bench.keys(Bucket::AmrData).await.is_empty());
}

#[tokio::test]
async fn an_email_stays_in_the_inbox() {
    let bench = Bench::start().await;
    let event = bench.drop_file(Bucket::Inbox, "mail-1", b"email").await;
    let runner = bench.runner(Stage::UnpackAttachments, |_, _| Ok(Verdict::NoFiles));
    assert_eq!(receipt(runner.handle(&event, None).await).outcome, Outcome::NoFiles);
    assert_eq!(bench.keys(Bucket::Inbox).await, ["mail-1"]);
    assert!(bench.keys(Bucket::Unprocessable).await.is_empty());
    assert!(is_before(&runner.handle(&event, None).await));
}

#[tokio::test]
async fn a_file_of_a_name_that_is_taken_gets_a_key_with_time_and_origin() {
    let bench = Bench::start().await;
    bench
        .drop_file(Bucket::AmrData, "sheffield/import.csv", b"yesterday's")
        .await;
    let event = bench.drop_file(Bucket::Process, "sheffield/import.csv", READINGS).await;
    let receipt = receipt(bench.runner(Stage::ProcessFile, deliver).handle(&event, None).await);
    let key = &receipt.outputs[0].key;
    let stamp = pipeline_core::stamp(receipt.received);
    assert_eq!(
        *key,
        format!("sheffield/{stamp}-{}/import.csv", receipt.outputs[0].origin.short())
    );
    assert_eq!(
        bench.content(Bucket::AmrData, "sheffield/import.csv").await,
        b"yesterday's"[..]
    );
    assert_eq!(bench.content(Bucket::AmrData, key).await, READINGS);
    assert!(bench.s3.history().unwrap().overwrites().is_empty());
}

#[tokio::test]
async fn a_retry_that_finds_its_file_under_the_second_key_is_done() {
    let bench = Bench::start().await;
    bench
        .drop_file(Bucket::AmrData, "sheffield/import.csv", b"yesterday's")
        .await;
    let event = bench.drop_file(Bucket::Process, "sheffield/import.csv", READINGS).await;
    let runner = bench.runner(Stage::ProcessFile, |input, outbox| {
        deliver(input, outbox)?;
        Err(Failure::Deadline)
    });
    runner.handle(&event, None).await.unwrap_err();
    bench.remove(Bucket::AmrData, "sheffield/import.csv").await;
    receipt(bench.runner(Stage::ProcessFile, deliver).handle(&event, None).await);
    assert_eq!(
        bench.keys(Bucket::AmrData).await.len(),
        1,
        "the file must not be delivered twice"
    );
}

#[tokio::test]
async fn a_file_that_the_importer_takes_before_the_receipt_is_written_comes_once_more() {
    let bench = Bench::start().await;
    let event = bench.drop_file(Bucket::Process, "sheffield/import.csv", READINGS).await;
    let killed = bench.runner(Stage::ProcessFile, |input, outbox| {
        deliver(input, outbox)?;
        Err(Failure::Deadline)
    });
    killed.handle(&event, None).await.unwrap_err();
    bench.remove(Bucket::AmrData, "sheffield/import.csv").await;
    let runner = bench.runner(Stage::ProcessFile, deliver);
    receipt(runner.handle(&event, None).await);
    assert_eq!(bench.keys(Bucket::AmrData).await, ["sheffield/import.csv"]);
    bench.remove(Bucket::AmrData, "sheffield/import.csv").await;
    assert!(is_before(&runner.handle(&event, None).await));
    assert!(bench.keys(Bucket::AmrData).await.is_empty(), "never a third time");
}

#[tokio::test]
async fn a_failed_step_leaves_its_source_and_no_receipt() {
    let bench = Bench::start().await;
    let event = bench.drop_file(Bucket::Process, "sheffield/import.csv", READINGS).await;
    let runner = bench.runner(Stage::ProcessFile, |_, _| Err(Failure::Deadline));
    assert_eq!(
        runner.handle(&event, None).await.unwrap_err().failure.error_type(),
        "DeadlineNear"
    );
    assert_eq!(bench.keys(Bucket::Process).await, ["sheffield/import.csv"]);
    assert!(bench.keys(Bucket::Receipts).await.is_empty());
}

#[tokio::test]
async fn a_step_that_panics_has_failed_and_loses_nothing() {
    let bench = Bench::start().await;
    let event = bench.drop_file(Bucket::Process, "sheffield/import.csv", READINGS).await;
    let runner = bench.runner(Stage::ProcessFile, |_, _| panic!("a defect of ours"));
    assert_eq!(
        runner.handle(&event, None).await.unwrap_err().failure.error_type(),
        "Panic"
    );
    assert_eq!(bench.keys(Bucket::Process).await, ["sheffield/import.csv"]);
}

#[tokio::test]
async fn before_the_deadline_a_step_stops_as_failed() {
    let bench = Bench::start().await;
    let event = bench.drop_file(Bucket::Process, "sheffield/import.csv", READINGS).await;
    let runner = bench.runner(Stage::ProcessFile, |input, _| {
        loop {
            std::thread::sleep(Duration::from_millis(5));
            let read = input.open().read(&mut [0; 8]);
            read.map_err(Failure::Spool)?;
        }
    });
    let deadline = Instant::now() + Duration::from_millis(1_000);
    let failed = runner.handle(&event, Some(deadline)).await.unwrap_err();
    assert_eq!(failed.failure.error_type(), "DeadlineNear");
    assert!(Instant::now() < deadline);
    assert_eq!(bench.keys(Bucket::Process).await, ["sheffield/import.csv"]);
}

#[tokio::test]
async fn an_outage_never_looks_like_a_bad_file() {
    let bench = Bench::start().await;
    let event = bench.drop_file(Bucket::Process, "sheffield/import.csv", READINGS).await;
    let client = bench.client.clone();
    let amr_data = bench.config.buckets.name(Bucket::AmrData).to_owned();
    client.delete_bucket().bucket(&amr_data).send().await.unwrap();
    let runner = bench.runner(Stage::ProcessFile, |input, outbox| {
        // A step that takes every error for a corrupt file.
        match deliver(input, outbox) {
            Ok(verdict) => Ok(verdict),
            Err(_) => reject(input, outbox),
        }
    });
    assert_eq!(
        runner.handle(&event, None).await.unwrap_err().failure.error_type(),
        "S3Refused"
    );
    assert_eq!(bench.keys(Bucket::Process).await, ["sheffield/import.csv"]);
    assert!(bench.keys(Bucket::Unprocessable).await.is_empty());
}

#[tokio::test]
async fn after_the_deadline_nothing_is_written_any_more() {
    let bench = Bench::start().await;
    let event = bench.drop_file(Bucket::Process, "sheffield/import.csv", READINGS).await;
    let runner = bench.runner(Stage::ProcessFile, |input, outbox| {
        let mut late = outbox.create(Output::new(Bucket::AmrData, input.name().clone(), "late"))?;
        late.write_all(&vec![b'x'; 9 << 20]).map_err(Failure::Spool)?;
        std::thread::sleep(Duration::from_millis(1_000));
        outbox
            .put(Output::new(Bucket::AmrData, input.name().clone(), "small"), READINGS)
            .ok();
        late.finish()?;
        Ok(Verdict::Done)
    });
    let deadline = Instant::now() + Duration::from_millis(1_000);
    runner.handle(&event, Some(deadline)).await.unwrap_err();
    tokio::time::sleep(Duration::from_millis(1_000)).await;
    assert!(bench.keys(Bucket::AmrData).await.is_empty());
}

#[tokio::test]
async fn two_outputs_of_one_origin_are_a_defect_and_lose_nothing() {
    let bench = Bench::start().await;
    let event = bench
        .drop_file(Bucket::Spreadsheet, "sheffield/import.xlsx", READINGS)
        .await;
    let runner = bench.runner(Stage::ConvertFile, |input, outbox| {
        outbox.put(Output::new(Bucket::Process, input.name().clone(), "same"), READINGS)?;
        outbox.put(
            Output::new(Bucket::Process, input.name().clone(), "same"),
            &b"other"[..],
        )?;
        Ok(Verdict::Done)
    });
    assert_eq!(
        runner.handle(&event, None).await.unwrap_err().failure.error_type(),
        "Defect"
    );
    assert_eq!(bench.keys(Bucket::Spreadsheet).await, ["sheffield/import.xlsx"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_worker_whose_work_was_done_meanwhile_delivers_nothing() {
    let bench = Bench::start().await;
    let event = bench.drop_file(Bucket::Process, "sheffield/import.csv", READINGS).await;
    let (begun, has_begun) = std::sync::mpsc::channel();
    let (go, may_go) = std::sync::mpsc::channel::<()>();
    let may_go = std::sync::Mutex::new(may_go);
    let slow = bench.runner(Stage::ProcessFile, move |input, outbox| {
        begun.send(()).unwrap();
        may_go.lock().unwrap().recv().unwrap();
        deliver(input, outbox)
    });
    let slow_event = event.clone();
    let slow = tokio::spawn(async move { slow.handle(&slow_event, None).await });
    tokio::task::spawn_blocking(move || has_begun.recv().unwrap())
        .await
        .unwrap();
    receipt(bench.runner(Stage::ProcessFile, deliver).handle(&event, None).await);
    // The importer, long after the receipt.
    bench.remove(Bucket::AmrData, "sheffield/import.csv").await;
    go.send(()).unwrap();
    let handled = slow.await.unwrap().unwrap();
    assert!(matches!(handled, Handled::Before(before) if matches!(before.earlier, Earlier::Receipt(_))));
    assert!(bench.keys(Bucket::AmrData).await.is_empty());
}

#[tokio::test]
async fn where_s3_answers_without_a_body_the_error_still_tells() {
    let bench = Bench::start().await;
    let wrong = aws_sdk_s3::config::Credentials::new("AKIAWRONG", "x", None, None, "test");
    let config = bench.client.config().to_builder().credentials_provider(wrong).build();
    let store = pipeline_core::Store::new(aws_sdk_s3::Client::from_conf(config), bench.config.buckets.clone());
    let error = store
        .head(Bucket::Process, &Key::new("sheffield/import.csv"))
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("HTTP 403") && error.contains("s3:ListBucket"), "{error}");
}

#[derive(Debug)]
struct PanicOn(&'static str);

impl aws_sdk_s3::config::Intercept for PanicOn {
    fn name(&self) -> &'static str {
        "panic"
    }

    fn modify_before_signing(
        &self,
        context: &mut aws_sdk_s3::config::interceptors::BeforeTransmitInterceptorContextMut<'_>,
        _: &aws_sdk_s3::config::RuntimeComponents,
        _: &mut aws_sdk_s3::config::ConfigBag,
    ) -> Result<(), aws_sdk_s3::error::BoxError> {
        assert!(!context.request().uri().contains(self.0), "a defect of the SDK");
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_output_whose_writing_panics_fails_the_step_although_others_follow() {
    let mut bench = Bench::start().await;
    let event = bench
        .drop_file(Bucket::Spreadsheet, "sheffield/import.xlsx", READINGS)
        .await;
    let config = bench
        .client
        .config()
        .to_builder()
        .interceptor(PanicOn("first.csv"))
        .build();
    bench.store = pipeline_core::Store::new(aws_sdk_s3::Client::from_conf(config), bench.config.buckets.clone());
    let runner = bench.runner(Stage::ConvertFile, |_, outbox| {
        for name in ["first.csv", "second.csv"] {
            outbox.put(
                Output::new(Bucket::Process, SafePath::from_path(name).unwrap(), name),
                READINGS,
            )?;
            std::thread::sleep(Duration::from_millis(300));
        }
        Ok(Verdict::Done)
    });
    assert_eq!(
        runner.handle(&event, None).await.unwrap_err().failure.error_type(),
        "Panic"
    );
    assert_eq!(bench.keys(Bucket::Spreadsheet).await, ["sheffield/import.xlsx"]);
}

#[tokio::test]
async fn a_large_output_streams_out_and_an_unfinished_one_leaves_nothing_behind() {
    const MIB: usize = 1024 * 1024;
    let bench = Bench::start().await;
    let event = bench.drop_file(Bucket::Process, "sheffield/import.csv", READINGS).await;
    let runner = bench.runner(Stage::ProcessFile, |_, outbox| {
        let name = |name| SafePath::from_path(name).unwrap();
        let mut whole = outbox.create(Output::new(Bucket::AmrData, name("whole.csv"), "whole"))?;
        let mut dropped = outbox.create(Output::new(Bucket::AmrData, name("dropped.csv"), "dropped"))?;
        for _ in 0..20 {
            whole.write_all(&vec![b'x'; MIB]).map_err(Failure::Spool)?;
            dropped.write_all(&vec![b'y'; MIB]).map_err(Failure::Spool)?;
        }
        drop(dropped);
        whole.finish()?;
        Ok(Verdict::Done)
    });
    let receipt = receipt(runner.handle(&event, None).await);
    assert_eq!(bench.keys(Bucket::AmrData).await, ["sheffield/whole.csv"]);
    assert_eq!(
        bench.content(Bucket::AmrData, "sheffield/whole.csv").await,
        vec![b'x'; 20 * MIB]
    );
    assert_eq!(receipt.outputs[0].size, 20 * MIB as u64);
    assert_eq!(
        receipt.outputs[0].blake3,
        blake3::hash(&vec![b'x'; 20 * MIB]).to_hex().to_string()
    );
}

#[tokio::test]
async fn a_large_object_is_passed_on_and_put_aside_without_coming_by() {
    let bench = Bench::start().await;
    let big: Vec<u8> = (0..20_000_000_u32).map(|n| n.to_le_bytes()[0]).collect();
    let event = bench.drop_file(Bucket::Process, "bam/big.zip", &big).await;
    let runner = bench.runner(Stage::ProcessFile, |input, outbox| {
        outbox.forward(Output::new(Bucket::Uncompressed, input.name().clone(), "file"))?;
        Ok(Verdict::Done)
    });
    let key = receipt(runner.handle(&event, None).await).outputs[0].key.clone();
    assert_eq!(bench.content(Bucket::Uncompressed, &key).await, big);
    let event = bench.event(Bucket::Uncompressed, &key);
    receipt(bench.runner(Stage::UncompressFile, reject).handle(&event, None).await);
    assert_eq!(bench.content(Bucket::Unprocessable, "bam/big.zip").await, big);
    assert!(bench.keys(Bucket::Uncompressed).await.is_empty());
}

#[tokio::test]
async fn where_it_came_from_travels_along() {
    let bench = Bench::start().await;
    let event = bench.drop_file(Bucket::Inbox, "2025/mail+1 £", b"email").await;
    let received = time::macros::datetime!(2025-03-23 10:11:12 UTC);
    let runner = bench.runner(Stage::UnpackAttachments, move |_, outbox| {
        outbox.set_received(received);
        let output = Output::new(Bucket::Process, SafePath::from_path("import.csv").unwrap(), "2");
        let area = Area::from_key_part("sheffield").unwrap();
        outbox.put(output.area(area).source_name("import\u{a0}.csv").depth(1), READINGS)?;
        Ok(Verdict::Done)
    });
    let unpacked = receipt(runner.handle(&event, None).await);
    let metadata = bench.metadata(Bucket::Process, &unpacked.outputs[0].key).await;
    let (origin, provenance) = Provenance::from_metadata(&metadata).unwrap();
    assert_eq!(origin, unpacked.outputs[0].origin);
    let expected = Provenance {
        generation: 0,
        message: Some("2025/mail+1 £".to_owned()),
        parent: Some(unpacked.origin),
        received,
        source_name: "import\u{a0}.csv".to_owned(),
        depth: 1,
    };
    assert_eq!(provenance, expected);
    let event = bench.event(Bucket::Process, &unpacked.outputs[0].key);
    let processed = receipt(bench.runner(Stage::ProcessFile, deliver).handle(&event, None).await);
    assert_eq!(processed.parent, Some(unpacked.origin));
    assert_eq!(processed.message.as_deref(), Some("2025/mail+1 £"));
    assert_eq!(processed.received, received);
}

#[tokio::test]
async fn a_copy_that_a_person_drops_with_its_metadata_enters_from_outside() {
    let bench = Bench::start().await;
    let event = bench.drop_file(Bucket::Process, "sheffield/import.csv", READINGS).await;
    let rejected = receipt(bench.runner(Stage::ProcessFile, reject).handle(&event, None).await);
    let metadata = bench.metadata(Bucket::Unprocessable, "sheffield/import.csv").await;
    // Of the time of an object from outside whole seconds count.
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let key = Key::new("sheffield/import.csv");
    let put = bench.store.put_new(Bucket::Process, &key, READINGS.into(), metadata);
    put.await.unwrap();
    let again = receipt(bench.runner(Stage::ProcessFile, deliver).handle(&event, None).await);
    assert_ne!(again.origin, rejected.origin);
    assert_eq!(bench.keys(Bucket::AmrData).await, ["sheffield/import.csv"]);
}

#[tokio::test]
async fn a_copy_of_what_waits_is_a_file_of_its_own_and_takes_nothing_from_the_other() {
    let bench = Bench::start().await;
    let event = bench.drop_file(Bucket::Uncompressed, "bam/march.zip", b"PK").await;
    let runner = bench.runner(Stage::UncompressFile, |_, outbox| {
        let member = Output::new(
            Bucket::Process,
            SafePath::from_path("import.csv").unwrap(),
            "import.csv",
        );
        outbox.put(member, READINGS)?;
        Ok(Verdict::Done)
    });
    let waiting = receipt(runner.handle(&event, None).await).outputs[0].key.clone();
    let metadata = bench.metadata(Bucket::Process, &waiting).await;
    let copies = [
        (Bucket::Process, Stage::ProcessFile, waiting.replace("bam", "sheffield")),
        (
            Bucket::Process,
            Stage::ProcessFile,
            waiting.replace("import", "renamed"),
        ),
        (Bucket::Spreadsheet, Stage::ConvertFile, waiting.clone()),
        (Bucket::Process, Stage::ProcessFile, waiting),
    ];
    for (bucket, _, copy) in &copies[..3] {
        let copy = Key::new(copy);
        let put = bench.store.put_new(*bucket, &copy, READINGS.into(), metadata.clone());
        assert_eq!(put.await.unwrap(), Put::Created);
    }
    let mut origins = Vec::new();
    for (bucket, stage, key) in &copies {
        let event = bench.event(*bucket, key);
        origins.push(receipt(bench.runner(*stage, reject).handle(&event, None).await).origin);
    }
    origins.sort();
    origins.dedup();
    assert_eq!(origins.len(), 4);
    assert_eq!(bench.keys(Bucket::Unprocessable).await.len(), 4);
    let (bucket, stage, home) = &copies[3];
    let key = Key::new(home);
    let put = bench.store.put_new(*bucket, &key, READINGS.into(), metadata);
    assert_eq!(put.await.unwrap(), Put::Created);
    let event = bench.event(*bucket, home);
    assert!(is_before(&bench.runner(*stage, reject).handle(&event, None).await));
}

#[tokio::test]
async fn an_object_that_was_replaced_meanwhile_is_not_removed() {
    let bench = Bench::start().await;
    let event = bench.drop_file(Bucket::Process, "sheffield/import.csv", READINGS).await;
    let (client, bucket) = (bench.client.clone(), event.bucket.clone());
    let runner = bench.runner(Stage::ProcessFile, move |input, outbox| {
        let put = client.put_object().bucket(&bucket).key("sheffield/import.csv");
        outbox
            .handle()
            .block_on(put.body(bytes::Bytes::from_static(b"newer").into()).send())
            .unwrap();
        deliver(input, outbox)
    });
    receipt(runner.handle(&event, None).await);
    assert_eq!(
        bench.content(Bucket::Process, "sheffield/import.csv").await,
        b"newer"[..]
    );
    receipt(bench.runner(Stage::ProcessFile, deliver).handle(&event, None).await);
    assert_eq!(bench.keys(Bucket::AmrData).await.len(), 2);
}

#[tokio::test]
async fn two_workers_on_one_object_deliver_it_once() {
    let bench = Bench::start().await;
    for n in 0..10 {
        let key = format!("sheffield/import-{n}.csv");
        let event = bench.drop_file(Bucket::Process, &key, READINGS).await;
        let runner = bench.runner(Stage::ProcessFile, deliver);
        let (a, b) = tokio::join!(runner.handle(&event, None), runner.handle(&event, None));
        // One of them may find that the other removed the source between its look and its read.
        assert!(a.is_ok() || b.is_ok());
    }
    assert_eq!(bench.keys(Bucket::AmrData).await.len(), 10);
    assert!(bench.s3.history().unwrap().overwrites().is_empty());
}

#[tokio::test]
async fn a_file_in_nobodys_folder_is_put_aside() {
    let bench = Bench::start().await;
    let event = bench.drop_file(Bucket::Process, "import.csv", READINGS).await;
    let receipt = receipt(bench.runner(Stage::ProcessFile, deliver).handle(&event, None).await);
    assert_eq!(receipt.rejected.unwrap().rejection.reason_code, ReasonCode::NoArea);
    assert_eq!(bench.keys(Bucket::Unprocessable).await, ["unknown-area/import.csv"]);
}

#[tokio::test]
async fn an_event_about_another_bucket_is_an_error() {
    let bench = Bench::start().await;
    let event = bench.drop_file(Bucket::AmrData, "sheffield/import.csv", READINGS).await;
    bench
        .runner(Stage::ProcessFile, deliver)
        .handle(&event, None)
        .await
        .unwrap_err();
}

#[tokio::test]
async fn an_event_about_an_object_that_is_gone_was_done_before() {
    let bench = Bench::start().await;
    let event = bench.event(Bucket::Process, "sheffield/import.csv");
    assert!(is_before(
        &bench.runner(Stage::ProcessFile, deliver).handle(&event, None).await
    ));
}

#[tokio::test]
async fn where_s3_cannot_be_reached_the_error_is_returned() {
    let bench = Bench::start().await;
    let event = bench.drop_file(Bucket::Process, "sheffield/import.csv", READINGS).await;
    let runner = bench.runner(Stage::ProcessFile, deliver);
    bench.s3.shutdown().await;
    let error = runner.handle(&event, None).await.unwrap_err();
    assert_eq!(error.failure.error_type(), "S3Unreachable");
}
