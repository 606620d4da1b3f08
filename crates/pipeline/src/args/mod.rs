//! The command line: a file for each command.

mod run;
mod send;
mod serve;

use clap::{Parser, Subcommand};

pub use run::RunArgs;
pub use send::SendArgs;
pub use serve::ServeArgs;

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
    /// Send an email with files, to try a pipeline
    #[command(after_long_help = send::HELP)]
    Send(SendArgs),
    /// Run the pipeline here for as long as you like: mail in by SMTP, CSVs out, an S3 to look into
    #[command(after_long_help = serve::HELP)]
    Serve(ServeArgs),
}
