//! What a step has made and is on its way to S3, while the step goes on.
//!
//! Small outputs are written whole, many at a time; larger ones stream out by multipart upload, several parts at a time. All of them
//! share a budget of memory, so that it does not grow with the file nor with the number of outputs.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};

use crate::arrival::Arrival;
use crate::key::Key;
use crate::latch::Latch;
use crate::receipt::OutputRecord;
use crate::step::Failure;
use crate::store::{Content, OnItsWay, Store, Target};

/// What the outbox and its writers have in common.
#[derive(Debug)]
pub(crate) struct Outgoing {
    pub(crate) store: Store,
    pub(crate) latch: Arc<Latch>,
    handle: Handle,
    input: Arrival,
    records: Mutex<Vec<OutputRecord>>,
    under_way: Mutex<JoinSet<()>>,
    stopped: watch::Sender<bool>,
}

impl Outgoing {
    pub(crate) fn new(store: Store, latch: Arc<Latch>, input: Arrival) -> Self {
        Self {
            store,
            latch,
            handle: Handle::current(),
            input,
            records: Mutex::default(),
            under_way: Mutex::default(),
            stopped: watch::Sender::default(),
        }
    }

    pub(crate) fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Writes an object while the step goes on.
    pub(crate) fn place_soon(
        self: &Arc<Self>,
        target: Target,
        content: Content,
        record: OutputRecord,
    ) -> Result<(), Failure> {
        self.stop_if_failed()?;
        let room = self.room_for(match &content {
            Content::Bytes(bytes) => bytes.len(),
            Content::Object(..) => 0,
        })?;
        let this = Arc::clone(self);
        self.begin(async move {
            let _room = room;
            if !this.input_has_arrived().await {
                return;
            }
            match this.store.place(&target, &content).await {
                Ok(key) => this.record(record, &key),
                Err(error) => this.latch.fail(error.into()),
            }
        })
    }

    /// Lets something be done while the step goes on. What fails it latches.
    pub(crate) fn begin(&self, work: impl Future<Output = ()> + Send + 'static) -> Result<(), Failure> {
        let mut under_way = self.under_way();
        // Looked at under the lock: `stop` latches first and then takes the lock, so nothing is begun after it.
        self.stop_if_failed()?;
        while let Some(ended) = under_way.try_join_next() {
            self.look_at(ended);
        }
        under_way.spawn_on(work, &self.handle);
        Ok(())
    }

    /// Waits until so many bytes more may be on their way.
    pub(crate) fn room_for(&self, bytes: usize) -> Result<OnItsWay, Failure> {
        self.wait(self.store.budget().take(bytes))
    }

    /// The BLAKE3 hash of the input, in hex, when all of it has arrived; empty of what is too large to be fetched.
    pub(crate) fn input_hash(&self) -> Result<String, Failure> {
        if !self.wait(self.input.is_complete())? {
            return Err(Failure::Stopped);
        }
        Ok(self.input.blake3().unwrap_or_default())
    }

    /// Waits for all of the input. Before that nothing may become visible: if its body breaks off or turns out to be damaged, what was made
    /// of it must not be there, for the next attempt would take it for its own.
    pub(crate) async fn input_has_arrived(&self) -> bool {
        self.input.is_complete().await
    }

    /// Waits on the step's thread, but no longer than the work lasts.
    fn wait<T>(&self, what: impl Future<Output = T>) -> Result<T, Failure> {
        let mut stopped = self.stopped.subscribe();
        self.handle.block_on(async {
            tokio::select! {
                biased;
                _ = stopped.wait_for(|stopped| *stopped) => Err(Failure::Stopped),
                done = what => Ok(done),
            }
        })
    }

    /// Waits for everything that is under way, and tells what was written. What failed is in the latch.
    pub(crate) async fn close(&self) -> Vec<OutputRecord> {
        let mut under_way = std::mem::take(&mut *self.under_way());
        while let Some(ended) = under_way.join_next().await {
            self.look_at(ended);
        }
        std::mem::take(&mut *self.records())
    }

    /// The deadline has come: what is under way is broken off, and nothing is begun any more.
    fn stop(&self) {
        self.latch.fail(Failure::Deadline);
        self.stopped.send_replace(true);
        self.under_way().abort_all();
    }

    /// A task that panicked has written no record; the runner must not take the work for done.
    fn look_at(&self, ended: Result<(), JoinError>) {
        if let Err(error) = ended {
            self.latch.fail(Failure::Panicked(error.to_string()));
        }
    }

    pub(crate) fn record(&self, record: OutputRecord, key: &Key) {
        self.records().push(OutputRecord {
            key: key.to_string(),
            ..record
        });
    }

    pub(crate) fn stop_if_failed(&self) -> Result<(), Failure> {
        self.latch.check().map_err(|_| Failure::Stopped)
    }

    // Locks that outlive a panic of another holder: the data are plain lists.

    fn under_way(&self) -> MutexGuard<'_, JoinSet<()>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn records(&self) -> MutexGuard<'_, Vec<OutputRecord>> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Stops all writing when it is dropped.
pub(crate) struct StopOnDrop(Arc<Outgoing>);

impl StopOnDrop {
    pub(crate) fn new(outgoing: &Arc<Outgoing>) -> Self {
        Self(Arc::clone(outgoing))
    }
}

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.stop();
    }
}
