//! Defects of ours are errors that say so, and the process lives on.

use end_to_end_tests::functions::{PLENTY, error, example, response, start};
use end_to_end_tests::{Log, S3};
use pipeline_core::Bucket;
use serde_json::json;

use crate::{assert_is_for_people, dropped};

#[tokio::test]
async fn a_panic_of_a_step_is_an_error_and_the_next_event_is_handled() {
    let s3 = S3::start().await;
    let (bad, good) = (
        dropped(&s3, "sheffield/panic.csv").await,
        dropped(&s3, "sheffield/logo.csv").await,
    );
    let instance = start(&example("panics", &s3).variable("PANICS", "step")).await;
    let report = error(&instance, &bad, PLENTY).await;
    assert_eq!(report.error_type, "Panic");
    assert_is_for_people(&report.error_message);
    assert!(
        s3.keys(Bucket::Process)
            .await
            .contains(&"sheffield/panic.csv".to_owned())
    );
    response(&instance, &good).await;
    assert_eq!(s3.keys(Bucket::Unprocessable).await, ["sheffield/logo.csv"]);
    assert!(instance.is_running());
    let log = Log::read(&instance.stop().await.stdout.so_far());
    let errors: Vec<_> = log.lines.iter().filter(|line| line["level"] == "ERROR").collect();
    assert_eq!(errors[0]["error_type"], "Panic");
    assert_eq!(errors[0]["key"], "sheffield/panic.csv");
}

#[tokio::test]
async fn a_panic_outside_the_step_is_an_error_and_the_next_event_is_handled() {
    let s3 = S3::start().await;
    let instance = start(&example("panics", &s3).variable("PANICS", "handler")).await;
    for event in ["panic", "panic later"] {
        let report = error(&instance, &json!(event), PLENTY).await;
        assert_eq!(report.error_type, "Panic", "{event}");
        assert_is_for_people(&report.error_message);
        assert_eq!(response(&instance, &json!({"n": 1})).await, json!({"n": 1}));
    }
    assert!(instance.is_running());
    // The lines are JSON: a panic says nothing on stdout.
    Log::read(&instance.stop().await.stdout.so_far());
}
