//! The sixth function: tells people what could not be used, one letter for a whole email.
//!
//! What is put into unprocessable is told to a queue, which calls this function some minutes later. It goes up to the email that the
//! file came with, waits until nothing of that is worked on any more, and tells operators (an SNS topic, and Rollbar) of everything
//! in it that could not be used; and, where `REPLY_TO_SUPPLIERS` is set, the sender, if a person sent it ([`answerable()`]).
//!
//! Operators are told at least once, senders at most once, and neither twice unless something crashes ([`Claims`]).

mod answerable;
mod authentication;
mod case;
mod claims;
mod error;
#[cfg(test)]
mod example;
mod fields;
mod handler;
mod inquiry;
mod look;
mod mailbox;
mod mailer;
mod notice;
mod notify;
mod original;
mod plain;
pub mod reply;
mod senders;
mod settings;
mod topic;

pub use answerable::{NotTold, Ours, answerable, is_for_senders};
pub use case::{Case, Mark, Problem};
pub use claims::{Claim, Claimed, Claims, LEASE, PREFIX};
pub use error::NotifyError;
pub use look::WAIT;
pub use mailbox::Mailbox;
pub use mailer::{Mailer, MailerError};
pub use notice::{Notice, Place};
pub use notify::Notify;
pub use original::{HEADER_BYTES, Original};
pub use settings::{Replies, Settings};
pub use topic::Topic;
