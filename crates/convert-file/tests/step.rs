#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]
//! The step, run by the runner over a real S3 server.

use convert_file::{ConvertFile, Options, Sheets};
use pipeline_core::{Bucket, Limits, MIB, Outcome, ReasonCode, Receipt};
use rust_xlsxwriter::Workbook;
use step_bench::Bench;

/// What these tests do with their buckets.
trait Convert {
    /// Drops a workbook into the spreadsheet bucket, as a person would, and runs the step on it.
    async fn convert(&self, sheets: Sheets, key: &str, content: Vec<u8>) -> Receipt;

    /// The objects of a bucket: the end of each key, after area and origin, and the content.
    async fn objects(&self, bucket: Bucket) -> Vec<(String, String)>;
}

impl Convert for Bench {
    async fn convert(&self, sheets: Sheets, key: &str, content: Vec<u8>) -> Receipt {
        let step = ConvertFile::new(Options {
            sheets,
            limits: Limits::default(),
        });
        self.run(step, key, &content).await
    }

    async fn objects(&self, bucket: Bucket) -> Vec<(String, String)> {
        let mut objects = Vec::new();
        for key in self.keys(bucket).await {
            let content = self.content(bucket, &key).await;
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

#[tokio::test]
async fn a_workbook_over_the_limit_is_put_aside_without_being_fetched() {
    let bench = Bench::start().await;
    let mut content = workbook();
    content.resize(3 * 1024 * 1024, 0);
    let limits = Limits {
        file_bytes: 2 * MIB,
        ..Limits::default()
    };
    let step = ConvertFile::new(Options {
        sheets: Sheets::First,
        limits,
    });
    let receipt = bench.run(step, "sheffield/large.xlsx", &content).await;
    let rejection = receipt.rejected.unwrap().rejection;
    assert_eq!(rejection.reason_code, ReasonCode::TooLarge);
    assert_eq!(rejection.reason, "This workbook is too large: it has more than 2 MiB.");
    assert_eq!(receipt.input.blake3, None);
    assert_eq!(
        bench.content(Bucket::Unprocessable, "sheffield/large.xlsx").await,
        content
    );
}
