//! `pipeline completions` and `pipeline man`: what shells and `man` know of the command, made of its own arguments.

use std::io;
use std::process::ExitCode;

use anyhow::Context;
use clap::CommandFactory;

use crate::args::{Args, CompletionsArgs, ManArgs};

/// Prints the script that completes the command in a shell.
pub fn completions(args: &CompletionsArgs) -> ExitCode {
    let mut command = Args::command();
    clap_complete::generate(args.shell, &mut command, "pipeline", &mut io::stdout());
    ExitCode::SUCCESS
}

/// Writes a page for the command and one for each of its subcommands.
///
/// # Errors
/// If the folder cannot be written to.
pub fn man(args: &ManArgs) -> anyhow::Result<ExitCode> {
    let cannot = || format!("{} cannot be written to", args.folder.display());
    std::fs::create_dir_all(&args.folder).with_context(cannot)?;
    clap_mangen::generate_to(Args::command(), &args.folder).with_context(cannot)?;
    Ok(ExitCode::SUCCESS)
}
