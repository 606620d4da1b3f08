//! The topic that operators have subscribed to.

use aws_sdk_sns::Client;
use aws_sdk_sns::error::ProvideErrorMetadata;
use pipeline_core::aws;

use crate::error::NotifyError;
use crate::notice::Notice;

/// An SNS topic.
#[derive(Debug, Clone)]
pub struct Topic {
    client: Client,
    arn: String,
}

impl Topic {
    /// The topic, reached by a client that exists.
    #[must_use]
    pub const fn new(client: Client, arn: String) -> Self {
        Self { client, arn }
    }

    /// The topic on AWS as the environment says.
    #[must_use]
    pub fn from_env(arn: String) -> Self {
        Self::new(Client::new(&aws::config("SNS")), arn)
    }

    /// Publishes a letter.
    ///
    /// # Errors
    /// If SNS does not take it; the SDK has tried several times then.
    pub async fn publish(&self, notice: &Notice) -> Result<(), NotifyError> {
        let publish = self.client.publish().topic_arn(&self.arn);
        match publish.subject(&notice.subject).message(&notice.body).send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(match error.as_service_error().and_then(ProvideErrorMetadata::code) {
                Some(code) => NotifyError::TopicRefused { code: code.to_owned() },
                None => NotifyError::TopicUnreachable {
                    source: Box::new(error),
                },
            }),
        }
    }
}
