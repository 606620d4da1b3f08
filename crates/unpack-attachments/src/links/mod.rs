//! Links that stand in for attachments: finding them, checking them, fetching what they lead to.

pub(crate) mod download;
pub(crate) mod find;
pub(crate) mod html;
pub(crate) mod places;
pub(crate) mod public_address;
pub(crate) mod resolver;
pub(crate) mod safe_link;
mod windows;
