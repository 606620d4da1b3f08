//! Listings over a real S3 server.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use pipeline_core::Bucket;
use pipeline_core::store::Pages;
use step_bench::Bench;
use tokio::task::JoinSet;

/// Drops empty files, a good many at a time.
async fn drop_files(bench: &Bench, bucket: Bucket, keys: &[String]) {
    let name = bench.config.buckets.name(bucket);
    for some in keys.chunks(64) {
        let mut puts = JoinSet::new();
        for key in some {
            puts.spawn(bench.client.put_object().bucket(name).key(key).send());
        }
        for put in puts.join_all().await {
            put.unwrap();
        }
    }
}

async fn sizes_and_keys(mut pages: Pages<'_>) -> (Vec<usize>, Vec<String>) {
    let (mut sizes, mut keys) = (Vec::new(), Vec::new());
    while let Some(page) = pages.next().await.unwrap() {
        sizes.push(page.len());
        keys.extend(page.into_iter().map(|object| object.key.to_string()));
    }
    (sizes, keys)
}

#[tokio::test]
async fn a_listing_comes_in_pages_of_a_thousand_and_leaves_nothing_out() {
    let bench = Bench::start().await;
    let keys: Vec<_> = (0..2001).map(|n| format!("sheffield/{n:04}.csv")).collect();
    drop_files(&bench, Bucket::Process, &keys).await;
    let (sizes, listed) = sizes_and_keys(bench.store.pages(Bucket::Process, "")).await;
    assert_eq!((sizes, listed), (vec![1000, 1000, 1], keys.clone()));
    assert_eq!(bench.keys(Bucket::Process).await, keys);
}

#[tokio::test]
async fn an_empty_bucket_has_one_empty_page() {
    let bench = Bench::start().await;
    let (sizes, _) = sizes_and_keys(bench.store.pages(Bucket::Process, "")).await;
    assert_eq!(sizes, [0]);
}

#[tokio::test]
async fn what_is_passed_over_costs_one_page_however_much_it_is() {
    let bench = Bench::start().await;
    let archived: Vec<_> = (0..2100).map(|n| format!("archive-sheffield/{n:04}.csv")).collect();
    drop_files(&bench, Bucket::AmrData, &archived).await;
    let others = ["abc/1.csv", "archive", "archive.csv", "archive/1.csv", "bam/1.csv"].map(str::to_owned);
    drop_files(&bench, Bucket::AmrData, &others).await;
    let (sizes, listed) = sizes_and_keys(bench.store.pages(Bucket::AmrData, "").passing_over("archive-")).await;
    assert_eq!(listed, others);
    assert_eq!(sizes, [2, 3]);
}

#[tokio::test]
async fn a_key_that_sorts_behind_the_jump_is_passed_over_too() {
    let bench = Bench::start().await;
    let mut keys: Vec<_> = (0..1001).map(|n| format!("archive-sheffield/{n:04}.csv")).collect();
    keys.extend((0..1001).map(|n| format!("archive-\u{10ffff}{n:04}")));
    keys.push("bam/1.csv".to_owned());
    drop_files(&bench, Bucket::AmrData, &keys).await;
    let (_, listed) = sizes_and_keys(bench.store.pages(Bucket::AmrData, "").passing_over("archive-")).await;
    assert_eq!(listed, ["bam/1.csv"]);
}

#[tokio::test]
async fn keys_that_xml_cannot_hold_are_listed_as_they_are() {
    let bench = Bench::start().await;
    let keys = [
        "sheffield/\u{1}bell.csv",
        "sheffield/Zähler £.csv",
        "sheffield/a&b<c>+d e%20.csv",
    ]
    .map(str::to_owned);
    drop_files(&bench, Bucket::Process, &keys).await;
    assert_eq!(bench.keys(Bucket::Process).await, keys);
}

#[tokio::test]
async fn a_listing_tells_of_an_object_what_a_look_at_it_tells() {
    let bench = Bench::start().await;
    bench
        .drop_file(Bucket::Inbox, "2025/mail+1 £", b"To: sheffield@example.org\n\n")
        .await;
    let listed = bench.store.list(Bucket::Inbox, "").await.unwrap().remove(0);
    let head = bench.store.head(Bucket::Inbox, &listed.key).await.unwrap().unwrap();
    assert!(head.etag.starts_with('"') && head.etag.ends_with('"'), "{}", head.etag);
    assert_eq!(
        (listed.etag, listed.size, listed.last_modified),
        (head.etag, head.size, head.last_modified)
    );
}
