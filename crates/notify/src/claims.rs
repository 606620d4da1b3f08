//! Who tells of what: claims in the receipts bucket, below `notified/`.
//!
//! A claim is `notified/<origin of what entered>-<hash of the set of rejects>.json`, written on the condition that there is none, before
//! anybody is told. It holds what is to be told, so that another attempt tells the same. When all is told, `….told.json` is written beside
//! it. A claim without that whose owner has had time enough to finish is taken over: operators are told at least once.

use std::collections::HashSet;
use std::time::Duration;

use pipeline_core::store::Put;
use pipeline_core::{Bucket, Key, Origin, Store, StoreError};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::case::{Case, Mark};
use crate::error::NotifyError;
use crate::notice::Notice;

/// Everything of this function lies below it. No origin begins like that, so that no receipt does.
pub const PREFIX: &str = "notified/";

/// How long the owner of a claim has to finish it: more than the function's time-out, and less than until a message comes again.
pub const LEASE: Duration = Duration::from_secs(10 * 60);

const TOLD: &str = ".told.json";

/// What is told, and of which rejects.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// 1.
    pub schema: u32,
    /// The role of the bucket in which it entered.
    pub bucket: Bucket,
    /// Its key there.
    pub key: String,
    /// The rejects that are told of.
    pub marks: Vec<Mark>,
    /// What operators are told.
    pub notice: Notice,
    /// What the sender is told, if it is answered.
    pub reply: Option<String>,
}

/// A claim, and how far it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// Where it lies.
    pub key: Key,
    /// What it says.
    pub claim: Claim,
    /// Whether all was told.
    pub is_told: bool,
    /// When it was written.
    pub since: OffsetDateTime,
}

impl Claimed {
    /// Whether its owner should have finished it.
    #[must_use]
    pub fn is_abandoned(&self, now: OffsetDateTime) -> bool {
        !self.is_told && now - self.since > LEASE
    }
}

/// The claims of one case.
#[derive(Debug, Clone)]
pub struct Claims<'a> {
    store: &'a Store,
    origin: Origin,
}

impl<'a> Claims<'a> {
    /// Those of what entered with this origin.
    #[must_use]
    pub const fn of(store: &'a Store, origin: Origin) -> Self {
        Self { store, origin }
    }

    /// All that there are.
    ///
    /// # Errors
    /// If S3 does not answer, or a claim cannot be read.
    pub async fn read(&self) -> Result<Vec<Claimed>, NotifyError> {
        let listed = self
            .store
            .list(Bucket::Receipts, &format!("{PREFIX}{}-", self.origin))
            .await?;
        let told: HashSet<&str> = listed
            .iter()
            .filter_map(|object| object.key.as_str().strip_suffix(TOLD))
            .collect();
        let mut claims = Vec::new();
        for object in &listed {
            let Some(name) = object
                .key
                .as_str()
                .strip_suffix(".json")
                .filter(|_| !object.key.as_str().ends_with(TOLD))
            else {
                continue;
            };
            let Some(json) = self.store.get_bytes(Bucket::Receipts, &object.key).await? else {
                continue;
            };
            let claim = serde_json::from_slice(&json).map_err(|source| NotifyError::Claim {
                key: object.key.to_string(),
                source,
            })?;
            claims.push(Claimed {
                key: object.key.clone(),
                claim,
                is_told: told.contains(name),
                since: object.last_modified,
            });
        }
        Ok(claims)
    }

    /// Claims the case; `None` if another has.
    ///
    /// # Errors
    /// If S3 does not answer.
    pub async fn claim(
        &self,
        case: &Case,
        notice: Notice,
        reply: Option<String>,
    ) -> Result<Option<Claimed>, NotifyError> {
        let key = Key::new(format!("{PREFIX}{}-{}.json", self.origin, case.id()));
        let claim = Claim {
            schema: 1,
            bucket: case.bucket,
            key: case.key.clone(),
            marks: case.marks(),
            notice,
            reply,
        };
        Ok(self.put(&key, &claim).await?.then(|| Claimed {
            key,
            claim,
            is_told: false,
            since: OffsetDateTime::now_utc(),
        }))
    }

    /// Notes that all of a claim was told.
    ///
    /// # Errors
    /// If S3 does not answer.
    pub async fn told(&self, claimed: &Claimed, sender: &str) -> Result<(), NotifyError> {
        let name = claimed.key.as_str().strip_suffix(".json").unwrap_or_default();
        self.put(
            &Key::new(format!("{name}{TOLD}")),
            &serde_json::json!({"schema": 1, "sender": sender}),
        )
        .await?;
        Ok(())
    }

    /// Claims the one attempt to reply that a claim has. Who gets it may send; nobody ever gets it again.
    ///
    /// # Errors
    /// If S3 does not answer.
    pub async fn only_attempt_to_reply(&self, claimed: &Claimed) -> Result<bool, NotifyError> {
        let name = claimed.key.as_str().strip_prefix(PREFIX).unwrap_or_default();
        self.put(
            &Key::new(format!("{PREFIX}replies/{name}")),
            &serde_json::json!({"schema": 1}),
        )
        .await
    }

    /// Whether it was written now.
    async fn put(&self, key: &Key, content: &impl Serialize) -> Result<bool, NotifyError> {
        let json = serde_json::to_vec(content).map_err(NotifyError::Unwritable)?;
        let put: Result<Put, StoreError> = self.store.put_new(Bucket::Receipts, key, json.into(), [].into()).await;
        Ok(put? == Put::Created)
    }
}
