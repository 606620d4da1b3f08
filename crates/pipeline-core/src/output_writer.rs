//! An output that is written piece by piece.

use std::io;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};

use crate::outbox::Shared;
use crate::receipt::OutputRecord;
use crate::step::Failure;
use crate::store::{Content, Held, PART_BYTES, Placed, Put, StoreError, Target, Upload};

/// Streams one object to S3. Nothing can be seen of it before [`finish`](Self::finish), and nothing is left of it when it is dropped.
#[derive(Debug)]
pub struct OutputWriter {
    shared: Arc<Shared>,
    target: Target,
    record: OutputRecord,
    hasher: blake3::Hasher,
    buffer: BytesMut,
    streamed: Streamed,
}

/// What has become of the parts that were full.
#[derive(Debug)]
enum Streamed {
    /// There was none yet.
    Nothing,
    /// They are parts of an upload.
    Parts(Box<Upload>),
    /// An earlier attempt has written the object: nothing needs to be uploaded.
    Before(crate::key::Key),
    /// Something failed; the latch knows.
    Failed,
}

impl OutputWriter {
    pub(crate) fn new(shared: Arc<Shared>, target: Target, record: OutputRecord) -> Self {
        Self {
            shared,
            target,
            record,
            hasher: blake3::Hasher::new(),
            buffer: BytesMut::new(),
            streamed: Streamed::Nothing,
        }
    }

    /// Says how many rows the output has, for people.
    pub const fn rows(&mut self, rows: u64) {
        self.record.rows = Some(rows);
    }

    /// Makes the object visible, if no object holds its key.
    ///
    /// # Errors
    /// If it could not be written.
    pub fn finish(mut self) -> Result<(), Failure> {
        self.shared.stop_if_failed()?;
        self.record.blake3 = self.hasher.finalize().to_hex().to_string();
        let rest = self.buffer.split().freeze();
        let record = self.record.clone();
        match std::mem::replace(&mut self.streamed, Streamed::Nothing) {
            Streamed::Nothing => self
                .shared
                .place_soon(self.target.clone(), Content::Bytes(rest), record),
            Streamed::Before(key) => {
                self.shared.record(record, &key);
                Ok(())
            }
            Streamed::Parts(upload) => {
                let key = upload.key().clone();
                self.shared.wait(self.complete(*upload, rest))?;
                self.shared.record(record, &key);
                Ok(())
            }
            Streamed::Failed => self.shared.stop_if_failed(),
        }
    }

    async fn complete(&self, mut upload: Upload, rest: Bytes) -> Result<(), StoreError> {
        let key = upload.key().clone();
        if !rest.is_empty()
            && let Err(error) = upload.part(rest).await
        {
            upload.abort().await;
            return Err(error);
        }
        let store = &self.shared.store;
        match store.complete(&self.target, upload).await? {
            Put::Created => Ok(()),
            Put::Exists if store.held(&self.target, &key).await? == Some(Held::ByThis) => Ok(()),
            // Another writer was faster since the key was found free. The retry finds another key.
            Put::Exists => Err(store.taken(self.target.bucket, &key)),
        }
    }

    async fn send_part(&mut self, part: Bytes) -> Result<(), StoreError> {
        if matches!(self.streamed, Streamed::Nothing) {
            let store = &self.shared.store;
            self.streamed = match store.find_place(&self.target).await? {
                Placed::At(key) => Streamed::Before(key),
                Placed::Free(key) => {
                    let metadata = self.target.metadata.clone();
                    Streamed::Parts(Box::new(
                        Upload::begin(store, self.target.bucket, &key, metadata).await?,
                    ))
                }
            };
        }
        match &mut self.streamed {
            Streamed::Parts(upload) => upload.part(part).await,
            Streamed::Nothing | Streamed::Before(_) | Streamed::Failed => Ok(()),
        }
    }
}

impl io::Write for OutputWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.shared.latch.check()?;
        let room = PART_BYTES - self.buffer.len().min(PART_BYTES);
        if room == 0 {
            let part = self.buffer.split().freeze();
            let shared = Arc::clone(&self.shared);
            if shared.wait(self.send_part(part)).is_err() {
                self.abandon();
                return Err(io::Error::other("an output could not be written"));
            }
            return self.write(bytes);
        }
        let taken = bytes.get(..room.min(bytes.len())).unwrap_or_default();
        self.buffer.extend_from_slice(taken);
        self.hasher.update(taken);
        self.record.size += taken.len() as u64;
        Ok(taken.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl OutputWriter {
    fn abandon(&mut self) {
        if let Streamed::Parts(upload) = std::mem::replace(&mut self.streamed, Streamed::Failed) {
            self.shared.abort_soon(*upload);
        }
    }
}

impl Drop for OutputWriter {
    fn drop(&mut self) {
        self.abandon();
    }
}
