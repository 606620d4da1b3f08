//! Where things go: keys, areas, and files that a person drops into a bucket.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use end_to_end_tests::{Local, Mail};
use pipeline_core::{Bucket, Handled, Origin, Stage};

const CSV: &[u8] = b"MPR,Date,hr0030\n91234567,20/03/2025,1.5\n";
const OTHER: &[u8] = b"MPR,Date,hr0030\n91234567,21/03/2025,2.5\n";

/// An email with one file, sent and worked through.
async fn deliver(local: &mut Local, key: &str, mail: &Mail) {
    local.send(key, mail.to_bytes()).await;
    local.work().await;
}

async fn text(local: &Local, key: &str) -> Vec<u8> {
    local.object(Bucket::AmrData, key).await.bytes.to_vec()
}

#[tokio::test]
async fn a_second_file_of_one_name_gets_a_key_with_the_time_and_its_origin() {
    let mut local = Local::with(&[]).await;
    deliver(&mut local, "1", &Mail::to("bam").attach("hh.csv", CSV)).await;
    let later = Mail::to("bam")
        .attach("hh.csv", OTHER)
        .received("Mon, 24 Mar 2025 07:08:09 +0100");
    deliver(&mut local, "2", &later).await;
    let keys = local.keys(Bucket::AmrData).await;
    let [second, first] = keys.as_slice() else {
        panic!("{keys:?}")
    };
    assert_eq!(first, "bam/hh.csv");
    let object = local.object(Bucket::AmrData, second).await;
    let origin: Origin = object.metadata["origin"].parse().unwrap();
    assert_eq!(*second, format!("bam/20250324-060809-{}/hh.csv", origin.short()));
    assert_eq!(text(&local, first).await, CSV);
    assert_eq!(text(&local, second).await, OTHER);
}

#[tokio::test]
async fn a_dated_key_bears_the_time_when_the_email_was_received() {
    let mut local = Local::with(&[("KEY_LAYOUT", "dated")]).await;
    deliver(&mut local, "1", &Mail::to("sheffield").attach("import.csv", CSV)).await;
    let later = Mail::to("sheffield")
        .attach("import.csv", OTHER)
        .received("Mon, 24 Mar 2025 10:11:12 +0000");
    deliver(&mut local, "2", &later).await;
    let keys = local.keys(Bucket::AmrData).await;
    assert_eq!(
        keys,
        [
            "sheffield/20250323-101112/import.csv",
            "sheffield/20250324-101112/import.csv"
        ]
    );
}

#[tokio::test]
async fn an_area_in_the_list_keeps_its_spelling_and_another_is_rejected() {
    let mut local = Local::with(&[("AREAS", "npower-EON, bam")]).await;
    deliver(&mut local, "1", &Mail::to("NPower-Eon").attach("hh.csv", CSV)).await;
    deliver(&mut local, "2", &Mail::to("sheffield").attach("hh.csv", CSV)).await;
    assert_eq!(local.keys(Bucket::AmrData).await, ["npower-EON/hh.csv"]);
    let rejects = local.objects(Bucket::Unprocessable).await;
    assert_eq!(rejects.len(), 1);
    assert_eq!(rejects[0].metadata["reason-code"], "unknown-area");
}

#[tokio::test]
async fn an_email_to_several_areas_gives_its_files_to_each() {
    let mut local = Local::with(&[("MAIL_DOMAINS", "example.org")]).await;
    let mail = Mail {
        areas: vec!["bam".to_owned(), "sheffield".to_owned()],
        ..Mail::to("")
    };
    deliver(&mut local, "1", &mail.attach("hh.csv", CSV)).await;
    assert_eq!(local.keys(Bucket::AmrData).await, ["bam/hh.csv", "sheffield/hh.csv"]);
}

#[tokio::test]
async fn a_second_run_over_the_same_emails_delivers_nothing_twice() {
    let mut local = Local::with(&[]).await;
    let emails = [
        Mail::to("bam")
            .message_id("<1@x.example>")
            .attach("hh.csv", CSV)
            .to_bytes(),
        Mail::to("bam")
            .message_id("<2@x.example>")
            .attach("hh.csv", OTHER)
            .to_bytes(),
        Mail::to("frome")
            .message_id("<3@x.example>")
            .attach("hh.csv", CSV)
            .to_bytes(),
    ];
    for run in ["first", "second"] {
        for (number, email) in emails.iter().enumerate() {
            local.send(&format!("{run}/{number}"), email.clone()).await;
        }
        local.work().await;
    }
    assert_eq!(local.keys(Bucket::AmrData).await.len(), 3);
    assert_eq!(local.leftovers().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_file_that_a_person_drops_into_a_bucket_goes_through() {
    let mut local = Local::with(&[]).await;
    local.put(Bucket::Process, "bam/2025/hh.csv", CSV).await;
    local
        .put(Bucket::Uncompressed, "bam/march.zip", zip("in/the/zip.csv", CSV))
        .await;
    local.put(Bucket::Spreadsheet, "bam/sheet.xls", SHEET).await;
    local.work().await;
    let keys = local.keys(Bucket::AmrData).await;
    assert_eq!(keys, ["bam/2025/hh.csv", "bam/in/the/zip.csv", "bam/sheet.xls.csv"]);
    assert_eq!(
        text(&local, "bam/sheet.xls.csv").await,
        b"MPAN,Date,kWh\n2000012345601,20/03/2025,1.5\n"
    );
    assert_eq!(local.leftovers().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_file_dropped_twice_is_delivered_twice_on_purpose() {
    let mut local = Local::with(&[]).await;
    local.put(Bucket::Process, "bam/hh.csv", CSV).await;
    local.work().await;
    local.remove(Bucket::AmrData, "bam/hh.csv").await;
    // The same bytes under the same key within one second would be the same object.
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    local.put(Bucket::Process, "bam/hh.csv", CSV).await;
    local.work().await;
    assert_eq!(local.keys(Bucket::AmrData).await, ["bam/hh.csv"]);
}

#[tokio::test]
async fn a_file_in_no_areas_folder_is_rejected() {
    let mut local = Local::with(&[]).await;
    local.put(Bucket::Process, "hh.csv", CSV).await;
    local.work().await;
    let rejects = local.objects(Bucket::Unprocessable).await;
    assert_eq!(rejects.len(), 1);
    assert_eq!(rejects[0].metadata["reason-code"], "no-area");
    assert_eq!(rejects[0].bytes, CSV);
}

#[tokio::test]
async fn an_event_about_an_object_that_is_gone_is_done_before() {
    let local = Local::with(&[]).await;
    for stage in Stage::ALL {
        assert!(
            matches!(local.handle(stage, "bam/gone.csv").await, Handled::Before(_)),
            "{stage}"
        );
    }
    for bucket in Bucket::ALL {
        assert_eq!(local.keys(bucket).await, Vec::<String>::new(), "{bucket}");
    }
}

#[tokio::test]
async fn emails_in_emails_and_archives_in_archives_are_counted_together() {
    // An archive in an archive in an email that is attached to another: the outer archive lies one deep, the inner one two.
    let archive = zip("inner.zip", &zip("hh.csv", CSV));
    let forwarded = Mail::to("frome").attach("outer.zip", archive).to_bytes();
    let mail = Mail::to("bam")
        .attach("fwd.eml", with_another_boundary(forwarded))
        .to_bytes();
    for (limit, delivered) in [("3", vec!["bam/hh.csv"]), ("2", vec![])] {
        let mut local = Local::with(&[("LIMIT_DEPTH", limit)]).await;
        local.send("1", mail.clone()).await;
        local.work().await;
        assert_eq!(local.keys(Bucket::AmrData).await, delivered, "{limit}");
        let codes: Vec<String> = local
            .objects(Bucket::Unprocessable)
            .await
            .into_iter()
            .map(|object| object.metadata["reason-code"].clone())
            .collect();
        assert_eq!(codes.is_empty(), !delivered.is_empty());
        assert!(codes.iter().all(|code| code == "too-deep"), "{codes:?}");
    }
}

/// An email that may lie in another of ours.
fn with_another_boundary(mut email: Vec<u8>) -> Vec<u8> {
    const OURS: &[u8] = b"=_part";
    for at in 0..email.len() - OURS.len() {
        if email[at..].starts_with(OURS) {
            email[at..at + OURS.len()].copy_from_slice(b"=_fwd_");
        }
    }
    email
}

/// The smallest workbook that is text: SpreadsheetML 2003.
const SHEET: &str = r#"<?xml version="1.0"?>
<?mso-application progid="Excel.Sheet"?>
<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet">
<Worksheet ss:Name="HH"><Table>
<Row><Cell><Data ss:Type="String">MPAN</Data></Cell><Cell><Data ss:Type="String">Date</Data></Cell><Cell><Data ss:Type="String">kWh</Data></Cell></Row>
<Row><Cell><Data ss:Type="String">2000012345601</Data></Cell><Cell><Data ss:Type="String">20/03/2025</Data></Cell><Cell><Data ss:Type="Number">1.5</Data></Cell></Row>
</Table></Worksheet></Workbook>
"#;

fn zip(member: &str, content: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    archive
        .start_file(member, zip::write::SimpleFileOptions::default())
        .unwrap();
    archive.write_all(content).unwrap();
    archive.finish().unwrap().into_inner()
}
