//! `pipeline convert`, `completions` and `man`, as a person calls them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const READINGS: &str = "MPR,Date,hr0030,hr0100\r\n9100000001,23/03/2025,0.1,0.2\r\n";

/// Runs the command with nothing configured.
fn pipeline(folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pipeline"));
    command.current_dir(folder).env_clear().args(args).output().unwrap()
}

fn example(name: &str) -> String {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    root.join(name).to_str().unwrap().to_owned()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn a_file_is_converted_to_the_csv_that_the_pipeline_delivers() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("import.csv"), READINGS).unwrap();
    let output = pipeline(folder.path(), &["convert", "import.csv"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_eq!(text(&output.stdout), READINGS.replace('\r', ""));

    let output = pipeline(folder.path(), &["convert", &example("emails/excel-97.eml")]);
    let expected = fs::read(example("expected/npower-eon/NPower EON.xls.csv")).unwrap();
    assert_eq!(output.stdout, expected);
    assert_eq!(
        fs::read_dir(folder.path()).unwrap().count(),
        1,
        "nothing is left behind"
    );
}

#[test]
fn several_csvs_want_a_folder_and_overwrite_nothing_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let email = example("emails/zip-in-zip.eml");
    let refused = pipeline(folder.path(), &["convert", &email]);
    assert_eq!(refused.status.code(), Some(2));
    assert_eq!(text(&refused.stdout), "");
    assert!(
        text(&refused.stderr).contains("--out: 2025-03/"),
        "{}",
        text(&refused.stderr)
    );

    let written = pipeline(folder.path(), &["convert", &email, "--out", "csv"]);
    assert_eq!(written.status.code(), Some(0), "{}", text(&written.stderr));
    for name in ["2025-03/datavision.csv", "2025-03/gas/import.csv"] {
        assert!(text(&written.stdout).contains(&format!("csv/{name}\n")));
        let expected = fs::read(example(&format!("expected/gdst/{name}"))).unwrap();
        assert_eq!(fs::read(folder.path().join("csv").join(name)).unwrap(), expected);
    }
    let again = pipeline(folder.path(), &["convert", &email, "--out", "csv"]);
    assert_eq!(again.status.code(), Some(1));
    assert!(text(&again.stderr).contains("cannot be written"));
}

#[test]
fn what_cannot_be_converted_is_told_with_its_reason() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("data.csv"), "<!DOCTYPE html><html>503</html>").unwrap();
    let output = pipeline(folder.path(), &["convert", "data.csv"]);
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(text(&output.stdout), "");
    assert!(text(&output.stderr).starts_with("pipeline: html: This is a web page"));

    let missing = pipeline(folder.path(), &["convert", "missing.csv"]);
    assert_eq!(missing.status.code(), Some(2));
    assert!(text(&missing.stderr).contains("there is no file missing.csv"));
}

#[test]
fn shells_and_man_know_every_command() {
    let folder = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = pipeline(folder.path(), &["completions", shell]);
        assert!(text(&output.stdout).contains("convert"), "{shell}");
    }
    assert_eq!(pipeline(folder.path(), &["man", "man1"]).status.code(), Some(0));
    for page in ["pipeline.1", "pipeline-run.1", "pipeline-convert.1"] {
        let page = fs::read_to_string(folder.path().join("man1").join(page)).unwrap();
        assert!(page.contains(".SH NAME"));
    }
}
