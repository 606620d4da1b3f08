//! The failure queue: what could not be handled at any attempt. It outlives the process; the objects themselves lie where they are.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use pipeline_core::Bucket;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::own_folder;

const FOLDER: &str = "failures";

/// The pause before an object is tried again; it doubles with every round, up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_secs(60);
const LONGEST_PAUSE: Duration = Duration::from_secs(60 * 60);

/// An object that could not be handled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failed {
    /// The role of its bucket, where it still lies.
    pub bucket: Bucket,
    /// Its key.
    pub key: String,
    /// Why the last attempt failed.
    pub failure: String,
    /// When the first round of attempts had failed.
    #[serde(with = "time::serde::rfc3339")]
    pub since: OffsetDateTime,
    /// When the last one had.
    #[serde(with = "time::serde::rfc3339")]
    pub last: OffsetDateTime,
    /// How many rounds of attempts have failed.
    pub rounds: u32,
}

impl Failed {
    /// Whether its turn has come to be tried again.
    fn is_due(&self, now: OffsetDateTime) -> bool {
        let doublings = self.rounds.saturating_sub(1).min(16);
        let pause = FIRST_PAUSE.saturating_mul(1 << doublings).min(LONGEST_PAUSE);
        now - self.last >= pause
    }

    fn place(&self) -> Place {
        (self.bucket, self.key.clone())
    }
}

type Place = (Bucket, String);

/// What could not be handled, in memory and in `DIR/.pipeline/failures`, a file for each.
#[derive(Debug)]
pub struct FailureQueue {
    folder: PathBuf,
    failed: Mutex<HashMap<Place, Failed>>,
}

impl FailureQueue {
    /// The queue that an earlier process left.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn open(data: &Path) -> io::Result<Self> {
        let failed = Self::read(data)?.into_iter().map(|failed| (failed.place(), failed));
        Ok(Self {
            folder: own_folder::path(data, FOLDER),
            failed: Mutex::new(failed.collect()),
        })
    }

    /// What is in the queue of a folder, whether or not a process works on it.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn read(data: &Path) -> io::Result<Vec<Failed>> {
        let mut all = Vec::new();
        let entries = match fs::read_dir(own_folder::path(data, FOLDER)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(all),
            entries => entries?,
        };
        for entry in entries {
            let path = entry?.path();
            // Others are being written, or are gone by now.
            if path.extension().is_some_and(|extension| extension == "json")
                && let Some(failed) = own_folder::read(&path)?
            {
                all.push(failed);
            }
        }
        all.sort_by_key(|failed: &Failed| (failed.since, failed.place()));
        Ok(all)
    }

    /// Everything in the queue, the oldest first.
    #[must_use]
    pub fn list(&self) -> Vec<Failed> {
        let mut all: Vec<_> = self.lock().values().cloned().collect();
        all.sort_by_key(|failed| (failed.since, failed.place()));
        all
    }

    /// Whether an object may be tried (again): it has not failed, or not lately.
    pub(super) fn is_due(&self, bucket: Bucket, key: &str, now: OffsetDateTime) -> bool {
        let failed = self.lock();
        failed
            .get(&(bucket, key.to_owned()))
            .is_none_or(|failed| failed.is_due(now))
    }

    /// Enters that a round of attempts failed.
    pub(super) fn enter(&self, bucket: Bucket, key: &str, failure: String) -> Failed {
        let now = OffsetDateTime::now_utc();
        let mut queue = self.lock();
        let earlier = queue.get(&(bucket, key.to_owned()));
        let failed = Failed {
            bucket,
            key: key.to_owned(),
            failure,
            since: earlier.map_or(now, |earlier| earlier.since),
            last: now,
            rounds: earlier.map_or(0, |earlier| earlier.rounds).saturating_add(1),
        };
        queue.insert(failed.place(), failed.clone());
        // In memory it is known in any case; after a restart the object would be found in its bucket.
        if let Err(error) = own_folder::write(&self.path(&failed.place()), &failed) {
            tracing::warn!(%error, "the failure queue cannot be written");
        }
        failed
    }

    /// Takes an object off the queue: it was handled, or is gone.
    pub(super) fn remove(&self, bucket: Bucket, key: &str) {
        let place = (bucket, key.to_owned());
        let mut queue = self.lock();
        if queue.remove(&place).is_some()
            && let Err(error) = own_folder::remove(&self.path(&place))
        {
            tracing::warn!(%error, "the failure queue cannot be written");
        }
    }

    /// A key may be longer than a file's name.
    fn path(&self, (bucket, key): &Place) -> PathBuf {
        let hash = blake3::hash(format!("{bucket}/{key}").as_bytes()).to_hex();
        self.folder.join(format!("{hash}.json"))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Place, Failed>> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_failed_is_known_after_a_restart_until_it_is_handled() {
        let data = tempfile::tempdir().unwrap();
        let queue = FailureQueue::open(data.path()).unwrap();
        let long = format!("sheffield/{}.csv", "ü".repeat(400));
        queue.enter(Bucket::Process, &long, "no space left".to_owned());
        let second = queue.enter(Bucket::Process, &long, "still none".to_owned());
        queue.enter(Bucket::Inbox, &long, "another bucket".to_owned());
        assert_eq!(second.rounds, 2);
        let queue = FailureQueue::open(data.path()).unwrap();
        assert_eq!(queue.list().len(), 2);
        assert!(queue.list().contains(&second));
        queue.remove(Bucket::Process, &long);
        assert_eq!(FailureQueue::read(data.path()).unwrap().len(), 1);
    }

    #[test]
    fn pauses_between_rounds_double_up_to_an_hour() {
        let now = OffsetDateTime::now_utc();
        let pause = |rounds| {
            let failed = |seconds| Failed {
                bucket: Bucket::Process,
                key: String::new(),
                failure: String::new(),
                since: now,
                last: now - Duration::from_secs(seconds),
                rounds,
            };
            (0..).step_by(60).find(|seconds| failed(*seconds).is_due(now)).unwrap() / 60
        };
        assert_eq!([1, 2, 3, 7, 100].map(pause), [1, 2, 4, 60, 60]);
    }
}
