//! Keeps what is logged as an error until it is sent.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Map, Value};
use time::OffsetDateTime;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer};

/// Reports of one invocation: a failure of S3 is told by a few objects as well as by hundreds.
const MAX_REPORTS: usize = 5;

/// Notifications of one invocation: each is about a whole email.
const MAX_NOTIFICATIONS: usize = 50;

/// What makes a warning a notification.
const NOTIFICATION: &str = "notification";

/// An error, or a notification, as it was logged.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Report {
    pub(super) at: OffsetDateTime,
    pub(super) is_notification: bool,
    pub(super) message: String,
    /// All fields but the message.
    pub(super) fields: Map<String, Value>,
}

impl Report {
    pub(super) fn text(&self, field: &str) -> Option<&str> {
        self.fields.get(field).and_then(Value::as_str)
    }
}

/// Reports that wait to be sent, and how many more there were.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    pub(super) reports: Vec<Report>,
    pub(super) left_out: usize,
}

/// Part of the log's subscriber: it looks at every event, and keeps those that are to be reported.
#[derive(Debug, Clone, Default)]
pub struct Collect(Arc<Mutex<Waiting>>);

impl Collect {
    pub(super) fn take(&self) -> Waiting {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<S: Subscriber> Layer<S> for Collect {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let metadata = event.metadata();
        let has = |field| metadata.fields().field(field).is_some();
        let is_notification = match *metadata.level() {
            Level::ERROR if has("error_type") => false,
            Level::WARN if has(NOTIFICATION) => true,
            _ => return,
        };
        let mut fields = Fields::default();
        event.record(&mut fields);
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let most = if is_notification {
            MAX_NOTIFICATIONS
        } else {
            MAX_REPORTS
        };
        let of_this_kind = waiting
            .reports
            .iter()
            .filter(|report| report.is_notification == is_notification);
        if of_this_kind.count() >= most {
            waiting.left_out += 1;
            return;
        }
        waiting.reports.push(Report {
            at: OffsetDateTime::now_utc(),
            is_notification,
            message: fields.message,
            fields: fields.others,
        });
    }
}

#[derive(Default)]
struct Fields {
    message: String,
    others: Map<String, Value>,
}

impl Fields {
    fn put(&mut self, field: &Field, value: impl Into<Value>) {
        self.others.insert(field.name().to_owned(), value.into());
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let text = format!("{value:?}");
        if field.name() == "message" {
            self.message = text;
        } else {
            self.put(field, text);
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value);
    }
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    fn collected(log: impl FnOnce()) -> Waiting {
        let collect = Collect::default();
        let subscriber = tracing_subscriber::registry().with(collect.clone());
        tracing::subscriber::with_default(subscriber, log);
        collect.take()
    }

    #[test]
    fn an_error_with_an_error_type_is_kept_with_its_fields() {
        let waiting = collected(|| {
            let absent: Option<&str> = None;
            tracing::error!(error_type = "S3Refused", key = %"a/b", attempts = 3_u64, absent, "it failed");
        });
        let [report] = waiting.reports.try_into().unwrap();
        assert_eq!(report.message, "it failed");
        assert_eq!(
            Value::Object(report.fields),
            serde_json::json!({"error_type": "S3Refused", "key": "a/b", "attempts": 3})
        );
    }

    #[test]
    fn rejects_warnings_and_errors_of_libraries_are_not_kept() {
        let waiting = collected(|| {
            tracing::info!(outcome = "rejected", reason_code = "html", "the object was handled");
            tracing::warn!(error_type = "S3Refused", "it failed at first");
            tracing::error!("a library is unhappy");
        });
        assert!(waiting.reports.is_empty());
    }

    #[test]
    fn a_warning_with_a_notification_is_kept_besides_all_errors() {
        let waiting = collected(|| {
            for _ in 0..100 {
                tracing::error!(error_type = "S3Refused", "it failed");
            }
            tracing::warn!(
                notification = "sheffield: an email could not be used",
                "operators were told"
            );
        });
        let notifications: Vec<_> = waiting.reports.iter().filter(|report| report.is_notification).collect();
        assert_eq!(notifications.len(), 1);
        assert_eq!(
            notifications[0].text("notification"),
            Some("sheffield: an email could not be used")
        );
    }

    #[test]
    fn of_many_errors_a_handful_is_kept_and_the_rest_counted() {
        let waiting = collected(|| {
            for _ in 0..100 {
                tracing::error!(error_type = "S3Refused", "it failed");
            }
        });
        assert_eq!(
            (waiting.reports.len(), waiting.left_out),
            (MAX_REPORTS, 100 - MAX_REPORTS)
        );
    }
}
