//! The pipeline's only way to S3.

mod budget;
mod client;
mod copy;
mod error;
mod pages;
mod place;
mod upload;

pub(crate) use budget::OnItsWay;
pub use client::{ObjectHead, Put, Store};
pub use error::StoreError;
pub use pages::{Listed, Pages};
pub(crate) use place::Held;
pub use place::{Content, Placed, Target};
pub use upload::{PART_BYTES, Part, Upload};
