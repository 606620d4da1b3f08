//! What an invocation takes by the memory that its function has, for `memorySize` in serverless.yml: the functions as they are shipped, each in a
//! control group that gets the part of a CPU that Lambda gives for the memory (a whole one for 1,769 MB), over an S3 that takes 20 ms a call and 75 MB/s.
//!
//! ```console
//! $ LAMBDA_ARCHITECTURE=x86_64 deploy/package.sh && benches/run.py --only csv --ours    # makes target/bench/inputs-100
//! $ FUNCTIONS_DIR=target/functions cargo run --release -p end-to-end-tests --example memory_sizes -- target/bench/inputs-100
//! ```
//!
//! It wants Linux and root.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    missing_docs
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use end_to_end_tests::functions::{response, stage, start};
use end_to_end_tests::{Road, S3, Traffic};
use pipeline_core::{Bucket, Limits, MIB, Stage};

const SIZES: [u32; 5] = [256, 512, 768, 1024, 1769];
/// So much memory has a whole CPU.
const MB_PER_CPU: u32 = 1769;
const TRAFFIC: Traffic = Traffic {
    latency: Duration::from_millis(20),
    bytes_per_second: Some(75_000_000),
};
/// Invocations of which the median counts, after one that finds everything cold.
const TIMES: usize = 7;

struct Work {
    stage: Stage,
    what: &'static str,
    name: &'static str,
    content: Vec<u8>,
    times: usize,
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let inputs = PathBuf::from(std::env::args_os().nth(1).expect("the folder of inputs"));
    let sizes: Vec<String> = SIZES.iter().map(|size| format!("{size} MB")).collect();
    println!("| function | work, ms (GB-s) | {} | peak MiB |", sizes.join(" | "));
    println!("|---|---|{}", "---:|".repeat(SIZES.len() + 1));
    for work in works(&inputs) {
        let (mut cells, mut peak) = (Vec::new(), 0);
        for size in SIZES {
            let (seconds, its_peak) = measure(&work, size).await;
            let gb_seconds = seconds * f64::from(size) / 1024.0;
            cells.push(format!("{:.0} ({gb_seconds:.3})", seconds * 1000.0));
            peak = peak.max(its_peak);
        }
        let (cells, peak) = (cells.join(" | "), peak / MIB);
        println!("| `{}` | {} | {cells} | {peak} |", work.stage, work.what);
    }
}

fn works(inputs: &Path) -> Vec<Work> {
    let file = |name: &str| fs::read(inputs.join(name)).unwrap();
    let small = |suffix: &str| attached(&inputs.join("mailbox"), suffix);
    let work = |stage, what, name, content, times| Work {
        stage,
        what,
        name,
        content,
        times,
    };
    vec![
        work(
            Stage::UnpackAttachments,
            "an email with a CSV",
            "inbox-0001",
            file("mailbox/0001.eml"),
            TIMES,
        ),
        work(
            Stage::UnpackAttachments,
            "50 files of 200 KB",
            "inbox-0002",
            file("fifty.eml"),
            3,
        ),
        work(Stage::ProcessFile, "a small CSV", "march.csv", small(".csv"), TIMES),
        work(Stage::ProcessFile, "a CSV of 100 MB", "march.csv", file("utf-8.csv"), 1),
        work(Stage::UncompressFile, "a small zip", "march.zip", small(".zip"), TIMES),
        work(
            Stage::UncompressFile,
            "a zip of 10 × 20 MB",
            "march.zip",
            file("ten-large.zip"),
            1,
        ),
        work(
            Stage::ConvertFile,
            "a small workbook",
            "march.xlsx",
            small(".xlsx"),
            TIMES,
        ),
        work(
            Stage::ConvertFile,
            "a workbook of 50,000 × 53",
            "march.xlsx",
            file("half-hourly-excel.xlsx"),
            1,
        ),
    ]
}

/// The first file of such a name that an email of the mailbox brings.
fn attached(mailbox: &Path, suffix: &str) -> Vec<u8> {
    let emails = (0..).map(|number| fs::read(mailbox.join(format!("{number:04}.eml"))).unwrap());
    let mut files = emails.flat_map(|email| {
        unpack_attachments::unpack(email.into(), &Limits::default())
            .unwrap()
            .files
    });
    let found = files.find(|file| file.name.to_string().ends_with(suffix)).unwrap();
    found.bytes.to_vec()
}

/// The seconds of an invocation, and the most memory that the function has had.
async fn measure(work: &Work, memory_mb: u32) -> (f64, u64) {
    let s3 = S3::embedded().await;
    let road = Road::start(s3.endpoint(), TRAFFIC).await;
    let function = stage(work.stage, &s3)
        .variable("AWS_ENDPOINT_URL_S3", road.url())
        .variable("MAIL_DOMAINS", "example.org");
    let instance = start(&function).await;
    instance.cold_start().await.unwrap();
    let _group = Group::new(memory_mb, instance.process_id().unwrap());
    let mut seconds = Vec::new();
    for number in 0..=work.times {
        let key = match work.stage.source() {
            Bucket::Inbox => format!("{}-{number}", work.name),
            _ => format!("area{number}/{}", work.name),
        };
        let event = s3.put_and_tell(work.stage.source(), &key, work.content.clone()).await;
        let begun = Instant::now();
        response(&instance, &event).await;
        seconds.push(begun.elapsed().as_secs_f64());
    }
    let peak = instance.peak_memory().unwrap();
    instance.stop().await;
    seconds.remove(0);
    seconds.sort_by(f64::total_cmp);
    (seconds[seconds.len() / 2], peak)
}

/// A control group (version 1) with a part of the CPU, as long as it lives.
struct Group(PathBuf);

impl Group {
    fn new(memory_mb: u32, process: u32) -> Self {
        // As Lambda gives it out: in periods of 20 ms.
        let period = 20_000;
        let group = Path::new("/sys/fs/cgroup/cpu").join(format!("memory-{memory_mb}"));
        fs::create_dir_all(&group).unwrap();
        fs::write(group.join("cpu.cfs_period_us"), period.to_string()).unwrap();
        let quota = period * memory_mb / MB_PER_CPU;
        fs::write(group.join("cpu.cfs_quota_us"), quota.to_string()).unwrap();
        fs::write(group.join("cgroup.procs"), process.to_string()).unwrap();
        Self(group)
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // Its process may take a moment to end.
        for _ in 0..100 {
            if fs::remove_dir(&self.0).is_ok() {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}
