//! Objects: bytes, metadata, ranges, checksums.

use super::{get, is, put, refusal};
use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::{ByteStream, DateTime};
use aws_sdk_s3::types::{ChecksumAlgorithm, ChecksumMode};
use std::io::Write as _;
use std::time::{Duration, SystemTime};

pub(crate) async fn what_is_put_is_got_with_its_metadata(client: &Client, bucket: &str) {
    let key = "metadata/object.csv";
    let expires = DateTime::from_secs(2_000_000_000);
    let put = client
        .put_object()
        .bucket(bucket)
        .key(key)
        .body(ByteStream::from_static(b"hello"))
        .content_type("text/csv; charset=utf-8")
        .cache_control("no-store")
        .content_disposition("attachment; filename=\"a.csv\"")
        .content_encoding("identity")
        .content_language("en-GB")
        .expires(expires)
        .metadata("origin", "0123abcd")
        .metadata("source-name", "a%20b%2Bc.csv")
        .metadata("received", "2026-11-21T07:42:00Z")
        .send()
        .await
        .unwrap();
    assert_eq!(put.e_tag.as_deref(), Some("\"5d41402abc4b2a76b9719d911017c592\""));

    let got = client.get_object().bucket(bucket).key(key).send().await.unwrap();
    let head = client.head_object().bucket(bucket).key(key).send().await.unwrap();
    let metadata = got.metadata.clone().unwrap();
    assert_eq!(metadata.len(), 3);
    assert_eq!(metadata["origin"], "0123abcd");
    assert_eq!(metadata["source-name"], "a%20b%2Bc.csv");
    assert_eq!(metadata["received"], "2026-11-21T07:42:00Z");
    assert_eq!(got.content_type.as_deref(), Some("text/csv; charset=utf-8"));
    assert_eq!(got.cache_control.as_deref(), Some("no-store"));
    assert_eq!(
        got.content_disposition.as_deref(),
        Some("attachment; filename=\"a.csv\"")
    );
    assert_eq!(got.content_encoding.as_deref(), Some("identity"));
    assert_eq!(got.content_language.as_deref(), Some("en-GB"));
    assert_eq!(got.expires_string.as_deref(), Some("Wed, 18 May 2033 03:33:20 GMT"));
    assert_eq!(got.content_length, Some(5));
    assert_eq!(got.accept_ranges.as_deref(), Some("bytes"));
    assert_eq!(got.e_tag, put.e_tag);

    assert_eq!(head.metadata, got.metadata);
    assert_eq!(head.content_type, got.content_type);
    assert_eq!(head.content_length, got.content_length);
    assert_eq!(head.e_tag, got.e_tag);
    assert_eq!(head.last_modified, got.last_modified);
    assert_eq!(head.expires_string, got.expires_string);
    assert_eq!(got.body.collect().await.unwrap().to_vec(), b"hello");
}

/// Metadata are headers. Encoded as ASCII a name comes back to the byte; as it is, it is refused, or comes back encoded or counted as
/// missing (S3 user guide, "Working with object metadata": RFC 2047), but never changed in silence.
pub(crate) async fn names_that_are_not_ascii_survive_as_metadata(client: &Client, bucket: &str) {
    let key = "metadata/not-ascii";
    let encoded = [
        ("percent", "Z%C3%A4hler%20%E2%80%93%20%C2%A3%20100%25.csv"),
        ("every-sign", "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"),
    ];
    let mut put = client.put_object().bucket(bucket).key(key);
    for (name, value) in encoded {
        put = put.metadata(name, value);
    }
    put.send().await.unwrap();
    let metadata = client.head_object().bucket(bucket).key(key).send().await.unwrap();
    let metadata = metadata.metadata.unwrap();
    assert_eq!(metadata.len(), encoded.len());
    for (name, value) in encoded {
        assert_eq!(metadata[name], value);
    }
    let raw = "Z\u{e4}hler \u{a3}.csv";
    let put = client.put_object().bucket(bucket).key("metadata/raw");
    if put.metadata("source-name", raw).send().await.is_ok() {
        let head = client
            .head_object()
            .bucket(bucket)
            .key("metadata/raw")
            .send()
            .await
            .unwrap();
        let back = head.metadata.unwrap_or_default().remove("source-name");
        assert!(
            back.as_deref()
                .is_none_or(|back| back == raw || back.starts_with("=?UTF-8?")),
            "{back:?}"
        );
        assert!(back.is_some() || head.missing_meta == Some(1));
    }
}

pub(crate) async fn an_object_without_metadata_has_the_default_type(client: &Client, bucket: &str) {
    put(client, bucket, "plain/object", b"x").await;
    let head = client
        .head_object()
        .bucket(bucket)
        .key("plain/object")
        .send()
        .await
        .unwrap();
    assert_eq!(head.metadata.unwrap_or_default().len(), 0);
    assert!(matches!(
        head.content_type.as_deref(),
        // The SDK may say octet-stream of itself.
        Some("binary/octet-stream" | "application/octet-stream")
    ));
}

pub(crate) async fn last_modified_is_stable_and_has_whole_seconds(client: &Client, bucket: &str) {
    let before = SystemTime::now() - Duration::from_secs(2);
    put(client, bucket, "modified/object", b"x").await;
    let head = || client.head_object().bucket(bucket).key("modified/object").send();
    let first = head().await.unwrap().last_modified.unwrap();
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert_eq!(head().await.unwrap().last_modified.unwrap(), first);
    let listed = client
        .list_objects_v2()
        .bucket(bucket)
        .prefix("modified/")
        .send()
        .await
        .unwrap();
    assert_eq!(listed.contents()[0].last_modified.unwrap(), first);
    assert_eq!(first.subsec_nanos(), 0);
    assert!(first > DateTime::from(before) && first <= DateTime::from(SystemTime::now()));
}

pub(crate) async fn an_object_can_be_empty(client: &Client, bucket: &str) {
    let etag = put(client, bucket, "empty/object", b"").await;
    assert_eq!(etag, "\"d41d8cd98f00b204e9800998ecf8427e\"");
    assert_eq!(get(client, bucket, "empty/object").await, b"");
    let head = client
        .head_object()
        .bucket(bucket)
        .key("empty/object")
        .send()
        .await
        .unwrap();
    assert_eq!(head.content_length, Some(0));
}

pub(crate) async fn a_second_put_replaces_bytes_and_metadata(client: &Client, bucket: &str) {
    let key = "replaced/object";
    let put_first = client.put_object().bucket(bucket).key(key).metadata("only", "first");
    put_first
        .content_type("text/csv")
        .body(ByteStream::from_static(b"first"))
        .send()
        .await
        .unwrap();
    put(client, bucket, key, b"the second").await;
    assert_eq!(get(client, bucket, key).await, b"the second");
    let head = client.head_object().bucket(bucket).key(key).send().await.unwrap();
    assert_eq!(head.metadata.unwrap_or_default().len(), 0);
    assert_ne!(head.content_type.as_deref(), Some("text/csv"));
}

pub(crate) async fn what_is_missing_is_missing(client: &Client, bucket: &str) {
    let key = "missing/object";
    let no_bucket = "bucket-that-nobody-made";
    assert_eq!(
        refusal(client.get_object().bucket(bucket).key(key).send().await),
        is(404, "NoSuchKey")
    );
    assert_eq!(
        refusal(client.head_object().bucket(bucket).key(key).send().await).0,
        404
    );
    client.delete_object().bucket(bucket).key(key).send().await.unwrap();
    assert_eq!(
        refusal(client.get_object().bucket(no_bucket).key(key).send().await),
        is(404, "NoSuchBucket")
    );
    assert_eq!(
        refusal(client.put_object().bucket(no_bucket).key(key).send().await),
        is(404, "NoSuchBucket")
    );
    assert_eq!(
        refusal(client.delete_object().bucket(no_bucket).key(key).send().await),
        is(404, "NoSuchBucket")
    );
    assert_eq!(
        refusal(client.list_objects_v2().bucket(no_bucket).send().await),
        is(404, "NoSuchBucket")
    );
    assert_eq!(refusal(client.head_bucket().bucket(no_bucket).send().await).0, 404);

    put(client, bucket, key, b"x").await;
    client.delete_object().bucket(bucket).key(key).send().await.unwrap();
    assert_eq!(
        refusal(client.get_object().bucket(bucket).key(key).send().await),
        is(404, "NoSuchKey")
    );
}

pub(crate) async fn ranges_are_parts_of_an_object(client: &Client, bucket: &str) {
    let key = "ranges/object";
    put(client, bucket, key, b"0123456789").await;
    for (range, bytes, shown) in [
        ("bytes=0-3", &b"0123"[..], "bytes 0-3/10"),
        ("bytes=4-4", b"4", "bytes 4-4/10"),
        ("bytes=7-", b"789", "bytes 7-9/10"),
        ("bytes=7-99", b"789", "bytes 7-9/10"),
        ("bytes=-2", b"89", "bytes 8-9/10"),
        ("bytes=-99", b"0123456789", "bytes 0-9/10"),
    ] {
        let got = client
            .get_object()
            .bucket(bucket)
            .key(key)
            .range(range)
            .send()
            .await
            .unwrap();
        assert_eq!(got.content_range.as_deref(), Some(shown), "{range}");
        assert_eq!(got.content_length, i64::try_from(bytes.len()).ok());
        assert_eq!(got.body.collect().await.unwrap().to_vec(), bytes, "{range}");
    }
    let beyond = client
        .get_object()
        .bucket(bucket)
        .key(key)
        .range("bytes=10-")
        .send()
        .await;
    assert_eq!(refusal(beyond), is(416, "InvalidRange"));
    put(client, bucket, key, b"").await;
    let of_nothing = client
        .get_object()
        .bucket(bucket)
        .key(key)
        .range("bytes=0-0")
        .send()
        .await;
    assert_eq!(refusal(of_nothing), is(416, "InvalidRange"));
}

pub(crate) async fn metadata_over_2_kb_is_refused(client: &Client, bucket: &str) {
    let put = |length: usize| {
        let put = client
            .put_object()
            .bucket(bucket)
            .key("large-metadata/object")
            .body(ByteStream::from_static(b"x"));
        put.metadata("name", "v".repeat(length)).send()
    };
    assert_eq!(refusal(put(2045).await), is(400, "MetadataTooLarge"));
    let got = client
        .get_object()
        .bucket(bucket)
        .key("large-metadata/object")
        .send()
        .await;
    assert_eq!(refusal(got), is(404, "NoSuchKey"));
    put(2044).await.unwrap();
}

pub(crate) async fn every_checksum_algorithm_is_verified_and_shown(client: &Client, bucket: &str) {
    for algorithm in [
        ChecksumAlgorithm::Crc32,
        ChecksumAlgorithm::Crc32C,
        ChecksumAlgorithm::Crc64Nvme,
        ChecksumAlgorithm::Sha1,
        ChecksumAlgorithm::Sha256,
    ] {
        let key = format!("checksums/{algorithm}");
        let put = client
            .put_object()
            .bucket(bucket)
            .key(&key)
            .checksum_algorithm(algorithm.clone());
        put.body(ByteStream::from_static(b"hello")).send().await.unwrap();
        let get = client
            .get_object()
            .bucket(bucket)
            .key(&key)
            .checksum_mode(ChecksumMode::Enabled);
        let got = get.send().await.unwrap();
        let shown = match algorithm {
            ChecksumAlgorithm::Crc32 => got.checksum_crc32.as_deref(),
            ChecksumAlgorithm::Crc32C => got.checksum_crc32_c.as_deref(),
            ChecksumAlgorithm::Crc64Nvme => got.checksum_crc64_nvme.as_deref(),
            ChecksumAlgorithm::Sha1 => got.checksum_sha1.as_deref(),
            _ => got.checksum_sha256.as_deref(),
        };
        let expected = match algorithm {
            ChecksumAlgorithm::Crc32 => "NhCmhg==",
            ChecksumAlgorithm::Crc32C => "mnG7TA==",
            ChecksumAlgorithm::Crc64Nvme => "M3eFcAZSQlc=",
            ChecksumAlgorithm::Sha1 => "qvTGHdzF6KLavt4PO0gs2a6pQ00=",
            _ => "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=",
        };
        assert_eq!(shown, Some(expected), "{algorithm}");
        // The SDK compares the body with the checksum here.
        assert_eq!(got.body.collect().await.unwrap().to_vec(), b"hello");
    }
}

pub(crate) async fn what_arrives_damaged_is_refused(client: &Client, bucket: &str) {
    let put = || {
        let put = client.put_object().bucket(bucket).key("damaged/object");
        put.body(ByteStream::from_static(b"hello"))
    };
    assert_eq!(
        refusal(put().checksum_crc32("AAAAAA==").send().await),
        is(400, "BadDigest")
    );
    assert_eq!(
        refusal(put().content_md5("AAAAAAAAAAAAAAAAAAAAAA==").send().await),
        is(400, "BadDigest")
    );
    put().content_md5("XUFAKrxLKna5cZ2REBfFkg==").send().await.unwrap();
}

/// Pieces of a file, sent and received as streams: what comes out is what went in.
pub(crate) async fn large_objects_are_streamed(client: &Client, bucket: &str) {
    const BLOCK: usize = 1 << 20;
    const BLOCKS: usize = 100;
    let mut file = tempfile::NamedTempFile::new().unwrap();
    for block in 0..BLOCKS {
        file.write_all(&block_of(block, BLOCK)).unwrap();
    }
    let key = "large/object";
    let body = ByteStream::read_from()
        .path(file.path())
        .buffer_size(BLOCK)
        .build()
        .await
        .unwrap();
    client
        .put_object()
        .bucket(bucket)
        .key(key)
        .body(body)
        .send()
        .await
        .unwrap();

    let mut got = client.get_object().bucket(bucket).key(key).send().await.unwrap();
    assert_eq!(got.content_length, i64::try_from(BLOCK * BLOCKS).ok());
    let mut pending = Vec::new();
    let mut block = 0;
    while let Some(bytes) = got.body.try_next().await.unwrap() {
        pending.extend_from_slice(&bytes);
        while pending.len() >= BLOCK {
            let rest = pending.split_off(BLOCK);
            assert!(pending == block_of(block, BLOCK), "block {block} differs");
            pending = rest;
            block += 1;
        }
    }
    assert_eq!((block, pending.len()), (BLOCKS, 0));

    let middle = client
        .get_object()
        .bucket(bucket)
        .key(key)
        .range("bytes=52428799-52428802")
        .send()
        .await
        .unwrap();
    let expected = [block_of(49, BLOCK).last().copied().unwrap(), 50, 0, 0];
    assert_eq!(middle.body.collect().await.unwrap().to_vec(), expected);
}

/// A block that begins with its number.
fn block_of(number: usize, length: usize) -> Vec<u8> {
    let mut block = b"0123456789abcdef".repeat(length / 16);
    block[..8].copy_from_slice(&(number as u64).to_le_bytes());
    block
}
