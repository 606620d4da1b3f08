//! `pipeline trace`: the whole story of an email or a file.

mod command;
pub(crate) mod picture;

pub use command::trace;
