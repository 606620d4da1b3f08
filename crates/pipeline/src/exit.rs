//! How the command ends: the same codes for all that it does.

use std::process::ExitCode;

/// Wrong usage, as clap has it.
pub(crate) fn wrong_usage() -> ExitCode {
    ExitCode::from(2)
}

/// Something needs a person's look: it was rejected, or is stuck.
pub(crate) fn rejected() -> ExitCode {
    ExitCode::from(3)
}
