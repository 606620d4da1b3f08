#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]
//! The step, run by the runner over a real S3 server.

use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use bytes::Bytes;
use convert_file::{ConvertFile, Options, Sheets};
use embedded_s3::EmbeddedS3;
use pipeline_core::{
    Bucket, Buckets, Config, Handled, Key, KeyLayout, Limits, ObjectEvent, Outcome, ReasonCode, Receipt, Runner, Store,
};
use rust_xlsxwriter::Workbook;
use tempfile::TempDir;

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
        let client = Client::from_conf(
            aws_sdk_s3::Config::builder()
                .behavior_version(BehaviorVersion::latest())
                .endpoint_url(s3.endpoint())
                .region(Region::new(s3.region().to_owned()))
                .credentials_provider(Credentials::new(
                    &keys.access_key_id,
                    &keys.secret_access_key,
                    None,
                    None,
                    "test",
                ))
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

    /// Drops a workbook into the spreadsheet bucket, as a person would, and runs the step on it.
    async fn convert(&self, sheets: Sheets, key: &str, content: Vec<u8>) -> Receipt {
        let bucket = self.config.buckets.name(Bucket::Spreadsheet).to_owned();
        self.client
            .put_object()
            .bucket(&bucket)
            .key(key)
            .body(Bytes::from(content).into())
            .send()
            .await
            .unwrap();
        let step = ConvertFile::new(Options {
            sheets,
            limits: Limits::default(),
        });
        let runner = Runner::new(step, self.store.clone(), &self.config);
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

    /// The objects of a bucket: the end of each key, after area and origin, and the content.
    async fn objects(&self, bucket: Bucket) -> Vec<(String, String)> {
        let mut objects = Vec::new();
        for object in self.store.list(bucket, "").await.unwrap() {
            let content = self.store.get_bytes(bucket, &object.key).await.unwrap().unwrap();
            let key = object.key.to_string();
            let rest = key.splitn(3, '/').last().unwrap().to_owned();
            objects.push((rest, String::from_utf8_lossy(&content).into_owned()));
        }
        objects.sort();
        objects
    }
}

fn workbook() -> Vec<u8> {
    let mut workbook = Workbook::new();
    for (name, value) in [("Gas", 1.5), ("Power", 2.5)] {
        let sheet = workbook.add_worksheet();
        sheet.set_name(name).unwrap();
        for (column, heading) in ["MPR", "Date", "kWh"].iter().enumerate() {
            sheet.write_string(0, u16::try_from(column).unwrap(), *heading).unwrap();
            sheet.write_number(1, u16::try_from(column).unwrap(), value).unwrap();
        }
    }
    workbook.save_to_buffer().unwrap()
}

#[tokio::test]
async fn a_workbook_becomes_csv_in_the_process_bucket() {
    let bench = Bench::start().await;
    let receipt = bench
        .convert(Sheets::First, "sheffield/2023/readings.xlsx", workbook())
        .await;
    assert_eq!(receipt.outcome, Outcome::Done);
    assert_eq!((receipt.outputs.len(), receipt.outputs[0].rows), (1, Some(2)));
    assert_eq!(receipt.notes.sheets_left_out, ["Power"]);
    let objects = bench.objects(Bucket::Process).await;
    assert_eq!(
        objects,
        [(
            "2023/readings.xlsx.csv".to_owned(),
            "MPR,Date,kWh\n1.5,1.5,1.5\n".to_owned()
        )]
    );
    assert!(bench.objects(Bucket::Spreadsheet).await.is_empty());
    assert!(bench.objects(Bucket::AmrData).await.is_empty());
}

#[tokio::test]
async fn all_sheets_become_csv_if_so_configured() {
    let bench = Bench::start().await;
    let receipt = bench.convert(Sheets::All, "sheffield/readings.xlsx", workbook()).await;
    assert_eq!(receipt.outcome, Outcome::Done);
    assert!(receipt.notes.sheets_left_out.is_empty());
    let names: Vec<String> = bench
        .objects(Bucket::Process)
        .await
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    assert_eq!(names, ["readings.xlsx.Gas.csv", "readings.xlsx.Power.csv"]);
}

#[tokio::test]
async fn a_broken_workbook_is_put_aside_with_its_reason() {
    let bench = Bench::start().await;
    let mut broken = workbook();
    broken.truncate(1000);
    let receipt = bench.convert(Sheets::First, "sheffield/readings.xlsx", broken).await;
    assert_eq!(receipt.outcome, Outcome::Rejected);
    assert_eq!(
        receipt.rejected.unwrap().rejection.reason_code,
        ReasonCode::CorruptSpreadsheet
    );
    assert!(bench.objects(Bucket::Process).await.is_empty());
    assert_eq!(bench.objects(Bucket::Unprocessable).await.len(), 1);
}
