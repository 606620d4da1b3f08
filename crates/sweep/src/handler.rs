//! The function as Lambda calls it.

use std::time::Instant;

use pipeline_core::lambda::{Diagnostic, Handler};
use pipeline_core::metrics::Metrics;
use pipeline_core::{Store, Vars};
use serde_json::Value;

use crate::error::SweepError;
use crate::functions::Functions;
use crate::request::Request;
use crate::settings::Settings;
use crate::sweep::Sweep;

impl Sweep {
    /// Reads what the environment says; what is wrong with it is noted in `vars`.
    pub fn read(vars: &mut Vars<'_>) -> (Settings, Metrics) {
        (Settings::read(vars), Metrics::read(vars))
    }

    /// The function over AWS, as the environment says.
    pub async fn start((settings, metrics): (Settings, Metrics)) -> Self {
        let store = Store::from_env(settings.buckets.clone());
        let functions = Functions::from_env(settings.functions.clone());
        Self::new(store, functions, settings, metrics)
    }
}

impl Handler for Sweep {
    async fn handle(&self, event: Value, deadline: Option<Instant>) -> Result<Value, Diagnostic> {
        let done = match Request::read(&event) {
            Ok(Request::Sweep(run)) => self.run(run, deadline).await,
            Ok(Request::HandOver(decoded)) => self.hand_over(decoded, deadline).await,
            Err(error) => {
                tracing::error!(error_type = "UnknownEvent", cause = %error, "an event cannot be decoded");
                return Err(Diagnostic {
                    error_type: "UnknownEvent".to_owned(),
                    error_message: error.to_string(),
                });
            }
        };
        done.map_err(|error: SweepError| error.to_diagnostic())
    }
}
