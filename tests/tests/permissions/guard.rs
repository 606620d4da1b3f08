//! What stands between the functions and their buckets: the permissions of each, and now and then a fault.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, OnceLock};

use aws_sdk_s3::Client;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use embedded_s3::Attempt;
use pipeline_core::permissions::{Action, Permissions};
use pipeline_core::{Bucket, Buckets, Stage};
use tokio::runtime::Handle;
use tokio::task::block_in_place;

use crate::iam::action_of;

/// An action that a function took on a bucket.
pub(crate) type Use = (String, Bucket, Action);

/// What happens to the next completion of an upload to a bucket by a stage, or to its next look at an object there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It is refused.
    Refused,
    /// The upload has been thrown away before, as a lifecycle rule does.
    Gone,
    /// The upload was completed before, and the answer to that was lost.
    Done,
    /// The object that is looked at has just been worked off.
    WorkedOff,
}

/// Allows each function what its permissions say, and remembers what it did.
pub(crate) struct Guard {
    buckets: Buckets,
    /// By function; the function's name is its access key id. Who is not in it may do everything.
    permissions: Mutex<BTreeMap<&'static str, Permissions>>,
    used: Mutex<BTreeSet<Use>>,
    denied: Mutex<Vec<String>>,
    faults: Mutex<Vec<(Stage, Bucket, Fault)>>,
    owner: OnceLock<Client>,
}

impl Guard {
    pub(crate) fn new(buckets: Buckets, permissions: BTreeMap<&'static str, Permissions>) -> Self {
        Self {
            buckets,
            permissions: Mutex::new(permissions),
            used: Mutex::default(),
            denied: Mutex::default(),
            faults: Mutex::default(),
            owner: OnceLock::new(),
        }
    }

    /// The client of somebody who may do everything, for the faults.
    pub(crate) fn set_owner(&self, owner: Client) {
        self.owner.set(owner).unwrap();
    }

    /// Gives the functions other permissions.
    pub(crate) fn set_permissions(&self, permissions: BTreeMap<&'static str, Permissions>) {
        *self.permissions.lock().unwrap() = permissions;
    }

    /// Lets something happen once.
    pub(crate) fn let_happen(&self, stage: Stage, bucket: Bucket, fault: Fault) {
        self.faults.lock().unwrap().push((stage, bucket, fault));
    }

    /// Faults that have not happened yet.
    pub(crate) fn faults_left(&self) -> Vec<(Stage, Bucket, Fault)> {
        self.faults.lock().unwrap().clone()
    }

    /// What the functions did.
    pub(crate) fn used(&self) -> BTreeSet<Use> {
        self.used.lock().unwrap().clone()
    }

    /// What the functions wanted to do and were not allowed to.
    pub(crate) fn denied(&self) -> Vec<String> {
        self.denied.lock().unwrap().clone()
    }

    /// Whether an attempt is allowed.
    pub(crate) fn allows(&self, attempt: &Attempt<'_>) -> bool {
        let Some(permissions) = self.permissions_of(attempt.access_key_id) else {
            return true;
        };
        let function = attempt.access_key_id.to_owned();
        let bucket = attempt.bucket.and_then(|name| self.buckets.role(name));
        let wanted = bucket.zip(action_of(attempt.operation));
        let allowed = wanted.filter(|(bucket, action)| {
            let of_bucket = permissions.get(bucket);
            of_bucket.is_some_and(|actions| actions.contains(action))
        });
        let Some((bucket, action)) = allowed else {
            self.denied.lock().unwrap().push(format!("{attempt:?}"));
            return false;
        };
        self.used.lock().unwrap().insert((function, bucket, action));
        match self.fault_of(attempt, bucket) {
            None => true,
            Some(Fault::Refused) => false,
            Some(fault) => {
                let meddle = self.meddle(fault, attempt.bucket.unwrap(), attempt.key.unwrap());
                block_in_place(|| Handle::current().block_on(meddle));
                true
            }
        }
    }

    fn permissions_of(&self, function: &str) -> Option<Permissions> {
        self.permissions.lock().unwrap().get(function).cloned()
    }

    fn fault_of(&self, attempt: &Attempt<'_>, bucket: Bucket) -> Option<Fault> {
        let mut faults = self.faults.lock().unwrap();
        let position = faults.iter().position(|(stage, of, fault)| {
            let operation = if *fault == Fault::WorkedOff {
                "HeadObject"
            } else {
                "CompleteMultipartUpload"
            };
            attempt.operation == operation && stage.as_str() == attempt.access_key_id && *of == bucket
        });
        position.map(|position| faults.remove(position).2)
    }

    /// Does to a key, or to its upload, what the fault says, before the function does its part.
    async fn meddle(&self, fault: Fault, bucket: &str, key: &str) {
        let owner = self.owner.get().unwrap();
        if fault == Fault::WorkedOff {
            owner.delete_object().bucket(bucket).key(key).send().await.unwrap();
            return;
        }
        let uploads = owner.list_multipart_uploads().bucket(bucket).prefix(key).send().await;
        let uploads = uploads.unwrap().uploads.unwrap();
        let id = uploads[0].upload_id().unwrap();
        if fault == Fault::Gone {
            let abort = owner.abort_multipart_upload().bucket(bucket).key(key).upload_id(id);
            abort.send().await.unwrap();
            return;
        }
        let parts = owner.list_parts().bucket(bucket).key(key).upload_id(id).send().await;
        let parts = parts.unwrap().parts.unwrap().into_iter().map(|part| {
            let completed = CompletedPart::builder().set_part_number(part.part_number);
            completed.set_e_tag(part.e_tag).build()
        });
        let parts = CompletedMultipartUpload::builder().set_parts(Some(parts.collect()));
        let complete = owner.complete_multipart_upload().bucket(bucket).key(key);
        let complete = complete.upload_id(id).multipart_upload(parts.build());
        complete.send().await.unwrap();
    }
}
