//! The progress bar; on anything but a terminal there is none.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// Counts objects: those that were seen and those that are done.
#[derive(Debug)]
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// A bar on standard error, if that is a terminal.
    #[must_use]
    pub(crate) fn on_terminal() -> Self {
        let bar = ProgressBar::new(0);
        if let Ok(style) = ProgressStyle::with_template("{spinner} {pos}/{len} files {wide_bar} {elapsed}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(100));
        Self(bar)
    }

    pub(crate) fn begun(&self) {
        self.0.inc_length(1);
    }

    pub(crate) fn ended(&self) {
        self.0.inc(1);
    }

    /// Takes the bar off the screen.
    pub(crate) fn finish(&self) {
        self.0.finish_and_clear();
    }
}
