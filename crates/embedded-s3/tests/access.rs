//! Several users, and an access check that decides about each attempt.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]
#![allow(dead_code, reason = "only the helpers of the suite are used here")]

mod suite;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart, Delete, ObjectIdentifier};
use embedded_s3::{Access, Credentials, EmbeddedS3, Options};
use suite::{get, is, keys_below, put, refusal};
use tempfile::TempDir;

const BUCKET: &str = "guarded-bucket";
const OTHER: &str = "other-bucket";

/// A server with a user who may do what is listed, as `operation bucket`, and one who may do everything.
struct Guarded {
    _server: EmbeddedS3,
    owner: Client,
    user: Client,
    attempts: Arc<Mutex<Vec<String>>>,
    _folder: TempDir,
}

async fn guarded(allowed: &[&str]) -> Guarded {
    let folder = tempfile::tempdir().unwrap();
    let user = Credentials {
        access_key_id: "AKIAUSER".to_owned(),
        secret_access_key: "users-secret".to_owned(),
    };
    let allowed: BTreeSet<String> = allowed.iter().map(|one| (*one).to_owned()).collect();
    let attempts = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&attempts);
    let access = Access::new(move |attempt| {
        let is_user = attempt.access_key_id == "AKIAUSER";
        let what = format!("{} {}", attempt.operation, attempt.bucket.unwrap_or("-"));
        let is_allowed = !is_user || allowed.contains(&what);
        if is_user {
            seen.lock().unwrap().push(what);
        }
        is_allowed
    });
    let options = Options {
        more_credentials: vec![user.clone()],
        access: Some(access),
        ..Options::default()
    };
    let server = EmbeddedS3::start(folder.path(), options).await.unwrap();
    for bucket in [BUCKET, OTHER] {
        server.create_bucket(bucket).await.unwrap();
    }
    let client = |credentials: &Credentials| {
        let (id, secret) = (&credentials.access_key_id, &credentials.secret_access_key);
        suite::client(&server.endpoint(), server.region(), id, secret)
    };
    Guarded {
        owner: client(server.credentials()),
        user: client(&user),
        _server: server,
        attempts,
        _folder: folder,
    }
}

#[tokio::test]
async fn what_is_not_allowed_is_denied_and_does_nothing() {
    let guarded = guarded(&[]).await;
    let (owner, user) = (&guarded.owner, &guarded.user);
    let etag = put(owner, BUCKET, "key", b"x").await;
    let denied = is(403, "AccessDenied");
    assert_eq!(refusal(user.list_buckets().send().await), denied);
    assert_eq!(refusal(user.list_objects_v2().bucket(BUCKET).send().await), denied);
    assert_eq!(
        refusal(user.get_object().bucket(BUCKET).key("key").send().await),
        denied
    );
    let head = user.head_object().bucket(BUCKET).key("key").send().await;
    assert_eq!(refusal(head).0, 403);
    // So large that a client which is answered too early is still sending.
    let body = ByteStream::from(vec![b'x'; 20 << 20]);
    let put = user.put_object().bucket(BUCKET).key("new").body(body).send().await;
    assert_eq!(refusal(put), denied);
    let delete = user
        .delete_object()
        .bucket(BUCKET)
        .key("key")
        .if_match(etag)
        .send()
        .await;
    assert_eq!(refusal(delete), denied);
    let copy = user.copy_object().bucket(BUCKET).key("new");
    let copy = copy.copy_source(format!("{BUCKET}/key")).send().await;
    assert_eq!(refusal(copy), denied);
    let begun = user.create_multipart_upload().bucket(BUCKET).key("new").send().await;
    assert_eq!(refusal(begun), denied);
    assert_eq!(keys_below(owner, BUCKET, "").await, ["key"]);
}

#[tokio::test]
async fn of_several_keys_to_delete_each_is_asked_about() {
    let guarded = guarded(&["DeleteObject guarded-bucket"]).await;
    let (owner, user) = (&guarded.owner, &guarded.user);
    for bucket in [BUCKET, OTHER] {
        put(owner, bucket, "key", b"x").await;
    }
    for (bucket, errors) in [(BUCKET, 0), (OTHER, 1)] {
        let key = ObjectIdentifier::builder().key("key").build().unwrap();
        let all = Delete::builder().objects(key).build().unwrap();
        let deleted = user.delete_objects().bucket(bucket).delete(all).send().await.unwrap();
        assert_eq!(deleted.errors().len(), errors, "{bucket}");
    }
    assert!(keys_below(owner, BUCKET, "").await.is_empty());
    assert_eq!(keys_below(owner, OTHER, "").await, ["key"]);
}

#[tokio::test]
async fn that_a_key_is_missing_is_told_only_to_those_who_may_list_the_bucket() {
    let guarded = guarded(&[
        "HeadObject guarded-bucket",
        "GetObject guarded-bucket",
        "HeadObject other-bucket",
        "GetObject other-bucket",
        "ListObjectsV2 other-bucket",
        "CopyObject other-bucket",
    ])
    .await;
    put(&guarded.owner, BUCKET, "key", b"x").await;
    let user = &guarded.user;
    assert_eq!(get(user, BUCKET, "key").await, b"x");
    for (bucket, status, code) in [(BUCKET, 403, "AccessDenied"), (OTHER, 404, "NoSuchKey")] {
        let head = user.head_object().bucket(bucket).key("missing").send().await;
        assert_eq!(refusal(head).0, status);
        let got = user.get_object().bucket(bucket).key("missing").send().await;
        assert_eq!(refusal(got), is(status, code));
        let copy = user.copy_object().bucket(OTHER).key("new");
        let copy = copy.copy_source(format!("{bucket}/missing")).send().await;
        assert_eq!(refusal(copy), is(status, code));
    }
}

#[tokio::test]
async fn a_copy_reads_its_source_and_a_deletion_on_condition_looks_at_its_object() {
    let guarded = guarded(&[
        "DeleteObject guarded-bucket",
        "CreateMultipartUpload guarded-bucket",
        "UploadPartCopy guarded-bucket",
        "CopyObject guarded-bucket",
    ])
    .await;
    let (owner, user) = (&guarded.owner, &guarded.user);
    let denied = is(403, "AccessDenied");
    let etag = put(owner, BUCKET, "key", b"x").await;
    let delete = || user.delete_object().bucket(BUCKET).key("key");
    assert_eq!(refusal(delete().if_match(etag).send().await), denied);
    put(owner, OTHER, "key", b"x").await;
    let source = format!("{OTHER}/key");
    let copy = user.copy_object().bucket(BUCKET).key("new").copy_source(&source);
    assert_eq!(refusal(copy.send().await), denied);
    let upload = user.create_multipart_upload().bucket(BUCKET).key("new").send().await;
    let part = user.upload_part_copy().bucket(BUCKET).key("new").part_number(1);
    let part = part.upload_id(upload.unwrap().upload_id.unwrap()).copy_source(&source);
    assert_eq!(refusal(part.send().await), denied);
    assert_eq!(
        guarded.attempts.lock().unwrap().last().unwrap(),
        "GetObject other-bucket"
    );
    assert_eq!(keys_below(owner, BUCKET, "").await, ["key"]);
    delete().send().await.unwrap();
    assert!(keys_below(owner, BUCKET, "").await.is_empty());
}

#[tokio::test]
async fn every_attempt_is_asked_about_by_its_name_in_the_api() {
    let guarded = guarded(&[
        "CreateMultipartUpload guarded-bucket",
        "UploadPart guarded-bucket",
        "CompleteMultipartUpload guarded-bucket",
        "PutObject guarded-bucket",
    ])
    .await;
    let user = &guarded.user;
    let upload = user.create_multipart_upload().bucket(BUCKET).key("parts").send().await;
    let id = upload.unwrap().upload_id.unwrap();
    let part = user.upload_part().bucket(BUCKET).key("parts").part_number(1);
    let part = part.upload_id(&id).body(ByteStream::from_static(b"x")).send().await;
    let part = CompletedPart::builder()
        .part_number(1)
        .e_tag(part.unwrap().e_tag.unwrap());
    let parts = CompletedMultipartUpload::builder().parts(part.build()).build();
    let complete = user.complete_multipart_upload().bucket(BUCKET).key("parts");
    let complete = complete.upload_id(&id).multipart_upload(parts).send().await;
    complete.unwrap();
    put(user, BUCKET, "whole", b"x").await;
    let expected = [
        "CreateMultipartUpload guarded-bucket",
        "UploadPart guarded-bucket",
        "CompleteMultipartUpload guarded-bucket",
        "PutObject guarded-bucket",
    ];
    assert_eq!(*guarded.attempts.lock().unwrap(), expected);
}
