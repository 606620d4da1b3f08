//! What went wrong outside the format, kept where format code cannot lose it.
//!
//! A step's pure code sees only `io::Error`s and may take any of them for a corrupt file. The first failure of S3, of the disk or
//! of the clock is latched here, and the runner fails the step with it: an outage never looks like a bad file.

use std::io;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::step::Failure;

/// The first failure, if any, and whether the step must stop.
#[derive(Debug, Default)]
pub(crate) struct Latch {
    failure: Mutex<Option<Failure>>,
    stopped: AtomicBool,
}

impl Latch {
    /// Keeps a failure, if it is the first, and stops the step's reads and writes.
    pub(crate) fn fail(&self, failure: Failure) {
        let mut first = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        first.get_or_insert(failure);
        self.stopped.store(true, Ordering::Release);
    }

    pub(crate) fn spool_failed(&self, error: &io::Error) {
        self.fail(Failure::Spool(io::Error::new(error.kind(), error.to_string())));
    }

    /// The first failure, for the runner.
    pub(crate) fn take(&self) -> Option<Failure> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Stops format code at its next read or write.
    ///
    /// # Errors
    /// If something has failed, or the deadline has come.
    pub(crate) fn check(&self) -> io::Result<()> {
        if self.stopped.load(Ordering::Acquire) {
            return Err(io::Error::other("the step was stopped"));
        }
        Ok(())
    }
}
