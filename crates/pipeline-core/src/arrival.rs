//! How much of a body has arrived, for those who read it while it is still coming.

use tokio::sync::watch;

/// What has arrived of one body. Clones tell of the same one.
#[derive(Debug, Clone)]
pub(crate) struct Arrival(watch::Receiver<Arrived>);

/// Tells an [`Arrival`]. If it is dropped before the end, the body has broken off.
#[derive(Debug)]
pub(crate) struct Progress(watch::Sender<Arrived>);

#[derive(Debug, Clone, Copy, Default)]
struct Arrived {
    bytes: u64,
    is_complete: bool,
    blake3: Option<blake3::Hash>,
}

impl Arrival {
    /// Of a body that is still coming.
    pub(crate) fn begun() -> (Progress, Self) {
        let (progress, arrived) = watch::channel(Arrived::default());
        (Progress(progress), Self(arrived))
    }

    /// Of a body that is here, or as much of it as is ever going to be: then it has no hash.
    pub(crate) fn ended(bytes: u64, blake3: Option<blake3::Hash>) -> Self {
        let (progress, arrival) = Self::begun();
        progress.end(bytes, blake3);
        arrival
    }

    /// Waits for the byte at a position, and tells how many have arrived; `None` if the body broke off before it.
    pub(crate) async fn beyond(&self, position: u64) -> Option<u64> {
        let mut arrived = self.0.clone();
        let arrived = arrived.wait_for(|arrived| arrived.bytes > position).await;
        arrived.ok().map(|arrived| arrived.bytes)
    }

    /// How many bytes have arrived.
    pub(crate) fn bytes(&self) -> u64 {
        self.0.borrow().bytes
    }

    /// Waits for the end; false if the body broke off.
    pub(crate) async fn is_complete(&self) -> bool {
        self.0.clone().wait_for(|arrived| arrived.is_complete).await.is_ok()
    }

    /// The BLAKE3 hash of the whole, in hex, once all of it has arrived.
    pub(crate) fn blake3(&self) -> Option<String> {
        self.0.borrow().blake3.map(|hash| hash.to_hex().to_string())
    }
}

impl Progress {
    /// So many bytes are here and can be read.
    pub(crate) fn tell(&self, bytes: u64) {
        self.0.send_replace(Arrived {
            bytes,
            ..Arrived::default()
        });
    }

    /// Nothing more will come, and everything is right.
    pub(crate) fn end(&self, bytes: u64, blake3: Option<blake3::Hash>) {
        self.0.send_replace(Arrived {
            bytes,
            is_complete: true,
            blake3,
        });
    }
}
