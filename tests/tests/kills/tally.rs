//! What happened on the way, for the end of a test and for the long run's table.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use end_to_end_tests::soak;
use runtime_api::Instance;

use crate::state::State;

/// Counts what several workers do.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    kills: AtomicU64,
    /// The lines that tell.
    panics: Mutex<Vec<String>>,
}

impl Tally {
    /// Kills a process (on Unix, this is SIGKILL), and waits until it is dead.
    pub(crate) async fn kill(&self, instance: Instance) {
        self.kills.fetch_add(1, Ordering::Relaxed);
        self.end(instance).await;
    }

    /// Ends a process that has done its work.
    pub(crate) async fn end(&self, instance: Instance) {
        let output = instance.stop().await;
        let lines = [output.stdout.so_far(), output.stderr.so_far()].concat();
        let panics = lines.into_iter().filter(|line| line.contains("panicked"));
        self.panics.lock().unwrap().extend(panics);
    }

    pub(crate) fn kills(&self) -> u64 {
        self.kills.load(Ordering::Relaxed)
    }

    /// Reports, and fails unless everything is as it should be.
    pub(crate) fn conclude(&self, emails: u64, ends: &[Ended]) {
        let losses: u64 = ends.iter().map(|end| end.missing.len() as u64).sum();
        let overwrites: u64 = ends.iter().map(|end| end.overwrites.len() as u64).sum();
        let panics = self.panics.lock().unwrap();
        println!("{} kills, {emails} emails", self.kills());
        soak::report(&[
            ("kills", self.kills()),
            ("emails", emails),
            ("losses", losses),
            ("overwrites", overwrites),
            ("panics", panics.len() as u64),
        ]);
        for end in ends {
            let clean = end.missing.is_empty() && end.unexpected.is_empty() && end.overwrites.is_empty();
            assert!(clean, "{end}");
        }
        assert!(panics.is_empty(), "{panics:?}");
    }
}

/// How a disturbed journey differs from an undisturbed one.
#[derive(Debug)]
pub(crate) struct Ended {
    missing: Vec<String>,
    unexpected: Vec<String>,
    overwrites: Vec<String>,
}

impl Ended {
    pub(crate) fn new(expected: &State, actual: &State, overwrites: Vec<String>) -> Self {
        Self {
            missing: expected.without(actual),
            unexpected: actual.without(expected),
            overwrites,
        }
    }
}

impl std::fmt::Display for Ended {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (what, found) in [
            ("missing", &self.missing),
            ("unexpected", &self.unexpected),
            ("overwrite", &self.overwrites),
        ] {
            for one in found {
                writeln!(f, "{what}: {one}")?;
            }
        }
        Ok(())
    }
}
