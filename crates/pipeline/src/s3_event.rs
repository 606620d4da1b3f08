//! What the embedded S3 tells of a created object, as S3 sends it.

use embedded_s3::ObjectCreated;
use pipeline_core::Key;
use pipeline_core::event::Record;
use serde_json::Value;

/// The event of a created object.
#[must_use]
pub fn s3_event(created: &ObjectCreated) -> Value {
    let record = Record {
        bucket: &created.bucket,
        key: &Key::new(created.key.as_str()),
        event_name: created.event_name.as_str(),
        event_time: Some(created.time),
        content: Some((created.size, &created.etag)),
    };
    record.to_event("eu-west-2")
}
