//! The `pipeline` command.

use std::process::ExitCode;

use clap::Parser;
use pipeline::args::{Args, Command};

/// Threads for the disk. glibc has room for what 8 threads a core have freed; of more threads, those of the steps take turns among
/// all, and leave 10 MiB with each.
const BLOCKING_PER_CORE: usize = 2;

fn main() -> anyhow::Result<ExitCode> {
    let args = Args::parse();
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .max_blocking_threads(BLOCKING_PER_CORE * cores)
        .build()?;
    runtime.block_on(async {
        match args.command {
            Command::Run(args) => pipeline::run::run(&args).await,
            Command::Send(args) => pipeline::send::send(&args).await,
            Command::Serve(args) => pipeline::serve::serve(&args).await,
            Command::Trace(args) => pipeline::trace::trace(&args).await,
            Command::Status(args) => pipeline::status::status(&args).await,
            Command::Replay(args) => pipeline::replay::replay(&args).await,
            Command::Convert(args) => pipeline::convert::convert(&args).await,
            Command::Inspect(args) => pipeline::inspect::inspect(&args).await,
            Command::Completions(args) => Ok(pipeline::shell::completions(&args)),
            Command::Man(args) => pipeline::shell::man(&args),
        }
    })
}
