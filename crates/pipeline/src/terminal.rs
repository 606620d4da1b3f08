//! What goes to people's screens.

use std::io::{self, Write};

use pipeline_core::{Vars, telemetry};
use tracing_subscriber::filter::LevelFilter;

/// Logs to standard error, from `LOG_LEVEL` (`warn` if it is not set).
pub(crate) fn init_logs(vars: &mut Vars<'_>) {
    let level = telemetry::level(vars, LevelFilter::WARN);
    let subscriber = tracing_subscriber::fmt()
        .with_writer(io::stderr)
        .with_ansi(false)
        .without_time();
    // A second call in one process, as tests do, changes nothing.
    let _ = subscriber.with_max_level(level).try_init();
}

/// Tells a person something that is not the result.
///
/// # Errors
/// If standard error is closed.
pub(crate) fn warn(message: &str) -> io::Result<()> {
    writeln!(io::stderr(), "pipeline: {}", printable(message))
}

/// Tells a person the result, a line at a time.
///
/// # Errors
/// If standard output is closed.
pub(crate) fn say(line: &str) -> io::Result<()> {
    writeln!(io::stdout(), "{}", printable(line))
}

/// Text from strangers without what could steer a terminal.
#[must_use]
pub(crate) fn printable(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { '\u{FFFD}' } else { c })
        .collect()
}
