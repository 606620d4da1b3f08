//! Where a step puts what it makes.

use std::collections::HashSet;
use std::sync::Arc;

use bytes::Bytes;
use time::OffsetDateTime;
use tokio::runtime::Handle;

use crate::area::Area;
use crate::bucket::Bucket;
use crate::key::{Key, KeyLayout};
use crate::origin::Origin;
use crate::outgoing::{Outgoing, StopOnDrop};
use crate::output_writer::OutputWriter;
use crate::provenance::Provenance;
use crate::receipt::{Notes, OutputRecord};
use crate::safe_path::SafePath;
use crate::stage::{Stage, Transfer};
use crate::step::Failure;
use crate::store::{Content, Store, Target};

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
    outgoing: Arc<Outgoing>,
    pub(crate) provenance: Provenance,
    pub(crate) area: Option<Area>,
    origin: Origin,
    layout: KeyLayout,
    source: Content,
    /// The receipt of the input: once it is there, the work is done.
    receipt: Key,
    origins: HashSet<(Bucket, Origin)>,
    notes: Notes,
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
            outgoing: Arc::new(Outgoing::new(store, Arc::clone(&input.latch), input.spool.arrival())),
            provenance: input.provenance.clone(),
            area: input.area.clone(),
            origin: input.origin,
            layout,
            source,
            receipt: Key::receipt(input.origin),
            origins: HashSet::new(),
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
        self.outgoing.handle()
    }

    /// Stops all writing when it is dropped. After [`close`](Self::close) there is nothing left to stop.
    pub(crate) fn stop_on_drop(&self) -> StopOnDrop {
        StopOnDrop::new(&self.outgoing)
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
        self.outgoing.place_soon(target, Content::Bytes(bytes), record)
    }

    /// Begins an output that is written piece by piece. Dropped unfinished it leaves nothing behind.
    ///
    /// # Errors
    /// If an earlier output could not be written, or the stage does not declare that it writes there in this way.
    pub fn create(&mut self, output: Output) -> Result<OutputWriter, Failure> {
        self.outgoing.stop_if_failed()?;
        let (target, record) = self.address(output, Transfer::InParts)?;
        Ok(OutputWriter::new(Arc::clone(&self.outgoing), target, record))
    }

    /// Passes the input itself on, unchanged.
    ///
    /// # Errors
    /// If an earlier output could not be written, or the stage does not declare that it writes there in this way.
    pub fn forward(&mut self, output: Output) -> Result<(), Failure> {
        let (target, record) = self.address(output, Transfer::InParts)?;
        let blake3 = self.outgoing.input_hash()?;
        let size = match &self.source {
            Content::Bytes(bytes) => bytes.len() as u64,
            Content::Object(_, _, _, size) => *size,
        };
        let record = OutputRecord { size, blake3, ..record };
        self.outgoing.place_soon(target, self.source.clone(), record)
    }

    fn address(&mut self, output: Output, transfer: Transfer) -> Result<(Target, OutputRecord), Failure> {
        if !self.stage.may_write(output.bucket, transfer) {
            let (stage, bucket) = (self.stage, output.bucket);
            return Err(self.defect(format!("{stage} does not declare that it writes to {bucket} like that")));
        }
        let origin = output
            .origin
            .unwrap_or_else(|| self.origin.child(&output.path_in_parent));
        if !self.origins.insert((output.bucket, origin)) {
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
            unless: output.bucket.is_final().then(|| self.receipt.clone()),
        };
        Ok((target, record))
    }

    /// A defect of ours fails the step even if the step takes no notice of it.
    fn defect(&self, what: String) -> Failure {
        self.outgoing.latch.fail(Failure::Defect(what));
        Failure::Stopped
    }

    /// Waits for everything that is under way. What failed is in the latch.
    pub(crate) async fn close(self) -> (Vec<OutputRecord>, Notes, Provenance, Option<Area>) {
        let mut records = self.outgoing.close().await;
        records.sort_by(|a, b| (a.bucket, &a.key).cmp(&(b.bucket, &b.key)));
        (records, self.notes, self.provenance, self.area)
    }
}
