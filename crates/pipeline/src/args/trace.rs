//! What `pipeline trace` is told.

use super::PlaceArgs;

pub(super) const HELP: &str = "\
What may be named:
  an email's key in the inbox                o3gbv5qkpv2g8s7l
  the key of any object, there or gone       sheffield/import.csv, unprocessable/sheffield/import.csv
  an origin, or its first 8 digits or more   1f0c2d3e

Examples:
  pipeline trace examples/emails/zip-in-zip.eml
      What became of an email that `pipeline run` or `pipeline serve` has taken in
  pipeline trace --stage production sheffield/import.csv
      Which emails brought this file, even if the importer has taken it since
  pipeline trace --stage production --json o3gbv5qkpv2g8s7l | jq .finished
      For scripts: one JSON object a line for each story

A key under which files were delivered often has several stories, the newest first. What is gone from its bucket is looked for in
all receipts, which takes a while where there are many.

Exit codes: 0 told, 1 failed, or nothing is known of it, 2 wrong usage.";

/// What `pipeline trace` is told.
#[derive(Debug, clap::Args)]
pub struct TraceArgs {
    /// Which pipeline
    #[command(flatten)]
    pub place: PlaceArgs,

    /// Print one JSON object a line for each story
    #[arg(long)]
    pub json: bool,

    /// The email or file
    #[arg(value_name = "MESSAGE-OR-KEY")]
    pub text: String,
}
