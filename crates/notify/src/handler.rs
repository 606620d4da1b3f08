//! The function as Lambda calls it.

use std::time::Instant;

use pipeline_core::event;
use pipeline_core::lambda::{Diagnostic, Handler};
use pipeline_core::{Store, Vars};
use serde_json::Value;
use time::OffsetDateTime;

use crate::mailer::Mailer;
use crate::notify::Notify;
use crate::settings::Settings;
use crate::topic::Topic;

impl Notify {
    /// Reads what the environment says; what is wrong with it is noted in `vars`.
    pub fn read(vars: &mut Vars<'_>) -> Settings {
        Settings::read(vars)
    }

    /// The function over AWS, as the environment says.
    pub async fn start(settings: Settings) -> Self {
        let store = Store::from_env(settings.buckets.clone());
        let topic = Topic::from_env(settings.topic.clone());
        let replies = settings.replies.clone();
        let mailer = replies.map(|replies| Mailer::from_env(replies.from, replies.region));
        Self::new(store, settings, topic, mailer)
    }
}

impl Handler for Notify {
    async fn handle(&self, event: Value, deadline: Option<Instant>) -> Result<Value, Diagnostic> {
        let diagnostic = |error_type: &str, error_message: String| Diagnostic {
            error_type: error_type.to_owned(),
            error_message,
        };
        let decoded = event::decode(&event).map_err(|error| {
            tracing::error!(error_type = "UnknownEvent", cause = %error, "an event cannot be decoded");
            diagnostic("UnknownEvent", error.to_string())
        })?;
        let done = self.run(decoded, OffsetDateTime::now_utc(), deadline).await;
        done.map_err(|error| diagnostic(error.error_type(), error.to_string()))
    }
}
