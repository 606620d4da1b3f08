//! `pipeline convert`: one file in, its clean CSV out.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use pipeline_core::{Bucket, Key, Store, Vars};

use crate::args::ConvertArgs;
use crate::exit;
use crate::one_file::OneFile;
use crate::story::{Delivered, Rejected, Story};
use crate::terminal;

/// Converts a file, and says what of it could not be used.
///
/// # Errors
/// If the file cannot be read, the configuration is wrong, or the CSV cannot be written.
pub async fn convert(args: &ConvertArgs) -> anyhow::Result<ExitCode> {
    if !args.file.is_file() {
        terminal::warn(&format!("there is no file {}", args.file.display()))?;
        return Ok(exit::wrong_usage());
    }
    let mut vars = Vars::from_env();
    terminal::init_logs(&mut vars);
    let OneFile { stack, story, .. } = &OneFile::run(&args.file, vars).await?;
    for reject in &story.rejected {
        terminal::warn(&sentence(reject))?;
    }
    for failure in &story.failed {
        terminal::warn(failure)?;
    }
    match (&args.out, story.delivered.as_slice()) {
        (_, []) => {}
        (Some(folder), delivered) => {
            for csv in delivered {
                let path = folder.join(below_area(&csv.key));
                write_new(stack.store(), csv, &path).await?;
                terminal::say(&path.display().to_string())?;
            }
        }
        (None, [csv]) => copy(stack.store(), csv, &mut io::stdout().lock()).await?,
        (None, several) => {
            let names: Vec<_> = several.iter().map(|csv| below_area(&csv.key)).collect();
            terminal::warn(&format!(
                "{} holds {} CSVs; name a folder for them with --out: {}",
                args.file.display(),
                several.len(),
                names.join(", ")
            ))?;
            return Ok(exit::wrong_usage());
        }
    }
    Ok(exit_code(story))
}

fn exit_code(story: &Story) -> ExitCode {
    if !story.failed.is_empty() {
        ExitCode::FAILURE
    } else if story.rejected.is_empty() && !story.delivered.is_empty() {
        ExitCode::SUCCESS
    } else {
        exit::rejected()
    }
}

fn sentence(reject: &Rejected) -> String {
    format!("{}: {}", reject.reason_code, reject.reason)
}

fn below_area(key: &str) -> &str {
    key.split_once('/').map_or(key, |(_, rest)| rest)
}

/// Like the pipeline itself, never over another file.
async fn write_new(store: &Store, csv: &Delivered, path: &Path) -> anyhow::Result<()> {
    let cannot = || format!("{} cannot be written", path.display());
    fs::create_dir_all(path.parent().map_or_else(PathBuf::new, Path::to_owned)).with_context(cannot)?;
    let mut file = File::create_new(path).with_context(cannot)?;
    copy(store, csv, &mut file).await
}

async fn copy(store: &Store, csv: &Delivered, out: &mut impl Write) -> anyhow::Result<()> {
    let key = Key::new(&csv.key);
    let head = store.head(Bucket::AmrData, &key).await?;
    let Some(head) = head else { bail!("{key} is gone") };
    let Some(mut body) = store.get(Bucket::AmrData, &key, &head.etag).await? else {
        bail!("{key} is gone")
    };
    while let Some(chunk) = body.try_next().await? {
        match out.write_all(&chunk) {
            // Whoever read has seen enough, for instance `head`.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
            written => written.context("the CSV cannot be written")?,
        }
    }
    match out.flush() {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error).context("the CSV cannot be written"),
        _ => Ok(()),
    }
}
