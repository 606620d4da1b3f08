//! Every golden case through the whole pipeline, and everything that differs from what the design says.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use end_to_end_tests::{Local, golden_run};

#[tokio::test]
async fn golden_emails_become_exactly_the_csvs_that_the_design_says() {
    let (problems, _) = golden_run::run_all(Local::start).await;
    assert!(problems.is_empty(), "{problems}");
}
