//! An output that is written piece by piece.

use std::io;
use std::sync::Arc;

use bytes::BytesMut;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use crate::outgoing::Outgoing;
use crate::receipt::OutputRecord;
use crate::step::Failure;
use crate::store::{Content, PART_BYTES, Target};
use crate::streaming::{Piece, stream};

/// Streams one object to S3. Nothing can be seen of it before [`finish`](Self::finish), and nothing is left of it when it is dropped.
#[derive(Debug)]
pub struct OutputWriter {
    outgoing: Arc<Outgoing>,
    target: Target,
    record: OutputRecord,
    hasher: blake3::Hasher,
    buffer: BytesMut,
    /// Where the parts of a large output go.
    pieces: Option<UnboundedSender<Piece>>,
}

impl OutputWriter {
    pub(crate) fn new(outgoing: Arc<Outgoing>, target: Target, record: OutputRecord) -> Self {
        Self {
            outgoing,
            target,
            record,
            hasher: blake3::Hasher::new(),
            buffer: BytesMut::new(),
            pieces: None,
        }
    }

    /// Says how many rows the output has, for people.
    pub const fn rows(&mut self, rows: u64) {
        self.record.rows = Some(rows);
    }

    /// Lets the object become visible, if no object holds its key, while the step goes on.
    ///
    /// # Errors
    /// If an output could not be written.
    pub fn finish(mut self) -> Result<(), Failure> {
        self.outgoing.stop_if_failed()?;
        self.record.blake3 = self.hasher.finalize().to_hex().to_string();
        let rest = self.buffer.split().freeze();
        match self.pieces {
            None => self.outgoing.place_soon(self.target, Content::Bytes(rest), self.record),
            Some(pieces) => {
                let room = self.outgoing.room_for(rest.len())?;
                let end = Piece::End(rest, room, Box::new(self.record));
                pieces.send(end).map_err(|_| Failure::Stopped)
            }
        }
    }

    /// Hands over what is in the buffer.
    fn send_part(&mut self) -> Result<(), Failure> {
        // Its size is known now: growing to it again would copy it.
        let part = std::mem::replace(&mut self.buffer, BytesMut::with_capacity(PART_BYTES)).freeze();
        let room = self.outgoing.room_for(part.len())?;
        let pieces = match &self.pieces {
            Some(pieces) => pieces,
            None => {
                let (send, pieces) = unbounded_channel();
                let streaming = stream(Arc::clone(&self.outgoing), self.target.clone(), pieces);
                self.outgoing.begin(streaming)?;
                self.pieces.insert(send)
            }
        };
        // Nobody receives any more if something failed, which is latched.
        pieces.send(Piece::Part(part, room)).map_err(|_| Failure::Stopped)
    }
}

impl io::Write for OutputWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.outgoing.latch.check()?;
        if self.buffer.len() >= PART_BYTES {
            self.send_part()
                .map_err(|_| io::Error::other("an output could not be written"))?;
        }
        let room = PART_BYTES.saturating_sub(self.buffer.len());
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
