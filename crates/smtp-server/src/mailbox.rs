//! Who gets the messages.

use std::net::SocketAddr;

/// Takes messages from the server.
pub trait Mailbox: Send + Sync + 'static {
    /// Whether messages to this address are taken.
    ///
    /// # Errors
    /// Why not, as a sentence for the sender, who is answered 550.
    fn accepts(&self, recipient: &str) -> Result<(), String>;

    /// Stores a message, and gives the name that the sender may know it by. Once this has succeeded, the message is answered for.
    fn store(&self, message: Message) -> impl Future<Output = Result<String, Unstored>> + Send;
}

/// A message and its envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Who connected.
    pub peer: SocketAddr,
    /// As which host it greeted.
    pub host: String,
    /// By which protocol it came.
    pub protocol: Protocol,
    /// The sender's address, without brackets; empty for a bounce.
    pub sender: String,
    /// The addresses that it is for, each once, in the order of their commands; at least one.
    pub recipients: Vec<String>,
    /// The message as it was sent, without the dots that SMTP doubles.
    pub bytes: Vec<u8>,
}

/// What stands behind `with` in a `Received` field (RFC 3848 and RFC 6531).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// `HELO` was said.
    Smtp,
    /// `EHLO` was said.
    Esmtp,
    /// `EHLO` was said, and `SMTPUTF8` of this message.
    Utf8Smtp,
}

impl Protocol {
    /// As `Received` fields spell it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Smtp => "SMTP",
            Self::Esmtp => "ESMTP",
            Self::Utf8Smtp => "UTF8SMTP",
        }
    }
}

/// The message could not be stored; the sender is answered 451, and may try again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unstored;
