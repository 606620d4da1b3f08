//! `pipeline run` is killed, and typed again until it ends by itself: what lies in its folder is all that it knows.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};
use std::{fs, thread};

use end_to_end_tests::{comparison, measured, soak};
use fastrand::Rng;

use crate::inputs::{self, csv, mail};
use crate::seed;

/// How many emails one command gets.
const EMAILS: u64 = 30;

/// How often one folder's commands are killed.
const KILLS: u64 = 3;

#[test]
fn commands_that_are_killed_and_typed_again_deliver_each_file_once() {
    let mut dice = Rng::with_seed(seed());
    let emails = tempfile::tempdir().unwrap();
    write_emails(emails.path());
    let undisturbed = tempfile::tempdir().unwrap();
    let begun = Instant::now();
    finish(start(emails.path(), undisturbed.path()));
    let time = begun.elapsed();
    let expected = Delivered::of(undisturbed.path());
    assert!(expected.files.len() > EMAILS as usize && !expected.rejects.is_empty());
    let folders = soak::scale(2, 70);
    let mut losses = 0;
    let mut problems = Vec::new();
    for _ in 0..folders {
        let data = tempfile::tempdir().unwrap();
        run_and_kill(emails.path(), data.path(), time, &mut dice);
        let actual = Delivered::of(data.path());
        let missing = expected.files.difference(&actual.files).count();
        let rejects_missing = expected.rejects.difference(&actual.rejects).count();
        losses += (missing + rejects_missing) as u64;
        if actual != expected {
            problems.push(format!("{:#?}", actual.files.symmetric_difference(&expected.files)));
            problems.push(format!("{:#?}", actual.rejects.symmetric_difference(&expected.rejects)));
        }
    }
    soak::report(&[
        ("kills", KILLS * folders),
        ("emails", EMAILS * folders),
        ("losses", losses),
    ]);
    assert!(problems.is_empty(), "{}", problems.concat());
}

/// Kills some commands on one folder, then lets one finish.
fn run_and_kill(emails: &Path, data: &Path, time: Duration, dice: &mut Rng) {
    let mut kills_left = KILLS;
    while kills_left > 0 {
        let mut command = start(emails, data);
        // Rather early than late: another run has less to do, and the machine may be faster now.
        thread::sleep(time.mul_f64(dice.f64() * dice.f64()));
        if command.try_wait().unwrap().is_none() {
            // On Unix, this is SIGKILL.
            command.kill().unwrap();
            command.wait().unwrap();
            kills_left -= 1;
        }
    }
    finish(start(emails, data));
}

fn start(emails: &Path, data: &Path) -> Child {
    let mut command = measured::pipeline();
    command.arg("run").arg("--data").arg(data).arg(emails);
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

fn finish(mut command: Child) {
    let status = command.wait().unwrap();
    assert!(status.success(), "{status}");
}

/// Files of names of their own, and those of every kind.
fn write_emails(folder: &Path) {
    for number in 0..EMAILS {
        let email = mail(100 + number).attach(&format!("site {number}.csv"), csv(&number.to_string()));
        fs::write(folder.join(format!("{number}.eml")), email.to_bytes()).unwrap();
    }
    for email in inputs::emails() {
        fs::write(folder.join(&email.key), &email.bytes).unwrap();
    }
}

/// What came out. A command that is typed again sends its emails once more, as other objects of the inbox; what is made
/// of them counts once, but an email that is put aside itself is so each time.
#[derive(Debug, PartialEq, Eq)]
struct Delivered {
    /// In amr-data, each file by its key. Which of two files of one name comes first is chance.
    files: BTreeSet<(String, Vec<u8>)>,
    /// In unprocessable, by content.
    rejects: BTreeSet<Vec<u8>>,
}

impl Delivered {
    fn of(data: &Path) -> Self {
        for waiting in ["process", "uncompressed", "spreadsheet"] {
            assert_eq!(files(data, waiting), [], "{waiting}");
        }
        let rejects = files(data, "unprocessable").into_iter().map(|(_, bytes)| bytes);
        let delivered = files(data, "amr-data").into_iter();
        Self {
            files: delivered.map(|(key, bytes)| (comparison::plain(&key), bytes)).collect(),
            rejects: rejects.collect(),
        }
    }
}

fn files(data: &Path, bucket: &str) -> Vec<(String, Vec<u8>)> {
    let bucket = data.join(format!("es-local-data-{bucket}"));
    let mut files = Vec::new();
    let mut folders = vec![bucket.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let key = path.strip_prefix(&bucket).unwrap().to_str().unwrap().to_owned();
                files.push((key, fs::read(&path).unwrap()));
            }
        }
    }
    files
}
