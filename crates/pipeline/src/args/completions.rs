//! What `pipeline completions` and `pipeline man` are told.

use std::path::PathBuf;

pub(super) const COMPLETIONS_HELP: &str = "\
Examples:
  source <(pipeline completions bash)
      In this shell, at once
  pipeline completions zsh > ~/.zfunc/_pipeline
      For every new one; likewise fish, elvish and powershell";

pub(super) const MAN_HELP: &str = "\
Examples:
  pipeline man ~/.local/share/man/man1 && man pipeline-run
      A page for each command";

/// What `pipeline completions` is told.
#[derive(Debug, clap::Args)]
pub struct CompletionsArgs {
    /// For which shell
    pub shell: clap_complete::Shell,
}

/// What `pipeline man` is told.
#[derive(Debug, clap::Args)]
pub struct ManArgs {
    /// The folder to write the pages to
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
}
