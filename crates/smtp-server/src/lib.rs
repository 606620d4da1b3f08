//! An SMTP server on loopback, for laptops and tests (RFC 5321).
//!
//! It takes messages and hands each to a [`Mailbox`], byte for byte as it was sent. It answers 250 only after the mailbox has stored
//! the message, and 451 where it could not: whatever happens, a message is the sender's until it is stored.
//!
//! Known extensions: `PIPELINING`, `SIZE`, `8BITMIME`, `SMTPUTF8`, `CHUNKING`, `ENHANCEDSTATUSCODES`. There is no encryption and
//! no login, since nobody but this machine can connect.

mod body;
mod dots;
mod mailbox;
mod options;
mod reply;
mod server;
mod session;
mod wire;

pub use mailbox::{Mailbox, Message, Protocol, Unstored};
pub use options::Options;
pub use server::SmtpServer;
