//! What `pipeline replay` is told.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::PlaceArgs;

pub(super) const HELP: &str = "\
Puts what was rejected through the pipeline again, after what was wrong is mended. What was delivered is not delivered again, unless
--force says so. Nothing is lost if it is interrupted: type it again.

Examples:
  pipeline replay --reason too-many-members --dry-run
      What would be put through again, now that LIMIT_MEMBERS is higher
  pipeline replay --stage production --reason corrupt-spreadsheet --area sheffield --since 2026-11-01T00:00:00Z
      What one area's rejects of this month become with a new version of the code
  pipeline replay --stage production --message o3gbv5qkpv2g8s7l
      Everything that was rejected of one email
  pipeline replay --stage production --message o3gbv5qkpv2g8s7l --force
      The whole email from the beginning: files that the importer has taken are delivered once more
  pipeline replay --stage production --failures
      What was given up after an outage: the failure queue

Exit codes: 0 done, 1 something failed (type it again), 2 wrong usage.";

/// What `pipeline replay` is told.
#[derive(Debug, clap::Args)]
pub struct ReplayArgs {
    /// Which pipeline
    #[command(flatten)]
    pub place: PlaceArgs,

    /// The rejects of one email or file, named as for `pipeline trace`
    #[arg(long, value_name = "MESSAGE-OR-KEY", conflicts_with_all = ["area", "since", "until"])]
    pub message: Option<String>,

    /// Rejects with this code (of a container: of any bad part), for instance `encrypted`
    #[arg(long, value_name = "CODE")]
    pub reason: Option<String>,

    /// Rejects of this area
    #[arg(long, value_name = "AREA")]
    pub area: Option<String>,

    /// What was rejected from then on, for instance 2026-11-21T08:00:00Z
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub since: Option<OffsetDateTime>,

    /// What was rejected before then
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub until: Option<OffsetDateTime>,

    /// What was given up: the failure queue
    #[arg(long, conflicts_with_all = ["message", "reason", "area", "since", "until", "force"])]
    pub failures: bool,

    /// Also what was delivered; needs --message
    #[arg(long, requires = "message", conflicts_with = "reason")]
    pub force: bool,

    /// Only say what would be done
    #[arg(long)]
    pub dry_run: bool,
}

fn moment(text: &str) -> Result<OffsetDateTime, &'static str> {
    OffsetDateTime::parse(text, &Rfc3339).map_err(|_| "a time such as 2026-11-21T08:00:00Z is wanted")
}
