//! The command line: a file for each command.

mod completions;
mod convert;
mod inspect;
mod place;
mod replay;
mod run;
mod send;
mod serve;
mod status;
mod trace;

use clap::{Parser, Subcommand};

pub use completions::{CompletionsArgs, ManArgs};
pub use convert::ConvertArgs;
pub use inspect::InspectArgs;
pub use place::PlaceArgs;
pub use replay::ReplayArgs;
pub use run::RunArgs;
pub use send::SendArgs;
pub use serve::ServeArgs;
pub use status::StatusArgs;
pub use trace::TraceArgs;

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
    /// Tell what became of an email or a file
    #[command(after_long_help = trace::HELP)]
    Trace(TraceArgs),
    /// Tell what waits, what was delivered and rejected, and whether anything is stuck
    #[command(after_long_help = status::HELP)]
    Status(StatusArgs),
    /// Put what was rejected through the pipeline again
    #[command(after_long_help = replay::HELP)]
    Replay(ReplayArgs),
    /// Convert one file to the CSV that the pipeline would deliver
    #[command(after_long_help = convert::HELP)]
    Convert(ConvertArgs),
    /// Tell what the pipeline would make of one file, and why
    #[command(after_long_help = inspect::HELP)]
    Inspect(InspectArgs),
    /// Print a script that completes this command in a shell
    #[command(after_long_help = completions::COMPLETIONS_HELP)]
    Completions(CompletionsArgs),
    /// Write a man page for each command
    #[command(after_long_help = completions::MAN_HELP)]
    Man(ManArgs),
}
