//! `pipeline run`: emails in, clean CSVs out, on this machine.

use std::collections::HashSet;
use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::Context;
use pipeline_core::{Area, Areas, Bucket, Key, Vars};

use crate::args::RunArgs;
use crate::dispatcher::Backlog;
use crate::exit;
use crate::inputs::{InputFile, Inputs};
use crate::ledger::Ledger;
use crate::observer::Clerk;
use crate::progress::Progress;
use crate::report;
use crate::stack::LocalStack;
use crate::story::{Outcome, Story};
use crate::terminal;
use crate::upload::Uploader;

/// Where an input was put.
type Uploaded = (InputFile, Result<(Bucket, Key), String>);

/// Runs the inputs through the pipeline and prints what became of each.
///
/// # Errors
/// If the folder cannot be used, the configuration is wrong, or the embedded S3 fails.
pub async fn run(args: &RunArgs) -> anyhow::Result<ExitCode> {
    let missing: Vec<_> = args
        .paths
        .iter()
        .filter(|path| std::fs::symlink_metadata(path).is_err())
        .collect();
    if !missing.is_empty() {
        for path in missing {
            terminal::warn(&format!("there is no file or folder {}", path.display()))?;
        }
        return Ok(exit::wrong_usage());
    }
    let mut vars = Vars::from_env();
    terminal::init_logs(&mut vars);
    let areas = Areas::read(&mut vars);
    let area = match args.to.as_deref().map(|name| area_of(name, areas.as_ref())).transpose() {
        Ok(area) => area,
        Err(message) => {
            terminal::warn(&message)?;
            return Ok(exit::wrong_usage());
        }
    };
    let mut stack = LocalStack::start(&args.data, vars).await?;
    let inputs = Inputs::find(&args.paths, &args.data);
    for path in &inputs.skipped {
        terminal::warn(&format!("skipped, as it is no file: {}", path.display()))?;
    }
    let unfinished = stack.unfinished().await?;
    for created in &unfinished {
        let message = format!("taking up what an earlier run left: {}/{}", created.bucket, created.key);
        terminal::warn(&message)?;
    }
    let mut ledger = Ledger::default();
    let progress = Progress::on_terminal();
    let uploader = Uploader::new(stack.store().clone(), area, &unfinished);
    let feeding = upload_all(&uploader, inputs.files, stack.dispatcher().backlog());
    let mut clerk = Clerk {
        buckets: LocalStack::buckets(),
        ledger: &mut ledger,
        progress: Some(&progress),
    };
    let uploaded = stack.dispatcher().work(unfinished, feeding, &mut clerk).await;
    progress.finish();
    let mut stories: Vec<Story> = inputs
        .unreadable
        .into_iter()
        .map(|(path, error)| Story::of_failure(path.display().to_string(), format!("it cannot be read: {error}")))
        .collect();
    for (file, place) in uploaded {
        let input = file.path.display().to_string();
        stories.push(match place {
            Ok((bucket, key)) => Story::follow(input, bucket, &key, &ledger, stack.store()).await?,
            Err(failure) => Story::of_failure(input, failure),
        });
    }
    // Failures of this run's inputs are in their stories.
    let told: HashSet<&String> = stories.iter().flat_map(|story| &story.failed).collect();
    for failure in ledger.failures().filter(|failure| !told.contains(failure)) {
        terminal::warn(&format!("it could not be handled, and is kept: {failure}"))?;
    }
    print(args, &stories, stack.store().buckets().name(Bucket::AmrData))?;
    Ok(exit_code(&stories, &ledger, args.strict))
}

async fn upload_all(uploader: &Uploader, files: Vec<InputFile>, mut backlog: Backlog) -> Vec<Uploaded> {
    let mut uploaded = Vec::with_capacity(files.len());
    for file in files {
        backlog.has_room().await;
        let place = uploader.upload(&file).await.map_err(|error| format!("{error:#}"));
        uploaded.push((file, place));
    }
    uploaded
}

fn print(args: &RunArgs, stories: &[Story], amr_data: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    let printed = if args.json {
        report::json_lines(&mut out, stories)
    } else {
        report::table(&mut out, stories, &args.data.join(amr_data))
    };
    match printed.and_then(|()| out.flush()) {
        // Whoever read has seen enough, for instance `head`.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        printed => printed.context("the result cannot be printed"),
    }
}

fn exit_code(stories: &[Story], ledger: &Ledger, strict: bool) -> ExitCode {
    if ledger.has_failures() || stories.iter().any(|story| story.outcome == Outcome::Failed) {
        ExitCode::FAILURE
    } else if strict && stories.iter().any(|story| !story.rejected.is_empty()) {
        exit::rejected()
    } else {
        ExitCode::SUCCESS
    }
}

/// The area as an email's address would name it.
pub(crate) fn area_of(name: &str, areas: Option<&Areas>) -> Result<Area, String> {
    Area::from_local_part(name, areas)
        .ok()
        .filter(|area| area.as_str().to_lowercase() == name.to_lowercase())
        .ok_or_else(|| format!("{name:?} is no area: it is the part of our addresses before the @, such as sheffield"))
}
