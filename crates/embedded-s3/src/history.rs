//! What was written, for tests that prove that nothing was ever overwritten.

use crate::events::{EventName, ObjectCreated};
use std::sync::{Arc, Mutex, PoisonError};

/// A write that succeeded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write {
    /// The bucket's name.
    pub bucket: String,
    /// The key.
    pub key: String,
    /// Without quotes.
    pub etag: String,
    /// In bytes.
    pub size: u64,
    /// By which request.
    pub event_name: EventName,
    /// Whether there was an object under the key, which is gone now.
    pub overwrote: bool,
}

/// The writes since the server was started, in their order. Clones show the same history, also after the shutdown.
#[derive(Debug, Clone, Default)]
pub struct History {
    writes: Arc<Mutex<Vec<Write>>>,
}

impl History {
    pub(crate) fn record(&self, event: &ObjectCreated, overwrote: bool) {
        self.writes.lock().unwrap_or_else(PoisonError::into_inner).push(Write {
            bucket: event.bucket.clone(),
            key: event.key.clone(),
            etag: event.etag.clone(),
            size: event.size,
            event_name: event.event_name,
            overwrote,
        });
    }

    /// All writes.
    #[must_use]
    pub fn writes(&self) -> Vec<Write> {
        self.writes.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Those writes that took the place of another object.
    #[must_use]
    pub fn overwrites(&self) -> Vec<Write> {
        self.writes().into_iter().filter(|write| write.overwrote).collect()
    }
}
