//! `pipeline inspect`: what the pipeline would make of a file, and why.

use std::fs::File;
use std::io::{self, BufReader, Seek};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, bail};
use pipeline_core::{FileKind, Vars, kind};
use story::{Tree, find};

use crate::args::InspectArgs;
use crate::exit;
use crate::inputs;
use crate::one_file::OneFile;
use crate::report;
use crate::terminal;
use crate::trace::picture;

/// Tries a file out in a folder that is gone afterwards, and tells its story.
///
/// # Errors
/// If the file cannot be read, or the configuration is wrong.
pub async fn inspect(args: &InspectArgs) -> anyhow::Result<ExitCode> {
    if !args.file.is_file() {
        terminal::warn(&format!("there is no file {}", args.file.display()))?;
        return Ok(exit::wrong_usage());
    }
    let mut vars = Vars::from_env();
    terminal::init_logs(&mut vars);
    let seen = seen(&args.file).with_context(|| format!("{} cannot be read", args.file.display()))?;
    let OneFile {
        stack, entered, story, ..
    } = &OneFile::run(&args.file, vars).await?;
    let (bucket, key) = entered;
    let Some(found) = find(stack.store(), &format!("{bucket}/{key}"))
        .await?
        .into_iter()
        .next()
    else {
        bail!("nothing is known of it: {}", story.failed.join("; "));
    };
    let tree = Tree::of(stack.store(), &found).await?;
    terminal::say(&seen)?;
    for line in picture::of(&tree).lines() {
        terminal::say(line)?;
    }
    Ok(if story.failed.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// What the file's own bytes show.
fn seen(path: &Path) -> io::Result<String> {
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
    let mut file = File::open(path)?;
    let size = report::size(file.metadata()?.len());
    let kind = if inputs::is_email(path)? {
        FileKind::Email
    } else {
        kind::classify(&mut file, &name)?
    };
    let mut seen = format!("{name}: {size}, by its content: {}", kind.as_str());
    if kind == FileKind::Csv {
        file.rewind()?;
        let cleaned = process_file::clean(BufReader::new(file), io::sink()).map_err(io::Error::other)?;
        let delimiter = match cleaned.delimiter {
            '\t' => "tab".to_owned(),
            other => other.to_string(),
        };
        let (encoding, lines) = (cleaned.encoding.as_str(), cleaned.lines);
        seen.push_str(&format!(
            ", {encoding}, {lines} lines, columns separated by {delimiter}"
        ));
    }
    Ok(seen)
}
