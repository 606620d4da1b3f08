//! Promise 5: where it came from travels along, and the receipts tell the whole story, forwards and backwards.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use std::collections::BTreeMap;

use end_to_end_tests::{Local, Mail, zip};
use pipeline_core::{Bucket, Origin, Outcome, ReasonCode, Receipt, Stage};

const CSV: &[u8] = b"MPR,Date,hr0030\r\n91234567,20/03/2025,1.5\r\n";
const CLEAN: &[u8] = b"MPR,Date,hr0030\n91234567,20/03/2025,1.5\n";
const PAGE: &[u8] = b"<!DOCTYPE html><html><body>Bad gateway</body></html>";

/// An email with a zip in a zip, one of whose members is a page.
async fn worked() -> Local {
    let mut local = Local::with(&[]).await;
    let week = zip(&[("gas £.csv", CSV), ("error.csv", PAGE)]);
    let march = zip(&[("week/12.zip", &week)]);
    let email = Mail::to("Sheffield")
        .message_id("<7@supplier.example>")
        .attach("march.zip", march)
        .to_bytes();
    local.send("2025/o3gbv5qk+1", email).await;
    local.work().await;
    local
}

async fn by_origin(local: &Local) -> BTreeMap<Origin, Receipt> {
    local
        .receipts()
        .await
        .into_iter()
        .map(|receipt| (receipt.origin, receipt))
        .collect()
}

#[tokio::test]
async fn what_is_known_of_an_object_travels_along_as_metadata() {
    let local = worked().await;
    let [object] = local.objects(Bucket::AmrData).await.try_into().unwrap();
    assert_eq!(object.key, "sheffield/week/gas £.csv");
    assert_eq!(object.bytes, CLEAN);
    let metadata = &object.metadata;
    assert_eq!(metadata["message"], "2025/o3gbv5qk%2B1");
    assert_eq!(metadata["received"], "2025-03-23T10:11:12Z");
    assert_eq!(metadata["source-name"], "gas%20%C2%A3.csv");
    assert_eq!(metadata["depth"], "2");
    assert!(metadata["origin"].parse::<Origin>().is_ok(), "{metadata:?}");
}

#[tokio::test]
async fn a_reject_tells_its_reason() {
    let local = worked().await;
    let [object] = local.objects(Bucket::Unprocessable).await.try_into().unwrap();
    assert_eq!(object.key, "sheffield/week/error.csv");
    assert_eq!(object.bytes, PAGE);
    assert_eq!(object.metadata["reason-code"], "html");
    assert!(object.metadata["reason"].contains("web page"), "{:?}", object.metadata);
    assert_eq!(object.metadata["message"], "2025/o3gbv5qk%2B1");
    assert_eq!(object.metadata["source-name"], "error.csv");
}

#[tokio::test]
async fn receipts_lead_from_the_email_to_every_file_and_back() {
    let local = worked().await;
    let receipts = by_origin(&local).await;
    let email = receipts
        .values()
        .find(|receipt| receipt.stage == Stage::UnpackAttachments)
        .unwrap();
    assert_eq!(email.parent, None);
    let mut ends = Vec::new();
    let mut todo = vec![email];
    let mut walked = 0;
    while let Some(receipt) = todo.pop() {
        walked += 1;
        assert_eq!(receipt.schema, 1);
        assert_eq!(receipt.message.as_deref(), Some("2025/o3gbv5qk+1"));
        if receipt.stage != Stage::UnpackAttachments {
            assert_eq!(receipt.area.as_deref(), Some("sheffield"));
        }
        for output in &receipt.outputs {
            match receipts.get(&output.origin) {
                Some(next) => {
                    assert_eq!(next.parent, Some(receipt.origin), "back from {}", output.key);
                    assert_eq!(next.input.key, output.key);
                    assert_eq!(
                        (next.input.size, next.input.blake3.as_ref()),
                        (output.size, Some(&output.blake3))
                    );
                    todo.push(next);
                }
                None => ends.push(format!("{}/{}", output.bucket, output.key)),
            }
        }
        let rejected = receipt.rejected.as_ref();
        ends.extend(rejected.map(|reject| format!("unprocessable/{}: {}", reject.key, reject.rejection.reason_code)));
    }
    ends.sort();
    assert_eq!(
        ends,
        [
            "amr-data/sheffield/week/gas £.csv",
            "unprocessable/sheffield/week/error.csv: html"
        ]
    );
    assert_eq!(walked, receipts.len(), "no receipt is out of reach");

    // And back, from what the importer sees to the email.
    let [object] = local.objects(Bucket::AmrData).await.try_into().unwrap();
    let mut parent: Option<Origin> = object.metadata.get("parent").and_then(|origin| origin.parse().ok());
    let mut stages = Vec::new();
    while let Some(origin) = parent {
        let receipt = &receipts[&origin];
        stages.push(receipt.stage);
        parent = receipt.parent;
    }
    let way = [
        Stage::ProcessFile,
        Stage::UncompressFile,
        Stage::ProcessFile,
        Stage::UncompressFile,
        Stage::ProcessFile,
        Stage::UnpackAttachments,
    ];
    assert_eq!(stages, way);
}

#[tokio::test]
async fn a_container_with_a_bad_part_is_put_aside_and_its_receipt_names_the_part() {
    let mut local = Local::with(&[]).await;
    let mut archive = zip(&[("good.csv", CSV), ("bad.csv", b"MPR,Date,hr0030\r\n1,2,3\r\n")]);
    let at = archive.windows(5).position(|window| window == b"1,2,3").unwrap();
    archive[at] ^= 1;
    local
        .send("1", Mail::to("bam").attach("march.zip", archive.clone()).to_bytes())
        .await;
    local.work().await;
    assert_eq!(local.keys(Bucket::AmrData).await, ["bam/good.csv"]);
    let [reject] = local.objects(Bucket::Unprocessable).await.try_into().unwrap();
    assert_eq!(
        (reject.key.as_str(), reject.bytes.as_ref()),
        ("bam/march.zip", archive.as_slice())
    );
    assert_eq!(reject.metadata["reason-code"], "corrupt-archive");
    let receipts = local.receipts().await;
    let partly = receipts
        .iter()
        .find(|receipt| receipt.outcome == Outcome::Partly)
        .unwrap();
    assert_eq!(partly.stage, Stage::UncompressFile);
    let parts = &partly.rejected.as_ref().unwrap().parts;
    assert_eq!(parts.len(), 1);
    assert_eq!(parts[0].part, "bad.csv");
    assert_eq!(parts[0].rejection.reason_code, ReasonCode::CorruptArchive);
}

#[tokio::test]
async fn an_email_without_files_stays_in_the_inbox_and_is_counted() {
    let mut local = Local::with(&[]).await;
    local.send("thanks", Mail::to("bam").to_bytes()).await;
    local.work().await;
    let receipts = local.receipts().await;
    assert_eq!(receipts.len(), 1);
    assert_eq!(receipts[0].outcome, Outcome::NoFiles);
    assert_eq!(local.keys(Bucket::Inbox).await, ["thanks"]);
    assert_eq!(local.keys(Bucket::Unprocessable).await, Vec::<String>::new());
}

#[tokio::test]
async fn the_receipt_tells_how_many_lines_were_repaired_and_rows_were_written() {
    let mut local = Local::with(&[]).await;
    let csv = "Site,Note,MPAN\nAbbey,Boiler 4\" main,1\nBowling,\"x\" y,2\nFrome,fine,3\n";
    local.send("1", Mail::to("bam").attach("hh.csv", csv).to_bytes()).await;
    local.work().await;
    let receipts = local.receipts().await;
    let cleaned = receipts
        .iter()
        .find(|receipt| receipt.stage == Stage::ProcessFile)
        .unwrap();
    assert_eq!(cleaned.notes.lines_repaired, 2);
    assert_eq!(cleaned.outputs[0].rows, Some(4));
}

#[tokio::test]
async fn sheets_with_values_that_were_not_delivered_are_named_in_the_receipt() {
    let mut local = Local::with(&[]).await;
    let email = concat!(env!("CARGO_MANIFEST_DIR"), "/golden/imserv-xlsx-two-sheets/email.eml");
    local.send("1", std::fs::read(email).unwrap()).await;
    local.work().await;
    let receipts = local.receipts().await;
    let converted = receipts
        .iter()
        .find(|receipt| receipt.stage == Stage::ConvertFile)
        .unwrap();
    assert_eq!(converted.notes.sheets_left_out, ["Gas"]);
}

#[tokio::test]
async fn an_attachment_without_a_received_date_counts_as_received_when_it_was_stored() {
    let mut local = Local::with(&[("KEY_LAYOUT", "dated")]).await;
    let mail = Mail {
        received: None,
        ..Mail::to("bam")
    };
    let before = time::OffsetDateTime::now_utc().unix_timestamp();
    local.send("1", mail.attach("hh.csv", CSV).to_bytes()).await;
    local.work().await;
    let [object] = local.objects(Bucket::AmrData).await.try_into().unwrap();
    let received = &object.metadata["received"];
    let received = time::OffsetDateTime::parse(received, &time::format_description::well_known::Rfc3339).unwrap();
    assert!(
        (received.unix_timestamp() - before).abs() <= 60,
        "{received} {}",
        object.key
    );
}
