//! What a running `pipeline serve` knows, for all who show it.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use embedded_s3::ObjectCreated;
use pipeline_core::{Bucket, Config, Handled, Key, ObjectEvent, Receipt, Store};
use time::OffsetDateTime;
use tokio::sync::broadcast;
use tokio::sync::mpsc::UnboundedSender;

use super::failures::{Failed, FailureQueue};
use crate::observer::Observer;

/// Happenings that a slow listener may be behind; it then misses some, and has to look for itself.
const MOST_BEHIND: usize = 1024;

/// What a running `pipeline serve` knows. Clones are of one and the same.
#[derive(Debug, Clone)]
pub struct State(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    data: PathBuf,
    store: Store,
    config: Config,
    failures: FailureQueue,
    again: UnboundedSender<ObjectCreated>,
    under_way: Mutex<HashMap<(Bucket, String), UnderWay>>,
    happenings: broadcast::Sender<Happening>,
}

/// An object that is being worked on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnderWay {
    /// The role of its bucket.
    pub bucket: Bucket,
    /// Its key.
    pub key: Key,
    /// Bytes.
    pub size: u64,
    /// When the work began.
    pub begun: OffsetDateTime,
}

/// Something that has just happened.
#[derive(Debug, Clone)]
pub enum Happening {
    /// Work on an object begins.
    Begun(UnderWay),
    /// It has ended, and this is its receipt.
    Done(Arc<Receipt>),
    /// It had been done before.
    DoneBefore(Bucket, Key),
    /// It has failed, at every attempt, and was entered into the failure queue.
    Failed(Arc<Failed>),
}

impl State {
    pub(super) fn new(
        data: &Path,
        store: Store,
        config: Config,
        failures: FailureQueue,
        again: UnboundedSender<ObjectCreated>,
    ) -> Self {
        Self(Arc::new(Inner {
            data: data.to_owned(),
            store,
            config,
            failures,
            again,
            under_way: Mutex::default(),
            happenings: broadcast::Sender::new(MOST_BEHIND),
        }))
    }

    /// The folder that holds the buckets.
    #[must_use]
    pub fn data(&self) -> &Path {
        &self.0.data
    }

    /// The buckets.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.0.store
    }

    /// What the stages were configured with.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.0.config
    }

    /// What could not be handled.
    #[must_use]
    pub fn failures(&self) -> &FailureQueue {
        &self.0.failures
    }

    /// Has an object tried again, unless it waits anyway.
    pub fn try_again(&self, created: ObjectCreated) {
        // Without a dispatcher the process is about to end; the next one finds the object.
        let _ = self.0.again.send(created);
    }

    /// What is being worked on, the oldest first.
    #[must_use]
    pub fn under_way(&self) -> Vec<UnderWay> {
        let mut all: Vec<_> = self.lock().values().cloned().collect();
        all.sort_by_key(|work| work.begun);
        all
    }

    /// Everything that happens from now on.
    #[must_use]
    pub fn happenings(&self) -> broadcast::Receiver<Happening> {
        self.0.happenings.subscribe()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<(Bucket, String), UnderWay>> {
        self.0.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, happening: Happening) {
        // Nobody may be listening.
        let _ = self.0.happenings.send(happening);
    }
}

impl Observer for State {
    fn begun(&mut self, created: &ObjectCreated) {
        let Some(bucket) = self.0.store.buckets().role(&created.bucket) else {
            return;
        };
        let work = UnderWay {
            bucket,
            key: Key::new(&created.key),
            size: created.size,
            begun: OffsetDateTime::now_utc(),
        };
        self.lock().insert((bucket, created.key.clone()), work.clone());
        self.tell(Happening::Begun(work));
    }

    fn ended(&mut self, object: &ObjectEvent, handled: Result<Handled, String>) {
        let Some(bucket) = self.0.store.buckets().role(&object.bucket) else {
            return;
        };
        let key = object.key.as_str();
        self.lock().remove(&(bucket, key.to_owned()));
        let happening = match handled {
            Err(failure) => {
                tracing::error!(%bucket, key, failure, "an object could not be handled");
                Happening::Failed(Arc::new(self.0.failures.enter(bucket, key, failure)))
            }
            Ok(handled) => {
                self.0.failures.remove(bucket, key);
                match handled {
                    Handled::Now(receipt) => Happening::Done(receipt.into()),
                    Handled::Before(_) => Happening::DoneBefore(bucket, object.key.clone()),
                }
            }
        };
        self.tell(happening);
    }
}
