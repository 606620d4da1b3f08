//! The event that S3 sends to Lambda when an object was created, in AWS's own shape.

use embedded_s3::ObjectCreated;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

/// Keys are encoded as in HTML forms, but for slashes and what never needs it.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'*')
    .remove(b' ');

/// The event (S3 user guide, "Event message structure"; without `urlDecodedKey`, which S3 does not send).
#[must_use]
pub fn s3_event(created: &ObjectCreated) -> Value {
    let key = utf8_percent_encode(&created.key, PLAIN).to_string().replace(' ', "+");
    json!({"Records": [{
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": "eu-west-2",
        "eventName": created.event_name.as_str(),
        "s3": {
            "s3SchemaVersion": "1.0",
            "bucket": {"name": created.bucket, "arn": format!("arn:aws:s3:::{}", created.bucket)},
            "object": {"key": key, "size": created.size, "eTag": created.etag.trim_matches('"')}
        }
    }]})
}
