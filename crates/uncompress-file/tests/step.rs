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

use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use bytes::Bytes;
use common::zip_bytes::{Item, zip};
use common::{gzip, readings};
use embedded_s3::EmbeddedS3;
use pipeline_core::{
    Bucket, Buckets, Config, Handled, Key, KeyLayout, Limits, ObjectEvent, Outcome, ReasonCode, Receipt, Runner, Store,
};
use tempfile::TempDir;
use uncompress_file::UncompressFile;

/// Buckets that vanish with the test.
struct Bench {
    client: Client,
    config: Config,
    store: Store,
    _s3: EmbeddedS3,
    _dir: TempDir,
}

impl Bench {
    async fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let s3 = EmbeddedS3::start(dir.path(), embedded_s3::Options::default())
            .await
            .unwrap();
        let buckets = Buckets::named(|bucket| format!("es-test-data-{bucket}"));
        for bucket in Bucket::ALL {
            s3.create_bucket(buckets.name(bucket)).await.unwrap();
        }
        let keys = s3.credentials();
        let credentials = Credentials::new(&keys.access_key_id, &keys.secret_access_key, None, None, "test");
        let client = Client::from_conf(
            aws_sdk_s3::Config::builder()
                .behavior_version(BehaviorVersion::latest())
                .endpoint_url(s3.endpoint())
                .region(Region::new(s3.region().to_owned()))
                .credentials_provider(credentials)
                .force_path_style(true)
                .build(),
        );
        let config = Config {
            buckets: buckets.clone(),
            layout: KeyLayout::Flat,
            limits: Limits::default(),
        };
        Self {
            store: Store::new(client.clone(), buckets),
            client,
            config,
            _s3: s3,
            _dir: dir,
        }
    }

    /// Drops an archive into the uncompressed bucket, as a person would, and runs the step on it.
    async fn uncompress(&self, key: &str, archive: &[u8], limits: Limits) -> Receipt {
        let bucket = self.config.buckets.name(Bucket::Uncompressed).to_owned();
        let body = Bytes::copy_from_slice(archive).into();
        self.client
            .put_object()
            .bucket(&bucket)
            .key(key)
            .body(body)
            .send()
            .await
            .unwrap();
        let runner = Runner::new(UncompressFile::new(limits), self.store.clone(), &self.config);
        let event = ObjectEvent {
            bucket,
            key: Key::new(key),
            message_id: None,
        };
        match runner.handle(&event, None).await.unwrap() {
            Handled::Now(receipt) => *receipt,
            Handled::Before(_) => panic!("the work had been done before"),
        }
    }

    /// What lies in the process bucket: the keys below area and origin, the contents, the depths.
    async fn processed(&self) -> BTreeMap<String, Vec<(Bytes, String, String)>> {
        let mut files: BTreeMap<String, Vec<_>> = BTreeMap::new();
        for object in self.store.list(Bucket::Process, "").await.unwrap() {
            let content = self
                .store
                .get_bytes(Bucket::Process, &object.key)
                .await
                .unwrap()
                .unwrap();
            let head = self.store.head(Bucket::Process, &object.key).await.unwrap().unwrap();
            let (area, origin, rest) = object.key.parse_staging();
            assert!(area.is_some() && origin.is_some());
            let meta = |name: &str| head.metadata.get(name).cloned().unwrap_or_default();
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
