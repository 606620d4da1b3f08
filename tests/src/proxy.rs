//! Stands between a function and its S3, and does to some requests what networks and S3 do.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::client::conn::http1::handshake;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::loopback::Loopback;

/// What becomes of a request instead of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// S3 refuses, with this status and code.
    Refused(u16, &'static str),
    /// No answer ever comes.
    Hangs,
    /// The first half of the answer comes, and the rest never.
    HangsHalfway,
}

/// When a fault may strike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// S3 has not seen the request.
    Before,
    /// S3 has done it, and has answered.
    After,
}

/// A running proxy.
pub struct Proxy(Loopback);

impl Proxy {
    /// Passes on to `upstream` what `fault` has nothing against; it is asked with the method, and the path with the query.
    pub async fn start(upstream: &str, fault: impl Fn(&Method, &str) -> Option<Fault> + Send + Sync + 'static) -> Self {
        Self::start_with_answers(upstream, move |when, method, path| match when {
            When::Before => fault(method, path),
            When::After => None,
        })
        .await
    }

    /// The same, where `fault` is asked twice: when a request comes, and when its answer comes.
    pub async fn start_with_answers(
        upstream: &str,
        fault: impl Fn(When, &Method, &str) -> Option<Fault> + Send + Sync + 'static,
    ) -> Self {
        let upstream: Arc<str> = upstream.trim_start_matches("http://").trim_end_matches('/').into();
        let fault = Arc::new(fault);
        let answer = move |request: Request<Incoming>| {
            let (upstream, fault) = (Arc::clone(&upstream), Arc::clone(&fault));
            async move {
                let method = request.method().clone();
                let path = request
                    .uri()
                    .path_and_query()
                    .map_or("/", |path| path.as_str())
                    .to_owned();
                if let Some(fault) = fault(When::Before, &method, &path) {
                    return strike(fault, Response::new(Bytes::new())).await;
                }
                let answer = pass_on(&upstream, request).await;
                match fault(When::After, &method, &path) {
                    Some(fault) => strike(fault, answer).await,
                    None => answer.map(Answered::whole),
                }
            }
        };
        Self(Loopback::start(answer).await)
    }

    /// What a function is told instead of the S3's own address.
    pub fn url(&self) -> String {
        self.0.url()
    }
}

async fn strike(fault: Fault, answer: Response<Bytes>) -> Response<Answered> {
    match fault {
        Fault::Refused(status, code) => refuse(status, code).map(Answered::whole),
        Fault::Hangs => std::future::pending().await,
        Fault::HangsHalfway => answer.map(Answered::half),
    }
}

/// A body that comes whole, or only its first half and then nothing, not even an end.
struct Answered {
    bytes: Option<Bytes>,
    ends: bool,
}

impl Answered {
    fn whole(bytes: Bytes) -> Self {
        let bytes = Some(bytes);
        Self { bytes, ends: true }
    }

    fn half(bytes: Bytes) -> Self {
        let bytes = Some(bytes.slice(..bytes.len() / 2));
        Self { bytes, ends: false }
    }
}

impl Body for Answered {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.bytes.take() {
            Some(bytes) => Poll::Ready(Some(Ok(Frame::data(bytes)))),
            None if self.ends => Poll::Ready(None),
            None => Poll::Pending,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.bytes {
            Some(bytes) if self.ends => SizeHint::with_exact(bytes.len() as u64),
            _ => SizeHint::default(),
        }
    }
}

/// The answer of `upstream`, a host and a port, to the request as it is, `Host` too, for that is signed.
pub async fn pass_on(upstream: &str, request: Request<Incoming>) -> Response<Bytes> {
    let (head, body) = request.into_parts();
    let body = Full::new(body.collect().await.unwrap().to_bytes());
    let stream = TcpStream::connect(upstream).await.unwrap();
    let (mut sender, connection) = handshake(TokioIo::new(stream)).await.unwrap();
    let connection = tokio::spawn(connection);
    let answer = sender.send_request(Request::from_parts(head, body)).await.unwrap();
    let (head, body) = answer.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    connection.abort();
    Response::from_parts(head, body)
}

/// As S3 says no (S3 API, "Error responses").
fn refuse(status: u16, code: &str) -> Response<Bytes> {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>Please reduce your request rate.</Message>\
         <RequestId>4442587FB7D0A2F9</RequestId><HostId>host</HostId></Error>"
    );
    Response::builder()
        .status(status)
        .header("Content-Type", "application/xml")
        .header("x-amz-request-id", "4442587FB7D0A2F9")
        .body(Bytes::from(body))
        .unwrap()
}
