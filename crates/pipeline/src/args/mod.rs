//! The command line: a file for each command.

mod run;

use clap::{Parser, Subcommand};

pub use run::RunArgs;

/// Smart-meter files from emails to clean CSV.
#[derive(Debug, Parser)]
#[command(name = "pipeline", version, about, long_about = None)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What the command can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run emails through the whole pipeline on this machine
    #[command(after_long_help = run::HELP)]
    Run(RunArgs),
}
