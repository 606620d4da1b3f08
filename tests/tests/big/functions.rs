//! Functions that live long: Lambda keeps a process as long as events come.

use std::io::Write;

use end_to_end_tests::{Mail, S3, functions, soak};
use flate2::Compression;
use flate2::write::GzEncoder;
use pipeline_core::{Bucket, Stage};
use runtime_api::Instance;

const READINGS: &str = "MPR,Date,hr0030,hr0100\n9100000001,23/03/2025,0.1,0.2\n";

/// What the second half of the events may add to the peak of the first half.
const GROWTH_BYTES: u64 = 3 << 20;

#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_handles_many_events_does_not_grow() {
    let events = soak::scale(60, 2_000);
    let s3 = S3::start().await;
    for stage in Stage::ALL {
        let instance = functions::start(&functions::stage(stage, &s3)).await;
        let mut peaks = Vec::new();
        for half in 0..2 {
            for number in 0..events / 2 {
                handle(&instance, &s3, stage, half * events / 2 + number).await;
            }
            peaks.push(instance.peak_memory().expect("Linux tells the peak"));
        }
        println!(
            "{stage}: {} KiB after half of {events} events, {} KiB after all",
            peaks[0] / 1024,
            peaks[1] / 1024
        );
        soak::report(&[("peak_mib", peaks[1].div_ceil(1 << 20))]);
        assert!(
            peaks[1] - peaks[0] < GROWTH_BYTES,
            "{stage} grew from {} to {} bytes",
            peaks[0],
            peaks[1]
        );
        let _ = instance.stop().await;
    }
}

/// Drops what the stage works on into its bucket, and lets it.
async fn handle(instance: &Instance, s3: &S3, stage: Stage, number: u64) {
    let (name, bytes) = match stage {
        Stage::UnpackAttachments => {
            let mail = Mail::to("sheffield").message_id(&format!("<{number}@supplier.example>"));
            ("email", mail.attach("import.csv", format!("{READINGS}{number},,,\n")).to_bytes())
        }
        Stage::ProcessFile => ("import.csv", format!("{READINGS}{number},,,\n").into_bytes()),
        Stage::UncompressFile => ("import.csv.gz", gzipped(format!("{READINGS}{number},,,\n").as_bytes())),
        Stage::ConvertFile => (
            "import.xls",
            format!("<html><table><tr><td>MPR</td><td>Date</td><td>kWh</td></tr><tr><td>{number}</td><td>1</td><td>2</td></tr></table></html>")
                .into_bytes(),
        ),
    };
    let key = match stage.source() {
        Bucket::Inbox => format!("{number:06}.eml"),
        _ => format!("sheffield/{number:06}/{name}"),
    };
    let event = s3.put_and_tell(stage.source(), &key, bytes).await;
    functions::response(instance, &event).await;
}

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}
