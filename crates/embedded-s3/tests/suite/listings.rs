//! ListObjectsV2 and ListObjects.

use super::{is, keys_below, put, refusal};
use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use tokio::task::JoinSet;

async fn put_all(client: &Client, bucket: &str, keys: &[String]) {
    for keys in keys.chunks(50) {
        let mut tasks = JoinSet::new();
        for key in keys {
            let put = client
                .put_object()
                .bucket(bucket)
                .key(key)
                .body(ByteStream::from(key.clone().into_bytes()));
            tasks.spawn(async move { put.send().await.unwrap() });
        }
        tasks.join_all().await;
    }
}

pub(crate) async fn more_than_1000_keys_come_in_pages_each_key_once_in_order(client: &Client, bucket: &str) {
    let mut keys: Vec<String> = (0..1205)
        .map(|number| format!("pages/{}/{number:04}", number % 7))
        .collect();
    put_all(client, bucket, &keys).await;
    keys.sort();
    assert_eq!(keys_below(client, bucket, "pages/").await, keys);

    let first = client
        .list_objects_v2()
        .bucket(bucket)
        .prefix("pages/")
        .send()
        .await
        .unwrap();
    assert_eq!(
        (first.key_count, first.is_truncated, first.max_keys),
        (Some(1000), Some(true), Some(1000))
    );
    let token = first.next_continuation_token.unwrap();
    let second = client
        .list_objects_v2()
        .bucket(bucket)
        .prefix("pages/")
        .continuation_token(&token);
    let second = second.send().await.unwrap();
    assert_eq!((second.key_count, second.is_truncated), (Some(205), Some(false)));
    assert_eq!(second.continuation_token, Some(token));
    assert_eq!(second.next_continuation_token, None);

    for size in [1, 7, 602, 603, 1000] {
        let mut pages = client
            .list_objects_v2()
            .bucket(bucket)
            .prefix("pages/3/")
            .into_paginator()
            .page_size(size)
            .send();
        let mut listed = Vec::new();
        while let Some(page) = pages.try_next().await.unwrap() {
            assert!(page.contents().len() <= usize::try_from(size).unwrap());
            listed.extend(
                page.contents
                    .unwrap_or_default()
                    .into_iter()
                    .map(|object| object.key.unwrap()),
            );
        }
        let expected: Vec<&String> = keys.iter().filter(|key| key.starts_with("pages/3/")).collect();
        assert!(listed.iter().eq(expected), "pages of {size}");
    }
}

pub(crate) async fn keys_are_ordered_by_their_bytes(client: &Client, bucket: &str) {
    let mut keys: Vec<String> = [
        "a",
        "a-b",
        "a.b",
        "a/b",
        "a/b/c",
        "a/-",
        "a0",
        "B",
        "b",
        "\u{e9}",
        "\u{FFFD}",
        "\u{1F600}",
        "~",
    ]
    .map(|key| format!("order/{key}"))
    .into();
    keys.push(format!("order/a{}", "a".repeat(300)));
    keys.push(format!("order/a{}-", "a".repeat(248)));
    put_all(client, bucket, &keys).await;
    keys.sort();
    assert_eq!(keys_below(client, bucket, "order/").await, keys);
}

pub(crate) async fn an_entry_shows_what_head_shows(client: &Client, bucket: &str) {
    let etag = put(client, bucket, "entry/object", b"12345").await;
    let head = client
        .head_object()
        .bucket(bucket)
        .key("entry/object")
        .send()
        .await
        .unwrap();
    let listed = client
        .list_objects_v2()
        .bucket(bucket)
        .prefix("entry/")
        .fetch_owner(true)
        .send()
        .await
        .unwrap();
    let entry = &listed.contents()[0];
    assert_eq!(entry.key(), Some("entry/object"));
    assert_eq!(entry.size, Some(5));
    assert_eq!(entry.e_tag(), Some(etag.as_str()));
    assert_eq!(entry.last_modified, head.last_modified);
    assert_eq!(entry.storage_class().map(|class| class.as_str()), Some("STANDARD"));
    assert!(entry.owner().is_some());
    assert_eq!(listed.name(), Some(bucket));
}

fn folders_keys() -> Vec<String> {
    ["a/1", "a/2", "a/b/3", "b", "c/4", "c/5", "d", "e//6"]
        .map(|key| format!("folders/{key}"))
        .into()
}

pub(crate) async fn a_delimiter_gives_folders(client: &Client, bucket: &str) {
    put_all(client, bucket, &folders_keys()).await;
    let list = |prefix: &str, delimiter: &str| {
        client
            .list_objects_v2()
            .bucket(bucket)
            .prefix(format!("folders/{prefix}"))
            .delimiter(delimiter)
    };
    for (prefix, delimiter, keys, prefixes) in [
        ("", "/", &["b", "d"][..], &["a/", "c/", "e/"][..]),
        ("a/", "/", &["a/1", "a/2"], &["a/b/"]),
        ("a", "/", &[], &["a/"]),
        ("e/", "/", &[], &["e//"]),
        ("", "b", &["a/1", "a/2", "c/4", "c/5", "d", "e//6"], &["a/b", "b"]),
        ("x", "/", &[], &[]),
    ] {
        let whole = |names: &[&str]| names.iter().map(|name| format!("folders/{name}")).collect::<Vec<_>>();
        let page = list(prefix, delimiter).send().await.unwrap();
        let found: Vec<_> = page.contents().iter().map(|object| object.key().unwrap()).collect();
        let folders: Vec<_> = page
            .common_prefixes()
            .iter()
            .map(|prefix| prefix.prefix().unwrap())
            .collect();
        assert_eq!(
            (found, folders),
            (
                whole(keys).iter().map(String::as_str).collect(),
                whole(prefixes).iter().map(String::as_str).collect::<Vec<_>>()
            )
        );
        assert_eq!(page.key_count, i32::try_from(keys.len() + prefixes.len()).ok());
        assert_eq!(page.delimiter(), Some(delimiter));
    }

    // Page by page, each folder counts as one entry and comes once.
    let mut pages = list("", "/").into_paginator().page_size(1).send();
    let mut entries = Vec::new();
    while let Some(page) = pages.try_next().await.unwrap() {
        entries.extend(page.contents().iter().map(|object| object.key().unwrap().to_owned()));
        entries.extend(
            page.common_prefixes()
                .iter()
                .map(|prefix| prefix.prefix().unwrap().to_owned()),
        );
    }
    assert_eq!(
        entries,
        ["a/", "b", "c/", "d", "e/"].map(|name| format!("folders/{name}"))
    );
}

pub(crate) async fn a_listing_can_start_anywhere(client: &Client, bucket: &str) {
    let keys: Vec<String> = ["a", "a/b", "b", "c"].map(|key| format!("start/{key}")).into();
    put_all(client, bucket, &keys).await;
    for (after, left) in [("", 4), ("a", 3), ("a/a", 3), ("a/b", 2), ("bb", 1), ("c", 0), ("d", 0)] {
        let after = format!("start/{after}");
        let listed = client
            .list_objects_v2()
            .bucket(bucket)
            .prefix("start/")
            .start_after(&after)
            .send()
            .await
            .unwrap();
        let listed: Vec<_> = listed
            .contents()
            .iter()
            .map(|object| object.key().unwrap().to_owned())
            .collect();
        assert_eq!(listed, keys[keys.len() - left..], "{after}");
    }
    let bad = client
        .list_objects_v2()
        .bucket(bucket)
        .continuation_token("not a token")
        .send()
        .await;
    assert_eq!(refusal(bad), is(400, "InvalidArgument"));
}

pub(crate) async fn the_old_listing_goes_on_by_markers(client: &Client, bucket: &str) {
    let keys: Vec<String> = ["a/1", "a/2", "b", "c/3", "d"]
        .map(|key| format!("markers/{key}"))
        .into();
    put_all(client, bucket, &keys).await;
    let list = || client.list_objects().bucket(bucket).prefix("markers/").max_keys(2);

    let page = list().send().await.unwrap();
    assert_eq!((page.is_truncated, page.next_marker()), (Some(true), None));
    assert_eq!(page.contents()[1].key(), Some("markers/a/2"));
    let page = list().marker("markers/a/2").send().await.unwrap();
    assert_eq!(page.contents()[0].key(), Some("markers/b"));
    assert_eq!(page.marker(), Some("markers/a/2"));

    let page = list().delimiter("/").send().await.unwrap();
    assert_eq!(page.common_prefixes()[0].prefix(), Some("markers/a/"));
    assert_eq!((page.is_truncated, page.next_marker()), (Some(true), Some("markers/b")));
    let page = list().delimiter("/").marker("markers/a/").send().await.unwrap();
    assert_eq!(page.contents()[0].key(), Some("markers/b"));
    assert_eq!(page.next_marker(), Some("markers/c/"));
    let page = list().delimiter("/").marker("markers/c/").send().await.unwrap();
    assert_eq!((page.is_truncated, page.next_marker()), (Some(false), None));
    assert_eq!(page.contents()[0].key(), Some("markers/d"));
}
