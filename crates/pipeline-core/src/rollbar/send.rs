//! Sending what waits.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aws_smithy_http_client::Connector;
use aws_smithy_runtime_api::client::http::HttpConnector;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::http::HttpError;
use aws_smithy_types::body::SdkBody;
use tokio::task::JoinSet;

use crate::aws;
use crate::rollbar::collect::{Collect, Report, Waiting};
use crate::rollbar::config::Rollbar;
use crate::rollbar::item::item;
use crate::telemetry::chain;

/// How long an invocation waits for its reports to arrive, all together.
pub const PATIENCE: Duration = Duration::from_secs(2);

/// Sends reports to Rollbar, or nothing if no token is configured.
#[derive(Debug, Clone)]
pub struct Reporter(Option<Arc<Way>>);

#[derive(Debug)]
struct Way {
    rollbar: Rollbar,
    collect: Collect,
    /// Made for the first report: reading the system's certificates would make every cold start slower.
    connector: OnceLock<Connector>,
}

#[derive(Debug, thiserror::Error)]
enum SendError {
    #[error("the request could not be built")]
    Request(#[source] HttpError),
    #[error("Rollbar could not be reached")]
    Unreachable(#[source] ConnectorError),
    #[error("Rollbar answered with status {0}")]
    Refused(u16),
}

impl Reporter {
    /// A reporter for this place.
    #[must_use]
    pub fn new(rollbar: Rollbar) -> Self {
        Self(rollbar.token.is_some().then(|| {
            Arc::new(Way {
                rollbar,
                collect: Collect::default(),
                connector: OnceLock::new(),
            })
        }))
    }

    /// The part of the log's subscriber that keeps what is to be reported.
    #[must_use]
    pub fn layer(&self) -> Option<Collect> {
        self.0.as_ref().map(|way| way.collect.clone())
    }

    /// Sends what was logged as an error since the last call, all at once, and waits for that no longer than `within`.
    ///
    /// A report that does not arrive is a warning in the log and nothing else.
    pub async fn send(&self, within: Duration) {
        let Some(way) = &self.0 else {
            return;
        };
        let Waiting { reports, left_out } = way.collect.take();
        if left_out > 0 {
            tracing::warn!(left_out, "there were more errors than are reported to rollbar at once");
        }
        let mut under_way: JoinSet<_> = reports
            .into_iter()
            .map(|report| {
                let way = Arc::clone(way);
                async move { way.send(&report).await }
            })
            .collect();
        let all = async {
            while let Some(sent) = under_way.join_next().await {
                match sent {
                    Ok(Ok(())) => {}
                    Ok(Err(error)) => {
                        tracing::warn!(cause = chain(&error), "an error could not be reported to rollbar")
                    }
                    Err(error) => tracing::warn!(cause = chain(&error), "an error could not be reported to rollbar"),
                }
            }
        };
        if tokio::time::timeout(within, all).await.is_err() {
            // Dropping the set ends what is under way.
            tracing::warn!(
                reports = under_way.len(),
                "an error could not be reported to rollbar in time"
            );
        }
    }
}

impl Way {
    async fn send(&self, report: &Report) -> Result<(), SendError> {
        let request = self.request(report).map_err(SendError::Request)?;
        let connector = self.connector.get_or_init(|| aws::connector(aws::resolver()));
        let response = connector.call(request).await.map_err(SendError::Unreachable)?;
        match response.status().as_u16() {
            200..=299 => Ok(()),
            status => Err(SendError::Refused(status)),
        }
    }

    fn request(&self, report: &Report) -> Result<HttpRequest, HttpError> {
        let body = item(&self.rollbar, report).to_string();
        let mut request = HttpRequest::new(SdkBody::from(body));
        request.set_method("POST")?;
        request.set_uri(self.rollbar.endpoint.as_str())?;
        let headers = request.headers_mut();
        headers.try_insert("content-type", "application/json")?;
        headers.try_insert(
            "user-agent",
            concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")),
        )?;
        headers.try_insert("x-rollbar-access-token", self.rollbar.token.clone().unwrap_or_default())?;
        Ok(request)
    }
}
