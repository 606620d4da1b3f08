//! The functions' real binaries behind a real Runtime API, over a real S3.
//!
//! Which binaries: those below `FUNCTIONS_DIR` (`<function>/bootstrap`, as cargo-lambda lays them out), or else those that
//! `cargo test --workspace` has built. Which S3: an embedded one, or the one that `SUITE_ENDPOINT` names ([`end_to_end_tests::S3`]).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod events;
mod failures;
mod journey;
mod monitoring;
mod notify;
mod panics;
mod starts;
mod sweep;

use end_to_end_tests::S3;
use pipeline_core::Bucket;
use serde_json::Value;

/// Readings as Orsis sends them.
const READINGS: &str = "MPR,Date,hr0030,hr0100,hr0130\n2000006185057,01/09/2025,0.21,0.19,0.2\n";

/// A file that a person drops into the bucket of process-file, and its event.
async fn dropped(s3: &S3, key: &str) -> Value {
    s3.put_and_tell(Bucket::Process, key, READINGS).await
}

/// Whether it is a name and nothing else, as alarms and people need it.
fn is_short_type(error_type: &str) -> bool {
    (1..=40).contains(&error_type.len())
        && error_type
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'.')
}

/// That an error's message is a sentence for people, and nothing of how the SDK prints its own errors.
fn assert_is_for_people(message: &str) {
    assert!((1..400).contains(&message.len()), "{message}");
    let foreign = [
        "DispatchFailure",
        "ServiceError",
        "SdkError",
        "ConnectorError",
        "Unhandled",
        "aws_",
        "{",
        "Some(",
        "\n",
    ];
    let found: Vec<_> = foreign.iter().filter(|word| message.contains(**word)).collect();
    assert!(found.is_empty(), "{found:?} in: {message}");
}
