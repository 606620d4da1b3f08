//! `pipeline serve`: the whole pipeline on this machine, for as long as one likes.

mod command;
mod credentials;
mod diary;
pub mod endpoint;
mod failures;
mod mend;
mod own_folder;
mod state;

pub use command::serve;
pub use endpoint::Endpoint;
pub use failures::{Failed, FailureQueue};
pub use state::{Happening, State, UnderWay};
