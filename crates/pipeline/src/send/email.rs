//! The email.

use std::fs;
use std::path::Path;

use anyhow::Context;
use mail_builder::MessageBuilder;
use unpack_attachments::Address;

use crate::address::written;
use crate::args::SendArgs;
use crate::inbox::random_key;

/// An email that is ready to be sent.
#[derive(Debug)]
pub(super) struct Email {
    pub(super) sender: String,
    pub(super) recipients: Vec<String>,
    /// Without brackets.
    pub(super) message_id: String,
    pub(super) bytes: Vec<u8>,
}

impl Email {
    /// The email that the command line describes.
    pub(super) fn of(args: &SendArgs) -> anyhow::Result<Self> {
        let sender = text(&args.from);
        let recipients: Vec<String> = args.to.iter().map(text).collect();
        let message_id = format!("{}@pipeline-send", random_key()?);
        let mut names = Vec::new();
        let mut builder = MessageBuilder::new()
            .message_id(message_id.clone())
            .from(sender.clone())
            .to(recipients.clone());
        for path in &args.files {
            let name = name(path)?;
            let bytes = fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
            // Of a type that is sent in base64, so that every byte arrives as it is.
            builder = builder.attachment("application/octet-stream", name.clone(), bytes);
            names.push(name);
        }
        let names = names.join(", ");
        let subject = args.subject.clone().unwrap_or_else(|| names.clone());
        let bytes = builder
            .subject(subject)
            .text_body(format!("Sent by pipeline send: {names}"))
            .write_to_vec()
            .context("this makes no email")?;
        Ok(Self {
            sender,
            recipients,
            message_id,
            bytes,
        })
    }
}

fn text(address: &Address) -> String {
    written(&format!("{}@{}", address.local_part, address.domain))
}

fn name(path: &Path) -> anyhow::Result<String> {
    let name = path
        .file_name()
        .with_context(|| format!("{} is no file", path.display()))?;
    Ok(name.to_string_lossy().into_owned())
}
