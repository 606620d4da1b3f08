//! What a process prints.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// The lines of both streams, as they come.
#[derive(Debug, Default)]
pub struct Output {
    /// What Lambda writes to the log as it is.
    pub stdout: Arc<Lines>,
    /// The log has this, too: panics, for instance.
    pub stderr: Arc<Lines>,
}

/// The lines of one stream.
#[derive(Debug, Default)]
pub struct Lines {
    lines: Mutex<Vec<String>>,
    /// How many lines there are.
    count: watch::Sender<usize>,
}

impl Lines {
    /// The lines so far. A process may have printed more that did not get here yet.
    #[must_use]
    pub fn so_far(&self) -> Vec<String> {
        self.lock().clone()
    }

    /// The first line that `is_it`; none if it does not come within `time`.
    pub async fn wait_for(&self, time: Duration, is_it: impl Fn(&str) -> bool) -> Option<String> {
        let mut counts = self.count.subscribe();
        let mut seen = 0;
        let search = async {
            loop {
                let found = {
                    let lines = self.lock();
                    let found = lines.iter().skip(seen).find(|line| is_it(line)).cloned();
                    seen = lines.len();
                    found
                };
                if found.is_some() {
                    return found;
                }
                counts.wait_for(|count| *count > seen).await.ok()?;
            }
        };
        timeout(time, search).await.ok().flatten()
    }

    /// Reads a stream to its end. What is no UTF-8 is replaced.
    pub(crate) async fn read(self: Arc<Self>, stream: impl AsyncRead + Unpin) {
        let mut stream = BufReader::new(stream);
        let mut line = Vec::new();
        while let Ok(1..) = stream.read_until(b'\n', &mut line).await {
            let text = String::from_utf8_lossy(&line);
            let text = text.strip_suffix('\n').unwrap_or(&text).to_owned();
            let count = {
                let mut lines = self.lock();
                lines.push(text);
                lines.len()
            };
            self.count.send_replace(count);
            line.clear();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<String>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Output {
    /// Reads both streams, in tasks that end with them.
    pub(crate) fn read(
        &self,
        readers: &mut JoinSet<()>,
        stdout: Option<impl AsyncRead + Unpin + Send + 'static>,
        stderr: Option<impl AsyncRead + Unpin + Send + 'static>,
    ) {
        if let Some(stdout) = stdout {
            readers.spawn(Arc::clone(&self.stdout).read(stdout));
        }
        if let Some(stderr) = stderr {
            readers.spawn(Arc::clone(&self.stderr).read(stderr));
        }
    }
}
