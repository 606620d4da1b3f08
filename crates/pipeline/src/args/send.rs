//! What `pipeline send` is told.

use std::path::PathBuf;

use unpack_attachments::{Address, addresses};

pub(super) const HELP: &str = "\
Examples:
  pipeline send --to sheffield@example.org readings.xlsx march.zip
      To the `pipeline serve` of ./pipeline-data
  pipeline send --to sheffield@example.org --to bam@example.org --subject 'March' readings.csv
      To two areas
  pipeline send --smtp mail.example.org:25 --to sheffield@example.org readings.csv
      By way of a mail server (without a password)
  AWS_PROFILE=es pipeline send --stage development --to sheffield@example.org readings.csv
      Straight into the inbox of a deployment, as the mail service would put it there
  pipeline trace \"$(pipeline send --to sheffield@example.org readings.xlsx)\"
      What becomes of it: the last line is the email's key in the inbox, or its Message-ID where a server tells no key

Exit codes: 0 sent, 1 it could not be sent, 2 wrong usage.";

/// What `pipeline send` is told.
#[derive(Debug, clap::Args)]
pub struct SendArgs {
    /// Whom it is for: AREA@DOMAIN; may be given several times
    #[arg(long, value_name = "ADDRESS", required = true, value_parser = address)]
    pub to: Vec<Address>,

    /// Whom it is from
    #[arg(long, value_name = "ADDRESS", default_value = "pipeline-send@localhost", value_parser = address)]
    pub from: Address,

    /// Its subject; the names of the files, if there is none
    #[arg(long)]
    pub subject: Option<String>,

    /// The mail server, instead of the `pipeline serve` that runs over --data
    #[arg(long, value_name = "HOST:PORT")]
    pub smtp: Option<String>,

    /// A stage on AWS: straight into its inbox, with your ordinary credentials (AWS_PROFILE, AWS_REGION, …)
    #[arg(long, value_name = "NAME", conflicts_with_all = ["smtp", "data"])]
    pub stage: Option<String>,

    /// The folder of a running `pipeline serve`
    #[arg(long, value_name = "DIR", default_value = "./pipeline-data")]
    pub data: PathBuf,

    /// What to attach
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
}

fn address(text: &str) -> Result<Address, String> {
    match <[Address; 1]>::try_from(addresses(text.as_bytes())) {
        Ok([address]) => Ok(address),
        Err(_) => Err("it is no address such as sheffield@example.org".to_owned()),
    }
}
