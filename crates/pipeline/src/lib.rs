//! The `pipeline` command: the whole pipeline on one machine.
//!
//! It starts an embedded S3 over a folder and calls the very steps that Lambda runs, with the events that S3 sends.

mod address;
pub mod args;
mod chapter;
pub mod convert;
mod dispatcher;
mod exit;
mod inbox;
mod inputs;
pub mod inspect;
mod ledger;
mod observer;
mod one_file;
pub mod place;
mod progress;
pub mod replay;
mod report;
pub mod run;
mod s3_event;
pub mod send;
pub mod serve;
pub mod shell;
mod stack;
mod stages;
pub mod status;
mod story;
mod terminal;
pub mod trace;
mod unfinished;
mod upload;
pub mod web;

pub use crate::story::{Delivered, Outcome, Rejected, Story};
pub use dispatcher::Dispatcher;
pub use ledger::Ledger;
pub use s3_event::s3_event;
pub use stack::{LocalStack, client};
pub use stages::Stages;
