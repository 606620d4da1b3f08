//! What `pipeline run` is told.

use std::path::PathBuf;

pub(super) const HELP: &str = "\
Examples:
  pipeline run examples/emails
      Every email of the folder; the CSVs come to ./pipeline-data/es-local-data-amr-data/<area>/
  pipeline run --to sheffield readings.xlsx march.zip
      Files as if somebody had emailed them to sheffield@…
  pipeline run --json --strict inbox/ | jq -r 'select(.outcome != \"delivered\") | .input'
      For scripts: one JSON object a line, exit code 3 if anything was rejected

Exit codes: 0 done, 1 something failed (what failed is kept, and the next run takes it up again),
2 wrong usage, 3 something was rejected (with --strict).";

/// What `pipeline run` is told.
#[derive(Debug, clap::Args)]
pub struct RunArgs {
    /// The folder that holds the buckets
    #[arg(long, value_name = "DIR", default_value = "./pipeline-data")]
    pub data: PathBuf,

    /// The area for plain data files (CSV, XLSX, ZIP, …); emails name their own
    #[arg(long, value_name = "AREA")]
    pub to: Option<String>,

    /// Print one JSON object a line instead of a table
    #[arg(long)]
    pub json: bool,

    /// Exit with 3 if anything was rejected
    #[arg(long)]
    pub strict: bool,

    /// Emails (.eml, .txt or any name: they are told by content), folders of them, and with --to data files
    #[arg(value_name = "PATH", required = true)]
    pub paths: Vec<PathBuf>,
}
