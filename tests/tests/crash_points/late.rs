//! Workers that are slow, or that nobody waits for any more.

use std::sync::{Mutex, mpsc};
use std::time::Duration;

use end_to_end_tests::Local;
use end_to_end_tests::faults::{Fault, Faults};
use pipeline_core::{Bucket, Earlier, Handled, Key, ObjectEvent, RunError, Stage};
use tokio::task::JoinHandle;

use crate::STACK_BYTES;
use crate::scenarios::{self, Scenario};

/// Lets a worker begin with the only object of process.
fn begin(local: &Local, faults: &Faults, key: &str) -> JoinHandle<Result<Handled, RunError>> {
    let stages = local.stages_with(&local.store_with(faults));
    let object = ObjectEvent {
        bucket: local.store().buckets().name(Bucket::Process).to_owned(),
        key: Key::new(key),
        event_time: None,
        message_id: None,
    };
    tokio::spawn(async move { stages.handle(Stage::ProcessFile, &object).await })
}

fn run(scenario: &Scenario, test: impl AsyncFnOnce(Local)) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(3)
        .thread_stack_size(STACK_BYTES)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async { test(scenario.start().await).await });
}

#[test]
fn a_slow_copy_is_not_completed_when_another_worker_has_done_the_work() {
    run(&scenarios::LARGE_USELESS, async |local| {
        let (begun, has_begun) = mpsc::channel();
        let (go, may_go) = mpsc::channel::<()>();
        let may_go = Mutex::new(may_go);
        let slow = Faults::new(move |call| {
            if call.operation == "UploadPartCopy" {
                begun.send(()).unwrap();
                may_go.lock().unwrap().recv().unwrap();
            }
            Fault::Pass
        });
        let slow = begin(&local, &slow, "bam/invoice.pdf");
        tokio::task::spawn_blocking(move || has_begun.recv().unwrap())
            .await
            .unwrap();
        begin(&local, &Faults::default(), "bam/invoice.pdf")
            .await
            .unwrap()
            .unwrap();
        // Somebody has seen to it, and removed it.
        local.remove(Bucket::Unprocessable, "bam/invoice.pdf").await;
        go.send(()).unwrap();
        let handled = slow.await.unwrap().unwrap();
        assert!(matches!(handled, Handled::Before(before) if matches!(before.earlier, Earlier::Receipt(_))));
        assert_eq!(local.keys(Bucket::Unprocessable).await, [""; 0]);
        assert_eq!(local.open_uploads().await, [""; 0]);
    });
}

#[test]
fn the_thread_of_a_step_that_was_given_up_finishes_no_upload() {
    run(&scenarios::LARGE_CSV, async |local| {
        let pause = Duration::from_millis(500);
        let faults = Faults::new(move |call| match call.operation {
            "CompleteMultipartUpload" => Fault::Slow(pause),
            _ => Fault::Pass,
        });
        let work = begin(&local, &faults, "bam/september.csv");
        while !faults.attempts().iter().any(|(_, fault)| *fault != Fault::Pass) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        work.abort();
        assert!(work.await.unwrap_err().is_cancelled());
        tokio::time::sleep(3 * pause).await;
        assert_eq!(local.keys(Bucket::AmrData).await, [""; 0]);
        assert_eq!(local.keys(Bucket::Process).await, ["bam/september.csv"]);
    });
}
