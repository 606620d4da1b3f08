//! The faults do what they say: a test that injects none would prove nothing.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use std::time::Duration;

use end_to_end_tests::Local;
use end_to_end_tests::faults::{Fault, Faults, SDKS_ATTEMPTS};
use pipeline_core::store::{Put, StoreError};
use pipeline_core::{Bucket, Key};

const TEXT: &[u8] = b"MPR,Date,hr0030\n91234567,20/03/2025,1.5\n";

/// Writes an object with a fault at all attempts; what the pipeline is told, and whether the object is there.
async fn put(fault: Fault, attempts: u32) -> (Result<Put, StoreError>, bool, Faults) {
    let local = Local::with(&[]).await;
    let faults = Faults::at_call(1, attempts, fault);
    let key = Key::new("bam/hh.csv");
    let store = local.store_with(&faults);
    let put = store.put_new(Bucket::Process, &key, TEXT.into(), [].into()).await;
    let is_there = local.store().head(Bucket::Process, &key).await.unwrap().is_some();
    (put, is_there, faults)
}

#[tokio::test]
async fn a_refusal_before_has_no_effect_and_one_after_has() {
    for (fault, took_place) in [
        (Fault::RefusedBefore(503, "SlowDown"), false),
        (Fault::RefusedAfter(403, "AccessDenied"), true),
        (Fault::Reset, false),
    ] {
        let (told, is_there, faults) = put(fault, SDKS_ATTEMPTS).await;
        assert!(told.is_err(), "{fault:?}");
        assert_eq!(is_there, took_place, "{fault:?}");
        assert_eq!(faults.calls(), 1);
    }
}

#[tokio::test]
async fn the_sdk_asks_again_and_finds_its_own_object() {
    for fault in [Fault::ResetAfter, Fault::RefusedAfter(503, "SlowDown")] {
        let (told, is_there, faults) = put(fault, 1).await;
        assert_eq!(told.unwrap(), Put::Exists);
        assert!(is_there);
        assert_eq!((faults.calls(), faults.attempts().len(), faults.injected()), (1, 2, 1));
    }
}

#[tokio::test]
async fn a_truncated_body_is_noticed() {
    let local = Local::with(&[]).await;
    local.put(Bucket::Process, "bam/hh.csv", TEXT).await;
    let faults = Faults::at_call(1, 1, Fault::Truncated);
    let read = local
        .store_with(&faults)
        .get_bytes(Bucket::Process, &Key::new("bam/hh.csv"))
        .await;
    assert!(matches!(read, Err(StoreError::Body { .. })), "{read:?}");
}

#[tokio::test]
async fn of_a_worker_that_crashed_nothing_reaches_s3_any_more() {
    for (fault, took_place) in [(Fault::Crash, false), (Fault::CrashAfter, true)] {
        let local = Local::with(&[]).await;
        let faults = Faults::at_call(1, 1, fault);
        let store = local.store_with(&faults);
        let (zombie, key) = (store.clone(), Key::new("bam/hh.csv"));
        let crashed = faults.clone();
        let zombie = tokio::spawn(async move {
            while !crashed.has_crashed() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            zombie
                .put_new(Bucket::Process, &Key::new("bam/zombie.csv"), TEXT.into(), [].into())
                .await
        });
        let put = store.put_new(Bucket::Process, &key, TEXT.into(), [].into());
        assert!(faults.until_crash(put).await.is_none());
        assert!(faults.has_crashed());
        assert!(zombie.await.unwrap().is_err());
        let keys = local.keys(Bucket::Process).await;
        assert_eq!(
            keys,
            if took_place { vec!["bam/hh.csv"] } else { Vec::new() },
            "{fault:?}"
        );
    }
}
