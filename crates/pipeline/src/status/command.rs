//! The command.

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::Context;
use pipeline_core::Vars;

use super::look::Status;
use super::table;
use crate::args::StatusArgs;
use crate::place::Place;
use crate::terminal;

/// Something is stuck.
const STUCK: u8 = 3;

/// Tells what waits and what came of the last day.
///
/// # Errors
/// If the buckets cannot be reached, or a receipt cannot be read.
pub async fn status(args: &StatusArgs) -> anyhow::Result<ExitCode> {
    let mut vars = Vars::from_env();
    terminal::init_logs(&mut vars);
    let place = Place::open(&args.place, vars).await?;
    let status = Status::look(&place, args).await?;
    let mut out = io::stdout().lock();
    let printed = if args.json {
        serde_json::to_writer(&mut out, &status)
            .map_err(io::Error::from)
            .and_then(|()| writeln!(out))
    } else {
        table::print(&mut out, &status)
    };
    match printed {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(error).context("the status cannot be printed")?
        }
        _ => {}
    }
    Ok(if status.stuck.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(STUCK)
    })
}
