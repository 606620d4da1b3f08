//! Promise 3 by two examples; [`model`](../model/main.rs) plays random histories.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use end_to_end_tests::{Local, Mail, deliver};
use pipeline_core::{Bucket, Key};
use tokio::task::JoinSet;

const READINGS: &str = "MPR,Date,hr0030,hr0100\n91234567,21/03/2025,1.5,2.5\n";

#[tokio::test]
async fn a_batch_of_the_same_event_is_worked_on_once() {
    let mut local = Local::with(&[]).await;
    local
        .send("1", Mail::to("sheffield").attach("import.csv", READINGS).to_bytes())
        .await;
    let [created] = local.new_events().try_into().unwrap();
    let mut at_work = JoinSet::new();
    for _ in 0..6 {
        // Without a fault around, no attempt may fail.
        at_work.spawn(deliver(local.stages(), local.stage_of(&created), created.clone(), 1));
    }
    at_work.join_all().await;
    local.work().await;
    assert_eq!(local.keys(Bucket::AmrData).await, ["sheffield/import.csv"]);
    assert_eq!(local.leftovers().await, Vec::<String>::new());
}

#[tokio::test]
async fn an_email_that_comes_again_after_the_importer_took_its_file_makes_no_double() {
    let mut local = Local::with(&[]).await;
    let email = Mail::to("sheffield")
        .message_id("<7@supplier.example>")
        .attach("import.csv", READINGS)
        .to_bytes();
    local.send("first", email.clone()).await;
    local.work().await;
    local.remove(Bucket::AmrData, "sheffield/import.csv").await;
    local.send("again", email).await;
    local.work().await;
    assert_eq!(local.keys(Bucket::AmrData).await, Vec::<String>::new());
    assert!(
        local
            .store()
            .head(Bucket::Inbox, &Key::new("again"))
            .await
            .unwrap()
            .is_some()
    );
}
