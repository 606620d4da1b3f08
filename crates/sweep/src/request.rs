//! What the function is called for.

use std::time::Duration;

use pipeline_core::event::{self, Decoded, EventError};
use pipeline_core::store::Listed;
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// How many failure records may lie around an event.
const MAX_ENVELOPES: usize = 4;

/// What an event asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// To sweep the buckets.
    Sweep(Run),
    /// To hand these objects to their stages.
    HandOver(Decoded),
}

/// One sweep of the buckets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// The time that ages are told from.
    pub now: OffsetDateTime,
    /// Whether everything that is stuck is sent, due or not.
    pub everything: bool,
}

impl Request {
    /// Reads an event: EventBridge's of the schedule, `{"now": true}` of a person, or records of objects, in a queue's
    /// messages or as they are.
    ///
    /// # Errors
    /// If the event is none of these.
    pub fn read(event: &Value) -> Result<Self, EventError> {
        if let Some(run) = Run::read(event) {
            return Ok(Self::Sweep(run));
        }
        let mut decoded = event::decode(event)?;
        decoded.undecodable_messages.retain(|id| !is_about_a_run(event, id));
        Ok(Self::HandOver(decoded))
    }
}

impl Run {
    /// How old an object is; one that was put after this run's time has no age yet.
    #[must_use]
    pub fn age(self, object: &Listed) -> Duration {
        Duration::try_from(self.now - object.last_modified).unwrap_or_default()
    }

    fn read(event: &Value) -> Option<Self> {
        if event.as_object().is_some_and(|object| object.len() == 1) && event.get("now") == Some(&Value::Bool(true)) {
            return Some(Self {
                now: OffsetDateTime::now_utc(),
                everything: true,
            });
        }
        let is_of_schedule = event.get("detail-type").and_then(Value::as_str) == Some("Scheduled Event");
        // The schedule's own time is exact, however late the event comes; so runs are as far apart as the back-off thinks.
        let scheduled = || OffsetDateTime::parse(event.get("time")?.as_str()?, &Rfc3339).ok();
        is_of_schedule.then(|| Self {
            now: scheduled().unwrap_or_else(OffsetDateTime::now_utc),
            everything: false,
        })
    }
}

/// Whether a queue's message is the record of a sweep that failed. Later runs have made up for it; were it a failure
/// here, it would go round between the queues for ever.
fn is_about_a_run(event: &Value, message_id: &str) -> bool {
    let messages = event.get("Records").and_then(Value::as_array);
    let message = messages.into_iter().flatten().find(|message| {
        let id = message.get("messageId").and_then(Value::as_str);
        id == Some(message_id)
    });
    let body = message
        .and_then(|message| message.get("body"))
        .and_then(Value::as_str)
        .and_then(|body| serde_json::from_str::<Value>(body).ok());
    let envelopes = std::iter::successors(body.as_ref(), |event| event.get("requestPayload"));
    envelopes.take(MAX_ENVELOPES).any(|event| Run::read(event).is_some())
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use time::macros::datetime;

    use super::*;

    fn scheduled(time: &str) -> Value {
        json!({"version": "0", "id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa", "detail-type": "Scheduled Event",
               "source": "aws.events", "account": "123456789012", "time": time, "region": "eu-west-2",
               "resources": ["arn:aws:events:eu-west-2:123456789012:rule/sweep"], "detail": {}})
    }

    fn message(body: &Value) -> Value {
        json!({"messageId": "m0", "eventSource": "aws:sqs", "body": body.to_string()})
    }

    #[test]
    fn a_run_has_the_time_of_the_schedule() {
        let run = Run {
            now: datetime!(2025-11-21 11:15:00 UTC),
            everything: false,
        };
        assert_eq!(
            Request::read(&scheduled("2025-11-21T11:15:00Z")),
            Ok(Request::Sweep(run))
        );
    }

    #[test]
    fn a_schedule_that_tells_no_time_means_now() {
        let before = OffsetDateTime::now_utc();
        let Ok(Request::Sweep(run)) = Request::read(&scheduled("at noon")) else {
            panic!("it is a run");
        };
        assert!(run.now >= before && !run.everything);
    }

    #[test]
    fn a_person_can_have_everything_sent_at_once() {
        let read = Request::read(&json!({"now": true}));
        assert!(matches!(read, Ok(Request::Sweep(Run { everything: true, .. }))));
    }

    #[test]
    fn any_other_event_is_an_error() {
        for event in [
            json!({"now": false}),
            json!({"now": true, "bucket": "inbox"}),
            json!({"now": "true"}),
            json!({}),
            json!(null),
            json!([]),
            json!({"detail-type": "Object Created", "time": "2025-11-21T11:15:00Z"}),
        ] {
            assert!(Request::read(&event).is_err(), "{event}");
        }
    }

    #[test]
    fn a_failed_run_in_the_failure_queue_needs_no_redrive() {
        let record = json!({"requestContext": {"condition": "RetriesExhausted"}, "requestPayload": scheduled("2025-11-21T11:15:00Z")});
        let unknown = json!({"requestPayload": {"detail-type": "Object Created"}});
        let mut other = message(&unknown);
        other["messageId"] = json!("m1");
        let read = Request::read(&json!({"Records": [message(&record), other]}));
        let Ok(Request::HandOver(decoded)) = read else {
            panic!("{read:?}");
        };
        assert!(decoded.from_queue && decoded.objects.is_empty());
        assert_eq!(decoded.undecodable_messages, ["m1"]);
    }
}
