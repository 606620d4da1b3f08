//! What `pipeline status` is told.

use super::PlaceArgs;

pub(super) const HELP: &str = "\
Examples:
  pipeline status
      What waits in ./pipeline-data, and what was delivered and rejected in the last day
  pipeline status --stage production
      The same of a stage on AWS
  pipeline status --stage production --json --stuck-after 120 || echo stuck
      For scripts and schedules

Stuck is an email without a receipt or an object in process, uncompressed or spreadsheet that is older than --stuck-after; anything in
the failure queue; and a `pipeline replay` that was interrupted.

Exit codes: 0 nothing is stuck, 1 failed, 2 wrong usage, 3 something is stuck.";

/// What `pipeline status` is told.
#[derive(Debug, clap::Args)]
pub struct StatusArgs {
    /// Which pipeline
    #[command(flatten)]
    pub place: PlaceArgs,

    /// Print one JSON object
    #[arg(long)]
    pub json: bool,

    /// How long an object may wait for its stage, in minutes
    #[arg(long, value_name = "MINUTES", default_value_t = 60)]
    pub stuck_after: u32,

    /// Emails older than this are not looked at: their receipts may have expired
    #[arg(long, value_name = "DAYS", default_value_t = 14)]
    pub inbox_days: u32,
}
