//! What became of one input, followed from receipt to receipt.

use std::collections::BTreeSet;

use anyhow::Context;
use pipeline_core::{Bucket, Key, Origin, Store};
use serde::{Deserialize, Serialize, Serializer};

use crate::chapter::Chapter;
use crate::ledger::Ledger;

/// What became of one input. As JSON it is a line of `pipeline run --json`.
#[derive(Debug, Clone, Serialize)]
pub struct Story {
    /// The path of the input.
    pub input: String,
    /// How it ended.
    pub outcome: Outcome,
    /// What is in amr-data; as JSON its keys.
    #[serde(serialize_with = "keys")]
    pub delivered: Vec<Delivered>,
    /// What was put aside.
    pub rejected: Vec<Rejected>,
    /// What could not be done; the next run takes it up again.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub failed: Vec<String>,
    /// The areas that it was for.
    #[serde(skip)]
    pub areas: BTreeSet<String>,
}

/// How an input ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Something was delivered, nothing rejected.
    Delivered,
    /// Something was delivered, something rejected.
    Partly,
    /// Nothing was delivered.
    Rejected,
    /// An email without any file.
    NoFiles,
    /// Something could not be done, for a reason that lies not in the input.
    Failed,
}

/// A CSV in amr-data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivered {
    /// Its key.
    pub key: String,
    /// Bytes.
    pub bytes: u64,
    /// Rows, headers counted.
    pub rows: Option<u64>,
}

fn keys<S: Serializer>(delivered: &[Delivered], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(delivered.iter().map(|delivered| &delivered.key))
}

/// Something that was put aside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejected {
    /// Its key in unprocessable; none if it could not even be read.
    pub key: Option<String>,
    /// The stable code.
    pub reason_code: String,
    /// A sentence for people.
    pub reason: String,
}

impl Story {
    /// The story of an input that could not be brought into the pipeline.
    #[must_use]
    pub fn of_failure(input: String, failure: String) -> Self {
        Self {
            failed: vec![failure],
            outcome: Outcome::Failed,
            ..Self::begin(input)
        }
    }

    /// Follows what became of the object that an input was uploaded as.
    ///
    /// # Errors
    /// If a receipt cannot be read.
    pub async fn follow(
        input: String,
        bucket: Bucket,
        key: &Key,
        ledger: &Ledger,
        store: &Store,
    ) -> anyhow::Result<Self> {
        let mut story = Self::begin(input);
        let origin = match ledger.origin(bucket, key) {
            Some(origin) => Some(origin),
            None => origin_of(bucket, key, store).await?,
        };
        let mut no_files = false;
        let mut todo = Vec::new();
        match origin {
            Some(origin) => todo.push((bucket, key.clone(), origin)),
            None => story.fail(bucket, key, ledger),
        }
        while let Some((bucket, key, origin)) = todo.pop() {
            let Some(chapter) = chapter(origin, ledger, store).await? else {
                story.fail(bucket, &key, ledger);
                continue;
            };
            if chapter.outcome == pipeline_core::Outcome::NoFiles {
                no_files = true;
            } else {
                story.areas.extend(chapter.area);
            }
            story.delivered.extend(chapter.delivered);
            story.rejected.extend(chapter.rejected);
            let passed_on = chapter.passed_on.into_iter().rev();
            todo.extend(passed_on.map(|(bucket, key, origin)| (bucket, Key::new(key), origin)));
        }
        story.outcome = story.outcome(no_files);
        Ok(story)
    }

    const fn begin(input: String) -> Self {
        Self {
            input,
            outcome: Outcome::Rejected,
            delivered: Vec::new(),
            rejected: Vec::new(),
            failed: Vec::new(),
            areas: BTreeSet::new(),
        }
    }

    fn fail(&mut self, bucket: Bucket, key: &Key, ledger: &Ledger) {
        let failure = ledger.failure(bucket, key);
        self.failed
            .push(failure.unwrap_or_else(|| format!("{bucket}/{key}: it is still waiting")));
    }

    const fn outcome(&self, no_files: bool) -> Outcome {
        match (
            self.failed.is_empty(),
            self.delivered.is_empty(),
            self.rejected.is_empty(),
        ) {
            (false, _, _) => Outcome::Failed,
            (true, false, true) => Outcome::Delivered,
            (true, false, false) => Outcome::Partly,
            (true, true, true) if no_files => Outcome::NoFiles,
            (true, true, _) => Outcome::Rejected,
        }
    }
}

async fn chapter(origin: Origin, ledger: &Ledger, store: &Store) -> anyhow::Result<Option<Chapter>> {
    if let Some(chapter) = ledger.chapter(origin) {
        return Ok(Some(chapter));
    }
    let key = Key::receipt(origin);
    let Some(json) = store.get_bytes(Bucket::Receipts, &key).await? else {
        return Ok(None);
    };
    let receipt = serde_json::from_slice(&json).with_context(|| format!("the receipt {key} cannot be read"))?;
    Ok(Some(Chapter::of(&receipt)))
}

async fn origin_of(bucket: Bucket, key: &Key, store: &Store) -> anyhow::Result<Option<Origin>> {
    let name = store.buckets().name(bucket);
    let head = store.head(bucket, key).await?;
    Ok(head.map(|head| Origin::of_outside_object(name, key.as_str(), &head.etag, head.last_modified)))
}
