//! Stands between a function and its S3, and does to some requests what networks and S3 do.

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
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
}

/// A running proxy.
pub struct Proxy(Loopback);

impl Proxy {
    /// Passes on to `upstream` what `fault` has nothing against; it is asked with the method, and the path with the query.
    pub async fn start(upstream: &str, fault: impl Fn(&Method, &str) -> Option<Fault> + Send + Sync + 'static) -> Self {
        let upstream: Arc<str> = upstream.trim_start_matches("http://").trim_end_matches('/').into();
        let fault = Arc::new(fault);
        let answer = move |request: Request<Incoming>| {
            let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
            let fault = fault(request.method(), path);
            let upstream = Arc::clone(&upstream);
            async move {
                match fault {
                    None => pass_on(&upstream, request).await,
                    Some(Fault::Refused(status, code)) => refuse(status, code),
                    Some(Fault::Hangs) => std::future::pending().await,
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

/// The request as it is, `Host` too, for that is signed.
async fn pass_on(upstream: &str, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let (head, body) = request.into_parts();
    let body = Full::new(body.collect().await.unwrap().to_bytes());
    let stream = TcpStream::connect(upstream).await.unwrap();
    let (mut sender, connection) = handshake(TokioIo::new(stream)).await.unwrap();
    let connection = tokio::spawn(connection);
    let answer = sender.send_request(Request::from_parts(head, body)).await.unwrap();
    let (head, body) = answer.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    connection.abort();
    Response::from_parts(head, Full::new(body))
}

/// As S3 says no (S3 API, "Error responses").
fn refuse(status: u16, code: &str) -> Response<Full<Bytes>> {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>Please reduce your request rate.</Message>\
         <RequestId>4442587FB7D0A2F9</RequestId><HostId>host</HostId></Error>"
    );
    Response::builder()
        .status(status)
        .header("Content-Type", "application/xml")
        .header("x-amz-request-id", "4442587FB7D0A2F9")
        .body(Full::new(Bytes::from(body)))
        .unwrap()
}
