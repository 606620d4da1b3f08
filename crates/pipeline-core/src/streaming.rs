//! A large output on its way, in parts, while the step makes the rest.

use std::sync::Arc;

use bytes::Bytes;
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use tokio::runtime::Handle;
use tokio::sync::mpsc::UnboundedReceiver;

use crate::outgoing::Outgoing;
use crate::receipt::OutputRecord;
use crate::store::{Held, OnItsWay, Part, Placed, Put, StoreError, Target, Upload};

/// What a writer hands over.
#[derive(Debug)]
pub(crate) enum Piece {
    /// The next part.
    Part(Bytes, OnItsWay),
    /// The last part, which may be empty, and what there is to tell of the whole.
    End(Bytes, OnItsWay, Box<OutputRecord>),
}

/// An output of which S3 has every part.
struct Whole {
    parts: Vec<Part>,
    record: Box<OutputRecord>,
}

/// Takes an output's pieces, and makes it visible after the last. A writer that goes away before that has given it up, and nothing is left
/// of it.
pub(crate) async fn stream(outgoing: Arc<Outgoing>, target: Target, pieces: UnboundedReceiver<Piece>) {
    if let Err(error) = take(&outgoing, &target, pieces).await {
        outgoing.latch.fail(error.into());
    }
}

async fn take(outgoing: &Outgoing, target: &Target, mut pieces: UnboundedReceiver<Piece>) -> Result<(), StoreError> {
    let store = &outgoing.store;
    let key = match store.find_place(target).await? {
        Placed::Free(key) => key,
        // An earlier attempt has written it: nothing needs to be uploaded.
        Placed::At(key) => {
            while let Some(piece) = pieces.recv().await {
                if let Piece::End(_, _, record) = piece {
                    outgoing.record(*record, &key);
                }
            }
            return Ok(());
        }
    };
    let upload = Upload::begin(store, target.bucket, &key, target.metadata.clone()).await?;
    let open = AbortOnDrop::new(&upload, outgoing.handle());
    let ended = match upload_parts(outgoing, &upload, pieces).await {
        Some(whole) if outgoing.input_has_arrived().await => publish(outgoing, target, &upload, whole).await,
        _ => {
            upload.abort().await;
            Ok(())
        }
    };
    open.ended();
    ended
}

/// Uploads parts as they come; nothing comes of it if the writer goes away or a part fails, which is latched.
async fn upload_parts(outgoing: &Outgoing, upload: &Upload, mut pieces: UnboundedReceiver<Piece>) -> Option<Whole> {
    let mut under_way = FuturesUnordered::new();
    let mut parts = Vec::new();
    let mut number = 0;
    let mut part = |bytes, room: OnItsWay| {
        number += 1;
        async move {
            let sent = upload.part(number, bytes).await;
            drop(room);
            sent
        }
    };
    let record = loop {
        tokio::select! {
            piece = pieces.recv() => match piece {
                Some(Piece::Part(bytes, room)) => under_way.push(part(bytes, room)),
                Some(Piece::End(bytes, room, record)) => {
                    if !bytes.is_empty() {
                        under_way.push(part(bytes, room));
                    }
                    break Some(record);
                }
                None => break None,
            },
            Some(sent) = under_way.next() => match sent {
                Ok(part) => parts.push(part),
                Err(error) => {
                    outgoing.latch.fail(error.into());
                    break None;
                }
            },
        }
    };
    // A part that arrived after the upload was thrown away would stay: so each is waited for, whatever becomes of it.
    let mut is_whole = true;
    while let Some(sent) = under_way.next().await {
        match sent {
            Ok(part) => parts.push(part),
            Err(error) => {
                outgoing.latch.fail(error.into());
                is_whole = false;
            }
        }
    }
    let record = record.filter(|_| is_whole)?;
    Some(Whole { parts, record })
}

async fn publish(outgoing: &Outgoing, target: &Target, upload: &Upload, whole: Whole) -> Result<(), StoreError> {
    let store = &outgoing.store;
    match store.complete(target, upload, whole.parts).await? {
        Put::Created => {}
        Put::Exists if store.held(target, upload.key()).await? == Some(Held::ByThis) => {}
        // Another writer was faster since the key was found free. The retry finds another key.
        Put::Exists => return Err(store.taken(target.bucket, upload.key())),
    }
    outgoing.record(*whole.record, upload.key());
    Ok(())
}

/// Throws an upload away if the work on it is dropped before its end.
struct AbortOnDrop {
    upload: Upload,
    handle: Handle,
    is_open: bool,
}

impl AbortOnDrop {
    fn new(upload: &Upload, handle: Handle) -> Self {
        Self {
            upload: upload.clone(),
            handle,
            is_open: true,
        }
    }

    fn ended(mut self) {
        self.is_open = false;
    }
}

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        if self.is_open {
            let upload = self.upload.clone();
            self.handle.spawn(async move { upload.abort().await });
        }
    }
}
