//! `pipeline serve`: the whole pipeline on this machine, for as long as one likes.

pub mod endpoint;
mod own_folder;

pub use endpoint::Endpoint;
