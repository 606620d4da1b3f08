#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]
//! The step, run by the runner over a real S3 server.

use pipeline_core::{Bucket, MIB, Outcome, ReasonCode, Receipt, Vars};
use process_file::ProcessFile;
use step_bench::Bench;

/// What these tests do with their buckets.
trait Process {
    /// Drops a file into the process bucket, as a person would, and runs the step on it.
    async fn process(&self, key: &str, content: &[u8]) -> Receipt;
}

impl Process for Bench {
    async fn process(&self, key: &str, content: &[u8]) -> Receipt {
        let step = ProcessFile::read(&mut Vars::new(|_| None), &self.config);
        self.run(step, key, content).await
    }
}

#[tokio::test]
async fn a_csv_file_is_delivered_clean_with_its_rows_and_repairs_on_record() {
    let bench = Bench::start().await;
    let content = b"\xef\xbb\xbf\"MPR\",\"Site\"\r\n\r\n1,12\" pipe\r\n2,\xa35\r\n";
    let receipt = bench.process("sheffield/2023/import.csv", content).await;
    assert_eq!(receipt.outcome, Outcome::Done);
    assert_eq!((receipt.outputs[0].rows, receipt.notes.lines_repaired), (Some(3), 1));
    assert_eq!(bench.keys(Bucket::AmrData).await, ["sheffield/2023/import.csv"]);
    let delivered = bench.content(Bucket::AmrData, "sheffield/2023/import.csv").await;
    assert_eq!(delivered, "\"MPR\",\"Site\"\n1,\"12\"\" pipe\"\n2,£5\n".as_bytes());
    assert!(bench.keys(Bucket::Process).await.is_empty());
}

#[tokio::test]
async fn a_table_under_the_name_of_a_workbook_is_delivered_as_csv() {
    let bench = Bench::start().await;
    let table = b"MPR,Date,hr0030\n1,01/02/2023,0.5\n2,01/02/2023,0.25\n";
    bench.process("sheffield/Export.XLS", table).await;
    bench.process("sheffield/export.txt", table).await;
    assert_eq!(
        bench.keys(Bucket::AmrData).await,
        ["sheffield/Export.XLS.csv", "sheffield/export.txt"]
    );
}

#[tokio::test]
async fn an_archive_and_a_workbook_go_on_unchanged_whatever_their_names() {
    let bench = Bench::start().await;
    let gzip = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00";
    let receipt = bench.process("sheffield/readings.csv", gzip).await;
    let key = bench.keys(Bucket::Uncompressed).await.remove(0);
    assert_eq!(key, format!("sheffield/{}/readings.csv", receipt.outputs[0].origin));
    assert_eq!(bench.content(Bucket::Uncompressed, &key).await, &gzip[..]);

    let workbook = b"<?xml version=\"1.0\"?><?mso-application progid=\"Excel.Sheet\"?>\
        <Workbook xmlns=\"urn:schemas-microsoft-com:office:spreadsheet\"></Workbook>";
    bench.process("sheffield/readings.csv", workbook).await;
    let key = bench.keys(Bucket::Spreadsheet).await.remove(0);
    assert_eq!(bench.content(Bucket::Spreadsheet, &key).await, &workbook[..]);
    assert!(bench.keys(Bucket::AmrData).await.is_empty());
}

#[tokio::test]
async fn what_cannot_become_csv_is_put_aside_with_its_reason() {
    let bench = Bench::start().await;
    for (name, content, code) in [
        (
            "error.csv",
            &b"\n<!DOCTYPE html><html><body>Session expired</body></html>"[..],
            ReasonCode::Html,
        ),
        ("nothing.csv", b"", ReasonCode::Empty),
        ("blank.csv", b"\r\n \r\n\t\r\n", ReasonCode::Empty),
        ("nuls.csv", b"\0\0\0\0\n\0\0", ReasonCode::Empty),
        ("note.txt", b"Dear team,\nno readings today.\n", ReasonCode::NotATable),
        ("logo.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", ReasonCode::NotData),
        ("bill.pdf", b"%PDF-1.7\n", ReasonCode::Unsupported),
    ] {
        let receipt = bench.process(&format!("sheffield/{name}"), content).await;
        let rejected = receipt.rejected.expect(name);
        assert_eq!(
            (receipt.outcome, rejected.rejection.reason_code),
            (Outcome::Rejected, code),
            "{name}"
        );
        assert!(rejected.rejection.reason.ends_with('.'), "{name}");
        let key = format!("sheffield/{name}");
        assert_eq!(bench.content(Bucket::Unprocessable, &key).await, content, "{name}");
    }
    assert!(bench.keys(Bucket::AmrData).await.is_empty());
}

#[tokio::test]
async fn a_large_file_streams_through() {
    let bench = Bench::start().await;
    let content = "2000000000001,01/02/2023,0.5,0.25,12\" pipe\r\n".repeat(500_000);
    let receipt = bench.process("sheffield/large.csv", content.as_bytes()).await;
    assert_eq!(
        (receipt.outputs[0].rows, receipt.notes.lines_repaired),
        (Some(500_000), 500_000)
    );
    let delivered = bench.content(Bucket::AmrData, "sheffield/large.csv").await;
    assert_eq!(
        delivered,
        "2000000000001,01/02/2023,0.5,0.25,\"12\"\" pipe\"\n".repeat(500_000)
    );
}

#[tokio::test]
async fn a_file_over_the_limit_is_put_aside_without_being_fetched() {
    let mut bench = Bench::start().await;
    bench.config.limits.file_bytes = 2 * MIB;
    let line = "2000000000001,01/02/2023,0.5,0.25\n";
    let content = line.repeat(3 * 1024 * 1024 / line.len());
    let receipt = bench.process("sheffield/large.csv", content.as_bytes()).await;
    let reject = receipt.rejected.unwrap();
    assert_eq!(reject.rejection.reason_code, ReasonCode::TooLarge);
    assert_eq!(
        reject.rejection.reason,
        "This file has more than 2 MiB. Please send it in several files."
    );
    // Nobody knows the hash of what nobody read.
    assert_eq!((receipt.input.size, receipt.input.blake3), (content.len() as u64, None));
    assert_eq!(bench.content(Bucket::Unprocessable, &reject.key).await, content);
    assert!(bench.keys(Bucket::Process).await.is_empty() && bench.keys(Bucket::AmrData).await.is_empty());
}
