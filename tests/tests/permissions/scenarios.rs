//! What must happen for every permission to be used.

use std::io::{Cursor, Write};

use end_to_end_tests::Mail;
use end_to_end_tests::golden_run::Pipeline;
use pipeline_core::{Before, Bucket, Earlier, Handled, Outcome, Stage, Transfer};
use zip::CompressionMethod;
use zip::write::SimpleFileOptions;

use crate::READINGS;
use crate::guard::Fault;
use crate::guarded::Guarded;

/// What a stage passes on in parts: more than is kept in memory, and more than one part.
const LARGE: usize = 9 << 20;

/// The beginning of an email that is rejected.
const VIRUS: &[u8] = b"X-SES-Virus-Verdict: FAIL\r\nTo: taken@example.org\r\n\r\n";

/// Large files of all kinds go through, although something happens to the first completion of each upload.
pub(crate) async fn large_files(guarded: &mut Guarded, fault: Fault) {
    let area = format!("{fault:?}").to_lowercase();
    for stage in Stage::ALL {
        for (bucket, _) in stage.destinations() {
            if stage.may_write(*bucket, Transfer::InParts) {
                guarded.guard.let_happen(stage, *bucket, fault);
            }
        }
    }
    let mail = Mail::to(&area)
        .attach("import.csv", readings())
        .attach("invoices.zip", archive(&pdf()))
        .attach("import.xls", workbook());
    guarded.send(&format!("large-{area}"), &mail).await;
    guarded.work().await;
    assert_eq!(guarded.guard.faults_left(), [], "everything that should happen did");
    for (bucket, key) in [
        (Bucket::AmrData, format!("{area}/import.csv")),
        (Bucket::AmrData, format!("{area}/import.xls.csv")),
        (Bucket::Unprocessable, format!("{area}/invoice.pdf")),
    ] {
        let size = guarded.size(bucket, &key).await;
        assert!(size >= LARGE, "{key} has {size} bytes");
    }
    for bucket in [Bucket::AmrData, Bucket::Unprocessable] {
        let of_area = guarded.keys(bucket).await;
        let of_area = of_area.iter().filter(|key| key.starts_with(&format!("{area}/")));
        assert_eq!(
            of_area.count(),
            if bucket == Bucket::AmrData { 2 } else { 1 },
            "{bucket}"
        );
    }
}

/// A large object that no stage can use is put aside, although another one holds its key.
pub(crate) async fn large_rejects_whose_names_are_taken(guarded: &mut Guarded) {
    for (stage, key, begin) in [
        (Stage::UnpackAttachments, "email", VIRUS),
        (Stage::ProcessFile, "taken/letter.pdf", b"%PDF-1.7\n"),
        (Stage::UncompressFile, "taken/broken.zip", b"PK\x03\x04"),
        (Stage::ConvertFile, "taken/broken.xlsx", b"PK\x03\x04"),
    ] {
        let held = if stage == Stage::UnpackAttachments {
            "taken/email"
        } else {
            key
        };
        guarded.put(Bucket::Unprocessable, held, &b"another"[..]).await;
        let mut object = begin.to_vec();
        object.resize(LARGE, b' ');
        guarded.put(stage.source(), key, object).await;
        let Handled::Now(receipt) = guarded.handle(stage, key).await.unwrap() else {
            panic!("{stage} has not handled {key}");
        };
        assert_eq!(receipt.outcome, Outcome::Rejected, "{key}");
        let rejected = receipt.rejected.unwrap();
        assert!(
            rejected.key != held && rejected.key.starts_with("taken/20"),
            "{}",
            rejected.key
        );
        assert_eq!(guarded.size(Bucket::Unprocessable, &rejected.key).await, LARGE);
        assert_eq!(guarded.size(Bucket::Unprocessable, held).await, "another".len());
    }
    guarded.work().await;
}

/// An event comes again when its object is gone, or when the receipt is there.
pub(crate) async fn events_that_come_again(guarded: &mut Guarded) {
    for stage in Stage::ALL {
        let handled = guarded.handle(stage, "bam/gone.csv").await.unwrap();
        assert!(
            matches!(
                handled,
                Handled::Before(Before {
                    earlier: Earlier::SourceGone,
                    ..
                })
            ),
            "{handled:?}"
        );
    }
    let mail = Mail::to("again").attach("import.csv", READINGS);
    guarded.send("again", &mail).await;
    guarded.work().await;
    let handled = guarded.handle(Stage::UnpackAttachments, "again").await.unwrap();
    assert!(
        matches!(
            handled,
            Handled::Before(Before {
                earlier: Earlier::Receipt(_),
                ..
            })
        ),
        "{handled:?}"
    );
    assert_eq!(
        guarded
            .keys(Bucket::AmrData)
            .await
            .iter()
            .filter(|key| key.starts_with("again/"))
            .count(),
        1
    );
}

/// An email arrives as three objects: what the others give is there already, or has just been worked off.
pub(crate) async fn an_email_that_arrives_again(guarded: &mut Guarded) {
    for key in ["first", "second", "third"] {
        guarded.send(key, &one_email()).await;
        guarded.handle(Stage::UnpackAttachments, key).await.unwrap();
        if key == "second" {
            let process = Bucket::Process;
            guarded
                .guard
                .let_happen(Stage::UnpackAttachments, process, Fault::WorkedOff);
        }
    }
    assert_eq!(guarded.guard.faults_left(), [], "everything that should happen did");
    guarded.work().await;
    assert!(
        guarded
            .keys(Bucket::AmrData)
            .await
            .contains(&"one/import.csv".to_owned())
    );
}

fn one_email() -> Mail {
    Mail::to("one")
        .message_id("<1@supplier.example>")
        .attach("import.csv", READINGS)
}

/// Puts an object for a stage, if need be, and gives its key: to handle that, the stage must be told of a key in this bucket that
/// it is missing.
pub(crate) async fn work_that_needs_to_list(guarded: &Guarded, stage: Stage, bucket: Bucket) -> &'static str {
    if bucket == stage.source() {
        return "bam/gone.csv";
    }
    let (key, object) = match (stage, bucket) {
        (Stage::UnpackAttachments, Bucket::Process) => {
            // The file is there, and nobody knows of the email that it came from.
            guarded.send("first", &one_email()).await;
            guarded.handle(stage, "first").await.unwrap();
            guarded.remove_all(Bucket::Inbox).await;
            guarded.remove_all(Bucket::Receipts).await;
            guarded.guard.let_happen(stage, bucket, Fault::WorkedOff);
            ("email", one_email().to_bytes())
        }
        (Stage::UnpackAttachments, _) => ("email", VIRUS.to_vec()),
        (Stage::ProcessFile, Bucket::Unprocessable) => ("bam/letter.pdf", b"%PDF-1.7\n".to_vec()),
        (Stage::ProcessFile, Bucket::Uncompressed) => ("bam/march.zip", archive(&pdf())),
        (Stage::ProcessFile, Bucket::Spreadsheet) => ("bam/march.xls", workbook()),
        (Stage::ProcessFile, _) => ("bam/march.csv", READINGS.to_vec()),
        (Stage::UncompressFile | Stage::ConvertFile, Bucket::Unprocessable) => ("bam/broken", b"PK\x03\x04".to_vec()),
        (Stage::UncompressFile, _) => ("bam/march.zip", archive(&pdf())),
        (Stage::ConvertFile, _) => ("bam/march.xls", workbook()),
    };
    if matches!(bucket, Bucket::Uncompressed | Bucket::Spreadsheet) {
        guarded.guard.let_happen(stage, bucket, Fault::Gone);
    }
    guarded.put(stage.source(), key, object).await;
    key
}

/// A CSV of half-hourly readings.
fn readings() -> Vec<u8> {
    let mut csv = b"MPR,Date,hr0030,hr0100\n".to_vec();
    let row = b"9100000001,23/03/2025,0.125,0.250\n";
    while csv.len() < LARGE {
        csv.extend_from_slice(row);
    }
    csv
}

/// A file that nobody wants.
fn pdf() -> Vec<u8> {
    let mut pdf = b"%PDF-1.7\n".to_vec();
    pdf.resize(LARGE, b' ');
    pdf
}

/// An archive that is as large as what is in it.
pub(crate) fn archive(member: &[u8]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    zip.start_file("invoice.pdf", stored).unwrap();
    zip.write_all(member).unwrap();
    zip.finish().unwrap().into_inner()
}

/// A workbook of few cells, in SpreadsheetML 2003, with long remarks.
fn workbook() -> Vec<u8> {
    let remark = "estimated ".repeat(30_000);
    let cell = |text: &str| format!("<Cell><Data ss:Type=\"String\">{text}</Data></Cell>");
    let mut xml = "<?xml version=\"1.0\"?>\n<?mso-application progid=\"Excel.Sheet\"?>\n\
        <Workbook xmlns=\"urn:schemas-microsoft-com:office:spreadsheet\" xmlns:ss=\"urn:schemas-microsoft-com:office:spreadsheet\">\
        <Worksheet ss:Name=\"Readings\"><Table>"
        .to_owned();
    let mut row = |cells: [&str; 3]| xml += &format!("<Row>{}</Row>", cells.map(cell).concat());
    row(["MPR", "Date", "Remark"]);
    for _ in 0..=LARGE / remark.len() {
        row(["9100000001", "23/03/2025", &remark]);
    }
    xml += "</Table></Worksheet></Workbook>";
    xml.into_bytes()
}
