//! How functions start: from real executables, quickly, and not with a wrong configuration.

use std::fs;
use std::io::Write;

use end_to_end_tests::functions::{self, response, stage, start};
use end_to_end_tests::{Log, S3};
use pipeline_core::{Bucket, Stage};
use runtime_api::{ErrorReport, Function};

use crate::dropped;
use crate::is_short_type;

/// How a function that cannot start says so: at init/error, once, and with its exit.
async fn init_error(function: &Function) -> ErrorReport {
    let instance = start(function).await;
    let report = instance.init_error().await;
    let report = report.unwrap_or_else(|| panic!("no report of init:\n{}", functions::log_of(&instance)));
    assert!(!instance.exit().await.success());
    assert_eq!(instance.init_errors().len(), 1);
    assert_eq!(instance.cold_start().await, None, "it asked for an event all the same");
    assert!(is_short_type(&report.error_type), "{report}");
    let log = Log::read(&instance.stop().await.stdout.so_far());
    assert!(log.lines.iter().any(|line| line["level"] == "ERROR"), "{log:?}");
    report
}

#[tokio::test]
async fn every_variable_that_is_missing_is_named_in_one_report() {
    let s3 = S3::start().await;
    for of_stage in Stage::ALL {
        let function = Bucket::ALL.iter().fold(stage(of_stage, &s3), |function, bucket| {
            function.without(bucket.variable())
        });
        let report = init_error(&function).await;
        for bucket in Bucket::ALL {
            let variable = bucket.variable();
            assert!(
                report.error_message.contains(variable),
                "{of_stage}: {variable} is missing in: {report}"
            );
        }
    }
}

#[tokio::test]
async fn an_empty_variable_counts_as_missing() {
    let s3 = S3::start().await;
    let function = stage(Stage::ConvertFile, &s3)
        .variable("RECEIPTS_BUCKET", "")
        .variable("SHEETS", "");
    let report = init_error(&function).await;
    assert!(report.error_message.contains("RECEIPTS_BUCKET"), "{report}");
    assert!(
        !report.error_message.contains("SHEETS") && !report.error_message.contains("INBOX_BUCKET"),
        "{report}"
    );
}

#[tokio::test]
async fn every_value_that_is_wrong_is_named_in_one_report() {
    let s3 = S3::start().await;
    let wrong: [(&str, &[(&str, &str)]); 6] = [
        (
            "unpack-attachments",
            &[
                ("KEY_LAYOUT", "nested"),
                ("REJECT_SPAM", "perhaps"),
                ("DOWNLOAD_LINKS", "imserv"),
            ],
        ),
        ("process-file", &[("KEY_LAYOUT", "nested"), ("LIMIT_DEPTH", "-1")]),
        (
            "uncompress-file",
            &[("LIMIT_MEMBERS", "many"), ("ROLLBAR_ENDPOINT", "rollbar")],
        ),
        ("convert-file", &[("SHEETS", "some"), ("LIMIT_SHEET_CELLS", "1e6")]),
        (
            "sweep",
            &[
                ("SWEEP_AFTER_MINUTES", "soon"),
                ("SWEEP_LIMIT", "-1"),
                ("SWEEP_INBOX_DAYS", "0"),
            ],
        ),
        (
            "notify",
            &[("MAIL_DOMAINS", "me@example.org"), ("REPLY_TO_SUPPLIERS", "perhaps")],
        ),
    ];
    for (name, wrong) in wrong {
        let function = functions::function(name, &s3);
        let function = function
            .variables(wrong.iter().copied())
            .variable("LOG_LEVEL", "loud")
            .without("PROCESS_BUCKET");
        let report = init_error(&function).await;
        for variable in wrong
            .iter()
            .map(|(variable, _)| *variable)
            .chain(["LOG_LEVEL", "PROCESS_BUCKET"])
        {
            assert!(
                report.error_message.contains(variable),
                "{name}: {variable} is missing in: {report}"
            );
        }
    }
}

#[tokio::test]
async fn functions_are_executables_of_this_machine() {
    let s3 = S3::start().await;
    let head = |path: &std::path::Path| fs::read(path).unwrap()[..20].to_vec();
    let this = head(&std::env::current_exe().unwrap());
    for name in functions::NAMES {
        let function = functions::function(name, &s3);
        let binary = head(function.binary());
        assert_eq!(
            binary[..4],
            this[..4],
            "{} is no executable",
            function.binary().display()
        );
        if this.starts_with(b"\x7fELF") {
            // ELF (gABI, "ELF header"): class, byte order; type 2 or 3 (an executable, or one at any address); machine.
            assert_eq!(binary[4..6], this[4..6], "{}", function.binary().display());
            assert!(matches!(binary[16], 2 | 3), "{}", function.binary().display());
            assert_eq!(
                binary[18..20],
                this[18..20],
                "{} is for another machine",
                function.binary().display()
            );
        }
    }
}

/// Docs quote these lines. What is fast on one machine is not on another, so nothing is asserted.
#[tokio::test]
async fn a_function_tells_how_long_it_took_to_start_and_how_much_memory_it_had() {
    let s3 = S3::start().await;
    let event = dropped(&s3, "sheffield/import.csv").await;
    let mut report = String::new();
    for name in functions::NAMES {
        let function = functions::function(name, &s3);
        let instance = start(&function).await;
        let cold_start = instance.cold_start().await.unwrap();
        let at_start = mib(instance.peak_memory());
        let after = if name == "process-file" {
            response(&instance, &event).await;
            format!(", {} after an event", mib(instance.peak_memory()))
        } else {
            String::new()
        };
        let size = fs::metadata(function.binary()).unwrap().len();
        report.push_str(&format!(
            "cold start of {name}: {:.0} ms to the first poll, {at_start} of memory at most{after}, binary of {}\n",
            cold_start.as_secs_f64() * 1000.0,
            mib(Some(size))
        ));
    }
    // Not println!, which a test that succeeds keeps to itself.
    std::io::stderr().write_all(report.as_bytes()).unwrap();
}

fn mib(bytes: Option<u64>) -> String {
    bytes.map_or_else(
        || "an unknown amount".to_owned(),
        |bytes| format!("{:.1} MiB", bytes as f64 / 1_048_576.0),
    )
}
