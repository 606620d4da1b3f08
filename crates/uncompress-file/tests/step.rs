//! The step, run by the runner over a real S3 server.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod common;

use std::collections::BTreeMap;

use bytes::Bytes;
use common::zip_bytes::{Item, zip};
use common::{gzip, readings};
use pipeline_core::{Bucket, Key, Limits, Outcome, ReasonCode, Receipt};
use step_bench::Bench;
use uncompress_file::UncompressFile;

/// What these tests do with their buckets.
trait Uncompress {
    /// Drops an archive into the uncompressed bucket, as a person would, and runs the step on it.
    async fn uncompress(&self, key: &str, archive: &[u8], limits: Limits) -> Receipt;

    /// What lies in the process bucket: the keys below area and origin, the contents, the depths.
    async fn processed(&self) -> BTreeMap<String, Vec<(Bytes, String, String)>>;
}

impl Uncompress for Bench {
    async fn uncompress(&self, key: &str, archive: &[u8], limits: Limits) -> Receipt {
        self.run(UncompressFile::new(limits), key, archive).await
    }

    async fn processed(&self) -> BTreeMap<String, Vec<(Bytes, String, String)>> {
        let mut files: BTreeMap<String, Vec<_>> = BTreeMap::new();
        for key in self.keys(Bucket::Process).await {
            let content = self.content(Bucket::Process, &key).await;
            let metadata = self.metadata(Bucket::Process, &key).await;
            let key = Key::new(key);
            let (area, origin, rest) = key.parse_staging();
            assert!(area.is_some() && origin.is_some());
            let meta = |name: &str| metadata.get(name).cloned().unwrap_or_default();
            files
                .entry(rest.unwrap().to_string())
                .or_default()
                .push((content, meta("depth"), meta("source-name")));
        }
        files
    }
}

#[tokio::test]
async fn members_go_to_the_process_bucket_below_the_archives_folder() {
    let bench = Bench::start().await;
    let (csv, inner) = (readings("1050000996509", 3), zip(&[Item::new("x.csv", b"1,2,3\n")]));
    let archive = zip(&[Item::new("2024\\HH Zähler.csv", &csv), Item::new("inner.zip", &inner)]);
    let receipt = bench
        .uncompress("sheffield/march/export.zip", &archive, Limits::default())
        .await;
    assert_eq!(receipt.outcome, Outcome::Done);
    assert_eq!(receipt.outputs.len(), 2);
    let files = bench.processed().await;
    let (content, depth, source_name) = &files["march/2024/HH Zähler.csv"][0];
    assert_eq!((content.as_ref(), depth.as_str()), (csv.as_slice(), "1"));
    assert!(
        source_name.starts_with("2024") && source_name.ends_with("hler.csv"),
        "{source_name}"
    );
    assert_eq!(files["march/inner.zip"][0].0, inner);
    assert!(bench.store.list(Bucket::Uncompressed, "").await.unwrap().is_empty());
}

#[tokio::test]
async fn a_gzip_file_loses_its_ending() {
    let bench = Bench::start().await;
    bench
        .uncompress("sheffield/march/HH.csv.gz", &gzip(b"1,2,3\n"), Limits::default())
        .await;
    assert_eq!(
        bench.processed().await.into_keys().collect::<Vec<_>>(),
        ["march/HH.csv"]
    );
}

#[tokio::test]
async fn members_of_one_name_have_keys_of_their_own() {
    let bench = Bench::start().await;
    let archive = zip(&[
        Item::new("HH.csv", b"1\n"),
        Item::new("HH.csv", b"2\n"),
        Item::new("./HH.csv", b"3\n"),
    ]);
    bench
        .uncompress("sheffield/export.zip", &archive, Limits::default())
        .await;
    assert_eq!(bench.processed().await["HH.csv"].len(), 3);
}

#[tokio::test]
async fn nothing_of_a_bad_member_is_published_however_large() {
    let bench = Bench::start().await;
    let large = readings("1050000996509", 70).repeat(1300);
    assert!(large.len() > 16 << 20);
    let archive = zip(&[
        Item {
            crc32: Some(7),
            ..Item::stored("large.csv", &large)
        },
        Item {
            flags: 1,
            ..Item::new("secret.csv", b"?")
        },
        Item::new("good.csv", b"1,2,3\n"),
    ]);
    let receipt = bench
        .uncompress("sheffield/export.zip", &archive, Limits::default())
        .await;
    assert_eq!(receipt.outcome, Outcome::Partly);
    assert_eq!(bench.processed().await.into_keys().collect::<Vec<_>>(), ["good.csv"]);
    let rejected = receipt.rejected.unwrap();
    assert_eq!(rejected.rejection.reason_code, ReasonCode::CorruptArchive);
    let parts: Vec<&str> = rejected.parts.iter().map(|bad| bad.part.as_str()).collect();
    assert_eq!(parts, ["large.csv", "secret.csv"]);
    let aside = bench.store.list(Bucket::Unprocessable, "").await.unwrap();
    assert_eq!(
        aside.iter().map(|object| object.key.to_string()).collect::<Vec<_>>(),
        ["sheffield/export.zip"]
    );
}

#[tokio::test]
async fn an_archive_of_which_nothing_can_be_used_is_rejected_with_the_reason() {
    let bench = Bench::start().await;
    let archive = zip(&[Item {
        flags: 1,
        ..Item::new("secret.csv", b"?")
    }]);
    let receipt = bench
        .uncompress("sheffield/export.zip", &archive, Limits::default())
        .await;
    assert_eq!(receipt.outcome, Outcome::Rejected);
    assert_eq!(receipt.rejected.unwrap().rejection.reason_code, ReasonCode::Encrypted);
}

#[tokio::test]
async fn an_archive_that_lies_too_deep_is_not_opened() {
    let bench = Bench::start().await;
    let archive = zip(&[Item::new("HH.csv", b"1\n")]);
    let limits = Limits {
        depth: 0,
        ..Limits::default()
    };
    let receipt = bench.uncompress("sheffield/export.zip", &archive, limits).await;
    assert_eq!(receipt.rejected.unwrap().rejection.reason_code, ReasonCode::TooDeep);
    assert!(bench.processed().await.is_empty());
}
