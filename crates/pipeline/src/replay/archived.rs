//! What a replay has set aside, `archive-replay/<origin>/<generation>/<rest>` in unprocessable.

use std::collections::HashMap;

use pipeline_core::store::ObjectHead;
use pipeline_core::{Key, Origin, Provenance};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The metadata that names the receipt which is to be retired, by the moment when its work began.
const RETIRES: &str = "retires";

/// An object that a replay has set aside, as its metadata tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Archived {
    pub(super) origin: Origin,
    /// The generation that it becomes.
    pub(super) generation: u32,
    /// When the work of the receipt began that is to be retired.
    pub(super) retires: OffsetDateTime,
}

impl Archived {
    /// `None` of what no replay has set aside.
    pub(super) fn read(key: &Key, head: &ObjectHead) -> Option<Self> {
        let (origin, provenance) = Provenance::from_metadata(&head.metadata)?;
        let retires = OffsetDateTime::parse(head.metadata.get(RETIRES)?, &Rfc3339).ok()?;
        (key.replayed_origin() == Some(origin)).then_some(Self {
            origin,
            generation: provenance.generation,
            retires,
        })
    }

    /// The metadata: those of the reject, and these.
    pub(super) fn metadata(&self, mut of_reject: HashMap<String, String>) -> HashMap<String, String> {
        of_reject.insert("generation".to_owned(), self.generation.to_string());
        if let Ok(retires) = self.retires.format(&Rfc3339) {
            of_reject.insert(RETIRES.to_owned(), retires);
        }
        of_reject
    }
}
