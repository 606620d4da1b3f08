//! The parts of an email, and which of them are files.

mod body_table;
pub(crate) mod entity;
pub(crate) mod file_name;
pub(crate) mod mime;
pub(crate) mod piece;
pub(crate) mod tnef;
pub(crate) mod tnef_props;
pub(crate) mod unpack;
