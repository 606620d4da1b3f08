//! What any S3 must do for the pipeline: functions that take a client and a bucket, so that the same ones can be run against
//! the embedded server, AWS, or another server. Each uses keys below a prefix of its own and leaves them there;
//! the bucket must be new.
//!
//! Other packages include it with `#[path = "…/embedded-s3/tests/suite/mod.rs"] mod suite;`.

pub(crate) mod conditions;
pub(crate) mod copies;
pub(crate) mod keys;
pub(crate) mod listings;
pub(crate) mod multipart;
pub(crate) mod objects;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::primitives::ByteStream;

/// What the SDK does by default, integrity protections included, except that it does not retry: every answer is seen.
pub(crate) fn client(endpoint: &str, region: &str, access_key_id: &str, secret_access_key: &str) -> Client {
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .endpoint_url(endpoint)
        .region(Region::new(region.to_owned()))
        .credentials_provider(Credentials::new(access_key_id, secret_access_key, None, None, "suite"))
        .force_path_style(true)
        .retry_config(RetryConfig::disabled())
        .build();
    Client::from_conf(config)
}

/// The status and the code of an error that S3 answered with. (Answers to HEAD have no code.)
pub(crate) fn refusal<T: std::fmt::Debug, E: ProvideErrorMetadata + std::fmt::Debug>(
    result: Result<T, SdkError<E>>,
) -> (u16, String) {
    let error = result.expect_err("S3 should have refused");
    let status = error
        .raw_response()
        .unwrap_or_else(|| panic!("no answer: {error:?}"))
        .status()
        .as_u16();
    (status, error.code().unwrap_or_default().to_owned())
}

/// For comparing with what [`refusal`] returns.
pub(crate) fn is(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

/// Puts an object and returns its ETag.
pub(crate) async fn put(client: &Client, bucket: &str, key: &str, bytes: &[u8]) -> String {
    let body = ByteStream::from(bytes.to_vec());
    let put = client
        .put_object()
        .bucket(bucket)
        .key(key)
        .body(body)
        .send()
        .await
        .unwrap();
    put.e_tag.unwrap()
}

/// Gets the bytes of an object.
pub(crate) async fn get(client: &Client, bucket: &str, key: &str) -> Vec<u8> {
    let got = client.get_object().bucket(bucket).key(key).send().await.unwrap();
    got.body.collect().await.unwrap().to_vec()
}

/// The keys with a prefix, page after page, as the paginator of the SDK finds them.
pub(crate) async fn keys_below(client: &Client, bucket: &str, prefix: &str) -> Vec<String> {
    let mut pages = client
        .list_objects_v2()
        .bucket(bucket)
        .prefix(prefix)
        .into_paginator()
        .send();
    let mut keys = Vec::new();
    while let Some(page) = pages.try_next().await.unwrap() {
        keys.extend(
            page.contents
                .unwrap_or_default()
                .into_iter()
                .map(|object| object.key.unwrap()),
        );
    }
    keys
}
