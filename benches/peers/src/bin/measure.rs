//! Runs a program and tells what it took: `measure RESULT PROGRAM ARGUMENT…` writes one line of JSON to the file RESULT.
//!
//! CPU time and peak memory are the kernel's own account of the program and all its children (getrusage(2)), exact to the microsecond. It is
//! a program of its own since a child begins with its parent's memory on its account: this one has 2 MB, an interpreter many more.

use std::process::{Command, ExitCode};
use std::time::Instant;
use std::{env, fs};

use anyhow::Context as _;
use nix::sys::resource::{Usage, UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;

fn main() -> anyhow::Result<ExitCode> {
    let mut arguments = env::args_os().skip(1);
    let result = arguments.next().context("where shall the result go?")?;
    let program = arguments.next().context("which program?")?;
    let begun = Instant::now();
    let status = Command::new(&program)
        .args(arguments)
        .status()
        .with_context(|| program.display().to_string())?;
    let wall = begun.elapsed().as_secs_f64();
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let line = format!(
        "{{\"user\": {}, \"system\": {}, \"wall\": {wall}, \"peak_kib\": {}}}\n",
        seconds(&usage, Usage::user_time),
        seconds(&usage, Usage::system_time),
        usage.max_rss()
    );
    fs::write(result, line)?;
    Ok(if status.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn seconds(usage: &Usage, time: impl Fn(&Usage) -> nix::sys::time::TimeVal) -> f64 {
    time(usage).num_microseconds() as f64 / 1e6
}
