//! The way to S3, which a test can hold up.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use end_to_end_tests::{S3, loopback::Loopback, pass_on};
use hyper::body::{Body, Frame, Incoming};
use hyper::{Method, Request};
use pipeline_core::Store;
use tokio::sync::{Notify, mpsc};

/// How an answer comes.
pub(crate) enum Comes {
    AtOnce,
    /// The first half of its body, and then the connection breaks.
    HalfOfIt,
    /// The first half of its body, and the rest when this happens.
    HalfUntil(Arc<Notify>),
}

/// A running strait.
pub(crate) struct Strait(Loopback);

impl Strait {
    /// Passes each request on when `before`, which is told its method and its path with the query, has ended.
    pub(crate) async fn start<F, R>(s3: &S3, before: F) -> Self
    where
        F: Fn(Method, String) -> R + Clone + Send + Sync + 'static,
        R: Future<Output = Comes> + Send + 'static,
    {
        let upstream: Arc<str> = s3.endpoint().trim_start_matches("http://").into();
        let answer = move |request: Request<Incoming>| {
            let (upstream, before) = (Arc::clone(&upstream), before.clone());
            async move {
                let path = request.uri().path_and_query().unwrap().to_string();
                let comes = before(request.method().clone(), path).await;
                pass_on(&upstream, request).await.map(|body| Coming::new(body, comes))
            }
        };
        Self(Loopback::start(answer).await)
    }

    /// The buckets on the other side.
    pub(crate) fn store(&self, s3: &S3) -> Store {
        s3.store_by_way_of(&self.0.url())
    }
}

/// A body in pieces.
struct Coming(mpsc::UnboundedReceiver<Bytes>);

impl Coming {
    fn new(mut body: Bytes, comes: Comes) -> Self {
        let (send, pieces) = mpsc::unbounded_channel();
        let half = body.len() / 2;
        match comes {
            Comes::AtOnce => drop(send.send(body)),
            // The end comes before the length that was told: the server breaks the connection.
            Comes::HalfOfIt => drop(send.send(body.split_to(half))),
            Comes::HalfUntil(happens) => {
                tokio::spawn(async move {
                    let _ = send.send(body.split_to(half));
                    happens.notified().await;
                    let _ = send.send(body);
                });
            }
        }
        Self(pieces)
    }
}

impl Body for Coming {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0
            .poll_recv(cx)
            .map(|piece| piece.map(|piece| Ok(Frame::data(piece))))
    }
}
