//! Keys that are awkward in URLs, in XML, or as file names.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html>

use super::{get, is, put, refusal};
use aws_sdk_s3::Client;
use aws_sdk_s3::types::EncodingType;

/// Without a slash at their start, so that a prefix can go before them.
fn awkward_keys() -> Vec<String> {
    let mut keys: Vec<String> = [
        "with space.csv",
        " leading and trailing ",
        "plus+and%percent%2B%20",
        "amp&ersand=equals?question#hash",
        "quote\"s and 'single' <angle> `back`",
        "semi;colon,comma:colon|pipe~tilde^caret{}[]",
        "back\\slash",
        "dollar$at@excl!star*(paren)",
        "umlaut-\u{fc}-\u{df}-\u{e9}.csv",
        "decomposed-u\u{308}.csv",
        "\u{65e5}\u{672c}\u{8a9e}/\u{1F600}.csv",
        "nbsp\u{a0}zero\u{200b}rtl\u{202e}",
        "tab\there",
        "new\nline",
        "control\u{1}\u{7f}",
        "a//b",
        "a///b",
        "trailing/",
        "trailing//",
        "dot/./dot",
        "dots/../dots",
        "dots/..",
        "dots/.",
        "...",
        ".hidden",
        "%",
        "%%file-a",
        "%%more-a",
        "%25",
        "nul\0inside",
        "CON",
        "lpt1.txt",
        "ends with dot.",
    ]
    .map(str::to_owned)
    .into();
    keys.push("p".repeat(255));
    keys.push("q".repeat(256));
    keys.push(format!("{}/{}", "r".repeat(300), "s".repeat(400)));
    keys.push("\u{e9}".repeat(130));
    keys
}

pub(crate) async fn awkward_keys_are_kept_to_the_byte(client: &Client, bucket: &str) {
    let mut keys: Vec<String> = awkward_keys().into_iter().map(|key| format!("awkward/{key}")).collect();
    for key in &keys {
        put(client, bucket, key, key.as_bytes()).await;
    }
    for key in &keys {
        assert_eq!(get(client, bucket, key).await, key.as_bytes(), "{key:?}");
        let head = client.head_object().bucket(bucket).key(key).send().await.unwrap();
        assert_eq!(head.content_length, i64::try_from(key.len()).ok());
    }

    keys.sort();
    let listed = client
        .list_objects_v2()
        .bucket(bucket)
        .prefix("awkward/")
        .encoding_type(EncodingType::Url);
    let listed: Vec<String> = listed
        .send()
        .await
        .unwrap()
        .contents()
        .iter()
        .map(|o| url_decode(o.key().unwrap()))
        .collect();
    assert_eq!(listed, keys);

    for key in &keys {
        client.delete_object().bucket(bucket).key(key).send().await.unwrap();
        assert_eq!(
            refusal(client.get_object().bucket(bucket).key(key).send().await),
            is(404, "NoSuchKey")
        );
    }
    assert!(super::keys_below(client, bucket, "awkward/").await.is_empty());
}

pub(crate) async fn awkward_keys_can_be_copied(client: &Client, bucket: &str) {
    for (number, key) in awkward_keys().into_iter().enumerate() {
        let from = format!("awkward-from/{key}");
        put(client, bucket, &from, key.as_bytes()).await;
        let copy = client.copy_object().bucket(bucket).key(format!("awkward-to/{number}"));
        copy.copy_source(url_encode(&format!("{bucket}/{from}")))
            .send()
            .await
            .unwrap();
        assert_eq!(
            get(client, bucket, &format!("awkward-to/{number}")).await,
            key.as_bytes(),
            "{key:?}"
        );
    }
}

pub(crate) async fn keys_have_at_most_1024_bytes(client: &Client, bucket: &str) {
    for part in ["k", "k/", "\u{e9}", "%", "/"] {
        let key: String = "long/".chars().chain(part.repeat(1024).chars()).collect();
        let mut key: String = key
            .chars()
            .take_while({
                let mut bytes = 0;
                move |c| {
                    bytes += c.len_utf8();
                    bytes <= 1024
                }
            })
            .collect();
        while key.len() < 1024 {
            key.push('k');
        }
        put(client, bucket, &key, part.as_bytes()).await;
        assert_eq!(get(client, bucket, &key).await, part.as_bytes());
        assert_eq!(super::keys_below(client, bucket, "long/").await, [key.as_str()]);
        client.delete_object().bucket(bucket).key(&key).send().await.unwrap();

        key.push('k');
        assert_eq!(
            refusal(client.put_object().bucket(bucket).key(&key).send().await),
            is(400, "KeyTooLongError")
        );
    }
}

pub(crate) async fn a_key_can_be_the_beginning_of_another(client: &Client, bucket: &str) {
    for (round, keys) in [
        ["a", "a/b", "a/b/c"],
        ["a/b/c", "a/b", "a"],
        ["a/b", "a", "a/b/c"],
        ["a", "a/", "a//"],
    ]
    .into_iter()
    .enumerate()
    {
        let keys: Vec<String> = keys.iter().map(|key| format!("beginnings/{round}/{key}")).collect();
        for key in &keys {
            put(client, bucket, key, key.as_bytes()).await;
        }
        for key in &keys {
            assert_eq!(get(client, bucket, key).await, key.as_bytes());
            let again = client
                .put_object()
                .bucket(bucket)
                .key(key)
                .if_none_match("*")
                .send()
                .await;
            assert_eq!(refusal(again), is(412, "PreconditionFailed"));
        }
        let mut sorted = keys.clone();
        sorted.sort();
        assert_eq!(
            super::keys_below(client, bucket, &format!("beginnings/{round}/")).await,
            sorted
        );
        for (done, key) in keys.iter().enumerate() {
            client.delete_object().bucket(bucket).key(key).send().await.unwrap();
            for left in &keys[done + 1..] {
                assert_eq!(get(client, bucket, left).await, left.as_bytes());
            }
        }
        assert!(
            super::keys_below(client, bucket, &format!("beginnings/{round}/"))
                .await
                .is_empty()
        );
    }
}

pub(crate) fn url_encode(text: &str) -> String {
    let encode = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(encode).collect()
}

pub(crate) fn url_decode(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = [rest.next().unwrap(), rest.next().unwrap()];
                u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap()
            }
            _ => byte,
        });
    }
    String::from_utf8(bytes).unwrap()
}
