//! What `pipeline inspect` is told.

use std::path::PathBuf;

pub(super) const HELP: &str = "\
Examples:
  pipeline inspect readings.xlsx
      What it is by its content, what each stage makes of it, and why it would be rejected
  pipeline inspect mail/42.eml
      The same for an email and every file in it

Nothing is kept: the file goes through the pipeline in a temporary folder.";

/// What `pipeline inspect` is told.
#[derive(Debug, clap::Args)]
pub struct InspectArgs {
    /// A CSV, workbook, archive, email or anything else
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}
