//! The parts of an email, and which of them are files.

pub(crate) mod entity;
pub(crate) mod file_name;
pub(crate) mod mime;
pub(crate) mod tnef;
pub(crate) mod tnef_props;
pub(crate) mod unpack;
