//! Multipart uploads.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html>

use super::{get, is, put, refusal};
use aws_sdk_s3::Client;
use aws_sdk_s3::operation::complete_multipart_upload::builders::CompleteMultipartUploadFluentBuilder;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{ChecksumAlgorithm, ChecksumMode, ChecksumType, CompletedMultipartUpload, CompletedPart};

/// The smallest part that is not the last.
const PART: usize = 5 << 20;

/// An upload of one key.
struct Upload<'a> {
    client: &'a Client,
    bucket: &'a str,
    key: &'a str,
    id: String,
}

impl<'a> Upload<'a> {
    async fn start(client: &'a Client, bucket: &'a str, key: &'a str) -> Self {
        let created = client
            .create_multipart_upload()
            .bucket(bucket)
            .key(key)
            .metadata("origin", "whole");
        let created = created.content_type("text/csv").send().await.unwrap();
        Self {
            client,
            bucket,
            key,
            id: created.upload_id.unwrap(),
        }
    }

    async fn part(&self, number: i32, bytes: Vec<u8>) -> CompletedPart {
        let part = self
            .client
            .upload_part()
            .bucket(self.bucket)
            .key(self.key)
            .upload_id(&self.id);
        let part = part
            .part_number(number)
            .body(ByteStream::from(bytes))
            .send()
            .await
            .unwrap();
        CompletedPart::builder()
            .part_number(number)
            .e_tag(part.e_tag.unwrap())
            .build()
    }

    fn complete(&self, parts: &[&CompletedPart]) -> CompleteMultipartUploadFluentBuilder {
        let parts = parts.iter().copied().cloned().collect();
        let parts = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
        let complete = self
            .client
            .complete_multipart_upload()
            .bucket(self.bucket)
            .key(self.key);
        complete.upload_id(&self.id).multipart_upload(parts)
    }
}

fn bytes_of(number: u8, length: usize) -> Vec<u8> {
    (0..length).map(|at| number.wrapping_add((at % 253) as u8)).collect()
}

pub(crate) async fn parts_become_one_object(client: &Client, bucket: &str) {
    let key = "parts/object";
    let upload = Upload::start(client, bucket, key).await;
    // In any order, and one of them twice: the later counts.
    let third = upload.part(3, bytes_of(3, 10)).await;
    upload.part(1, bytes_of(9, PART)).await;
    let second = upload.part(2, bytes_of(2, PART + 1)).await;
    let first = upload.part(1, bytes_of(1, PART)).await;
    assert_eq!(
        refusal(client.get_object().bucket(bucket).key(key).send().await),
        is(404, "NoSuchKey")
    );

    let done = upload.complete(&[&first, &second, &third]).send().await.unwrap();
    // Computed with Python's hashlib.
    assert_eq!(done.e_tag(), Some("\"d44e09a5e783add49be5445bb398da21-3\""));
    assert_eq!((done.bucket(), done.key()), (Some(bucket), Some(key)));
    let head = client.head_object().bucket(bucket).key(key).send().await.unwrap();
    assert_eq!(head.e_tag(), done.e_tag());
    assert_eq!(head.metadata().unwrap()["origin"], "whole");
    assert_eq!(head.content_type(), Some("text/csv"));
    let expected = [bytes_of(1, PART), bytes_of(2, PART + 1), bytes_of(3, 10)].concat();
    assert!(get(client, bucket, key).await == expected);

    assert_eq!(
        refusal(upload.complete(&[&first]).send().await),
        is(404, "NoSuchUpload")
    );
}

pub(crate) async fn an_object_can_be_one_small_part_and_its_number_any(client: &Client, bucket: &str) {
    let upload = Upload::start(client, bucket, "one-part").await;
    let part = upload.part(10_000, b"small".to_vec()).await;
    upload.complete(&[&part]).send().await.unwrap();
    assert_eq!(get(client, bucket, "one-part").await, b"small");
}

pub(crate) async fn what_is_wrong_with_parts_is_said(client: &Client, bucket: &str) {
    let key = "wrong-parts";
    let upload = Upload::start(client, bucket, key).await;
    let small = upload.part(1, b"small".to_vec()).await;
    let second = upload.part(2, b"second".to_vec()).await;
    let complete = |parts: &[&CompletedPart]| upload.complete(parts).send();
    assert_eq!(refusal(complete(&[]).await), is(400, "MalformedXML"));
    assert_eq!(refusal(complete(&[&second, &small]).await), is(400, "InvalidPartOrder"));
    assert_eq!(refusal(complete(&[&small, &second]).await), is(400, "EntityTooSmall"));
    let never_sent = CompletedPart::builder()
        .part_number(3)
        .e_tag(second.e_tag().unwrap())
        .build();
    assert_eq!(refusal(complete(&[&never_sent]).await), is(400, "InvalidPart"));
    let another = CompletedPart::builder()
        .part_number(1)
        .e_tag(second.e_tag().unwrap())
        .build();
    assert_eq!(refusal(complete(&[&another]).await), is(400, "InvalidPart"));
    for number in [0, 10_001] {
        let part = client
            .upload_part()
            .bucket(bucket)
            .key(key)
            .upload_id(&upload.id)
            .part_number(number);
        assert_eq!(refusal(part.send().await), is(400, "InvalidArgument"));
    }
    for id in ["nonsense", "../../../../tmp", "00000000000000000000000000000000"] {
        let part = client
            .upload_part()
            .bucket(bucket)
            .key(key)
            .upload_id(id)
            .part_number(1);
        assert_eq!(refusal(part.send().await), is(404, "NoSuchUpload"));
    }
    let of_other_key = client
        .upload_part()
        .bucket(bucket)
        .key("other-key")
        .upload_id(&upload.id)
        .part_number(1);
    assert_eq!(refusal(of_other_key.send().await), is(404, "NoSuchUpload"));
    // None of it has ended the upload.
    complete(&[&small]).await.unwrap();
}

pub(crate) async fn an_aborted_upload_is_gone(client: &Client, bucket: &str) {
    let key = "aborted";
    let upload = Upload::start(client, bucket, key).await;
    let part = upload.part(1, b"x".to_vec()).await;
    let abort = || {
        client
            .abort_multipart_upload()
            .bucket(bucket)
            .key(key)
            .upload_id(&upload.id)
            .send()
    };
    abort().await.unwrap();
    assert_eq!(refusal(abort().await), is(404, "NoSuchUpload"));
    assert_eq!(refusal(upload.complete(&[&part]).send().await), is(404, "NoSuchUpload"));
    assert_eq!(
        refusal(client.get_object().bucket(bucket).key(key).send().await),
        is(404, "NoSuchKey")
    );
}

pub(crate) async fn completion_can_depend_on_what_is_there(client: &Client, bucket: &str) {
    let key = "conditional-completion";
    let etag = put(client, bucket, key, b"there").await;
    let upload = Upload::start(client, bucket, key).await;
    let part = upload.part(1, b"upload".to_vec()).await;
    let complete = || upload.complete(&[&part]);
    assert_eq!(
        refusal(complete().if_none_match("*").send().await),
        is(412, "PreconditionFailed")
    );
    assert_eq!(
        refusal(complete().if_match("\"other\"").send().await),
        is(412, "PreconditionFailed")
    );
    assert_eq!(get(client, bucket, key).await, b"there");
    complete().if_match(etag).send().await.unwrap();
    assert_eq!(get(client, bucket, key).await, b"upload");
}

/// A client whose answer was lost asks again. Whatever it is told then, nothing comes of it, be the object there or gone.
pub(crate) async fn a_completion_that_is_asked_for_again_makes_nothing_new(client: &Client, bucket: &str) {
    let key = "completed-twice";
    let upload = Upload::start(client, bucket, key).await;
    let part = upload.part(1, b"once".to_vec()).await;
    let complete = || upload.complete(&[&part]).if_none_match("*").send();
    let etag = complete().await.unwrap().e_tag;
    match complete().await {
        Ok(again) => assert_eq!(again.e_tag, etag),
        again @ Err(_) => assert!([404, 412].contains(&refusal(again).0)),
    }
    assert_eq!(get(client, bucket, key).await, b"once");
    client.delete_object().bucket(bucket).key(key).send().await.unwrap();
    let _ = complete().await;
    assert_eq!(
        refusal(client.get_object().bucket(bucket).key(key).send().await),
        is(404, "NoSuchKey")
    );
}

pub(crate) async fn parts_are_listed_in_pages(client: &Client, bucket: &str) {
    let upload = Upload::start(client, bucket, "listed-parts").await;
    for number in [7, 1, 300, 2, 1] {
        upload.part(number, vec![b'x'; usize::try_from(number).unwrap()]).await;
    }
    let list = || {
        client
            .list_parts()
            .bucket(bucket)
            .key("listed-parts")
            .upload_id(&upload.id)
    };
    let all = list().send().await.unwrap();
    let parts: Vec<_> = all
        .parts()
        .iter()
        .map(|part| (part.part_number.unwrap(), part.size.unwrap()))
        .collect();
    assert_eq!(parts, [(1, 1), (2, 2), (7, 7), (300, 300)]);
    assert!(
        all.parts()
            .iter()
            .all(|part| part.e_tag().is_some() && part.last_modified().is_some())
    );
    assert_eq!(all.is_truncated, Some(false));

    let page = list().max_parts(2).send().await.unwrap();
    assert_eq!(
        (page.is_truncated, page.next_part_number_marker()),
        (Some(true), Some("2"))
    );
    let page = list().max_parts(2).part_number_marker("2").send().await.unwrap();
    assert_eq!(page.is_truncated, Some(false));
    assert_eq!(page.parts()[0].part_number, Some(7));
}

pub(crate) async fn uploads_are_listed_until_they_end(client: &Client, bucket: &str) {
    let first = Upload::start(client, bucket, "uploads/a").await;
    let second = Upload::start(client, bucket, "uploads/a").await;
    let third = Upload::start(client, bucket, "uploads/b/c").await;
    let list = || client.list_multipart_uploads().bucket(bucket).prefix("uploads/");
    let all = list().send().await.unwrap();
    let ids: Vec<_> = all.uploads().iter().map(|upload| upload.upload_id().unwrap()).collect();
    assert_eq!(ids, [&first.id, &second.id, &third.id]);
    assert!(all.uploads().iter().all(|upload| upload.initiated().is_some()));

    let page = list().max_uploads(1).send().await.unwrap();
    assert_eq!(
        (page.is_truncated, page.next_key_marker()),
        (Some(true), Some("uploads/a"))
    );
    assert_eq!(page.next_upload_id_marker(), Some(first.id.as_str()));
    let page = list()
        .key_marker("uploads/a")
        .upload_id_marker(&first.id)
        .max_uploads(1)
        .send()
        .await
        .unwrap();
    assert_eq!(page.uploads()[0].upload_id(), Some(second.id.as_str()));
    let page = list().key_marker("uploads/a").send().await.unwrap();
    assert_eq!(page.uploads()[0].upload_id(), Some(third.id.as_str()));
    let page = list().delimiter("/").send().await.unwrap();
    assert_eq!(
        (page.uploads().len(), page.common_prefixes()[0].prefix()),
        (2, Some("uploads/b/"))
    );

    for upload in [first, second] {
        let abort = client
            .abort_multipart_upload()
            .bucket(bucket)
            .key("uploads/a")
            .upload_id(upload.id);
        abort.send().await.unwrap();
    }
    let part = third.part(1, b"x".to_vec()).await;
    third.complete(&[&part]).send().await.unwrap();
    assert!(list().send().await.unwrap().uploads().is_empty());
}

pub(crate) async fn parts_can_be_copied_from_objects(client: &Client, bucket: &str) {
    let source = bytes_of(4, PART + 100);
    put(client, bucket, "part-copy/source with space", &source).await;
    let upload = Upload::start(client, bucket, "part-copy/to").await;
    let copy = |number: i32| {
        let copy = client
            .upload_part_copy()
            .bucket(bucket)
            .key("part-copy/to")
            .upload_id(&upload.id);
        copy.part_number(number)
            .copy_source(format!("{bucket}/part-copy/source%20with%20space"))
    };
    let mut parts = Vec::new();
    for (number, range) in [
        (1, None),
        (2, Some("bytes=0-5242879")),
        (3, Some("bytes=5242880-5242979")),
    ] {
        let copied = copy(number)
            .set_copy_source_range(range.map(str::to_owned))
            .send()
            .await
            .unwrap();
        let etag = copied.copy_part_result.unwrap().e_tag.unwrap();
        parts.push(CompletedPart::builder().part_number(number).e_tag(etag).build());
    }
    upload.complete(&parts.iter().collect::<Vec<_>>()).send().await.unwrap();
    let expected = [&source[..], &source[..]].concat();
    assert!(get(client, bucket, "part-copy/to").await == expected);

    let upload = Upload::start(client, bucket, "part-copy/to").await;
    let copy = client
        .upload_part_copy()
        .bucket(bucket)
        .key("part-copy/to")
        .upload_id(&upload.id)
        .part_number(1);
    let beyond = copy
        .clone()
        .copy_source(format!("{bucket}/part-copy/source%20with%20space"));
    assert_eq!(refusal(beyond.copy_source_range("bytes=0-9999999").send().await).0, 400);
    let missing = copy.copy_source(format!("{bucket}/part-copy/missing"));
    assert_eq!(refusal(missing.send().await), is(404, "NoSuchKey"));
}

pub(crate) async fn a_checksum_of_checksums_needs_those_of_all_parts(client: &Client, bucket: &str) {
    let key = "composite-checksum";
    let create = client
        .create_multipart_upload()
        .bucket(bucket)
        .key(key)
        .checksum_algorithm(ChecksumAlgorithm::Crc32);
    let id = create.send().await.unwrap().upload_id.unwrap();
    let upload = Upload {
        client,
        bucket,
        key,
        id,
    };
    let send = |number: i32, bytes: Vec<u8>| {
        let part = client
            .upload_part()
            .bucket(bucket)
            .key(key)
            .upload_id(&upload.id)
            .part_number(number);
        part.checksum_algorithm(ChecksumAlgorithm::Crc32)
            .body(ByteStream::from(bytes))
            .send()
    };
    let mut parts = Vec::new();
    for (number, length) in [(1, PART), (2, 5)] {
        let sent = send(number, bytes_of(0, length)).await.unwrap();
        let part = CompletedPart::builder().part_number(number).set_e_tag(sent.e_tag);
        parts.push(part.set_checksum_crc32(sent.checksum_crc32).build());
    }
    let bare = parts[1].clone();
    let bare = CompletedPart::builder().part_number(2).set_e_tag(bare.e_tag).build();
    assert_eq!(
        refusal(upload.complete(&[&parts[0], &bare]).send().await),
        is(400, "InvalidRequest")
    );
    let done = upload.complete(&[&parts[0], &parts[1]]).send().await.unwrap();
    let checksum = done.checksum_crc32().unwrap();
    assert!(checksum.ends_with("-2"), "{checksum}");
    assert_eq!(done.checksum_type(), Some(&ChecksumType::Composite));
    let got = client
        .get_object()
        .bucket(bucket)
        .key(key)
        .checksum_mode(ChecksumMode::Enabled)
        .send()
        .await
        .unwrap();
    assert_eq!(got.checksum_crc32(), Some(checksum));
    assert_eq!(got.body.collect().await.unwrap().to_vec().len(), PART + 5);
}

pub(crate) async fn a_checksum_of_all_bytes_is_verified_at_the_end(client: &Client, bucket: &str) {
    let key = "full-object-checksum";
    let create = client.create_multipart_upload().bucket(bucket).key(key);
    let create = create
        .checksum_algorithm(ChecksumAlgorithm::Crc64Nvme)
        .checksum_type(ChecksumType::FullObject);
    let id = create.send().await.unwrap().upload_id.unwrap();
    let upload = Upload {
        client,
        bucket,
        key,
        id,
    };
    let part = client
        .upload_part()
        .bucket(bucket)
        .key(key)
        .upload_id(&upload.id)
        .part_number(1);
    let part = part
        .checksum_algorithm(ChecksumAlgorithm::Crc64Nvme)
        .body(ByteStream::from_static(b"hello"));
    let etag = part.send().await.unwrap().e_tag.unwrap();
    let part = CompletedPart::builder().part_number(1).e_tag(etag).build();
    let complete = || upload.complete(&[&part]).checksum_type(ChecksumType::FullObject);
    assert_eq!(
        refusal(complete().checksum_crc64_nvme("AAAAAAAAAAA=").send().await),
        is(400, "BadDigest")
    );
    let done = complete().checksum_crc64_nvme("M3eFcAZSQlc=").send().await.unwrap();
    assert_eq!(done.checksum_crc64_nvme(), Some("M3eFcAZSQlc="));
    // The SDK compares the body with the checksum here.
    assert_eq!(get(client, bucket, key).await, b"hello");
}
