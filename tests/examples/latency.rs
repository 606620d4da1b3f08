//! How long a stage waits for an S3 that is far away: work, download and upload overlap, and many calls are under way at once.
//!
//! ```console
//! $ cargo run --release -p end-to-end-tests --example latency
//! ```
//!
//! Each call takes 20 ms more than the embedded S3 needs, and where bytes are counted, 75 MB pass in a second in each direction: about what a
//! Lambda function has (600 Mbit/s). The worker has one thread for the network and one for its step, as on Lambda.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    missing_docs
)]

use std::io::{Cursor, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use aws_sdk_s3::Client;
use aws_sdk_s3::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::error::BoxError;
use end_to_end_tests::{Road, S3, Traffic};
use pipeline_core::{Config, Handled, Key, KeyLayout, Limits, ObjectEvent, Runner, Step, Store, Vars};
use process_file::ProcessFile;
use tokio::runtime::{Builder, Runtime};
use uncompress_file::UncompressFile;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

const LATENCY: Duration = Duration::from_millis(20);
const LAMBDAS_BYTES_PER_SECOND: u32 = 75_000_000;
const READINGS: &str = "2000006185057,01/09/2025,0.21,0.19,0.2,0.17,0.16,0.16,0.18,0.22,0.31,0.4,0.44,0.42\r\n";

fn main() {
    println!("| work | calls | connections | wall s | calls x 20 ms | ratio | download alone s | upload alone s |");
    println!("|---|---:|---:|---:|---:|---:|---:|---:|");
    let archive = |limits: &Config| UncompressFile::new(limits.limits.clone());
    let file = |config: &Config| ProcessFile::read(&mut Vars::new(|_: &str| None), config);
    measure("a small CSV", "march.csv", &csv(2_000), false, file);
    measure("a CSV of 100 MB", "march.csv", &csv(100_000_000), true, file);
    measure(
        "a zip of 5,000 small CSVs",
        "march.zip",
        &zip(5_000, 2_000),
        false,
        archive,
    );
    measure(
        "a zip of 10 CSVs of 20 MB",
        "march.zip",
        &zip(10, 20_000_000),
        true,
        archive,
    );
}

/// Lets a step work on an object, and prints a line.
fn measure<S: Step>(what: &str, name: &str, bytes: &[u8], is_narrow: bool, step: impl Fn(&Config) -> S) {
    let servers = Runtime::new().unwrap();
    let traffic = Traffic {
        latency: LATENCY,
        bytes_per_second: is_narrow.then_some(LAMBDAS_BYTES_PER_SECOND),
    };
    let (s3, road) = servers.block_on(async {
        let s3 = S3::embedded().await;
        let road = Road::start(s3.endpoint(), traffic).await;
        (s3, road)
    });
    let config = Config {
        buckets: s3.store().buckets().clone(),
        layout: KeyLayout::Flat,
        limits: Limits::default(),
    };
    let step = step(&config);
    let bucket = step.stage().source();
    let event = ObjectEvent {
        bucket: s3.name(bucket).to_owned(),
        key: Key::new(format!("sheffield/{name}")),
        event_time: None,
        message_id: None,
    };
    servers.block_on(s3.put(bucket, event.key.as_str(), bytes.to_vec()));
    let calls = Calls::default();
    let client = s3.client_by_way_of(road.url()).config().to_builder();
    let client = Client::from_conf(client.interceptor(calls.clone()).build());
    let worker = Builder::new_current_thread().enable_all().build().unwrap();
    let source = s3.name(bucket).to_owned();
    let download = is_narrow.then(|| worker.block_on(download_alone(&client, &source, event.key.as_str())));
    let connections_before = road.connections();
    calls.forget();
    let runner = Runner::new(step, Store::new(client.clone(), config.buckets.clone()), &config);
    let begun = Instant::now();
    let handled = worker.block_on(runner.handle(&event, None)).unwrap();
    let wall = begun.elapsed().as_secs_f64();
    let Handled::Now(receipt) = handled else { unreachable!() };
    let serial = f64::from(calls.count()) * LATENCY.as_secs_f64();
    let (made, connections) = (calls.count(), road.connections() - connections_before);
    let size = receipt.outputs.iter().map(|output| output.size).sum();
    let upload = is_narrow.then(|| worker.block_on(upload_alone(&client, &source, size)));
    let alone = |seconds: Option<f64>| seconds.map(|seconds| format!("{seconds:.2}")).unwrap_or_default();
    println!(
        "| {what} | {made} | {connections} | {wall:.2} | {serial:.2} | {:.1} | {} | {} |",
        serial / wall,
        alone(download),
        alone(upload),
    );
}

/// Seconds that it takes to fetch an object and do nothing with it.
async fn download_alone(client: &Client, bucket: &str, key: &str) -> f64 {
    let begun = Instant::now();
    let mut body = client.get_object().bucket(bucket).key(key).send().await.unwrap().body;
    while body.next().await.transpose().unwrap().is_some() {}
    begun.elapsed().as_secs_f64()
}

/// Seconds that it takes to put so many bytes that are there already.
async fn upload_alone(client: &Client, bucket: &str, size: u64) -> f64 {
    let body = vec![b' '; usize::try_from(size).unwrap()];
    let begun = Instant::now();
    client
        .put_object()
        .bucket(bucket)
        .key("alone")
        .body(body.into())
        .send()
        .await
        .unwrap();
    begun.elapsed().as_secs_f64()
}

/// Counts calls; attempts of one call are one.
#[derive(Debug, Clone, Default)]
struct Calls(Arc<AtomicU32>);

impl Calls {
    fn count(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }

    fn forget(&self) {
        self.0.store(0, Ordering::Relaxed);
    }
}

impl Intercept for Calls {
    fn name(&self) -> &'static str {
        "calls"
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

fn csv(size: usize) -> Vec<u8> {
    let mut csv =
        b"MPR,Date,hr0030,hr0100,hr0130,hr0200,hr0230,hr0300,hr0330,hr0400,hr0430,hr0500,hr0530,hr0600\r\n".to_vec();
    while csv.len() < size {
        csv.extend_from_slice(READINGS.as_bytes());
    }
    csv
}

fn zip(members: usize, size: usize) -> Vec<u8> {
    let content = csv(size);
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for number in 0..members {
        archive
            .start_file(format!("{number}.csv"), SimpleFileOptions::default())
            .unwrap();
        archive.write_all(&content).unwrap();
    }
    archive.finish().unwrap().into_inner()
}
