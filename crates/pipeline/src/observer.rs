//! Who is told what becomes of events.

use embedded_s3::ObjectCreated;
use pipeline_core::{Buckets, Handled, ObjectEvent};

use crate::ledger::Ledger;
use crate::progress::Progress;

/// Is told what becomes of events.
pub(crate) trait Observer {
    /// Work on an object begins.
    fn begun(&mut self, created: &ObjectCreated);

    /// Work on an object has ended: with an error after all attempts.
    fn ended(&mut self, object: &ObjectEvent, handled: Result<Handled, String>);
}

/// What `pipeline run` tells: the ledger, and a person who waits.
#[derive(Debug)]
pub(crate) struct Clerk<'a> {
    pub(crate) buckets: Buckets,
    pub(crate) ledger: &'a mut Ledger,
    /// None, if nobody waits.
    pub(crate) progress: Option<&'a Progress>,
}

impl Observer for Clerk<'_> {
    fn begun(&mut self, _: &ObjectCreated) {
        if let Some(progress) = self.progress {
            progress.begun();
        }
    }

    fn ended(&mut self, object: &ObjectEvent, handled: Result<Handled, String>) {
        if let Some(progress) = self.progress {
            progress.ended();
        }
        self.ledger.enter(&self.buckets, object, handled);
    }
}
