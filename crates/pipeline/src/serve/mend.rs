//! Finds what got stuck, or was put into a bucket's folder by hand, and has it tried (again): what `sweep` does on AWS.

use std::time::Duration;

use time::OffsetDateTime;

use super::state::State;
use crate::unfinished::unfinished;

/// What was put so lately is being worked on, or still being copied.
const SETTLED: Duration = Duration::from_secs(5);

/// Looks again and again.
pub(super) async fn mend(state: State, every: Duration) {
    loop {
        tokio::time::sleep(every).await;
        if let Err(error) = look(&state).await {
            tracing::warn!(
                error = format!("{error:#}"),
                "the buckets could not be searched for what is stuck"
            );
        }
    }
}

async fn look(state: &State) -> anyhow::Result<()> {
    let failed_before = state.failures().list();
    let now = OffsetDateTime::now_utc();
    let waiting = unfinished(state.store()).await?;
    for failed in failed_before {
        let name = state.store().buckets().name(failed.bucket);
        if !waiting
            .iter()
            .any(|created| created.bucket == name && created.key == failed.key)
        {
            // Somebody took it away, or it was handled by another way.
            state.failures().remove(failed.bucket, &failed.key);
        }
    }
    for created in waiting {
        let Some(bucket) = state.store().buckets().role(&created.bucket) else {
            continue;
        };
        if now - created.time >= SETTLED && state.failures().is_due(bucket, &created.key, now) {
            state.try_again(created);
        }
    }
    Ok(())
}
