//! A large object that is read while it comes.

use std::io::{self, Read};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use end_to_end_tests::S3;
use hyper::Method;
use pipeline_core::{Bucket, Failure, Input, Outbox, Stage, Verdict};
use tokio::sync::Notify;

use crate::strait::{Comes, Strait};
use crate::{Act, MIB, output, work};

const KEY: &str = "bam/march.csv";

/// Half of it is more than a part.
const SIZE: usize = 20 * MIB;

async fn with_a_large_object() -> S3 {
    let s3 = S3::start().await;
    s3.put(Bucket::Process, KEY, readings()).await;
    s3
}

fn readings() -> Vec<u8> {
    b"2000006185057,01/09/2025,0.21,0.19\n"
        .iter()
        .copied()
        .cycle()
        .take(SIZE)
        .collect()
}

fn copy(input: &Input, outbox: &mut Outbox) -> Result<Verdict, Failure> {
    let mut writer = outbox.create(output(Bucket::AmrData, "march.csv"))?;
    io::copy(&mut input.open(), &mut writer).map_err(Failure::Spool)?;
    writer.finish()?;
    Ok(Verdict::Done)
}

/// A step whose first output is small and made of the first line alone.
fn put_the_first_line(input: &Input, outbox: &mut Outbox) -> Result<Verdict, Failure> {
    let mut first_line = vec![0; 35];
    let mut content = input.open();
    content.read_exact(&mut first_line).map_err(Failure::Spool)?;
    outbox.put(output(Bucket::AmrData, "first.csv"), first_line)?;
    // Whatever it makes of the error: for it the file is short.
    let _ = io::copy(&mut content, &mut io::sink());
    Ok(Verdict::Done)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_part_goes_up_while_the_input_still_comes() {
    let s3 = with_a_large_object().await;
    let (part_comes, seen) = (Arc::new(Notify::new()), Arc::new(Mutex::new(Vec::new())));
    let (goes_on, calls) = (Arc::clone(&part_comes), Arc::clone(&seen));
    let strait = Strait::start(&s3, move |method, path| {
        let is_part = path.contains("partNumber=");
        if is_part {
            goes_on.notify_one();
        }
        let is_input = method == Method::GET;
        calls.lock().unwrap().push((method, path));
        let comes = if is_input {
            Comes::HalfUntil(Arc::clone(&goes_on))
        } else {
            Comes::AtOnce
        };
        async move { comes }
    })
    .await;
    work(Act(Stage::ProcessFile, copy), &s3, &strait.store(&s3), KEY)
        .await
        .unwrap();
    assert!(s3.content(Bucket::AmrData, KEY).await == readings());
    assert_eq!(s3.keys(Bucket::Process).await, [""; 0]);
    let gets = seen
        .lock()
        .unwrap()
        .iter()
        .filter(|(method, _)| method == Method::GET)
        .count();
    assert_eq!(gets, 1, "it is fetched once");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_becomes_visible_before_the_whole_input_has_arrived() {
    let s3 = with_a_large_object().await;
    let arrived = Arc::new(AtomicBool::new(false));
    let written_before = Arc::new(AtomicBool::new(false));
    let (has_arrived, is_early) = (Arc::clone(&arrived), Arc::clone(&written_before));
    let strait = Strait::start(&s3, move |method, path| {
        let is_output = method == Method::PUT && path.contains("first.csv");
        if is_output && !has_arrived.load(Ordering::SeqCst) {
            is_early.store(true, Ordering::SeqCst);
        }
        let has_arrived = Arc::clone(&has_arrived);
        async move {
            if method != Method::GET {
                return Comes::AtOnce;
            }
            let rest = Arc::new(Notify::new());
            let comes = Comes::HalfUntil(Arc::clone(&rest));
            tokio::spawn(async move {
                // Long enough for whoever would not wait.
                tokio::time::sleep(std::time::Duration::from_millis(300)).await;
                has_arrived.store(true, Ordering::SeqCst);
                rest.notify_one();
            });
            comes
        }
    })
    .await;
    let step = Act(Stage::ProcessFile, put_the_first_line);
    work(step, &s3, &strait.store(&s3), KEY).await.unwrap();
    assert!(!written_before.load(Ordering::SeqCst));
    assert_eq!(s3.keys(Bucket::AmrData).await, ["bam/first.csv"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_an_input_that_breaks_off_nothing_is_made_and_the_source_stays() {
    let s3 = with_a_large_object().await;
    let strait = Strait::start(&s3, |method, _| async move {
        if method == Method::GET {
            Comes::HalfOfIt
        } else {
            Comes::AtOnce
        }
    })
    .await;
    for step in [copy, put_the_first_line] {
        let failed = work(Act(Stage::ProcessFile, step), &s3, &strait.store(&s3), KEY).await;
        assert_eq!(failed.unwrap_err().failure.error_type(), "S3BodyBroken");
        assert_eq!(s3.keys(Bucket::AmrData).await, [""; 0]);
        assert_eq!(s3.keys(Bucket::Receipts).await, [""; 0]);
        assert_eq!(s3.keys(Bucket::Process).await, [KEY]);
    }
    let uploads = s3.open_uploads(Bucket::AmrData).await;
    assert_eq!(uploads, [""; 0], "what was uploaded is thrown away");
}
