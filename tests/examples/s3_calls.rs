//! Counts what the stages ask of S3 for some emails, for the costs in docs/PERFORMANCE.md: a line for each stage and operation.
//!
//! ```console
//! $ cargo run -p end-to-end-tests --example s3_calls -- target/bench/inputs-100/mailbox/00*.eml
//! unpack-attachments  GetObject  200
//! ```
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

use std::collections::BTreeMap;
use std::path::PathBuf;

use end_to_end_tests::faults::Faults;
use end_to_end_tests::{LAMBDAS_ATTEMPTS, Local, deliver};
use pipeline_core::Stage;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let emails: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let mut local = Local::with(&[]).await;
    for (number, email) in emails.iter().enumerate() {
        let bytes = std::fs::read(email).unwrap();
        local.send(&format!("{number:06}"), bytes).await;
    }
    let workers: BTreeMap<Stage, Faults> = Stage::ALL.iter().map(|stage| (*stage, Faults::default())).collect();
    let mut invocations: BTreeMap<Stage, u64> = BTreeMap::new();
    let mut waiting = local.new_events();
    while let Some(created) = waiting.pop() {
        if let Some(stage) = local.stage_of(&created)
            && let Some(worker) = workers.get(&stage)
        {
            let stages = local.stages_with(&local.store_with(worker));
            deliver(stages, Some(stage), created, LAMBDAS_ATTEMPTS).await;
            *invocations.entry(stage).or_default() += 1;
        }
        waiting.extend(local.new_events());
    }
    for (stage, worker) in &workers {
        let mut operations: BTreeMap<&str, u64> = BTreeMap::new();
        for (call, _) in worker.attempts() {
            *operations.entry(call.operation).or_default() += 1;
        }
        println!(
            "{stage}\tinvocations\t{}",
            invocations.get(stage).copied().unwrap_or_default()
        );
        for (operation, count) in operations {
            println!("{stage}\t{operation}\t{count}");
        }
    }
}
