//! `trace`, `status` and `replay`, as a person or a script calls them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use std::fs;
use std::io::{Cursor, Write};
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, SystemTime};

use base64_simd::STANDARD as BASE64;
use serde_json::Value;
use tempfile::TempDir;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

const PAGE: &str = "<!DOCTYPE html><html>503</html>";

/// Runs the command in a folder, with nothing configured but what is given.
fn pipeline(dir: &Path, args: &[&str], vars: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pipeline"));
    command.current_dir(dir).env_clear().envs(vars.iter().copied());
    command.args(args).output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap_or_else(|| panic!("{output:?}"))
}

fn email(name: &str, content: &str) -> String {
    format!(
        "From: Metering <reports@supplier.example>\r\nTo: bam@example.org\r\nMessage-ID: <1@supplier.example>\r\n\
         MIME-Version: 1.0\r\nContent-Type: text/csv; name=\"{name}\"\r\n\
         Content-Disposition: attachment; filename=\"{name}\"\r\n\r\n{content}"
    )
}

fn examples() -> String {
    format!("{}/../../examples/emails", env!("CARGO_MANIFEST_DIR"))
}

/// The pipeline has run over the example of a zip in a zip.
fn worked(vars: &[(&str, &str)]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let email = format!("{}/zip-in-zip.eml", examples());
    assert_eq!(code(&pipeline(dir.path(), &["run", &email], vars)), 0);
    dir
}

#[test]
fn trace_shows_each_step_of_an_email_as_a_tree() {
    let dir = worked(&[]);
    let output = pipeline(dir.path(), &["trace", "zip-in-zip.eml"], &[]);
    assert_eq!(code(&output), 0);
    let told = stdout(&output);
    let mut rest = told.as_str();
    for step in [
        "email inbox/zip-in-zip.eml",
        "unpack-attachments: done",
        "→ process/gdst/",
        "process-file: done",
        "→ uncompressed/gdst/",
        "uncompress-file: done",
        "→ process/gdst/",
        "→ uncompressed/gdst/",
        "uncompress-file: done",
        "→ amr-data/gdst/",
        "delivered; it waits for the importer",
    ] {
        rest = rest
            .split_once(step)
            .unwrap_or_else(|| panic!("no {step} in its place:\n{told}"))
            .1;
    }
    // From the other end the same is told.
    let delivered = pipeline(dir.path(), &["trace", "gdst/2025-03/datavision.csv"], &[]);
    assert_eq!(stdout(&delivered), told);
    let json = pipeline(dir.path(), &["trace", "--json", "zip-in-zip.eml"], &[]);
    let json: Value = serde_json::from_str(&stdout(&json)).unwrap();
    assert_eq!(json["finished"], true);
    assert_eq!(json["root"]["receipt"]["stage"], "unpack-attachments");
    assert_eq!(json["root"]["children"][0]["state"], "worked");
}

/// An email forwarded as an attachment, with a workbook in a zip in a zip.
fn forwarded_workbook() -> String {
    let workbook = format!(
        "{}/../convert-file/tests/golden/british-gas-xlsxwriter.xlsx",
        env!("CARGO_MANIFEST_DIR")
    );
    let inner = zipped("half hourly.xlsx", &fs::read(workbook).unwrap());
    let outer = BASE64.encode_to_string(zipped("march.zip", &inner));
    format!(
        "From: Bursar <office@school.example>\r\nTo: bam@example.org\r\nMessage-ID: <2@school.example>\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=out\r\n\r\n--out\r\nContent-Type: message/rfc822\r\n\r\n\
         From: Metering <reports@supplier.example>\r\nTo: office@school.example\r\nMIME-Version: 1.0\r\n\
         Content-Type: application/zip; name=\"year.zip\"\r\nContent-Transfer-Encoding: base64\r\n\
         Content-Disposition: attachment; filename=\"year.zip\"\r\n\r\n{outer}\r\n--out--\r\n"
    )
}

fn zipped(name: &str, bytes: &[u8]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file(name, SimpleFileOptions::default()).unwrap();
    zip.write_all(bytes).unwrap();
    zip.finish().unwrap().into_inner()
}

#[test]
fn trace_leads_from_a_forwarded_email_through_two_zips_to_the_csv_of_a_workbook() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("forwarded.eml"), forwarded_workbook()).unwrap();
    assert_eq!(code(&pipeline(dir.path(), &["run", "forwarded.eml"], &[])), 0);
    let told = stdout(&pipeline(dir.path(), &["trace", "forwarded.eml"], &[]));
    let mut rest = told.as_str();
    for step in [
        "email inbox/forwarded.eml",
        "unpack-attachments: done",
        "year.zip → process/bam/",
        "process-file: done",
        "→ uncompressed/bam/",
        "uncompress-file: done",
        "march.zip → process/bam/",
        "process-file: done",
        "→ uncompressed/bam/",
        "uncompress-file: done",
        "half hourly.xlsx → process/bam/",
        "process-file: done",
        "→ spreadsheet/bam/",
        "convert-file: done",
        "→ process/bam/",
        "process-file: done",
        "→ amr-data/bam/half hourly.xlsx.csv",
        "delivered; it waits for the importer",
    ] {
        let found = rest.split_once(step);
        rest = found.unwrap_or_else(|| panic!("no {step} in its place:\n{told}")).1;
    }
}

#[test]
fn inspect_tells_what_would_become_of_a_file_and_keeps_nothing() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("forwarded.eml"), forwarded_workbook()).unwrap();
    let told = stdout(&pipeline(dir.path(), &["inspect", "forwarded.eml"], &[]));
    assert!(told.starts_with("forwarded.eml: "), "{told}");
    for step in [
        "by its content: email",
        "convert-file: done",
        "→ amr-data/bam/half hourly.xlsx.csv",
    ] {
        assert!(told.contains(step), "no {step} in:\n{told}");
    }

    let readings = "MPR;Date;hr0030\r\n9100000001;23/03/2025;\u{a3} 0,1\r\n";
    let windows: Vec<u8> = readings.chars().map(|c| c as u8).collect();
    fs::write(dir.path().join("import.csv"), windows).unwrap();
    let told = stdout(&pipeline(dir.path(), &["inspect", "import.csv"], &[]));
    let seen = "import.csv: 46 bytes, by its content: csv, windows-1252, 2 lines, columns separated by ;\n";
    assert!(told.starts_with(seen), "{told}");

    fs::write(dir.path().join("data.csv"), PAGE).unwrap();
    let told = stdout(&pipeline(dir.path(), &["inspect", "data.csv"], &[]));
    assert!(told.contains("by its content: html"), "{told}");
    assert!(told.contains("rejected as html: This is a web page"), "{told}");

    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 3, "nothing is left behind");
    assert_eq!(code(&pipeline(dir.path(), &["inspect", "missing.csv"], &[])), 2);
}

#[test]
fn trace_says_what_is_wanted_where_nothing_is_known() {
    let dir = worked(&[]);
    let output = pipeline(dir.path(), &["trace", "no-such-file.csv"], &[]);
    assert_eq!(code(&output), 1);
    assert!(String::from_utf8_lossy(&output.stderr).contains("nothing is known of \"no-such-file.csv\""));
    let elsewhere = pipeline(dir.path(), &["trace", "--data", "elsewhere", "x"], &[]);
    assert_eq!(code(&elsewhere), 1);
    assert!(String::from_utf8_lossy(&elsewhere.stderr).contains("there is no folder elsewhere"));
    assert!(!dir.path().join("elsewhere").exists());
    let both = pipeline(dir.path(), &["trace", "--data", "d", "--stage", "test", "x"], &[]);
    assert_eq!(code(&both), 2);
}

#[test]
fn status_ends_with_3_where_something_is_stuck_and_with_0_where_nothing_is() {
    let dir = worked(&[]);
    let output = pipeline(dir.path(), &["status"], &[]);
    assert_eq!(code(&output), 0, "{output:?}");
    assert!(stdout(&output).contains("Nothing is stuck."));
    let waiting = dir.path().join("pipeline-data/es-local-data-process/bam");
    fs::create_dir_all(&waiting).unwrap();
    fs::write(waiting.join("hh.csv"), "MPR,Date,hr0030\n1,20/03/2025,1.5\n").unwrap();
    let file = fs::File::options().write(true).open(waiting.join("hh.csv")).unwrap();
    file.set_modified(SystemTime::now() - Duration::from_secs(2 * 3600))
        .unwrap();
    let stuck = pipeline(dir.path(), &["status", "--json"], &[]);
    assert_eq!(code(&stuck), 3);
    let status: Value = serde_json::from_str(&stdout(&stuck)).unwrap();
    assert_eq!(status["waiting"][0]["objects"], 0, "the email has a receipt");
    let process = &status["waiting"][1];
    assert_eq!(
        (process["bucket"].as_str(), process["objects"].as_u64()),
        (Some("process"), Some(1))
    );
    assert!(process["oldest_age_s"].as_i64().unwrap() >= 7200);
    assert_eq!(status["last_day"]["areas"]["gdst"]["deliveries"], 2);
    assert_eq!(status["failure_queue"]["events"], 0);
    assert!(status["stuck"][0].as_str().unwrap().starts_with("process: "));
    let patient = pipeline(dir.path(), &["status", "--stuck-after", "100000"], &[]);
    assert_eq!(code(&patient), 0);
    let given_up = dir.path().join("pipeline-data/.pipeline/failures");
    fs::create_dir_all(&given_up).unwrap();
    fs::write(given_up.join("1.json"), "{}").unwrap();
    let failed = pipeline(dir.path(), &["status", "--stuck-after", "100000"], &[]);
    assert_eq!(code(&failed), 3);
    // The replay of the failure queue works on what waits.
    assert_eq!(code(&pipeline(dir.path(), &["replay", "--failures"], &[])), 0);
    assert_eq!(code(&pipeline(dir.path(), &["status"], &[])), 0);
    assert!(
        dir.path()
            .join("pipeline-data/es-local-data-amr-data/bam/hh.csv")
            .exists()
    );
}

#[test]
fn replay_delivers_once_what_a_limit_kept_back_and_a_dry_run_changes_nothing() {
    let dir = worked(&[("LIMIT_DEPTH", "1")]);
    let dry = pipeline(dir.path(), &["replay", "--reason", "too-deep", "--dry-run"], &[]);
    assert_eq!(code(&dry), 0);
    assert!(
        stdout(&dry).contains("too-deep") && stdout(&dry).contains("1 reject would be put through again."),
        "{dry:?}"
    );
    let none = pipeline(dir.path(), &["replay", "--reason", "encrypted"], &[]);
    assert!(stdout(&none).contains("0 rejects"), "{none:?}");
    let replayed = pipeline(dir.path(), &["replay", "--reason", "too-deep"], &[]);
    assert_eq!(code(&replayed), 0, "{replayed:?}");
    assert!(
        stdout(&replayed).contains("delivered as gdst/2025-03/"),
        "{}",
        stdout(&replayed)
    );
    let again = pipeline(dir.path(), &["replay", "--reason", "too-deep"], &[]);
    assert!(stdout(&again).contains("0 rejects"), "{again:?}");
    let told = stdout(&pipeline(dir.path(), &["trace", "zip-in-zip.eml"], &[]));
    assert!(told.contains("before a replay: rejected as too-deep"), "{told}");
    let wrong = pipeline(dir.path(), &["replay", "--reason", "broken"], &[]);
    assert_eq!(code(&wrong), 2);
}

#[test]
fn a_forced_replay_delivers_again_what_the_importer_took() {
    let dir = worked(&[]);
    let delivered = dir
        .path()
        .join("pipeline-data/es-local-data-amr-data/gdst/2025-03/datavision.csv");
    fs::remove_file(&delivered).unwrap();
    let plain = pipeline(dir.path(), &["replay", "--message", "zip-in-zip.eml"], &[]);
    assert_eq!(code(&plain), 0);
    assert!(!delivered.exists());
    let forced = pipeline(dir.path(), &["replay", "--message", "zip-in-zip.eml", "--force"], &[]);
    assert_eq!(code(&forced), 0, "{forced:?}");
    assert!(delivered.exists(), "{forced:?}");
}

/// The same commands over the S3 API, by the names that a stage's buckets have.
#[tokio::test(flavor = "multi_thread")]
async fn a_stage_is_told_of_with_the_credentials_of_the_environment() {
    let dir = tempfile::tempdir().unwrap();
    let s3 = embedded_s3::EmbeddedS3::start(&dir.path().join("aws"), embedded_s3::Options::default())
        .await
        .unwrap();
    for role in pipeline_core::Bucket::ALL {
        s3.create_bucket(&format!("mine-test-data-{role}")).await.unwrap();
    }
    let process = dir.path().join("aws/mine-test-data-inbox");
    fs::write(process.join("1"), email("data.csv", PAGE)).unwrap();
    let endpoint = s3.endpoint();
    let credentials = s3.credentials();
    let (id, secret) = (credentials.access_key_id.clone(), credentials.secret_access_key.clone());
    // A profile, as people have them.
    let profiles = dir.path().join("credentials");
    fs::write(
        &profiles,
        format!("[mine]\naws_access_key_id = {id}\naws_secret_access_key = {secret}\nregion = eu-west-2\n"),
    )
    .unwrap();
    let here = dir.path().to_owned();
    let run = move |args: Vec<&'static str>| {
        let here = here.clone();
        let vars = [
            ("AWS_ENDPOINT_URL".to_owned(), endpoint.clone()),
            ("AWS_PROFILE".to_owned(), "mine".to_owned()),
            ("AWS_SHARED_CREDENTIALS_FILE".to_owned(), profiles.display().to_string()),
            ("BUCKET_PREFIX".to_owned(), "mine".to_owned()),
        ];
        tokio::task::spawn_blocking(move || {
            let vars: Vec<(&str, &str)> = vars
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str()))
                .collect();
            pipeline(&here, &args, &vars)
        })
    };
    let traced = run(vec!["trace", "--stage", "test", "inbox/1"]).await.unwrap();
    assert_eq!(code(&traced), 0, "{traced:?}");
    assert!(
        stdout(&traced).contains("waits for its stage since"),
        "{}",
        stdout(&traced)
    );
    let status = run(vec!["status", "--stage", "test", "--json"]).await.unwrap();
    let told: Value = serde_json::from_str(&stdout(&status)).unwrap();
    assert_eq!(told["waiting"][0]["objects"], 1);
    // This S3 has no queues: that is told, and keeps the rest from nothing.
    assert!(told["failure_queue"]["problem"].is_string());
    assert_eq!(code(&status), 0);
    let dry = run(vec!["replay", "--stage", "test", "--reason", "html", "--dry-run"])
        .await
        .unwrap();
    assert_eq!(code(&dry), 0, "{dry:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_on_which_serve_is_running_is_reached_by_way_of_it() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("1.eml"), email("data.csv", PAGE)).unwrap();
    assert_eq!(code(&pipeline(dir.path(), &["run", "1.eml"], &[])), 0);
    let data = dir.path().join("pipeline-data");
    let vars = pipeline_core::Vars::new(|_| None);
    let stack = pipeline::LocalStack::start(&data, vars).await.unwrap();
    let here = dir.path().to_owned();
    let run = move |args: &'static [&'static str]| {
        let here = here.clone();
        tokio::task::spawn_blocking(move || pipeline(&here, args, &[]))
    };
    let unreachable = run(&["trace", "1.eml"]).await.unwrap();
    assert_eq!(code(&unreachable), 1, "somebody else has the folder: {unreachable:?}");
    let endpoint = pipeline::serve::Endpoint {
        s3: stack.s3().endpoint(),
        region: stack.s3().region().to_owned(),
        access_key_id: stack.s3().credentials().access_key_id.clone(),
        secret_access_key: stack.s3().credentials().secret_access_key.clone(),
        smtp: String::new(),
        web: None,
        pid: 1,
    };
    endpoint.write(&data).unwrap();
    let traced = run(&["trace", "1.eml"]).await.unwrap();
    assert!(stdout(&traced).contains("rejected as html"), "{traced:?}");
    let replayed = run(&["replay", "--reason", "html"]).await.unwrap();
    assert_eq!(code(&replayed), 0, "{replayed:?}");
    assert!(stdout(&replayed).contains("put back; `pipeline trace"), "{replayed:?}");
    let waiting = stack.store().list(pipeline_core::Bucket::Process, "").await.unwrap();
    assert_eq!(waiting.len(), 1);
}
