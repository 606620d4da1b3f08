//! CopyObject.
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html>

use super::{get, is, put, refusal};
use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart, MetadataDirective};

async fn put_source(client: &Client, bucket: &str, key: &str) -> String {
    let put = client
        .put_object()
        .bucket(bucket)
        .key(key)
        .content_type("text/csv")
        .metadata("origin", "source");
    put.body(ByteStream::from_static(b"hello"))
        .send()
        .await
        .unwrap()
        .e_tag
        .unwrap()
}

pub(crate) async fn a_copy_has_the_metadata_of_its_source_or_new_ones(client: &Client, bucket: &str) {
    let etag = put_source(client, bucket, "copies/from").await;
    let copy = |key: &str| {
        client
            .copy_object()
            .bucket(bucket)
            .key(key)
            .copy_source(format!("{bucket}/copies/from"))
    };
    let head = async |key: &str| client.head_object().bucket(bucket).key(key).send().await.unwrap();

    let copied = copy("copies/same").send().await.unwrap().copy_object_result.unwrap();
    assert_eq!(copied.e_tag(), Some(etag.as_str()));
    let same = head("copies/same").await;
    assert_eq!(same.metadata().unwrap()["origin"], "source");
    assert_eq!(same.content_type(), Some("text/csv"));
    assert_eq!(same.last_modified(), copied.last_modified());

    let replace = copy("copies/new")
        .metadata_directive(MetadataDirective::Replace)
        .metadata("reason", "new");
    replace.content_type("text/plain").send().await.unwrap();
    let new = head("copies/new").await;
    assert_eq!(new.metadata().unwrap().len(), 1);
    assert_eq!(new.metadata().unwrap()["reason"], "new");
    assert_eq!(new.content_type(), Some("text/plain"));

    // Metadata that come without the directive are ignored.
    copy("copies/ignored").metadata("reason", "new").send().await.unwrap();
    assert_eq!(head("copies/ignored").await.metadata(), same.metadata());
    for key in ["copies/same", "copies/new", "copies/ignored"] {
        assert_eq!(get(client, bucket, key).await, b"hello");
    }
}

pub(crate) async fn a_copy_onto_itself_must_change_something(client: &Client, bucket: &str) {
    let key = "copies/itself";
    put_source(client, bucket, key).await;
    let copy = || {
        client
            .copy_object()
            .bucket(bucket)
            .key(key)
            .copy_source(format!("{bucket}/{key}"))
    };
    assert_eq!(refusal(copy().send().await), is(400, "InvalidRequest"));
    copy()
        .metadata_directive(MetadataDirective::Replace)
        .metadata("origin", "changed")
        .send()
        .await
        .unwrap();
    let head = client.head_object().bucket(bucket).key(key).send().await.unwrap();
    assert_eq!(head.metadata().unwrap()["origin"], "changed");
    assert_eq!(get(client, bucket, key).await, b"hello");
}

pub(crate) async fn a_copy_can_depend_on_its_source_and_on_its_destination(client: &Client, bucket: &str) {
    let etag = put_source(client, bucket, "copies/source").await;
    let there = put(client, bucket, "copies/there", b"there").await;
    let copy = |key: &str| {
        client
            .copy_object()
            .bucket(bucket)
            .key(key)
            .copy_source(format!("{bucket}/copies/source"))
    };
    let failed = is(412, "PreconditionFailed");
    assert_eq!(refusal(copy("copies/there").if_none_match("*").send().await), failed);
    assert_eq!(refusal(copy("copies/there").if_match(&etag).send().await), failed);
    assert_eq!(
        refusal(copy("copies/fresh").copy_source_if_match(&there).send().await),
        failed
    );
    assert_eq!(
        refusal(copy("copies/fresh").copy_source_if_none_match(&etag).send().await),
        failed
    );
    assert_eq!(get(client, bucket, "copies/there").await, b"there");
    assert_eq!(
        refusal(client.get_object().bucket(bucket).key("copies/fresh").send().await),
        is(404, "NoSuchKey")
    );
    copy("copies/fresh")
        .if_none_match("*")
        .copy_source_if_match(&etag)
        .send()
        .await
        .unwrap();
    copy("copies/there").if_match(&there).send().await.unwrap();
    assert_eq!(get(client, bucket, "copies/there").await, b"hello");
}

pub(crate) async fn a_source_must_exist(client: &Client, bucket: &str) {
    let copy = |source: &str| {
        client
            .copy_object()
            .bucket(bucket)
            .key("copies/nothing")
            .copy_source(source)
            .send()
    };
    assert_eq!(
        refusal(copy(&format!("{bucket}/copies/missing")).await),
        is(404, "NoSuchKey")
    );
    assert_eq!(
        refusal(copy("bucket-that-nobody-made/key").await),
        is(404, "NoSuchBucket")
    );
}

pub(crate) async fn the_copy_of_an_object_of_parts_is_of_one(client: &Client, bucket: &str) {
    let key = "copies/of-parts";
    let created = client
        .create_multipart_upload()
        .bucket(bucket)
        .key(key)
        .send()
        .await
        .unwrap();
    let id = created.upload_id.unwrap();
    let part = client
        .upload_part()
        .bucket(bucket)
        .key(key)
        .upload_id(&id)
        .part_number(1);
    let etag = part
        .body(ByteStream::from_static(b"hello"))
        .send()
        .await
        .unwrap()
        .e_tag
        .unwrap();
    let parts = CompletedMultipartUpload::builder().parts(CompletedPart::builder().part_number(1).e_tag(etag).build());
    let complete = client
        .complete_multipart_upload()
        .bucket(bucket)
        .key(key)
        .upload_id(&id);
    let done = complete.multipart_upload(parts.build()).send().await.unwrap();
    assert_eq!(done.e_tag(), Some("\"62109206880d38a4010a98e11243924a-1\""));
    let copy = client
        .copy_object()
        .bucket(bucket)
        .key("copies/of-one")
        .copy_source(format!("{bucket}/{key}"));
    let copied = copy.send().await.unwrap().copy_object_result.unwrap();
    assert_eq!(copied.e_tag(), Some("\"5d41402abc4b2a76b9719d911017c592\""));
}
