//! A stage writes where it declares that it writes, and nowhere else.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use pipeline_core::{Bucket, Failure, Outbox, Output, ReasonCode, Rejection, SafePath, Stage, Transfer, Verdict};
use step_bench::{Bench, receipt};

const READINGS: &[u8] = b"MPR,Date,hr0030,hr0100\n9100000001,23/03/2025,0.1,0.2\n";

fn write(outbox: &mut Outbox, bucket: Bucket, transfer: Transfer) -> Result<(), Failure> {
    let output = Output::new(bucket, SafePath::from_path("import.csv").unwrap(), "2");
    match transfer {
        Transfer::Whole => outbox.put(output, READINGS),
        Transfer::InParts => outbox.create(output).and_then(pipeline_core::OutputWriter::finish),
    }
}

#[tokio::test]
async fn an_output_for_another_bucket_than_the_stage_declares_is_a_defect_and_loses_nothing() {
    for stage in Stage::ALL {
        for bucket in Bucket::ALL {
            for transfer in [Transfer::Whole, Transfer::InParts] {
                let bench = Bench::start().await;
                let event = bench.drop_file(stage.source(), "sheffield/import.csv", READINGS).await;
                // A step that takes no notice of what the outbox says.
                let runner = bench.runner(stage, move |_, outbox| {
                    write(outbox, bucket, transfer).ok();
                    Ok(Verdict::Done)
                });
                let handled = runner.handle(&event, None).await;
                if stage.may_write(bucket, transfer) {
                    assert_eq!(receipt(handled).outputs.len(), 1, "{stage} {bucket}");
                    continue;
                }
                let failure = handled.unwrap_err().failure;
                assert_eq!(failure.error_type(), "Defect", "{stage} {bucket}");
                assert!(failure.to_string().contains(stage.as_str()), "{failure}");
                for elsewhere in Bucket::ALL {
                    let is_source = elsewhere == stage.source();
                    assert_eq!(bench.keys(elsewhere).await.len(), usize::from(is_source), "{elsewhere}");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_step_that_forwards_to_where_it_may_not_has_failed_whatever_it_says() {
    let bench = Bench::start().await;
    let event = bench.drop_file(Bucket::Process, "bam/march.zip", b"PK").await;
    let runner = bench.runner(Stage::ProcessFile, |input, outbox| {
        outbox
            .forward(Output::new(Bucket::Receipts, input.name().clone(), "file"))
            .ok();
        Ok(Verdict::Rejected(Rejection::new(ReasonCode::Html, "a web page.")))
    });
    let failure = runner.handle(&event, None).await.unwrap_err().failure;
    assert_eq!(failure.error_type(), "Defect");
    assert_eq!(bench.keys(Bucket::Process).await, ["bam/march.zip"]);
    assert!(bench.keys(Bucket::Unprocessable).await.is_empty());
}

#[test]
fn every_bucket_between_the_stages_is_written_to_by_some_stage_and_no_stage_by_itself() {
    for stage in Stage::ALL {
        assert!(stage.destinations().iter().all(|(bucket, _)| *bucket != stage.source()));
        let is_written = Stage::ALL
            .iter()
            .any(|other| other.may_write(stage.source(), Transfer::Whole));
        assert_eq!(is_written, stage != Stage::UnpackAttachments, "{stage}");
    }
}
