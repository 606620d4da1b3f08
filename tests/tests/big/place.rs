//! A folder in which the command runs, and the room that it needs.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use end_to_end_tests::measured::{self, Measured};
use end_to_end_tests::soak;
use serde_json::Value;
use tempfile::TempDir;

/// Long runs on a busy machine.
const TIME_LIMIT: Duration = Duration::from_secs(3_600);

/// Tests that need more of the disk than this come one after the other.
const MUCH: u64 = 4 << 30;

static DISK: Mutex<()> = Mutex::new(());

/// Buckets, inputs and temporary files of one test.
pub(crate) struct Place {
    folder: TempDir,
    // Given up after the folder is gone.
    _turn: Option<MutexGuard<'static, ()>>,
}

/// What the command did.
pub(crate) struct Ran {
    pub(crate) measured: Measured,
    /// What it tells of each input.
    pub(crate) stories: Vec<Value>,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self::after(None)
    }

    fn after(turn: Option<MutexGuard<'static, ()>>) -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            _turn: turn,
        }
    }

    /// A place if there is as much room on the disk; otherwise nothing, and everybody is told.
    pub(crate) fn with_room(test: &str, bytes: u64) -> Option<Self> {
        let turn = (bytes > MUCH).then(|| DISK.lock().unwrap_or_else(PoisonError::into_inner));
        let place = Self::after(turn);
        let free = free_bytes(place.folder.path());
        if free >= bytes {
            return Some(place);
        }
        let gib = |bytes: u64| bytes.div_ceil(1 << 30);
        println!(
            "\nSKIPPED {test}: it needs {} GiB of disk, and {} has {} GiB free. Point TMPDIR to where there is more.\n",
            gib(bytes),
            place.folder.path().display(),
            gib(free)
        );
        None
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A bucket's folder.
    pub(crate) fn bucket(&self, role: &str) -> PathBuf {
        self.path("data").join(format!("es-local-data-{role}"))
    }

    /// The files of a bucket.
    pub(crate) fn files(&self, role: &str) -> Vec<PathBuf> {
        let mut files = Vec::new();
        let mut folders = vec![self.bucket(role)];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder).into_iter().flatten() {
                let entry = entry.unwrap();
                if entry.file_type().unwrap().is_dir() {
                    folders.push(entry.path());
                } else {
                    files.push(entry.path());
                }
            }
        }
        files.sort();
        files
    }

    /// Runs the command over `inputs`, and gives what it told of them.
    pub(crate) fn run(&self, what: &str, settings: &[(&str, &str)], inputs: &[&Path]) -> Ran {
        let mut command = measured::pipeline();
        command.args(["run", "--json", "--to", "sheffield", "--data"]);
        command.arg(self.path("data")).args(inputs);
        command.envs(settings.iter().copied()).env("TMPDIR", self.folder.path());
        let measured = measured::run(&mut command, TIME_LIMIT);
        println!(
            "{what}: {:.1} s, peak {} MiB",
            measured.time.as_secs_f64(),
            measured.peak_mib()
        );
        soak::report(&[("peak_mib", measured.peak_mib())]);
        assert!(
            measured.killed.is_none() && measured.status.success() && !measured.stderr.contains("panicked"),
            "{what}: {:?} {}\n{}",
            measured.killed,
            measured.status,
            measured.stderr
        );
        let lines = measured.stdout.lines();
        let stories = lines.map(|line| serde_json::from_str(line).unwrap()).collect();
        Ran { measured, stories }
    }

    /// Nothing waits any more.
    pub(crate) fn assert_done(&self) {
        for role in ["process", "uncompressed", "spreadsheet"] {
            assert_eq!(self.files(role), Vec::<PathBuf>::new(), "{role}");
        }
    }
}

/// What a person without privileges may still write to the disk of a folder.
fn free_bytes(folder: &Path) -> u64 {
    let df = Command::new("df").args(["--output=avail", "-B1"]).arg(folder).output();
    let df = String::from_utf8(df.expect("df tells what is free").stdout).unwrap();
    df.lines().last().unwrap().trim().parse().unwrap()
}
