//! A report in Rollbar's words (Rollbar API reference, "Create an item").

use serde_json::{Map, Value, json};

use crate::rollbar::collect::Report;
use crate::rollbar::config::Rollbar;

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Longest text in an item, in characters: an item has at most 512 KiB.
const MAX_TEXT: usize = 4_000;

/// Longest title and longest context in characters.
const MAX_TITLE: usize = 255;

/// Longest fingerprint in characters; of a longer one Rollbar takes a hash.
const FINGERPRINT: usize = 40;

pub(super) fn item(rollbar: &Rollbar, report: &Report) -> Value {
    match report.text("notification").filter(|_| report.is_notification) {
        Some(subject) => notification(rollbar, report, subject),
        None => error(rollbar, report),
    }
}

fn error(rollbar: &Rollbar, report: &Report) -> Value {
    let stage = report.text("stage").unwrap_or(&rollbar.function);
    let error_type = report.text("error_type").unwrap_or("Error");
    let code = report.text("code").unwrap_or_default();
    let text = match report.text("cause") {
        Some(cause) => format!("{}: {cause}", report.message),
        None => report.message.clone(),
    };
    let title = [stage, error_type, code].join(" ");
    data(
        rollbar,
        report,
        json!({
            "level": if error_type == "Panic" { "critical" } else { "error" },
            "context": cut(stage, MAX_TITLE),
            "title": cut(title.trim(), MAX_TITLE),
            "fingerprint": fingerprint(stage, error_type, code),
            "body": {"message": {"body": cut(&text, MAX_TEXT)}},
        }),
    )
}

/// What people are told of files that could not be used. Notifications of one area are one item, which occurs again and again.
fn notification(rollbar: &Rollbar, report: &Report, subject: &str) -> Value {
    let area = subject.split(':').next().unwrap_or_default();
    data(
        rollbar,
        report,
        json!({
            "level": "warning",
            "context": cut(&rollbar.function, MAX_TITLE),
            "title": cut(subject, MAX_TITLE),
            "fingerprint": fingerprint("notification", area, ""),
            "body": {"message": {"body": cut(subject, MAX_TEXT)}},
        }),
    )
}

/// What every item has, and what is its own.
fn data(rollbar: &Rollbar, report: &Report, own: Value) -> Value {
    let mut custom: Map<String, Value> = report.fields.clone();
    for value in custom.values_mut() {
        if let Value::String(text) = value {
            *text = cut(text, MAX_TEXT);
        }
    }
    let mut data = json!({
        "environment": rollbar.environment,
        "timestamp": report.at.unix_timestamp(),
        "platform": "linux",
        "framework": "aws-lambda",
        "language": "rust",
        "code_version": VERSION,
        "server": {"host": rollbar.function},
        "custom": custom,
        "notifier": {"name": env!("CARGO_PKG_NAME"), "version": VERSION},
    });
    if let (Value::Object(data), Value::Object(own)) = (&mut data, own) {
        data.extend(own);
    }
    json!({"data": data})
}

/// What Rollbar counts as the same error: never the object, else a hundred objects would be a hundred errors.
fn fingerprint(stage: &str, error_type: &str, code: &str) -> String {
    let hash = blake3::hash([stage, error_type, code].join("\n").as_bytes());
    hash.to_hex().chars().take(FINGERPRINT).collect()
}

fn cut(text: &str, longest: usize) -> String {
    text.chars().take(longest).collect()
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::config::Vars;

    fn report(fields: &Value) -> Report {
        Report {
            at: datetime!(2025-03-23 10:11:12 UTC),
            is_notification: false,
            message: "the object could not be handled".to_owned(),
            fields: fields.as_object().unwrap().clone(),
        }
    }

    fn item_of(fields: &Value) -> Value {
        let mut vars = Vars::new(|name| (name == "ROLLBAR_ENVIRONMENT").then(|| "test".to_owned()));
        item(&Rollbar::read(&mut vars), &report(fields))["data"].take()
    }

    #[test]
    fn an_item_says_what_failed_where_and_why() {
        let fields = json!({"stage": "process-file", "bucket": "b", "key": "k", "error_type": "S3Refused", "code": "AccessDenied",
                            "cause": "S3 refused to read b/k: AccessDenied (request 7)"});
        let item = item_of(&fields);
        assert_eq!(item["environment"], "test");
        assert_eq!(item["level"], "error");
        assert_eq!(item["timestamp"], 1_742_724_672);
        assert_eq!(item["title"], "process-file S3Refused AccessDenied");
        assert_eq!(
            item["body"]["message"]["body"],
            "the object could not be handled: S3 refused to read b/k: AccessDenied (request 7)"
        );
        assert_eq!(item["custom"], fields);
        assert_eq!(item["code_version"], VERSION);
    }

    #[test]
    fn a_notification_is_a_warning_under_its_subject_and_one_item_for_its_area() {
        let item_of = |subject: &str| {
            let notification = Report {
                is_notification: true,
                ..report(&json!({"notification": subject, "message_key": "o3gbv5qk"}))
            };
            let mut vars = Vars::new(|_| None);
            item(&Rollbar::read(&mut vars), &notification)["data"].take()
        };
        let one = item_of("bam: a file of an email could not be used");
        assert_eq!(
            (one["level"].as_str(), one["title"].as_str()),
            (Some("warning"), Some("bam: a file of an email could not be used"))
        );
        assert_eq!(one["custom"]["message_key"], "o3gbv5qk");
        assert_eq!(
            one["fingerprint"],
            item_of("bam: an email could not be used")["fingerprint"]
        );
        assert_ne!(
            one["fingerprint"],
            item_of("bath: an email could not be used")["fingerprint"]
        );
    }

    #[test]
    fn a_panic_is_critical() {
        assert_eq!(item_of(&json!({"error_type": "Panic"}))["level"], "critical");
    }

    #[test]
    fn errors_of_one_stage_type_and_code_are_one_error_to_rollbar_whatever_the_object() {
        let fingerprint = |stage: &str, code: &str, key: &str| {
            let fields = json!({"stage": stage, "error_type": "S3Refused", "code": code, "key": key});
            item_of(&fields)["fingerprint"].as_str().unwrap().to_owned()
        };
        let one = fingerprint("process-file", "SlowDown", "a");
        assert_eq!(one.len(), FINGERPRINT);
        assert_eq!(one, fingerprint("process-file", "SlowDown", "b"));
        assert_ne!(one, fingerprint("process-file", "AccessDenied", "a"));
        assert_ne!(one, fingerprint("convert-file", "SlowDown", "a"));
    }

    #[test]
    fn an_item_stays_small_however_long_its_texts_are() {
        let long = "é".repeat(1_000_000);
        let fields = json!({"error_type": long, "stage": long, "cause": long, "key": long, "code": long});
        assert!(item_of(&fields).to_string().len() < 100_000);
    }
}
