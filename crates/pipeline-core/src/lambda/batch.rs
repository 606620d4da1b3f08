//! The answer to a batch of a queue's messages.

use serde_json::{Value, json};

/// The messages that failed, each once; the queue keeps only these (Lambda developer guide, "Implementing partial batch responses").
#[must_use]
pub fn batch_answer(mut failed: Vec<String>) -> Value {
    failed.sort();
    failed.dedup();
    let failures: Vec<Value> = failed.into_iter().map(|id| json!({"itemIdentifier": id})).collect();
    json!({"batchItemFailures": failures})
}
