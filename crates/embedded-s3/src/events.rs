//! Events: what S3 tells its subscribers.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html>

use std::fmt;
use std::sync::{Mutex, PoisonError};
use time::OffsetDateTime;
use tokio::sync::mpsc;

/// An object was created, and can be read by now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectCreated {
    /// The bucket's name.
    pub bucket: String,
    /// The key as it is. (In the JSON of AWS it is URL-encoded.)
    pub key: String,
    /// In bytes.
    pub size: u64,
    /// Without quotes, as in events of AWS.
    pub etag: String,
    /// By which request.
    pub event_name: EventName,
    /// When the request was finished.
    pub time: OffsetDateTime,
    /// Hexadecimal. Of two events, that with the greater one (as text: all have the same length) came later.
    pub sequencer: String,
}

/// The request that created an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EventName {
    /// PutObject.
    Put,
    /// An HTML form.
    Post,
    /// CopyObject.
    Copy,
    /// CompleteMultipartUpload.
    CompleteMultipartUpload,
}

impl EventName {
    /// As `eventName` in the JSON of AWS: `ObjectCreated:Put` and so on.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Put => "ObjectCreated:Put",
            Self::Post => "ObjectCreated:Post",
            Self::Copy => "ObjectCreated:Copy",
            Self::CompleteMultipartUpload => "ObjectCreated:CompleteMultipartUpload",
        }
    }
}

impl fmt::Display for EventName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// Those who want to know.
#[derive(Debug, Default)]
pub(crate) struct Subscribers {
    senders: Mutex<Vec<mpsc::UnboundedSender<ObjectCreated>>>,
}

impl Subscribers {
    pub(crate) fn subscribe(&self) -> mpsc::UnboundedReceiver<ObjectCreated> {
        let (sender, receiver) = mpsc::unbounded_channel();
        self.senders.lock().unwrap_or_else(PoisonError::into_inner).push(sender);
        receiver
    }

    /// Tells all subscribers, and forgets those who have gone.
    pub(crate) fn announce(&self, event: &ObjectCreated) {
        let mut senders = self.senders.lock().unwrap_or_else(PoisonError::into_inner);
        senders.retain(|sender| sender.send(event.clone()).is_ok());
    }
}
