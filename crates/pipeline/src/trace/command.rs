//! The command.

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::Context;
use pipeline_core::Vars;
use serde::Serialize;
use story::{Tree, find};

use super::picture;
use crate::args::TraceArgs;
use crate::place::Place;
use crate::terminal;

/// A story as JSON.
#[derive(Serialize)]
struct Told<'a> {
    /// Whether nothing waits for a stage any more.
    finished: bool,
    #[serde(flatten)]
    tree: &'a Tree,
}

/// Tells what became of an email or a file.
///
/// # Errors
/// If the buckets cannot be reached, or a receipt cannot be read.
pub async fn trace(args: &TraceArgs) -> anyhow::Result<ExitCode> {
    let mut vars = Vars::from_env();
    terminal::init_logs(&mut vars);
    let place = Place::open(&args.place, vars).await?;
    let store = place.store();
    let found = find(store, &args.text).await?;
    if found.is_empty() {
        terminal::warn(&format!(
            "nothing is known of {:?}: an email's key in the inbox, the key of an object or an origin is wanted",
            args.text
        ))?;
        return Ok(ExitCode::FAILURE);
    }
    let mut out = io::stdout().lock();
    for (number, entered) in found.iter().enumerate() {
        let tree = Tree::of(store, entered).await?.with_earlier(store).await?;
        let printed = if args.json {
            print_json(&mut out, &tree)
        } else {
            let gap = if number > 0 { "\n" } else { "" };
            write!(out, "{gap}{}", picture::of(&tree))
        };
        match printed {
            // Whoever read has seen enough, for instance `head`.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => break,
            printed => printed.context("the story cannot be printed")?,
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn print_json(out: &mut impl Write, tree: &Tree) -> io::Result<()> {
    let told = Told {
        finished: tree.is_finished(),
        tree,
    };
    serde_json::to_writer(&mut *out, &told)?;
    writeln!(out)
}
