//! What the header of an email says: about parts, recipients, time and the mail service's verdicts.

pub(crate) mod address;
pub(crate) mod fields;
pub(crate) mod parameters;
pub(crate) mod received;
pub(crate) mod recipients;
pub(crate) mod verdicts;
