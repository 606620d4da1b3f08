//! Which pipeline a command is about.

use std::path::PathBuf;

/// Which pipeline a command is about.
#[derive(Debug, Clone, clap::Args)]
pub struct PlaceArgs {
    /// The folder that holds the buckets; a `pipeline serve` may be running on it
    #[arg(long, value_name = "DIR", default_value = "./pipeline-data")]
    pub data: PathBuf,

    /// A stage on AWS instead of a folder, with your ordinary credentials (AWS_PROFILE, AWS_REGION, …)
    #[arg(long, value_name = "NAME", conflicts_with = "data")]
    pub stage: Option<String>,
}
