//! `pipeline status`: what waits, what came of the last day, and whether anything is stuck.

mod command;
mod failure_queue;
mod look;
mod table;
mod waiting;

pub use command::status;
pub(crate) use failure_queue::queue_url;
