//! What became of an event.

use crate::bucket::Bucket;
use crate::key::Key;
use crate::origin::Origin;
use crate::receipt::Receipt;
use crate::stage::Stage;
use crate::step::Failure;

/// What became of an event.
#[derive(Debug)]
pub enum Handled {
    /// The object was worked on; the receipt says how.
    Now(Box<Receipt>),
    /// The work had been done before.
    Before(Before),
}

/// Work that had been done before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Before {
    /// How one sees it.
    pub earlier: Earlier,
    /// What the object is.
    pub about: About,
}

/// What an object is, as far as the work has found out: for logs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct About {
    /// The email's key in the inbox.
    pub message: Option<String>,
    /// The area.
    pub area: Option<String>,
    /// The object's origin.
    pub origin: Option<Origin>,
}

/// How one sees that the work had been done before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Earlier {
    /// The source is gone.
    SourceGone,
    /// There is a receipt for this origin.
    Receipt(Origin),
}

/// An object that could not be worked on; a retry may.
#[derive(Debug, thiserror::Error)]
#[error("{stage} failed on {bucket}/{key}")]
pub struct RunError {
    /// The stage's name.
    pub stage: &'static str,
    /// The bucket's name.
    pub bucket: String,
    /// The object's key.
    pub key: String,
    /// What the object is.
    pub about: About,
    /// Why.
    #[source]
    pub failure: Failure,
}

impl About {
    /// What the key alone tells: in the inbox that it is an email, elsewhere its area and its origin.
    #[must_use]
    pub fn from_key(stage: Stage, key: &Key) -> Self {
        if stage.source() == Bucket::Inbox {
            return Self {
                message: Some(key.to_string()),
                ..Self::default()
            };
        }
        let (area, origin, _) = key.parse_staging();
        Self {
            message: None,
            area: area.map(|area| area.to_string()),
            origin,
        }
    }
}
