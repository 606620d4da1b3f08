//! Promise 4 with real processes: the functions' binaries and the command are killed (SIGKILL) at any moment of their
//! work, and the event is delivered again. In the end all buckets are as if nothing had happened.
//!
//! `SOAK=1` takes more kills. `KILLS_SEED` replays the choices of a run (not the machine's own timing).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    missing_docs
)]

mod at_every_request;
mod at_random;
mod command;
mod inputs;
mod journey;
mod state;
mod tally;

use std::env;

/// What decides when a process is killed. It is printed, and can be given.
fn seed() -> u64 {
    let given = env::var("KILLS_SEED").map(|seed| seed.parse().expect("KILLS_SEED is a number"));
    let seed = given.unwrap_or_else(|_| fastrand::u64(..));
    println!("KILLS_SEED={seed}");
    seed
}
