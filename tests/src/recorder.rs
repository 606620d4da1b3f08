//! A server that remembers what it was asked: Rollbar's, Lambda's own API, SNS or SES.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::{HeaderMap, Request, Response};
use percent_encoding::percent_decode_str;
use serde_json::Value;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::loopback::Loopback;

/// A request that came.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    /// Path and query.
    pub path: String,
    /// Header fields.
    pub headers: HeaderMap,
    /// The body; null if it is no JSON.
    pub body: Value,
    /// The fields of a body that is a form.
    pub form: BTreeMap<String, String>,
}

/// A running server.
pub struct Recorder {
    server: Loopback,
    requests: watch::Receiver<Vec<Recorded>>,
}

impl Recorder {
    /// A server that answers everything with this status, and an empty JSON object.
    pub async fn answering(status: u16) -> Self {
        Self::start(Some(status), |_| "{}".to_owned()).await
    }

    /// A server that never answers.
    pub async fn hanging() -> Self {
        Self::start(None, |_| String::new()).await
    }

    /// SNS or SES, which take everything (AWS query protocol).
    pub async fn taking_forms() -> Self {
        let answer = |form: &BTreeMap<String, String>| {
            let action = form.get("Action").map_or("Unknown", String::as_str);
            format!("<{action}Response><{action}Result><MessageId>m</MessageId></{action}Result></{action}Response>")
        };
        Self::start(Some(200), answer).await
    }

    async fn start(status: Option<u16>, content: fn(&BTreeMap<String, String>) -> String) -> Self {
        let (sender, requests) = watch::channel(Vec::new());
        let sender = Arc::new(sender);
        let answer = move |request: Request<Incoming>| {
            let sender = Arc::clone(&sender);
            async move {
                let (head, body) = request.into_parts();
                let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
                let form = form_of(&body);
                let content = content(&form);
                sender.send_modify(|requests| {
                    requests.push(Recorded {
                        path: head.uri.to_string(),
                        headers: head.headers,
                        body: serde_json::from_slice(&body).unwrap_or_default(),
                        form,
                    });
                });
                match status {
                    Some(status) => Response::builder()
                        .status(status)
                        .header("Content-Type", "application/json")
                        .body(Full::new(Bytes::from(content)))
                        .unwrap(),
                    None => std::future::pending().await,
                }
            }
        };
        Self {
            server: Loopback::start(answer).await,
            requests,
        }
    }

    /// `http://127.0.0.1:<port>`
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// What came so far.
    pub fn requests(&self) -> Vec<Recorded> {
        self.requests.borrow().clone()
    }

    /// The first `count` requests; fewer if no more come within 10 seconds.
    pub async fn wait_for(&self, count: usize) -> Vec<Recorded> {
        let mut requests = self.requests.clone();
        let _ = timeout(
            Duration::from_secs(10),
            requests.wait_for(|requests| requests.len() >= count),
        )
        .await;
        self.requests()
    }
}

/// The fields of a form (URL Standard, "application/x-www-form-urlencoded").
fn form_of(body: &[u8]) -> BTreeMap<String, String> {
    let decoded = |text: &str| {
        let spaces = text.replace('+', " ");
        percent_decode_str(&spaces).decode_utf8_lossy().into_owned()
    };
    let body = String::from_utf8_lossy(body);
    let pairs = body.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (decoded(name), decoded(value))).collect()
}
