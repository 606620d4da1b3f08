//! The `pipeline` command.

use std::process::ExitCode;

use clap::Parser;
use pipeline::args::{Args, Command};

fn main() -> anyhow::Result<ExitCode> {
    let args = Args::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        match args.command {
            Command::Run(args) => pipeline::run::run(&args).await,
        }
    })
}
