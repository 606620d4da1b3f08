//! The failure queue's way back.

use std::path::Path;

use anyhow::{Context, bail};
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::QueueAttributeName;

use crate::ledger::Ledger;
use crate::observer::Clerk;
use crate::place::{Place, Stage};
use crate::progress::Progress;
use crate::stack::LocalStack;
use crate::status::queue_url;

/// Hands the events that were given up to their stages again; a sentence on what was done.
///
/// On AWS they are moved to the redrive queue, which the sweep empties into the functions. On a folder every object that waits is worked
/// on, as each event that was given up is about one of them.
pub(super) async fn replay(place: &mut Place, data: &Path, dry_run: bool) -> anyhow::Result<String> {
    match place {
        Place::Stage(_, stage) => redrive(stage, dry_run).await,
        Place::Own(stack) => work_off(stack, data, dry_run).await,
        Place::Serve(..) => bail!(
            "`pipeline serve` is running on this folder, and tries again what it gave up when it is started anew: stop and start it"
        ),
    }
}

async fn redrive(stage: &Stage, dry_run: bool) -> anyhow::Result<String> {
    let client = Client::new(&stage.aws);
    let from = queue_url(&client, &stage.name, "failures").await?;
    let to = queue_url(&client, &stage.name, "redrive").await?;
    let (from, count) = arn_and_count(&client, &from).await?;
    let (to, _) = arn_and_count(&client, &to).await?;
    if dry_run {
        return Ok(format!("{count} events would be sent again."));
    }
    let request = client.start_message_move_task().source_arn(from).destination_arn(to);
    request.send().await.context("the failure queue cannot be redriven")?;
    Ok(format!(
        "{count} events are moved to the redrive queue; the sweep hands them to their functions."
    ))
}

async fn arn_and_count(client: &Client, url: &str) -> anyhow::Result<(String, String)> {
    let (arn, count) = (
        QueueAttributeName::QueueArn,
        QueueAttributeName::ApproximateNumberOfMessages,
    );
    let request = client
        .get_queue_attributes()
        .queue_url(url)
        .attribute_names(arn.clone())
        .attribute_names(count.clone());
    let answer = request.send().await.context("the queue cannot be asked")?;
    let attribute = |name| answer.attributes().and_then(|attributes| attributes.get(name)).cloned();
    Ok((
        attribute(&arn).context("SQS does not tell the queue's ARN")?,
        attribute(&count).unwrap_or_default(),
    ))
}

async fn work_off(stack: &mut LocalStack, data: &Path, dry_run: bool) -> anyhow::Result<String> {
    let unfinished = stack.unfinished().await?;
    let count = unfinished.len();
    if dry_run {
        return Ok(format!("{count} objects would be worked on again."));
    }
    let mut ledger = Ledger::default();
    let progress = Progress::on_terminal();
    let mut clerk = Clerk {
        buckets: LocalStack::buckets(),
        ledger: &mut ledger,
        progress: Some(&progress),
    };
    let nobody = std::future::ready(());
    stack.dispatcher().work(unfinished, nobody, &mut clerk).await;
    progress.finish();
    let failures: Vec<String> = ledger.failures().collect();
    if !failures.is_empty() {
        bail!("it could not be handled, and is kept: {}", failures.join("; "));
    }
    // Everything that waited is done, and so is whatever those events were about.
    let given_up = data.join(".pipeline").join("failures");
    for entry in std::fs::read_dir(given_up).into_iter().flatten().flatten() {
        std::fs::remove_file(entry.path()).context("the failure queue cannot be emptied")?;
    }
    Ok(format!("{count} objects were worked on again."))
}
