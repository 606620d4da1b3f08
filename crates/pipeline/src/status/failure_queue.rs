//! How many events were given up.

use std::path::Path;

use anyhow::Context;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::QueueAttributeName;
use serde::Serialize;

use crate::place::{Place, Stage};

/// What lies in the failure queue.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct FailureQueue {
    /// How many events; `None` if the queue cannot be asked.
    pub(crate) events: Option<u64>,
    /// Why it cannot be asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) problem: Option<String>,
}

impl FailureQueue {
    /// Looks into the queue. The rest of the status is worth telling without it, so that it cannot be asked is no failure.
    pub(crate) async fn look(place: &Place, data: &Path) -> Self {
        let events = match place {
            Place::Stage(_, stage) => in_sqs(stage).await,
            Place::Own(_) | Place::Serve(..) => in_folder(data),
        };
        match events {
            Ok(events) => Self {
                events: Some(events),
                problem: None,
            },
            Err(error) => Self {
                events: None,
                problem: Some(format!("{error:#}")),
            },
        }
    }
}

async fn in_sqs(stage: &Stage) -> anyhow::Result<u64> {
    let client = Client::new(&stage.aws);
    let url = queue_url(&client, &stage.name, "failures").await?;
    let wanted = QueueAttributeName::ApproximateNumberOfMessages;
    let request = client
        .get_queue_attributes()
        .queue_url(url)
        .attribute_names(wanted.clone());
    let answer = request.send().await.context("the failure queue cannot be asked")?;
    let count = answer.attributes().and_then(|attributes| attributes.get(&wanted));
    count
        .and_then(|count| count.parse().ok())
        .context("SQS does not tell how many events are in the failure queue")
}

/// The address of one of a stage's queues.
pub(crate) async fn queue_url(client: &Client, stage: &str, queue: &str) -> anyhow::Result<String> {
    let name = format!("data-pipeline-{stage}-{queue}");
    let answer = client.get_queue_url().queue_name(&name).send().await;
    let answer = answer.with_context(|| format!("the queue {name} cannot be found"))?;
    answer
        .queue_url
        .with_context(|| format!("SQS does not tell where the queue {name} is"))
}

/// `pipeline serve` keeps a file for each event that it gave up.
fn in_folder(data: &Path) -> anyhow::Result<u64> {
    match std::fs::read_dir(data.join(".pipeline").join("failures")) {
        Ok(entries) => Ok(entries.flatten().count() as u64),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(0),
        Err(error) => Err(error).context("the failure queue cannot be read"),
    }
}
