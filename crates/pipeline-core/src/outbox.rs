//! Where a step puts what it makes.
//!
//! Small outputs are written whole, several at a time; larger ones stream out by multipart upload, so that memory does not grow with the file.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use time::OffsetDateTime;
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, watch};
use tokio::task::{JoinError, JoinSet};

use crate::area::Area;
use crate::bucket::Bucket;
use crate::key::{Key, KeyLayout};
use crate::latch::Latch;
use crate::origin::Origin;
use crate::output_writer::OutputWriter;
use crate::provenance::Provenance;
use crate::receipt::{Notes, OutputRecord};
use crate::safe_path::SafePath;
use crate::stage::{Stage, Transfer};
use crate::step::Failure;
use crate::store::{Content, Store, StoreError, Target, Upload};

/// Bytes of small outputs that may be on their way at once. Each counts as at least a sixteenth, so there are at most 16.
const IN_FLIGHT_KIB: u32 = 32 * 1024;

/// One object that a step makes.
#[derive(Debug, Clone)]
pub struct Output {
    pub(crate) bucket: Bucket,
    pub(crate) name: SafePath,
    pub(crate) path_in_parent: String,
    origin: Option<Origin>,
    area: Option<Area>,
    depth: Option<u32>,
    source_name: Option<String>,
}

impl Output {
    /// An object in `bucket` whose key ends in `name`. `path_in_parent` says which part of the input it is: it must be
    /// the same at every retry and different for every output, as the origin is made of it.
    #[must_use]
    pub fn new(bucket: Bucket, name: SafePath, path_in_parent: impl Into<String>) -> Self {
        Self {
            bucket,
            name,
            path_in_parent: path_in_parent.into(),
            origin: None,
            area: None,
            depth: None,
            source_name: None,
        }
    }

    /// Another origin than the one made of the parent's and the path.
    #[must_use]
    pub const fn origin(mut self, origin: Origin) -> Self {
        self.origin = Some(origin);
        self
    }

    /// Another area than the input's.
    #[must_use]
    pub fn area(mut self, area: Area) -> Self {
        self.area = Some(area);
        self
    }

    /// Another depth than the input's.
    #[must_use]
    pub const fn depth(mut self, depth: u32) -> Self {
        self.depth = Some(depth);
        self
    }

    /// Another name from the sender than the input's.
    #[must_use]
    pub fn source_name(mut self, name: impl Into<String>) -> Self {
        self.source_name = Some(name.into());
        self
    }
}

/// Takes what a step makes of its input.
#[derive(Debug)]
pub struct Outbox {
    stage: Stage,
    pub(crate) shared: Arc<Shared>,
    pub(crate) provenance: Provenance,
    pub(crate) area: Option<Area>,
    origin: Origin,
    layout: KeyLayout,
    source: Content,
    source_blake3: String,
    notes: Notes,
}

/// What the outbox and its writers have in common.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) store: Store,
    pub(crate) handle: Handle,
    pub(crate) latch: Arc<Latch>,
    pub(crate) records: Mutex<Vec<OutputRecord>>,
    in_flight: Mutex<JoinSet<()>>,
    /// The receipt of the input: once it is there, the work is done.
    receipt: Key,
    origins: Mutex<HashSet<(Bucket, Origin)>>,
    budget: Arc<Semaphore>,
    stopped: watch::Sender<bool>,
}

impl Outbox {
    pub(crate) fn new(
        stage: Stage,
        store: Store,
        layout: KeyLayout,
        input: &crate::step::Input,
        source: Content,
    ) -> Self {
        Self {
            stage,
            shared: Arc::new(Shared {
                store,
                handle: Handle::current(),
                latch: Arc::clone(&input.latch),
                records: Mutex::default(),
                in_flight: Mutex::default(),
                receipt: Key::receipt(input.origin),
                origins: Mutex::default(),
                budget: Arc::new(Semaphore::new(IN_FLIGHT_KIB as usize)),
                stopped: watch::Sender::default(),
            }),
            provenance: input.provenance.clone(),
            area: input.area.clone(),
            origin: input.origin,
            layout,
            source,
            source_blake3: input.spool.blake3().unwrap_or_default(),
            notes: Notes::default(),
        }
    }

    /// Says when the email was received, for everything that is made of it.
    pub const fn set_received(&mut self, received: OffsetDateTime) {
        self.provenance.received = received;
    }

    /// Says under which area the input is filed, should it be rejected.
    pub fn set_area(&mut self, area: Area) {
        self.area = Some(area);
    }

    /// What is worth telling beside the outputs; it goes into the receipt.
    pub const fn notes(&mut self) -> &mut Notes {
        &mut self.notes
    }

    /// The runtime, for a step that has to wait for something asynchronous.
    #[must_use]
    pub fn handle(&self) -> Handle {
        self.shared.handle.clone()
    }

    /// Stops all writing when it is dropped. After [`close`](Self::close) there is nothing left to stop.
    pub(crate) fn stop_on_drop(&self) -> StopOnDrop {
        StopOnDrop(Arc::clone(&self.shared))
    }

    /// Writes an output whole.
    ///
    /// # Errors
    /// If an earlier output could not be written, or the stage does not declare that it writes there in this way.
    pub fn put(&mut self, output: Output, bytes: impl Into<Bytes>) -> Result<(), Failure> {
        let bytes = bytes.into();
        let (target, record) = self.address(output, Transfer::Whole)?;
        let record = OutputRecord {
            size: bytes.len() as u64,
            blake3: blake3::hash(&bytes).to_hex().to_string(),
            ..record
        };
        self.shared.place_soon(target, Content::Bytes(bytes), record)
    }

    /// Begins an output that is written piece by piece. Dropped unfinished it leaves nothing behind.
    ///
    /// # Errors
    /// If an earlier output could not be written, or the stage does not declare that it writes there in this way.
    pub fn create(&mut self, output: Output) -> Result<OutputWriter, Failure> {
        self.shared.stop_if_failed()?;
        let (target, record) = self.address(output, Transfer::InParts)?;
        Ok(OutputWriter::new(Arc::clone(&self.shared), target, record))
    }

    /// Passes the input itself on, unchanged.
    ///
    /// # Errors
    /// If an earlier output could not be written, or the stage does not declare that it writes there in this way.
    pub fn forward(&mut self, output: Output) -> Result<(), Failure> {
        let (target, record) = self.address(output, Transfer::InParts)?;
        let size = match &self.source {
            Content::Bytes(bytes) => bytes.len() as u64,
            Content::Object(_, _, _, size) => *size,
        };
        let record = OutputRecord {
            size,
            blake3: self.source_blake3.clone(),
            ..record
        };
        self.shared.place_soon(target, self.source.clone(), record)
    }

    fn address(&self, output: Output, transfer: Transfer) -> Result<(Target, OutputRecord), Failure> {
        if !self.stage.may_write(output.bucket, transfer) {
            let (stage, bucket) = (self.stage, output.bucket);
            return Err(self.defect(format!("{stage} does not declare that it writes to {bucket} like that")));
        }
        let origin = output
            .origin
            .unwrap_or_else(|| self.origin.child(&output.path_in_parent));
        if !lock(&self.shared.origins).insert((output.bucket, origin)) {
            return Err(self.defect(format!("two outputs are called {:?}", output.path_in_parent)));
        }
        let area = output.area.or_else(|| self.area.clone()).unwrap_or_else(Area::unknown);
        let provenance = Provenance {
            parent: Some(self.origin),
            depth: output.depth.unwrap_or(self.provenance.depth),
            source_name: output
                .source_name
                .unwrap_or_else(|| self.provenance.source_name.clone()),
            ..self.provenance.clone()
        };
        let (keys, metadata) = if output.bucket.is_final() {
            let keys = Key::delivery(self.layout, &area, origin, provenance.received, &output.name);
            (keys.to_vec(), provenance.to_metadata(origin, None))
        } else {
            let key = Key::staging(&area, origin, &output.name);
            let metadata = provenance.to_staging_metadata(origin, output.bucket, &key);
            (vec![key], metadata)
        };
        let record = OutputRecord {
            bucket: output.bucket,
            key: keys.first().map(Key::to_string).unwrap_or_default(),
            origin,
            path_in_parent: output.path_in_parent,
            source_name: provenance.source_name.clone(),
            size: 0,
            blake3: String::new(),
            rows: None,
        };
        let target = Target {
            bucket: output.bucket,
            keys,
            origin,
            metadata,
            // What goes to a stage a second time finds its own receipt there.
            unless: output.bucket.is_final().then(|| self.shared.receipt.clone()),
        };
        Ok((target, record))
    }

    /// A defect of ours fails the step even if the step takes no notice of it.
    fn defect(&self, what: String) -> Failure {
        self.shared.latch.fail(Failure::Defect(what));
        Failure::Stopped
    }

    /// Waits for everything that is under way. What failed is in the latch.
    pub(crate) async fn close(self) -> (Vec<OutputRecord>, Notes, Provenance, Option<Area>) {
        let mut in_flight = std::mem::take(&mut *lock(&self.shared.in_flight));
        while let Some(ended) = in_flight.join_next().await {
            self.shared.look_at(ended);
        }
        let mut records = std::mem::take(&mut *lock(&self.shared.records));
        records.sort_by(|a, b| (a.bucket, &a.key).cmp(&(b.bucket, &b.key)));
        (records, self.notes, self.provenance, self.area)
    }
}

/// See [`Outbox::stop_on_drop`].
pub(crate) struct StopOnDrop(Arc<Shared>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.stop();
    }
}

impl Shared {
    /// Writes an object while the step goes on.
    pub(crate) fn place_soon(
        self: &Arc<Self>,
        target: Target,
        content: Content,
        record: OutputRecord,
    ) -> Result<(), Failure> {
        self.stop_if_failed()?;
        let kib = match &content {
            Content::Bytes(bytes) => u32::try_from(bytes.len() / 1024).unwrap_or(u32::MAX),
            Content::Object(..) => 0,
        };
        let permits = kib.clamp(IN_FLIGHT_KIB / 16, IN_FLIGHT_KIB);
        let permit = self
            .handle
            .block_on(Arc::clone(&self.budget).acquire_many_owned(permits))
            .map_err(|_| Failure::Stopped)?;
        let shared = Arc::clone(self);
        let mut in_flight = lock(&self.in_flight);
        // Looked at under the lock: `stop` latches first and then takes the lock, so nothing is begun after it.
        self.stop_if_failed()?;
        while let Some(ended) = in_flight.try_join_next() {
            self.look_at(ended);
        }
        in_flight.spawn_on(
            async move {
                match shared.store.place(&target, &content).await {
                    Ok(key) => shared.record(record, &key),
                    Err(error) => shared.latch.fail(error.into()),
                }
                drop(permit);
            },
            &self.handle,
        );
        Ok(())
    }

    /// Waits for S3 on the step's thread, but no longer than the work lasts: whatever comes of a call after that, nobody would
    /// know of it. What fails is latched.
    pub(crate) fn wait<T>(&self, call: impl Future<Output = Result<T, StoreError>>) -> Result<T, Failure> {
        let mut stopped = self.stopped.subscribe();
        self.handle.block_on(async {
            tokio::select! {
                biased;
                _ = stopped.wait_for(|stopped| *stopped) => Err(Failure::Stopped),
                done = call => done.map_err(|error| {
                    self.latch.fail(error.into());
                    Failure::Stopped
                }),
            }
        })
    }

    /// Throws away what an output that was not finished has uploaded.
    pub(crate) fn abort_soon(&self, upload: Upload) {
        let abort = async move { upload.abort().await };
        lock(&self.in_flight).spawn_on(abort, &self.handle);
    }

    /// The deadline has come: what is under way is broken off, and nothing is begun any more.
    fn stop(&self) {
        self.latch.fail(Failure::Deadline);
        self.stopped.send_replace(true);
        self.budget.close();
        lock(&self.in_flight).abort_all();
    }

    /// A task that panicked has written no record; the runner must not take the work for done.
    fn look_at(&self, ended: Result<(), JoinError>) {
        if let Err(error) = ended {
            self.latch.fail(Failure::Panicked(error.to_string()));
        }
    }

    pub(crate) fn record(&self, record: OutputRecord, key: &Key) {
        lock(&self.records).push(OutputRecord {
            key: key.to_string(),
            ..record
        });
    }

    pub(crate) fn stop_if_failed(&self) -> Result<(), Failure> {
        self.latch.check().map_err(|_| Failure::Stopped)
    }
}

/// A lock that outlives a panic of another holder: the data are plain lists.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
