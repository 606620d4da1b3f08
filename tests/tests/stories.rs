//! What became of an email or a file is read from receipts and objects, from whichever end one begins.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use std::collections::BTreeSet;

use end_to_end_tests::{Local, Mail, zip};
use pipeline_core::{Bucket, Key, ReasonCode, Stage};
use story::{Entered, Receipts, State, Summary, Tree, find};
use time::{Duration, OffsetDateTime};

const CSV: &[u8] = b"MPR,Date,hr0030\r\n91234567,20/03/2025,1.5\r\n";
const PAGE: &[u8] = b"<!DOCTYPE html><html><body>Bad gateway</body></html>";
const MESSAGE: &str = "2025/o3gbv5qk+1";

fn email() -> Vec<u8> {
    let week = zip(&[("gas £.csv", CSV), ("error.csv", PAGE)]);
    let march = zip(&[("week/12.zip", &week)]);
    let mail = Mail::to("Sheffield").message_id("<7@supplier.example>");
    mail.attach("march.zip", march).to_bytes()
}

/// An email with a zip in a zip, one of whose members is a page.
async fn worked() -> Local {
    let mut local = Local::with(&[]).await;
    local.send(MESSAGE, email()).await;
    local.work().await;
    local
}

async fn tree(local: &Local) -> Tree {
    let tree = Tree::read(local.store(), Bucket::Inbox, &Key::new(MESSAGE)).await;
    tree.unwrap().unwrap()
}

#[tokio::test]
async fn a_tree_shows_every_step_from_the_email_to_its_files() {
    let local = worked().await;
    let tree = tree(&local).await;
    assert!(tree.is_finished());
    let stages: Vec<_> = tree
        .nodes()
        .map(|node| (node.bucket, node.receipt().map(|receipt| receipt.stage)))
        .collect();
    assert_eq!(
        stages[..5],
        [
            (Bucket::Inbox, Some(Stage::UnpackAttachments)),
            (Bucket::Process, Some(Stage::ProcessFile)),
            (Bucket::Uncompressed, Some(Stage::UncompressFile)),
            (Bucket::Process, Some(Stage::ProcessFile)),
            (Bucket::Uncompressed, Some(Stage::UncompressFile)),
        ]
    );
    let [delivery] = tree.deliveries().try_into().unwrap();
    assert_eq!(delivery.key, "sheffield/week/gas £.csv");
    assert_eq!(
        (delivery.area.as_deref(), delivery.rows, delivery.taken),
        (Some("sheffield"), Some(2), Some(false))
    );
    let [reject] = tree.rejects().try_into().unwrap();
    assert_eq!(
        (reject.source_name.as_str(), reject.reason_code),
        ("error.csv", ReasonCode::Html)
    );
    assert_eq!(reject.key, "sheffield/week/error.csv");
}

#[tokio::test]
async fn what_the_importer_took_was_delivered_and_is_said_to_be_taken() {
    let local = worked().await;
    local.remove(Bucket::AmrData, "sheffield/week/gas £.csv").await;
    let [delivery] = tree(&local).await.deliveries().try_into().unwrap();
    assert_eq!(delivery.taken, Some(true));
}

#[tokio::test]
async fn an_email_that_nobody_has_worked_on_waits_and_one_half_done_is_not_finished() {
    let mut local = Local::with(&[]).await;
    local.send(MESSAGE, email()).await;
    let waiting = tree(&local).await;
    assert!(matches!(waiting.root.state, State::Waiting { since: Some(_) }));
    local.new_events();
    local.handle(Stage::UnpackAttachments, MESSAGE).await;
    let half = tree(&local).await;
    assert!(!half.is_finished());
    assert!(matches!(half.root.children[0].state, State::Waiting { since: Some(_) }));
    let [waiting] = local.keys(Bucket::Process).await.try_into().unwrap();
    local.remove(Bucket::Process, &waiting).await;
    assert!(matches!(tree(&local).await.root.children[0].state, State::Gone));
}

#[tokio::test]
async fn whichever_end_one_begins_at_the_email_is_found() {
    let local = worked().await;
    let store = local.store();
    let [root] = <[Entered; 1]>::try_from(find(store, MESSAGE).await.unwrap()).unwrap();
    assert_eq!((root.bucket, root.key.as_str()), (Bucket::Inbox, MESSAGE));
    let [delivered] = local.objects(Bucket::AmrData).await.try_into().unwrap();
    let inbox = store.buckets().name(Bucket::Inbox);
    let receipts = local.receipts().await;
    let mut beginnings = vec![
        format!("inbox/{MESSAGE}"),
        format!("{inbox}/{MESSAGE}"),
        format!("s3://{inbox}/{MESSAGE}"),
        "sheffield/week/gas £.csv".to_owned(),
        "amr-data/sheffield/week/gas £.csv".to_owned(),
        "unprocessable/sheffield/week/error.csv".to_owned(),
        delivered.metadata["origin"].clone(),
        delivered.metadata["origin"].chars().take(8).collect(),
    ];
    for receipt in &receipts {
        beginnings.push(receipt.origin.to_string());
        beginnings.push(receipt.origin.short());
        // Its object is gone, but for the email.
        beginnings.push(receipt.input.key.clone());
    }
    for beginning in &beginnings {
        let found = find(store, beginning).await.unwrap();
        assert_eq!(found.as_slice(), std::slice::from_ref(&root), "{beginning}");
    }
    // The importer takes the file, an operator cleans up, the inbox expires.
    local.remove(Bucket::AmrData, &delivered.key).await;
    local.remove(Bucket::Unprocessable, "sheffield/week/error.csv").await;
    local.remove(Bucket::Inbox, MESSAGE).await;
    for beginning in &beginnings {
        let found = find(store, beginning).await.unwrap();
        assert_eq!(found.as_slice(), std::slice::from_ref(&root), "{beginning}");
    }
    let tree = Tree::of(store, &root).await.unwrap();
    assert_eq!(tree.deliveries().len(), 1);
    for nothing in ["", "sheffield", "sheffield/other.csv", "deadbeef", "process/x.csv"] {
        assert_eq!(find(store, nothing).await.unwrap(), [], "{nothing}");
    }
}

#[tokio::test]
async fn a_file_that_a_person_dropped_has_a_story_of_its_own() {
    let mut local = Local::with(&[]).await;
    local.put(Bucket::Process, "bam/hh.csv", CSV).await;
    let waiting = find(local.store(), "process/bam/hh.csv").await.unwrap();
    local.work().await;
    assert_eq!(find(local.store(), "amr-data/bam/hh.csv").await.unwrap(), waiting);
    let tree = Tree::of(local.store(), &waiting[0]).await.unwrap();
    assert_eq!(tree.root.bucket, Bucket::Process);
    assert_eq!(tree.deliveries()[0].key, "bam/hh.csv");
}

#[tokio::test]
async fn receipts_in_memory_tell_the_same_and_are_read_once() {
    let mut local = worked().await;
    let store = local.store().clone();
    let mut receipts = Receipts::default();
    let refreshed = receipts.refresh(&store).await.unwrap();
    assert_eq!(refreshed.new, local.keys(Bucket::Receipts).await.len());
    assert_eq!(receipts.refresh(&store).await.unwrap().new, 0);
    let whole = tree(&local).await;
    let from_memory = receipts.tree(whole.root.origin).unwrap();
    assert_eq!(from_memory.rejects(), whole.rejects());
    assert_eq!(from_memory.deliveries()[0].key, whole.deliveries()[0].key);
    local.put(Bucket::Process, "bam/hh.csv", CSV).await;
    local.work().await;
    assert_eq!(receipts.refresh(&store).await.unwrap().new, 1);
    let entered: BTreeSet<_> = receipts
        .entered()
        .iter()
        .map(|receipt| receipt.input.key.clone())
        .collect();
    assert_eq!(entered, BTreeSet::from([MESSAGE.to_owned(), "bam/hh.csv".to_owned()]));
    let key = Key::receipt(receipts.entered()[0].origin);
    local.remove(Bucket::Receipts, key.as_str()).await;
    let refreshed = receipts.refresh(&store).await.unwrap();
    assert_eq!((refreshed.new, refreshed.gone), (0, 1));
    // What is older than the beginning is not read.
    let mut later = Receipts::since(Some(OffsetDateTime::now_utc() + Duration::HOUR));
    assert_eq!(later.refresh(&store).await.unwrap().new, 0);
    assert!(later.is_empty());
}

#[tokio::test]
async fn a_summary_counts_deliveries_and_rejects_by_area_and_reason() {
    let mut local = worked().await;
    local.put(Bucket::Process, "bam/hh.csv", CSV).await;
    local.work().await;
    let mut receipts = Receipts::default();
    receipts.refresh(local.store()).await.unwrap();
    let now = OffsetDateTime::now_utc();
    let summary = Summary::of(&receipts, now - Duration::DAY, now + Duration::MINUTE);
    assert_eq!(summary.areas["sheffield"].deliveries, 1);
    assert_eq!(summary.areas["sheffield"].rejects, [(ReasonCode::Html, 1)].into());
    assert_eq!(
        (summary.areas["bam"].deliveries, summary.areas["bam"].rejected()),
        (1, 0)
    );
    assert_eq!((summary.total().deliveries, summary.total().rows), (2, 4));
    let before = Summary::of(&receipts, now - Duration::WEEK, now - Duration::DAY);
    assert_eq!(before, Summary::default());
}
