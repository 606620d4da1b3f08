//! The attachments of an email with mail-parser.

use std::fs;
use std::io::Write;

use anyhow::Context as _;
use mail_parser::{MessageParser, MimeHeaders as _};

pub fn with_mail_parser(path: &str, mut out: impl Write) -> anyhow::Result<()> {
    let email = fs::read(path)?;
    let message = MessageParser::default().parse(&email).context("no email")?;
    for part in message.attachments() {
        part.attachment_name().context("no name")?;
        out.write_all(part.contents())?;
    }
    Ok(())
}
