//! `pipeline send`: an email with files, to try a pipeline.

mod command;
mod email;
mod smtp;

pub use command::send;
