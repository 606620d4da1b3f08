//! Processes: the environment that they get, their output, and their end.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use runtime_api::{Function, NoAnswer};
use serde_json::Value;
use tempfile::TempDir;

const SECOND: Duration = Duration::from_secs(1);

/// A function that is a shell script.
///
/// Another process installs it: a file cannot be executed while anybody has it open for writing, and between fork and exec
/// a process that another test starts has every file of this one open.
fn script(folder: &TempDir, text: &str) -> Function {
    let (source, binary) = (folder.path().join("source"), folder.path().join("bootstrap"));
    std::fs::write(&source, format!("#!/bin/sh\n{text}\n")).unwrap();
    let install = Command::new("install")
        .args(["-m", "755"])
        .args([&source, &binary])
        .status();
    assert!(install.unwrap().success());
    Function::new("data-pipeline-test-process-file", binary)
}

#[tokio::test]
async fn a_process_has_lambdas_variables_and_its_own_and_no_others() {
    let folder = tempfile::tempdir().unwrap();
    let function = script(&folder, "env")
        .variable("INBOX_BUCKET", "inbox")
        .variable("AWS_ACCESS_KEY_ID", "mine");
    let instance = function.memory_mb(1024).region("eu-west-1").start().await.unwrap();
    assert!(instance.exit().await.success());
    let lines = instance.stop().await.stdout.so_far();
    for line in [
        "INBOX_BUCKET=inbox",
        "AWS_ACCESS_KEY_ID=mine",
        "AWS_REGION=eu-west-1",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=1024",
        "AWS_LAMBDA_FUNCTION_NAME=data-pipeline-test-process-file",
        "AWS_LAMBDA_FUNCTION_VERSION=$LATEST",
        "AWS_LAMBDA_LOG_GROUP_NAME=/aws/lambda/data-pipeline-test-process-file",
    ] {
        assert!(
            lines.iter().any(|printed| printed == line),
            "{line} is missing in {lines:#?}"
        );
    }
    let leaked = ["CARGO_MANIFEST_DIR=", "HOME=", "CARGO="];
    let leaked: Vec<_> = lines
        .iter()
        .filter(|line| leaked.iter().any(|name| line.starts_with(name)))
        .collect();
    assert!(leaked.is_empty(), "{leaked:?}");
}

#[tokio::test]
async fn both_streams_are_kept_to_their_last_line() {
    let folder = tempfile::tempdir().unwrap();
    let function = script(&folder, "echo one; echo two >&2; printf three; exit 3");
    let instance = function.start().await.unwrap();
    assert_eq!(instance.exit().await.code(), Some(3));
    let output = instance.stop().await;
    assert_eq!(output.stdout.so_far(), ["one", "three"]);
    assert_eq!(output.stderr.so_far(), ["two"]);
}

#[tokio::test]
async fn a_line_can_be_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let instance = script(&folder, "echo a; sleep 0.1; echo b; sleep 60")
        .start()
        .await
        .unwrap();
    let stdout = &instance.output().stdout;
    assert_eq!(
        stdout.wait_for(5 * SECOND, |line| line == "b").await.as_deref(),
        Some("b")
    );
    assert_eq!(stdout.wait_for(SECOND / 20, |line| line == "c").await, None);
}

#[tokio::test]
async fn a_process_that_ends_answers_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let instance = script(&folder, "exit 7").start().await.unwrap();
    let NoAnswer::Exited(status) = instance.invoke(&Value::Null, SECOND).await.unwrap_err() else {
        panic!("it has ended")
    };
    assert_eq!(status.code(), Some(7));
    assert_eq!(instance.cold_start().await, None);
    assert_eq!(instance.init_error().await, None);
    assert!(!instance.is_running());
}

#[tokio::test]
async fn a_stopped_process_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let instance = script(&folder, "echo $$; exec sleep 60").start().await.unwrap();
    let id = instance.output().stdout.wait_for(5 * SECOND, |_| true).await.unwrap();
    if cfg!(target_os = "linux") {
        assert!(instance.peak_memory().unwrap() > 0);
        assert!(Path::new("/proc").join(&id).exists());
    }
    assert!(instance.is_running());
    instance.stop().await;
    assert!(!Path::new("/proc").join(&id).exists());
}
