//! What Lambda is called with, decoded into the objects it is about.
//!
//! Decoding is tolerant where AWS varies (`userIdentity`, `urlDecodedKey` and whole fields may be missing) and
//! strict where silence would lose something: an event of an unknown shape is an error, never nothing to do.

use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::key::Key;

/// How many envelopes (a queue's message, a failure record) may lie around one another.
const MAX_ENVELOPES: u32 = 4;

/// One object that an event is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectEvent {
    /// The bucket's name.
    pub bucket: String,
    /// The decoded key.
    pub key: Key,
    /// When it happened, as the record tells (`eventTime`); none if it tells no time.
    pub event_time: Option<OffsetDateTime>,
    /// The queue message that the event came in, if it came by a queue.
    pub message_id: Option<String>,
}

/// An event, decoded.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Decoded {
    /// The objects, every record of the event.
    pub objects: Vec<ObjectEvent>,
    /// Whether the event came by a queue, so that the answer names the messages that failed.
    pub from_queue: bool,
    /// Queue messages that could not be decoded: they have failed.
    pub undecodable_messages: Vec<String>,
    /// Records that are about something else than a created object (`s3:TestEvent`, removals).
    pub ignored: usize,
}

/// The event is of a shape that we do not know.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the event cannot be decoded: {0}")]
pub struct EventError(String);

#[derive(Deserialize)]
struct S3Record {
    #[serde(rename = "eventName")]
    event_name: String,
    // Of any type: a time that cannot be read must not keep the object from being handled.
    #[serde(rename = "eventTime", default)]
    event_time: Value,
    s3: S3Entity,
}

#[derive(Deserialize)]
struct S3Entity {
    bucket: S3BucketEntity,
    object: S3ObjectEntity,
}

#[derive(Deserialize)]
struct S3BucketEntity {
    name: String,
}

#[derive(Deserialize)]
struct S3ObjectEntity {
    key: String,
}

/// Decodes an S3 event, an SQS event whose messages hold S3 events, or a failure queue's record that wraps either.
///
/// # Errors
/// If the event is of none of these shapes. A queue's message that cannot be decoded is not an error of the whole
/// event: it is listed as undecodable, and its siblings go on.
pub fn decode(event: &Value) -> Result<Decoded, EventError> {
    let mut decoded = Decoded::default();
    decode_into(event, None, MAX_ENVELOPES, &mut decoded)?;
    // A queue is answered with the messages that failed: such a record could not be named.
    if decoded.from_queue && decoded.objects.iter().any(|object| object.message_id.is_none()) {
        return Err(EventError("records of objects among a queue's messages".to_owned()));
    }
    Ok(decoded)
}

fn decode_into(
    event: &Value,
    message_id: Option<&str>,
    envelopes_left: u32,
    decoded: &mut Decoded,
) -> Result<(), EventError> {
    let inner = envelopes_left
        .checked_sub(1)
        .ok_or_else(|| EventError("too many envelopes around it".to_owned()))?;
    // S3 sends this when notifications are configured (S3 user guide, "Event message structure").
    if event.get("Event").and_then(Value::as_str) == Some("s3:TestEvent") {
        decoded.ignored += 1;
        return Ok(());
    }
    // Lambda's record of a failed asynchronous invocation holds the event as `requestPayload`.
    if let Some(wrapped) = event.get("requestPayload") {
        return decode_into(wrapped, message_id, inner, decoded);
    }
    let records = event
        .get("Records")
        .and_then(Value::as_array)
        .ok_or_else(|| EventError("no `Records` in it".to_owned()))?;
    for record in records {
        if !is_queue_message(record) {
            decode_s3_record(record, message_id, decoded)?;
        } else if message_id.is_some() {
            // The message around it is all that the queue knows, so it fails or succeeds as a whole.
            decode_into(&body(record)?, message_id, inner, decoded)?;
        } else {
            decode_message(record, inner, decoded)?;
        }
    }
    Ok(())
}

fn is_queue_message(record: &Value) -> bool {
    record.get("eventSource").and_then(Value::as_str) == Some("aws:sqs")
}

fn decode_message(record: &Value, envelopes_left: u32, decoded: &mut Decoded) -> Result<(), EventError> {
    let id = record
        .get("messageId")
        .and_then(Value::as_str)
        .ok_or_else(|| EventError("a queue message without `messageId`".to_owned()))?;
    decoded.from_queue = true;
    let mut message = Decoded::default();
    match body(record).and_then(|body| decode_into(&body, Some(id), envelopes_left, &mut message)) {
        Ok(()) => {
            decoded.objects.append(&mut message.objects);
            decoded.ignored += message.ignored;
        }
        Err(_) => decoded.undecodable_messages.push(id.to_owned()),
    }
    Ok(())
}

fn body(message: &Value) -> Result<Value, EventError> {
    let body = message.get("body").and_then(Value::as_str);
    body.and_then(|body| serde_json::from_str(body).ok())
        .ok_or_else(|| EventError("a queue message whose `body` is no JSON".to_owned()))
}

fn decode_s3_record(record: &Value, message_id: Option<&str>, decoded: &mut Decoded) -> Result<(), EventError> {
    let record =
        S3Record::deserialize(record).map_err(|error| EventError(format!("a record of unknown shape ({error})")))?;
    // `eventName` comes without the `s3:` that configurations have; some senders keep it.
    let name = record.event_name.trim_start_matches("s3:");
    if !name.starts_with("ObjectCreated:") {
        decoded.ignored += 1;
        return Ok(());
    }
    decoded.objects.push(ObjectEvent {
        bucket: record.s3.bucket.name,
        key: decode_key(&record.s3.object.key)?,
        event_time: record
            .event_time
            .as_str()
            .and_then(|time| OffsetDateTime::parse(time, &Rfc3339).ok()),
        message_id: message_id.map(str::to_owned),
    });
    Ok(())
}

/// Keys in events are encoded as in HTML forms: `+` is a space (S3 user guide, "Event message structure").
fn decode_key(encoded: &str) -> Result<Key, EventError> {
    let spaces = encoded.replace('+', " ");
    percent_decode_str(&spaces)
        .decode_utf8()
        .map(|key| Key::new(key.into_owned()))
        .map_err(|_| EventError("a key that is no UTF-8".to_owned()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn s3_event(keys: &[&str]) -> Value {
        json!({"Records": keys.iter().map(|key| json!({
            "eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": "eu-west-2", "eventName": "ObjectCreated:Put",
            "s3": {"s3SchemaVersion": "1.0", "bucket": {"name": "es-test-data-inbox", "arn": "arn:aws:s3:::es-test-data-inbox"},
                   "object": {"key": key, "size": 1024, "eTag": "d41d8cd98f00b204e9800998ecf8427e", "sequencer": "0A1B2C3D4E5F678901"}}
        })).collect::<Vec<_>>()})
    }

    fn queue_event(bodies: &[String]) -> Value {
        json!({"Records": bodies.iter().enumerate().map(|(n, body)| json!({
            "messageId": format!("m{n}"), "receiptHandle": "h", "body": body, "eventSource": "aws:sqs"
        })).collect::<Vec<_>>()})
    }

    fn keys(event: &Value) -> Vec<String> {
        decode(event)
            .unwrap()
            .objects
            .into_iter()
            .map(|object| object.key.to_string())
            .collect()
    }

    #[test]
    fn every_record_of_an_event_is_decoded() {
        assert_eq!(keys(&s3_event(&["a", "b", "c"])), ["a", "b", "c"]);
    }

    #[test]
    fn a_plus_in_a_key_is_a_space_and_an_encoded_plus_is_a_plus() {
        assert_eq!(
            keys(&s3_event(&["bam/half+hourly%2B%C2%A3.csv"])),
            ["bam/half hourly+£.csv"]
        );
    }

    #[test]
    fn the_time_of_a_record_is_decoded_and_one_that_cannot_be_read_is_none() {
        let time_of = |time: Value| {
            let mut event = s3_event(&["a"]);
            event["Records"][0]["eventTime"] = time;
            decode(&event).unwrap().objects[0].event_time
        };
        assert_eq!(
            time_of(json!("2025-03-23T10:11:12.345Z")),
            Some(time::macros::datetime!(2025-03-23 10:11:12.345 UTC))
        );
        assert_eq!(decode(&s3_event(&["a"])).unwrap().objects[0].event_time, None);
        for unreadable in [
            json!("yesterday"),
            json!(""),
            json!(1_742_724_672),
            json!(null),
            json!({}),
        ] {
            assert_eq!(time_of(unreadable), None);
        }
    }

    #[test]
    fn the_test_event_is_ignored() {
        let event = json!({"Service": "Amazon S3", "Event": "s3:TestEvent", "Time": "2014-10-13T15:57:02.089Z",
                           "Bucket": "b", "RequestId": "r", "HostId": "h"});
        let decoded = decode(&event).unwrap();
        assert_eq!((decoded.objects.len(), decoded.ignored), (0, 1));
        assert_eq!(decode(&queue_event(&[event.to_string()])).unwrap().ignored, 1);
    }

    #[test]
    fn removals_are_ignored() {
        let mut event = s3_event(&["a"]);
        event["Records"][0]["eventName"] = json!("ObjectRemoved:Delete");
        assert_eq!(decode(&event).unwrap().ignored, 1);
    }

    #[test]
    fn events_in_queue_messages_keep_their_message() {
        let decoded = decode(&queue_event(&[
            s3_event(&["a", "b"]).to_string(),
            s3_event(&["c"]).to_string(),
        ]))
        .unwrap();
        let found: Vec<_> = decoded
            .objects
            .iter()
            .map(|o| (o.key.as_str(), o.message_id.as_deref().unwrap()))
            .collect();
        assert!(decoded.from_queue);
        assert_eq!(found, [("a", "m0"), ("b", "m0"), ("c", "m1")]);
    }

    #[test]
    fn a_queue_message_that_cannot_be_decoded_has_failed_alone() {
        let decoded = decode(&queue_event(&[
            "no json".to_owned(),
            s3_event(&["a"]).to_string(),
            "{}".to_owned(),
        ]))
        .unwrap();
        assert_eq!(decoded.objects.len(), 1);
        assert_eq!(decoded.undecodable_messages, ["m0", "m2"]);
    }

    #[test]
    fn a_queue_message_within_a_message_belongs_to_the_outer_one_and_fails_it() {
        let wrapped = |bodies: &[String]| queue_event(&[json!({"requestPayload": queue_event(bodies)}).to_string()]);
        let whole = [s3_event(&["a"]).to_string(), s3_event(&["b"]).to_string()];
        let decoded = decode(&wrapped(&whole)).unwrap();
        let ids = decoded.objects.iter().map(|object| object.message_id.as_deref());
        assert_eq!(ids.collect::<Vec<_>>(), [Some("m0"), Some("m0")]);
        let broken = [s3_event(&["a"]).to_string(), "no json".to_owned()];
        let decoded = decode(&wrapped(&broken)).unwrap();
        assert_eq!(
            (decoded.objects, decoded.undecodable_messages),
            (vec![], vec!["m0".to_owned()])
        );
    }

    #[test]
    fn records_of_objects_among_a_queues_messages_are_an_error() {
        for objects_first in [true, false] {
            let mut records = [s3_event(&["a"]), queue_event(&[s3_event(&["b"]).to_string()])]
                .map(|event| event["Records"][0].clone());
            if !objects_first {
                records.reverse();
            }
            assert!(decode(&json!({"Records": records})).is_err());
        }
    }

    #[test]
    fn a_failure_record_is_unwrapped() {
        let record = json!({"version": "1.0", "requestContext": {"condition": "RetriesExhausted"}, "requestPayload": s3_event(&["a"])});
        assert_eq!(keys(&record), ["a"]);
        assert_eq!(keys(&queue_event(&[record.to_string()])), ["a"]);
    }

    #[test]
    fn an_event_of_unknown_shape_is_an_error_never_nothing_to_do() {
        for event in [
            json!({}),
            json!([]),
            json!({"Records": [{"s3": {}}]}),
            s3_event(&["%ff"]),
        ] {
            assert!(decode(&event).is_err(), "{event}");
        }
    }

    #[test]
    fn envelopes_that_never_end_are_refused() {
        let wrapped = (0..100).fold(s3_event(&["a"]), |event, _| json!({"requestPayload": event}));
        assert!(decode(&wrapped).is_err());
    }
}
