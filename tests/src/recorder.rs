//! A server that remembers what it was asked: Rollbar's, or Lambda's own API.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::{HeaderMap, Request, Response};
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
}

/// A running server.
pub struct Recorder {
    server: Loopback,
    requests: watch::Receiver<Vec<Recorded>>,
}

impl Recorder {
    /// A server that answers everything with this status, and an empty JSON object.
    pub async fn answering(status: u16) -> Self {
        Self::start(Some(status)).await
    }

    /// A server that never answers.
    pub async fn hanging() -> Self {
        Self::start(None).await
    }

    async fn start(status: Option<u16>) -> Self {
        let (sender, requests) = watch::channel(Vec::new());
        let sender = Arc::new(sender);
        let answer = move |request: Request<Incoming>| {
            let sender = Arc::clone(&sender);
            async move {
                let (head, body) = request.into_parts();
                let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
                sender.send_modify(|requests| {
                    requests.push(Recorded {
                        path: head.uri.to_string(),
                        headers: head.headers,
                        body: serde_json::from_slice(&body).unwrap_or_default(),
                    });
                });
                match status {
                    Some(status) => Response::builder()
                        .status(status)
                        .header("Content-Type", "application/json")
                        .body(Full::new(Bytes::from_static(b"{}")))
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
