//! Promises 1 to 4 at every single call: whatever S3, the network or a crash does to it, once the event has come again everything
//! lies where it would lie had nothing happened.
//!
//! `SOAK=1` takes every fault at every call; without it each call meets a few, and all of them meet some call.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    missing_docs
)]

mod cases;
mod journey;
mod late;
mod scenarios;
mod state;

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use end_to_end_tests::soak;

use crate::cases::Case;
use crate::journey::Journey;
use crate::scenarios::Scenario;

/// How many journeys are under way at once: most of the time each waits.
const AT_ONCE: usize = 4;

const STACK_BYTES: usize = 16 << 20;

#[test]
fn whatever_happens_to_any_call_everything_ends_as_if_nothing_had() {
    all_end_alike(|scenario, undisturbed| cases::of_calls(undisturbed.calls, false, scenario.is_heavy));
}

#[test]
fn whatever_happens_to_one_of_two_workers_everything_ends_as_if_nothing_had() {
    all_end_alike(|scenario, undisturbed| cases::of_calls(undisturbed.calls, true, scenario.is_heavy));
}

#[test]
fn an_outage_from_any_call_on_ends_as_if_nothing_had_happened() {
    all_end_alike(|scenario, undisturbed| cases::of_outages(undisturbed.calls, scenario.is_heavy));
}

#[test]
fn a_worker_that_is_dropped_at_any_await_is_repaired_by_the_retry() {
    all_end_alike(|scenario, undisturbed| cases::of_polls(undisturbed.polls, scenario.is_heavy));
}

/// Runs every scenario with its cases, and compares each with the run in which nothing happened.
fn all_end_alike(cases: impl Fn(&Scenario, &Journey) -> Vec<Case>) {
    let mut problems = Vec::new();
    for scenario in scenarios::ALL {
        let undisturbed = block_on(|| Journey::undisturbed(&scenario));
        let cases = cases(&scenario, &undisturbed);
        problems.extend(differences(&scenario, &undisturbed, &cases));
    }
    soak::report(&[("losses", problems.len() as u64)]);
    assert!(
        problems.is_empty(),
        "{} problems:\n{}",
        problems.len(),
        problems.join("\n")
    );
}

fn differences(scenario: &Scenario, undisturbed: &Journey, cases: &[Case]) -> Vec<String> {
    let next = AtomicUsize::new(0);
    let (faults, left) = (AtomicU64::new(0), AtomicU64::new(0));
    let problems = Mutex::new(Vec::new());
    let work = || {
        while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
            let journey = block_on(|| Journey::with(scenario, case));
            faults.fetch_add(journey.injected, Ordering::Relaxed);
            left.fetch_add(journey.open_uploads.len() as u64, Ordering::Relaxed);
            let differs = journey.what_differs(undisturbed, case);
            problems.lock().unwrap_or_else(PoisonError::into_inner).extend(differs);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(work);
        }
    });
    let (count, faults, left) = (cases.len() as u64, faults.into_inner(), left.into_inner());
    println!(
        "{}: {} calls, {count} journeys, {faults} faults, {left} uploads left to the lifecycle rule",
        scenario.name, undisturbed.calls
    );
    soak::report(&[("crash_points", count), ("faults", faults)]);
    let problems = problems.into_inner().unwrap();
    problems
        .into_iter()
        .map(|problem| format!("{}: {problem}", scenario.name))
        .collect()
}

/// Works on a thread of its own: the SDK's frames are too large for a test's stack where nothing is optimised.
fn block_on<T: Send, F: Future<Output = T>>(work: impl FnOnce() -> F + Send) -> T {
    let run = || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(work())
    };
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK_BYTES);
        let journey = thread.spawn_scoped(scope, run).unwrap();
        journey.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}
