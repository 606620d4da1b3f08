//! What the server answers: codes of RFC 5321 section 4.2.3, each with its enhanced code (RFC 3463).

use std::fmt::{self, Display};

use smtp_proto::Error;

/// A reply of one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reply {
    code: u16,
    enhanced: &'static str,
    text: String,
}

impl Reply {
    pub(crate) fn new(code: u16, enhanced: &'static str, text: impl Into<String>) -> Self {
        let text = text.into();
        Self { code, enhanced, text }
    }

    pub(crate) fn ok() -> Self {
        Self::new(250, "2.0.0", "OK")
    }

    /// The end of the answer to `EHLO`, whose lines have no enhanced codes (RFC 2034 section 4).
    pub(crate) fn end_of_hello() -> Self {
        Self::new(250, "", "ENHANCEDSTATUSCODES")
    }

    pub(crate) fn bad_sequence(text: &str) -> Self {
        Self::new(503, "5.5.1", text)
    }

    /// Whether the client did something wrong.
    pub(crate) const fn is_error(&self) -> bool {
        self.code >= 500
    }

    /// The answer to a line that is no command.
    pub(crate) fn to_error(error: &Error) -> Self {
        match error {
            Error::InvalidSenderAddress => Self::new(553, "5.1.7", "This is no address of a sender"),
            Error::InvalidRecipientAddress => Self::new(553, "5.1.3", "This is no address of a recipient"),
            Error::SyntaxError { syntax } => Self::new(501, "5.5.4", format!("Syntax: {syntax}")),
            Error::InvalidParameter { param } => Self::new(501, "5.5.4", format!("The parameter {param} is wrong")),
            // What the client sent is not sent back: it might hold anything.
            Error::UnsupportedParameter { .. } => Self::new(555, "5.5.4", "This parameter is not supported"),
            Error::ResponseTooLong => Self::new(500, "5.5.2", "The line is too long"),
            _ => Self::new(500, "5.5.2", "This is no command"),
        }
    }
}

impl Display for Reply {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} ", self.code)?;
        if !self.enhanced.is_empty() {
            write!(formatter, "{} ", self.enhanced)?;
        }
        // A text of the mailbox must not look like another reply.
        for c in self.text.chars().filter(|c| !c.is_control()) {
            write!(formatter, "{c}")?;
        }
        formatter.write_str("\r\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_is_one_line_whatever_is_said() {
        let reply = Reply::new(550, "5.1.1", "no\r\n250 yes");
        assert_eq!(reply.to_string(), "550 5.1.1 no250 yes\r\n");
    }
}
