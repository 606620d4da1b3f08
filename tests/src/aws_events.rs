//! Events as AWS sends them, whole: what our functions do not read is there too.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use pipeline_core::store::Listed;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// What S3 leaves as it is in the keys of events, as Java's `URLEncoder` does, and slashes.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'*')
    .remove(b' ');

/// A key as S3 spells it in events.
pub fn encoded(key: &str) -> String {
    utf8_percent_encode(key, PLAIN).to_string().replace(' ', "+")
}

/// A record of an event: this object was created (S3 user guide, "Event message structure", version 2.1).
pub fn s3_record(region: &str, bucket: &str, object: &Listed) -> Value {
    json!({
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": region,
        "eventTime": time_of(object.last_modified),
        "eventName": "ObjectCreated:Put",
        "userIdentity": {"principalId": "AWS:AIDAINPONIXQXHT3IKHL2"},
        "requestParameters": {"sourceIPAddress": "205.255.255.255"},
        "responseElements": {
            "x-amz-request-id": "D82B88E5F771F645",
            "x-amz-id-2": "vlR7PnpV2Ce81l0PRw6jlUpck7Jo5ZsQjryTjKlc5aLWGVHPZLj5NeC6qMa0emYBDXOo6QBU0Wo="
        },
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "828aa6fc-f7b5-4305-8584-487c791949c1",
            "bucket": {
                "name": bucket,
                "ownerIdentity": {"principalId": "A3I5XTEXAMAI3E"},
                "arn": format!("arn:aws:s3:::{bucket}")
            },
            "object": {
                "key": encoded(object.key.as_str()),
                "size": object.size,
                "eTag": object.etag.trim_matches('"'),
                "sequencer": "0C0F6F405D6ED209E1"
            }
        }
    })
}

/// An event of records.
pub fn s3_event(records: impl IntoIterator<Item = Value>) -> Value {
    json!({"Records": records.into_iter().collect::<Vec<_>>()})
}

/// What S3 sends when notifications of a bucket are configured.
pub fn s3_test_event(bucket: &str) -> Value {
    json!({
        "Service": "Amazon S3",
        "Event": "s3:TestEvent",
        "Time": "2026-11-01T15:57:02.089Z",
        "Bucket": bucket,
        "RequestId": "5582815E1AEA5ADF",
        "HostId": "8cLeGAmw098X5cv4Zkwcmo8vvZa3eH3eKxsPzbB9wrR+YstdA6Knx4Ip8EXAMPLE"
    })
}

/// Messages of a queue by id and body (Lambda developer guide, "Using Lambda with Amazon SQS").
pub fn sqs_event<'a>(region: &str, messages: impl IntoIterator<Item = (&'a str, String)>) -> Value {
    let message = |(id, body): (&str, String)| {
        json!({
            "messageId": id,
            "receiptHandle": "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a...",
            "body": body,
            "attributes": {
                "ApproximateReceiveCount": "1",
                "SentTimestamp": "1545082649183",
                "SenderId": "AIDAIENQZJOLO23YVJ4VO",
                "ApproximateFirstReceiveTimestamp": "1545082649185"
            },
            "messageAttributes": {},
            "md5OfBody": "e4e68fb7bd0e697a0ae8f1bb342846b3",
            "eventSource": "aws:sqs",
            "eventSourceARN": format!("arn:aws:sqs:{region}:123456789012:redrive"),
            "awsRegion": region
        })
    };
    json!({"Records": messages.into_iter().map(message).collect::<Vec<_>>()})
}

/// What Lambda puts on a failure queue when its retries are over (Lambda developer guide, "Capturing records of asynchronous invocations").
pub fn failure_record(function: &str, event: &Value) -> Value {
    json!({
        "version": "1.0",
        "timestamp": "2026-11-01T21:52:47.000Z",
        "requestContext": {
            "requestId": "e4b46cbf-b738-43cb-b1f5-8e9a1f8f7d5c",
            "functionArn": format!("arn:aws:lambda:eu-west-2:123456789012:function:{function}:$LATEST"),
            "condition": "RetriesExhausted",
            "approximateInvokeCount": 3
        },
        "requestPayload": event,
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        "responsePayload": {"errorType": "S3Refused", "errorMessage": "S3 refused"}
    })
}

/// What a schedule of EventBridge sends (EventBridge user guide, "Events from scheduled rules").
pub fn scheduled_event(region: &str, time: OffsetDateTime) -> Value {
    json!({
        "version": "0",
        "id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa",
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": "123456789012",
        "time": time.replace_nanosecond(0).unwrap().format(&Rfc3339).unwrap(),
        "region": region,
        "resources": [format!("arn:aws:events:{region}:123456789012:rule/data-pipeline-sweep")],
        "detail": {}
    })
}

/// With milliseconds, as S3 writes it.
fn time_of(time: OffsetDateTime) -> String {
    let whole = time.replace_nanosecond(0).unwrap().format(&Rfc3339).unwrap();
    whole.replace('Z', ".000Z")
}
