//! The `pipeline` command: the whole pipeline on one machine.
//!
//! It starts an embedded S3 over a folder and calls the very steps that Lambda runs, with the events that S3 sends.

mod address;
pub mod args;
mod chapter;
mod dispatcher;
mod inbox;
mod inputs;
mod ledger;
mod observer;
mod progress;
mod report;
pub mod run;
mod s3_event;
pub mod send;
pub mod serve;
mod stack;
mod stages;
mod story;
mod terminal;
mod unfinished;
mod upload;
pub mod web;

pub use dispatcher::Dispatcher;
pub use ledger::Ledger;
pub use s3_event::s3_event;
pub use stack::LocalStack;
pub use stages::Stages;
pub use story::{Delivered, Outcome, Rejected, Story};
