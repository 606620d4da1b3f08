//! What each function may do in S3: exactly the actions that its code needs on each bucket.
//!
//! Which API operation needs which action is said by the
//! [service authorization reference](https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html)
//! and the [table of required permissions](https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html).
//! The deployment makes the functions' roles of `deploy/permissions.json`, which a test keeps equal to this module; other
//! tests run the pipeline with these permissions and no others, and find that each of them is used.
//!
//! Not needed: `s3:GetObjectTagging` (only CopyObject copies tags; objects are copied by UploadPartCopy), `s3:PutObjectTagging`
//! (nothing is tagged), and permissions of KMS (the buckets are encrypted with S3's own keys).

use std::collections::{BTreeMap, BTreeSet};

use crate::bucket::Bucket;
use crate::stage::{Stage, Transfer};

/// An action of IAM on a bucket or its objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Action {
    /// AbortMultipartUpload.
    AbortMultipartUpload,
    /// DeleteObject.
    DeleteObject,
    /// GetObject, HeadObject, the source of UploadPartCopy, and a deletion on the condition of an ETag.
    GetObject,
    /// ListObjectsV2; and to be told of a missing key that it is missing: 404 instead of 403.
    ListBucket,
    /// PutObject, CreateMultipartUpload, UploadPart, UploadPartCopy and CompleteMultipartUpload, with `If-None-Match: *` or without.
    PutObject,
}

impl Action {
    /// The action as policies spell it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AbortMultipartUpload => "s3:AbortMultipartUpload",
            Self::DeleteObject => "s3:DeleteObject",
            Self::GetObject => "s3:GetObject",
            Self::ListBucket => "s3:ListBucket",
            Self::PutObject => "s3:PutObject",
        }
    }
}

/// The actions that are allowed on each bucket.
pub type Permissions = BTreeMap<Bucket, BTreeSet<Action>>;

/// Looking whether an object is there, and reading it: HEAD and GET need `s3:GetObject`, and answer 403 instead of 404 for a missing
/// key without `s3:ListBucket` (S3 API, HeadObject, "Permissions").
const LOOK: &[Action] = &[Action::GetObject, Action::ListBucket];

/// Listing a bucket.
const LIST: &[Action] = &[Action::ListBucket];

/// Putting an object whole, on the condition that no object holds the key: that needs no more than any put.
const PUT: &[Action] = &[Action::PutObject];

/// Putting an object in parts, and throwing them away when the object was not finished (S3 user guide, "Multipart upload API and
/// permissions").
const PUT_IN_PARTS: &[Action] = &[Action::PutObject, Action::AbortMultipartUpload];

/// Removing an object, on the condition of its ETag: that needs `s3:GetObject` as well (S3 user guide, "Enforce conditional deletes").
const REMOVE: &[Action] = &[Action::DeleteObject, Action::GetObject];

/// What a stage may do.
#[must_use]
pub fn of_stage(stage: Stage) -> Permissions {
    let mut permissions = Permissions::new();
    let mut allow = |bucket: Bucket, actions: &[Action]| permissions.entry(bucket).or_default().extend(actions);
    // The source is looked at, read, and copied from; it may be gone, which means that the work was done before.
    allow(stage.source(), LOOK);
    if !stage.keeps_source() {
        // When the work is done, the source goes, unless it was replaced meanwhile.
        allow(stage.source(), REMOVE);
    }
    for (bucket, transfer) in stage.destinations() {
        match transfer {
            Transfer::Whole => allow(*bucket, PUT),
            Transfer::InParts => allow(*bucket, PUT_IN_PARTS),
        }
        // Before an upload begins: is the key free? Where it is held: by another object, or by this one from an earlier attempt?
        allow(*bucket, LOOK);
    }
    // Any object may turn out to be unusable, also a large one, and its name may be taken.
    allow(Bucket::Unprocessable, PUT_IN_PARTS);
    allow(Bucket::Unprocessable, LOOK);
    // Is there a receipt? Mostly there is none; then one is written.
    allow(Bucket::Receipts, LOOK);
    allow(Bucket::Receipts, PUT);
    permissions
}

/// What the function that finds stuck objects may do. It reads no content, and changes nothing.
#[must_use]
pub fn of_sweep() -> Permissions {
    let mut permissions = Permissions::new();
    let mut allow = |bucket: Bucket, actions: &[Action]| permissions.entry(bucket).or_default().extend(actions);
    for stage in Stage::ALL {
        // What lies there, and since when?
        allow(stage.source(), LIST);
    }
    // Which files does no importer take?
    allow(Bucket::AmrData, LIST);
    // Emails stay: those without a receipt are stuck.
    allow(Bucket::Receipts, LOOK);
    permissions
}

/// What the function that tells people may do. It changes no file: it only notes whom it has told.
#[must_use]
pub fn of_notify() -> Permissions {
    let mut permissions = Permissions::new();
    let mut allow = |bucket: Bucket, actions: &[Action]| permissions.entry(bucket).or_default().extend(actions);
    // What was put aside, and why?
    allow(Bucket::Unprocessable, LOOK);
    // Does something of the same email still wait? And what came of the rest?
    for stage in Stage::ALL {
        allow(stage.source(), LOOK);
    }
    allow(Bucket::AmrData, LOOK);
    // The email's story, and the claims.
    allow(Bucket::Receipts, LOOK);
    allow(Bucket::Receipts, PUT);
    permissions
}

/// What every function may do, by the function's name: what `deploy/permissions.json` says.
#[must_use]
pub fn of_all() -> BTreeMap<&'static str, Permissions> {
    let stages = Stage::ALL.map(|stage| (stage.as_str(), of_stage(stage)));
    let others = [("notify", of_notify()), ("sweep", of_sweep())];
    stages.into_iter().chain(others).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_function_writes_to_the_bucket_that_triggers_it_or_to_the_inbox() {
        for stage in Stage::ALL {
            let permissions = of_stage(stage);
            assert!(!permissions[&stage.source()].contains(&Action::PutObject), "{stage}");
            let inbox = permissions.get(&Bucket::Inbox).cloned().unwrap_or_default();
            assert!(inbox.iter().all(|action| LOOK.contains(action)), "{stage}");
        }
    }

    #[test]
    fn only_a_finished_source_is_ever_deleted() {
        for (name, permissions) in of_all() {
            for (bucket, actions) in permissions {
                let of_stage = Stage::of_bucket(bucket).filter(|stage| stage.as_str() == name);
                let is_removed = of_stage.is_some_and(|stage| !stage.keeps_source());
                assert_eq!(actions.contains(&Action::DeleteObject), is_removed, "{name} {bucket}");
            }
        }
    }

    #[test]
    fn notify_writes_nothing_but_beside_the_receipts() {
        for (bucket, actions) in of_notify() {
            let may_write = actions.iter().any(|action| !LOOK.contains(action));
            assert_eq!(may_write, bucket == Bucket::Receipts, "{bucket}");
        }
    }

    #[test]
    fn sweep_changes_nothing() {
        let mut actions = of_sweep().into_values().flatten();
        assert!(actions.all(|action| LOOK.contains(&action)));
    }
}
