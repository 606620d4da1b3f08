//! The mail service that sends replies.

use aws_sdk_ses::Client;
use aws_sdk_ses::config::retry::RetryConfig;
use aws_sdk_ses::config::{Builder, Region};
use aws_sdk_ses::error::ProvideErrorMetadata;
use aws_sdk_ses::primitives::Blob;
use aws_sdk_ses::types::RawMessage;
use pipeline_core::aws;

use crate::mailbox::Mailbox;

/// SES, in the region where `REPLY_FROM` is verified.
#[derive(Debug, Clone)]
pub struct Mailer {
    client: Client,
    from: Mailbox,
}

/// A letter that SES did not take. What it says may have the address in it, and is not repeated.
#[derive(Debug, thiserror::Error)]
#[error("SES did not take a reply: {code}")]
pub struct MailerError {
    /// The SES API's error code, for instance `MessageRejected`, or what kept it from being asked.
    pub code: String,
}

impl Mailer {
    /// SES, reached by a client that exists.
    #[must_use]
    pub const fn new(client: Client, from: Mailbox) -> Self {
        Self { client, from }
    }

    /// SES on AWS as the environment says, in another region if one is given.
    #[must_use]
    pub fn from_env(from: Mailbox, region: Option<String>) -> Self {
        // An attempt whose answer was lost may have sent the letter: so there is no second.
        let mut ses = Builder::from(&aws::config("SES")).retry_config(RetryConfig::disabled());
        if let Some(region) = region {
            ses = ses.region(Region::new(region));
        }
        Self::new(Client::from_conf(ses.build()), from)
    }

    /// Whose letters they are.
    #[must_use]
    pub const fn from(&self) -> &Mailbox {
        &self.from
    }

    /// Sends a letter.
    ///
    /// # Errors
    /// If SES does not take it; it is not tried again, since it may have been sent.
    pub async fn send(&self, to: &Mailbox, letter: Vec<u8>) -> Result<(), MailerError> {
        let message = RawMessage::builder().data(Blob::new(letter)).build();
        let message = message.map_err(|_| MailerError {
            code: "NoLetter".to_owned(),
        })?;
        let send = self
            .client
            .send_raw_email()
            .source(self.from.expose())
            .destinations(to.expose());
        match send.raw_message(message).send().await {
            Ok(_) => Ok(()),
            Err(error) => {
                let code = error.as_service_error().and_then(ProvideErrorMetadata::code);
                Err(MailerError {
                    code: code.unwrap_or("Unreachable").to_owned(),
                })
            }
        }
    }
}
