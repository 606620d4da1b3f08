//! Hands the objects of events that failed to their stages again: the failure queue's way back.

use std::time::Instant;

use futures::{StreamExt, stream};
use pipeline_core::event::{Decoded, Record};
use pipeline_core::lambda::batch_answer;
use pipeline_core::telemetry::chain;
use pipeline_core::{ObjectEvent, Stage};
use serde_json::{Value, json};

use crate::error::SweepError;
use crate::stops::{Stops, until};
use crate::sweep::{HAND_OVERS_AT_ONCE, Sweep};

impl Sweep {
    /// Gives every object to its bucket's stage, each in an event of its own.
    ///
    /// Of a queue's messages the answer names those that failed: that cannot be decoded, that are about a bucket without a
    /// stage, or one of whose objects could not be handed over. The queue keeps these. (Lambda developer guide, "Implementing
    /// partial batch responses".)
    ///
    /// # Errors
    /// The first error, if the event did not come by a queue.
    pub async fn hand_over(&self, decoded: Decoded, deadline: Option<Instant>) -> Result<Value, SweepError> {
        let stop = Stops::before(deadline, Instant::now()).sending;
        let mut failed = decoded.undecodable_messages;
        for message in &failed {
            tracing::error!(
                error_type = "UnknownEvent",
                message_id = message,
                "a message cannot be decoded"
            );
        }
        let mut first_error = None;
        let objects = decoded.objects.len();
        let mut handing_over = stream::iter(decoded.objects)
            .map(|object| async move {
                let handed_over = self.hand_over_one(&object, stop).await;
                (object, handed_over)
            })
            .buffer_unordered(HAND_OVERS_AT_ONCE);
        while let Some((object, handed_over)) = handing_over.next().await {
            let (bucket, key) = (object.bucket.as_str(), object.key.as_str());
            match handed_over {
                Ok(stage) => tracing::info!(bucket, key, stage = stage.as_str(), "the object was handed over again"),
                Err(error) => {
                    tracing::error!(
                        bucket,
                        key,
                        message_id = object.message_id,
                        error_type = error.error_type(),
                        cause = chain(&error),
                        "the object could not be handed over again"
                    );
                    failed.extend(object.message_id);
                    first_error.get_or_insert(error);
                }
            }
        }
        match first_error {
            Some(error) if !decoded.from_queue => Err(error),
            _ if decoded.from_queue => Ok(batch_answer(failed)),
            _ => Ok(json!({"handed_over": objects})),
        }
    }

    async fn hand_over_one(&self, object: &ObjectEvent, stop: Option<Instant>) -> Result<Stage, SweepError> {
        let (bucket, key) = (object.bucket.clone(), object.key.to_string());
        let Some(stage) = self.store.buckets().role(&bucket).and_then(Stage::of_bucket) else {
            return Err(SweepError::NoStage { bucket, key });
        };
        let record = Record {
            bucket: &object.bucket,
            key: &object.key,
            event_name: "ObjectCreated:Put",
            event_time: object.event_time,
            content: None,
        };
        match until(stop, self.functions.hand_over(stage, &record)).await {
            Some(handed_over) => Ok(handed_over.map(|()| stage)?),
            None => Err(SweepError::Deadline { bucket, key }),
        }
    }
}
