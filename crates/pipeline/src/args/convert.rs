//! What `pipeline convert` is told.

use std::path::PathBuf;

pub(super) const HELP: &str = "\
Examples:
  pipeline convert readings.xlsx > readings.csv
      The CSV that the pipeline would deliver, by the same code
  pipeline convert march.zip --out march/
      What holds several CSVs, into a folder; nothing in it is overwritten
  SHEETS=all pipeline convert readings.xlsx --out sheets/
      Configured by the same variables as the functions

Exit codes: 0 done, 1 something failed, 2 wrong usage, 3 something could not be used (the reason is on standard error).";

/// What `pipeline convert` is told.
#[derive(Debug, clap::Args)]
pub struct ConvertArgs {
    /// A CSV, workbook, archive or email
    #[arg(value_name = "FILE")]
    pub file: PathBuf,

    /// Write the CSVs into this folder instead of the one to standard output
    #[arg(long, short, value_name = "DIR")]
    pub out: Option<PathBuf>,
}
