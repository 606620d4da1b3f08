//! One file through the whole pipeline, in a folder that is gone afterwards.

use std::path::Path;

use anyhow::Context;
use pipeline_core::{Area, Bucket, Key, Vars};
use tempfile::TempDir;

use crate::inputs::InputFile;
use crate::ledger::Ledger;
use crate::observer::Clerk;
use crate::progress::Progress;
use crate::stack::LocalStack;
use crate::story::Story;
use crate::upload::Uploader;

/// The area of a file that no email sent to one.
const AREA: &str = "file";

/// A file that has gone through.
#[derive(Debug)]
pub(crate) struct OneFile {
    pub(crate) stack: LocalStack,
    /// Where it entered.
    pub(crate) entered: (Bucket, Key),
    pub(crate) story: Story,
    /// Last, so that the server is gone before its folder.
    _folder: TempDir,
}

impl OneFile {
    /// Runs a file through the very stages that Lambda runs, configured by the same variables.
    ///
    /// # Errors
    /// If the file cannot be read, the configuration is wrong, or there is no room for it.
    pub(crate) async fn run(path: &Path, vars: Vars<'_>) -> anyhow::Result<Self> {
        let name = path.file_name().unwrap_or(path.as_os_str());
        let file = InputFile {
            path: path.to_owned(),
            name: name.to_string_lossy().into_owned(),
        };
        let folder = tempfile::tempdir().context("there is no temporary folder")?;
        let mut stack = LocalStack::start(folder.path(), vars).await?;
        let area = Area::from_local_part(AREA, None).ok();
        let uploader = Uploader::new(stack.store().clone(), area, &[]);
        let mut ledger = Ledger::default();
        let progress = Progress::on_terminal();
        let mut clerk = Clerk {
            buckets: LocalStack::buckets(),
            ledger: &mut ledger,
            progress: Some(&progress),
        };
        let feeding = uploader.upload(&file);
        let entered = stack.dispatcher().work(Vec::new(), feeding, &mut clerk).await;
        progress.finish();
        let (bucket, key) = entered.with_context(|| format!("{} cannot be used", path.display()))?;
        let input = path.display().to_string();
        let story = Story::follow(input, bucket, &key, &ledger, stack.store()).await?;
        Ok(Self {
            stack,
            entered: (bucket, key),
            story,
            _folder: folder,
        })
    }
}
