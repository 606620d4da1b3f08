//! Promises 1 to 4 under random histories, against a reference that knows no pipeline: every file that was sent was delivered exactly
//! once or is in unprocessable with its reason, nothing is left behind, and no object took the place of another.
//!
//! A history follows from its seed, and so does the order of all calls to S3 ([`gate`]): `MODEL_SEED=17 cargo test -p
//! end-to-end-tests --test model` plays history 17 again, call by call, and prints it. Only the histories that are called unordered, one
//! in eight, let calls through as they come, truly at the same time; what is printed of them is the order that they had.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stdout,
    missing_docs,
    unreachable_pub
)]

mod chronicle;
mod doubles;
mod files;
mod gate;
mod history;
mod others;
mod people;
mod play;
mod reference;
mod verdict;
mod worker;
mod world;

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use end_to_end_tests::soak;

use crate::history::History;
use crate::play::Play;
use crate::verdict::Verdict;
use crate::world::{Server, World};

/// How many histories `cargo test` plays.
const SHORT: u64 = 200;

/// A server remembers every write, so now and then a new one takes over.
const HISTORIES_OF_A_SERVER: u32 = 100;

/// What all histories together came to.
#[derive(Debug, Default)]
struct Sum {
    histories: u64,
    calls: u64,
    faults: u64,
    deliveries: u64,
    losses: u64,
    overwrites: u64,
    taken_before_receipt: usize,
    taken_after_look: usize,
    freed_between: usize,
    failed: Vec<u64>,
}

#[test]
fn every_file_that_was_sent_is_delivered_exactly_once_or_put_aside_with_its_reason() {
    let one: Option<u64> = std::env::var("MODEL_SEED").ok().map(|seed| seed.parse().unwrap());
    let count = soak::scale(SHORT, 10_000);
    // The same histories at each commit; new ones in each long run.
    let first = match one {
        Some(seed) => seed,
        None if count == SHORT => 1,
        None => SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() << 16,
    };
    let end = first + if one.is_some() { 1 } else { count };
    let started = Instant::now();
    println!("histories of the seeds {first} to {}", end - 1);
    let (next, sum) = (AtomicU64::new(first), Mutex::new(Sum::default()));
    let threads = std::thread::available_parallelism().unwrap().get();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()
                    .unwrap();
                runtime.block_on(play_some(&next, end, one.is_some(), &sum));
            });
        }
    });
    let sum = sum.into_inner().unwrap();
    println!("{sum:#?} in {:?}", started.elapsed());
    soak::report(&[
        ("histories", sum.histories),
        ("faults", sum.faults),
        ("losses", sum.losses),
        ("overwrites", sum.overwrites),
    ]);
    assert!(
        sum.failed.is_empty(),
        "histories that failed: {:?}; see above",
        sum.failed
    );
}

async fn play_some(next: &AtomicU64, end: u64, is_told: bool, sum: &Mutex<Sum>) {
    let mut server = Server::start().await;
    loop {
        let seed = next.fetch_add(1, Ordering::Relaxed);
        if seed >= end {
            return;
        }
        if server.histories() == HISTORIES_OF_A_SERVER {
            server = Server::start().await;
        }
        play_one(seed, &mut server, is_told, sum).await;
    }
}

async fn play_one(seed: u64, server: &mut Server, is_told: bool, sum: &Mutex<Sum>) {
    let history = History::of(seed);
    let mut play = Play::new(World::new(server, &history).await, &history, seed);
    play.play().await;
    let verdict = Verdict::on(&play).await;
    let has_failed = !verdict.problems.is_empty();
    let calls = play.world.gate.chronicle(|chronicle| {
        if has_failed || is_told {
            println!("\n{history}\n{chronicle}");
        }
        chronicle.calls().count()
    });
    if has_failed {
        let problems = verdict.problems.join("\n  ");
        println!("MODEL_SEED={seed} cargo test -p end-to-end-tests --test model\n  {problems}");
    }
    let mut sum = sum.lock().unwrap();
    sum.histories += 1;
    sum.calls += calls as u64;
    sum.faults += play.world.faults.load(Ordering::Relaxed);
    sum.deliveries += verdict.deliveries as u64;
    sum.losses += verdict.losses as u64;
    sum.overwrites += verdict.overwrites as u64;
    sum.taken_before_receipt += verdict.doubles.taken_before_receipt;
    sum.taken_after_look += verdict.doubles.taken_after_look;
    sum.freed_between += verdict.doubles.freed_between;
    sum.failed.extend(has_failed.then_some(seed));
}
