//! The event that S3 sends to Lambda when an object was created, in AWS's own shape.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::key::Key;
use crate::store::Listed;

/// Keys are encoded as in HTML forms, but for slashes and what never needs it.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'*')
    .remove(b' ');

/// What is known of an object that an event is about.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    /// The bucket's name.
    pub bucket: &'a str,
    /// The key as it is.
    pub key: &'a Key,
    /// How the object was created, for instance `ObjectCreated:Put`.
    pub event_name: &'a str,
    /// When the object was created.
    pub event_time: Option<OffsetDateTime>,
    /// Its size in bytes and its entity tag.
    pub content: Option<(u64, &'a str)>,
}

impl<'a> Record<'a> {
    /// Of an object in a listing, which does not tell how it was created: the stages do not ask.
    #[must_use]
    pub fn of_listed(bucket: &'a str, object: &'a Listed) -> Self {
        Self {
            bucket,
            key: &object.key,
            event_name: "ObjectCreated:Put",
            event_time: Some(object.last_modified),
            content: Some((object.size, &object.etag)),
        }
    }

    /// An event with this one record (S3 user guide, "Event message structure"; without `urlDecodedKey`, which S3 does not
    /// send).
    #[must_use]
    pub fn to_event(&self, region: &str) -> Value {
        let encoded = utf8_percent_encode(self.key.as_str(), PLAIN)
            .to_string()
            .replace(' ', "+");
        let mut object = Map::from_iter([("key".to_owned(), json!(encoded))]);
        if let Some((size, etag)) = self.content {
            object.insert("size".to_owned(), json!(size));
            object.insert("eTag".to_owned(), json!(etag.trim_matches('"')));
        }
        let mut record = json!({
            "eventVersion": "2.1",
            "eventSource": "aws:s3",
            "awsRegion": region,
            "eventName": self.event_name,
            "s3": {
                "s3SchemaVersion": "1.0",
                "bucket": {"name": self.bucket, "arn": format!("arn:aws:s3:::{}", self.bucket)},
                "object": object,
            },
        });
        if let (Some(time), Some(record)) = (
            self.event_time.and_then(|time| time.format(&Rfc3339).ok()),
            record.as_object_mut(),
        ) {
            record.insert("eventTime".to_owned(), json!(time));
        }
        json!({"Records": [record]})
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use time::macros::datetime;

    use super::*;
    use crate::event;

    fn listed(key: &str) -> Listed {
        Listed {
            key: Key::new(key),
            etag: "\"d41d8cd98f00b204e9800998ecf8427e\"".to_owned(),
            size: 1024,
            last_modified: datetime!(2025-03-23 10:11:12 UTC),
        }
    }

    #[test]
    fn an_event_looks_as_s3_sends_it() {
        let object = listed("bam/half hourly+£.csv");
        let event = Record::of_listed("es-test-data-process", &object).to_event("eu-west-2");
        let record = &event["Records"][0];
        assert_eq!(record["eventTime"], "2025-03-23T10:11:12Z");
        assert_eq!(record["awsRegion"], "eu-west-2");
        let s3 = &record["s3"];
        assert_eq!(s3["bucket"]["arn"], "arn:aws:s3:::es-test-data-process");
        assert_eq!(
            s3["object"],
            json!({"key": "bam/half+hourly%2B%C2%A3.csv", "size": 1024, "eTag": "d41d8cd98f00b204e9800998ecf8427e"})
        );
    }

    proptest! {
        #[test]
        fn the_functions_decode_the_very_object(key in "\\PC{1,200}", control in any::<char>()) {
            let object = listed(&format!("{key}{control}"));
            let decoded = event::decode(&Record::of_listed("es-test-data-inbox", &object).to_event("")).unwrap();
            prop_assert_eq!(decoded.objects.len(), 1);
            prop_assert_eq!(&decoded.objects[0].key, &object.key);
            prop_assert_eq!(decoded.objects[0].bucket.as_str(), "es-test-data-inbox");
        }

        #[test]
        fn an_event_of_the_longest_key_is_far_smaller_than_lambda_takes(key in "[\u{1}-\u{ff}]{1024}") {
            let object = listed(&key);
            let event = Record::of_listed("es-test-data-inbox", &object).to_event("eu-west-2");
            prop_assert!(event.to_string().len() < 16 * 1024);
        }
    }
}
