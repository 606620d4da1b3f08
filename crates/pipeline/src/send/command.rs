//! `pipeline send`.

use std::io::{self, Write};
use std::net::Ipv4Addr;
use std::process::ExitCode;

use anyhow::Context;
use pipeline_core::Vars;
use smtp_server::{Message, Protocol};

use super::email::Email;
use super::smtp::hand_over;
use crate::args::SendArgs;
use crate::inbox::Inbox;
use crate::place::Place;
use crate::serve::Endpoint;
use crate::terminal;

/// Where `pipeline serve` listens unless it is told otherwise.
const DEFAULT_SMTP: &str = "127.0.0.1:2525";

/// Sends an email, and prints by which name it can be traced.
///
/// # Errors
/// If a file cannot be read, or the email cannot be sent.
pub async fn send(args: &SendArgs) -> anyhow::Result<ExitCode> {
    let email = Email::of(args)?;
    if let Some(stage) = &args.stage {
        let key = into_inbox(stage, email).await?;
        writeln!(io::stdout(), "{key}")?;
        return Ok(ExitCode::SUCCESS);
    }
    let server = server(args)?;
    let message_id = email.message_id.clone();
    let reply = {
        let server = server.clone();
        tokio::task::spawn_blocking(move || hand_over(&server, &email)).await??
    };
    let name = match key(&reply) {
        Some(key) => key.to_owned(),
        None => {
            terminal::warn(&format!("{server} says: {reply}"))?;
            message_id
        }
    };
    writeln!(io::stdout(), "{name}")?;
    Ok(ExitCode::SUCCESS)
}

/// Puts the email into a stage's inbox as the mail service would.
async fn into_inbox(stage: &str, email: Email) -> anyhow::Result<String> {
    let place = Place::open_stage(stage, &mut Vars::from_env()).await?;
    let inbox = Inbox::new(place.store().clone(), Vec::new());
    let message = Message {
        peer: (Ipv4Addr::LOCALHOST, 0).into(),
        host: "pipeline-send".to_owned(),
        protocol: Protocol::Esmtp,
        sender: email.sender,
        recipients: email.recipients,
        bytes: email.bytes,
    };
    inbox.put(&message).await.with_context(|| {
        format!("the inbox of stage {stage} does not take it: do AWS_PROFILE or AWS_ACCESS_KEY_ID, and AWS_REGION, say who asks, and where?")
    })
}

fn server(args: &SendArgs) -> anyhow::Result<String> {
    if let Some(server) = &args.smtp {
        return Ok(server.clone());
    }
    let endpoint = Endpoint::read(&args.data).context("what `pipeline serve` tells of itself cannot be read")?;
    Ok(endpoint.map_or_else(|| DEFAULT_SMTP.to_owned(), |endpoint| endpoint.smtp))
}

/// The key in the inbox, as `pipeline serve` tells it.
fn key(reply: &str) -> Option<&str> {
    let key = reply.strip_prefix("2.0.0 OK ")?;
    let is_key = key.len() == 40
        && key
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    is_key.then_some(key)
}
