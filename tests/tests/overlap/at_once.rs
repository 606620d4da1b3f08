//! Many calls at the same time.

use std::io::{Cursor, Write};
use std::sync::Arc;

use end_to_end_tests::{Road, S3, Traffic};
use hyper::Method;
use pipeline_core::{Bucket, Failure, Input, Limits, Outbox, Stage, Verdict};
use tokio::sync::Barrier;
use uncompress_file::UncompressFile;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::strait::{Comes, Strait};
use crate::{Act, MIB, output, work};

/// Outputs that are put at once.
const OUTPUTS: usize = 64;

/// Parts of 8 MiB that go up at once.
const PARTS: usize = 3;

#[tokio::test(flavor = "multi_thread")]
async fn sixty_four_members_of_an_archive_are_put_at_once() {
    let s3 = S3::start().await;
    s3.put(Bucket::Uncompressed, "bam/march.zip", zip(2 * OUTPUTS)).await;
    // Nobody gets across before so many are there.
    let crowd = Arc::new(Barrier::new(OUTPUTS));
    let members = format!("/{}/", s3.name(Bucket::Process));
    let strait = Strait::start(&s3, move |method, path| {
        let crowd = (method == Method::PUT && path.starts_with(&members)).then(|| Arc::clone(&crowd));
        async move {
            if let Some(crowd) = crowd {
                crowd.wait().await;
            }
            Comes::AtOnce
        }
    })
    .await;
    let step = UncompressFile::new(Limits::default());
    work(step, &s3, &strait.store(&s3), "bam/march.zip").await.unwrap();
    assert_eq!(s3.keys(Bucket::Process).await.len(), 2 * OUTPUTS);
    assert_eq!(s3.keys(Bucket::Uncompressed).await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn three_parts_of_an_output_go_up_at_once_and_in_their_order() {
    let s3 = S3::start().await;
    s3.put(Bucket::Process, "bam/march.csv", "MPR,Date,hr0030\n").await;
    let crowd = Arc::new(Barrier::new(PARTS));
    let strait = Strait::start(&s3, move |_, path| {
        let is_full_part = (1..=PARTS).any(|number| path.contains(&format!("partNumber={number}&")));
        let crowd = is_full_part.then(|| Arc::clone(&crowd));
        async move {
            if let Some(crowd) = crowd {
                crowd.wait().await;
            }
            Comes::AtOnce
        }
    })
    .await;
    let pattern = |part: usize| (0..=250).cycle().skip(part).take(8 * MIB).collect::<Vec<u8>>();
    let step = Act(Stage::ProcessFile, move |_: &Input, outbox: &mut Outbox| {
        let mut writer = outbox.create(output(Bucket::AmrData, "march.csv"))?;
        for part in 0..PARTS {
            writer.write_all(&pattern(part)).map_err(Failure::Spool)?;
        }
        writer.write_all(b"end").map_err(Failure::Spool)?;
        writer.finish()?;
        Ok(Verdict::Done)
    });
    work(step, &s3, &strait.store(&s3), "bam/march.csv").await.unwrap();
    let delivered = s3.content(Bucket::AmrData, "bam/march.csv").await;
    let expected: Vec<u8> = (0..PARTS).flat_map(pattern).chain(*b"end").collect();
    assert!(delivered == expected, "the parts are not in their order");
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_are_used_again() {
    let s3 = S3::start().await;
    let road = Road::start(s3.endpoint(), Traffic::default()).await;
    let store = s3.store_by_way_of(road.url());
    let members = 1_000;
    s3.put(Bucket::Uncompressed, "bam/march.zip", zip(members)).await;
    let step = UncompressFile::new(Limits::default());
    work(step, &s3, &store, "bam/march.zip").await.unwrap();
    assert_eq!(s3.keys(Bucket::Process).await.len(), members);
    let connections = road.connections();
    assert!(
        connections < members / 4,
        "{connections} connections for {members} members"
    );
}

/// An archive of so many small CSVs.
fn zip(members: usize) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for number in 0..members {
        archive
            .start_file(format!("{number}.csv"), SimpleFileOptions::default())
            .unwrap();
        write!(archive, "MPR,Date,hr0030\n{number},23/03/2025,0.1\n").unwrap();
    }
    archive.finish().unwrap().into_inner()
}
