//! A worker whose S3 fails: a layer between the SDK's client and the network.
//!
//! It stands below the SDK's retries, so a fault is met by each attempt of a call anew, as on AWS. A worker is what has one
//! [`Faults`]: a process, which may crash. It crashes as processes do: what it was about to do never happens, what S3 was already
//! told does.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::{RetryConfig, RetryPartition, TokenBucket};
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use embedded_s3::EmbeddedS3;
use http_body_util::BodyExt;
use tokio::sync::watch;

/// How often the SDK asks in all, unless the configuration says otherwise.
pub const SDKS_ATTEMPTS: u32 = 3;

/// What becomes of an attempt of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing is wrong.
    Pass,
    /// S3 refuses, with this status and code; nothing happened. With the status 200 it is an error that S3 finds out about when it
    /// has begun to answer (S3 API, CompleteMultipartUpload and UploadPartCopy).
    RefusedBefore(u16, &'static str),
    /// The call took place, and its answer is replaced by a refusal.
    RefusedAfter(u16, &'static str),
    /// The connection is reset before S3 reads the request.
    Reset,
    /// The call took place, and the connection is reset before the answer comes.
    ResetAfter,
    /// The call takes place after this time.
    Slow(Duration),
    /// The second half of the answer's body is missing, and nothing says so.
    Truncated,
    /// The worker crashes before the call.
    Crash,
    /// The call takes place, and the worker crashes before the answer comes.
    CrashAfter,
}

/// An attempt of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Which of the worker's calls it is, from 1; the SDK's attempts are one call.
    pub number: u64,
    /// Which attempt of the SDK's it is, from 1.
    pub attempt: u32,
    /// The operation's name in the S3 API, for instance `UploadPart`.
    pub operation: &'static str,
    /// `GET`, `PUT`, …
    pub method: String,
    /// The path with the query, encoded.
    pub path: String,
}

/// Decides what becomes of each attempt.
type Plan = dyn Fn(&Call) -> Fault + Send + Sync;

/// The faults of one worker. Clones are the same worker.
#[derive(Clone)]
pub struct Faults(Arc<Inner>);

struct Inner {
    plan: Box<Plan>,
    numbers: Mutex<HashMap<String, u64>>,
    attempts: Mutex<Vec<(Call, Fault)>>,
    life: watch::Sender<Life>,
}

/// Whether the worker lives.
#[derive(Debug, Clone, Copy, Default)]
struct Life {
    crashed: bool,
    /// How many futures there are that a crash drops.
    works: usize,
}

impl Default for Faults {
    /// None at all: only counts.
    fn default() -> Self {
        Self::new(|_| Fault::Pass)
    }
}

impl Faults {
    /// A worker that fails as planned.
    pub fn new(plan: impl Fn(&Call) -> Fault + Send + Sync + 'static) -> Self {
        Self(Arc::new(Inner {
            plan: Box::new(plan),
            numbers: Mutex::default(),
            attempts: Mutex::default(),
            life: watch::Sender::default(),
        }))
    }

    /// This fault at every attempt of one call, or at its first attempts only.
    pub fn at_call(number: u64, attempts: u32, fault: Fault) -> Self {
        Self::new(move |call| {
            if call.number == number && call.attempt <= attempts {
                fault
            } else {
                Fault::Pass
            }
        })
    }

    /// The worker's client of a server. The SDK's pauses between attempts are a millisecond, and it never tires of retrying.
    pub fn client(&self, s3: &EmbeddedS3) -> Client {
        static WORKERS: AtomicU64 = AtomicU64::new(0);
        let credentials = s3.credentials();
        let worker = WORKERS.fetch_add(1, Ordering::Relaxed);
        let config = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .endpoint_url(s3.endpoint())
            .region(Region::new(s3.region().to_owned()))
            .credentials_provider(Credentials::new(
                &credentials.access_key_id,
                &credentials.secret_access_key,
                None,
                None,
                "embedded-s3",
            ))
            .force_path_style(true)
            .retry_config(
                RetryConfig::standard()
                    .with_max_attempts(SDKS_ATTEMPTS)
                    .with_initial_backoff(Duration::from_millis(1)),
            )
            .retry_partition(
                RetryPartition::custom(format!("worker {worker}"))
                    .token_bucket(TokenBucket::unlimited())
                    .build(),
            )
            .http_client(self.over(aws_smithy_http_client::Builder::new().build_http()))
            .build();
        Client::from_conf(config)
    }

    /// The worker's way over a network.
    pub fn over(&self, network: SharedHttpClient) -> SharedHttpClient {
        SharedHttpClient::new(FaultyClient {
            faults: self.clone(),
            network,
        })
    }

    /// Works until the end, or until the worker crashes: `None` then, and the work is dropped wherever it was. The worker's calls
    /// fail from then on without reaching S3, whoever makes them.
    pub async fn until_crash<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let life = &self.0.life;
        let mut crashed = life.subscribe();
        life.send_modify(|life| life.works += 1);
        let _gone = OnDrop(|| life.send_modify(|life| life.works -= 1));
        // Dropped before `_gone`: nothing of the work is left when the zombies are told.
        let work = std::pin::pin!(work);
        tokio::select! {
            biased;
            _ = crashed.wait_for(|life| life.crashed) => None,
            ended = work => Some(ended),
        }
    }

    /// Whether the worker has crashed.
    pub fn has_crashed(&self) -> bool {
        self.0.life.borrow().crashed
    }

    /// How many calls there were.
    pub fn calls(&self) -> u64 {
        lock(&self.0.numbers).len() as u64
    }

    /// Every attempt of every call, and what became of it.
    pub fn attempts(&self) -> Vec<(Call, Fault)> {
        lock(&self.0.attempts).clone()
    }

    /// How many faults there were.
    pub fn injected(&self) -> u64 {
        let attempts = lock(&self.0.attempts);
        attempts.iter().filter(|(_, fault)| *fault != Fault::Pass).count() as u64
    }

    /// What becomes of this attempt.
    fn decide(&self, request: &HttpRequest) -> Fault {
        let header = |name| request.headers().get(name).unwrap_or_default();
        let id = header("amz-sdk-invocation-id").to_owned();
        let attempt = header("amz-sdk-request").strip_prefix("attempt=");
        let attempt = attempt.and_then(|rest| rest.split(';').next()?.parse().ok());
        let mut numbers = lock(&self.0.numbers);
        let next = numbers.len() as u64 + 1;
        let number = *numbers.entry(id).or_insert(next);
        drop(numbers);
        let path = request.uri().splitn(4, '/').last().unwrap_or_default();
        let is_copy = request.headers().get("x-amz-copy-source").is_some();
        let call = Call {
            number,
            attempt: attempt.unwrap_or(1),
            operation: operation(request.method(), path, is_copy),
            method: request.method().to_owned(),
            path: format!("/{path}"),
        };
        let fault = (self.0.plan)(&call);
        lock(&self.0.attempts).push((call, fault));
        fault
    }

    async fn meet(self, request: HttpRequest, network: SharedHttpConnector) -> Result<HttpResponse, ConnectorError> {
        if self.has_crashed() {
            return Err(self.death().await);
        }
        let is_head = request.method() == "HEAD";
        let answer = match self.decide(&request) {
            Fault::Pass => network.call(request).await,
            Fault::RefusedBefore(status, code) => Ok(refusal(status, code, is_head)),
            Fault::RefusedAfter(status, code) => {
                whole(network.call(request).await?).await?;
                Ok(refusal(status, code, is_head))
            }
            Fault::Reset => Err(reset()),
            Fault::ResetAfter => {
                whole(network.call(request).await?).await?;
                Err(reset())
            }
            Fault::Slow(pause) => {
                tokio::time::sleep(pause).await;
                network.call(request).await
            }
            Fault::Truncated => {
                let (mut answer, body) = whole(network.call(request).await?).await?;
                *answer.body_mut() = SdkBody::from(body.slice(..body.len() / 2));
                Ok(answer)
            }
            Fault::Crash => Err(self.crash().await),
            Fault::CrashAfter => {
                whole(network.call(request).await?).await?;
                Err(self.crash().await)
            }
        };
        if self.has_crashed() {
            return Err(self.death().await);
        }
        answer
    }

    async fn crash(&self) -> ConnectorError {
        self.0.life.send_modify(|life| life.crashed = true);
        self.death().await
    }

    /// No answer ever comes to a dead worker. Threads cannot be dropped: once the rest is gone, what they still try fails.
    async fn death(&self) -> ConnectorError {
        let mut life = self.0.life.subscribe();
        let _ = life.wait_for(|life| life.works == 0).await;
        ConnectorError::user("the worker has crashed".into())
    }
}

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(lock(&self.0.attempts).iter()).finish()
    }
}

#[derive(Debug)]
struct FaultyClient {
    faults: Faults,
    network: SharedHttpClient,
}

impl HttpClient for FaultyClient {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(FaultyConnector {
            faults: self.faults.clone(),
            network: self.network.http_connector(settings, components),
        })
    }
}

#[derive(Debug)]
struct FaultyConnector {
    faults: Faults,
    network: SharedHttpConnector,
}

impl HttpConnector for FaultyConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::new(self.faults.clone().meet(request, self.network.clone()))
    }
}

/// The answer when all of it is here, and its body.
async fn whole(mut answer: HttpResponse) -> Result<(HttpResponse, Bytes), ConnectorError> {
    let body = answer.take_body().collect().await;
    let body = body.map_err(ConnectorError::io)?.to_bytes();
    Ok((answer, body))
}

/// As S3 says no (S3 API, "Error responses"); to HEAD it says nothing but the status.
fn refusal(status: u16, code: &str, is_head: bool) -> HttpResponse {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>An injected fault.</Message>\
         <RequestId>4442587FB7D0A2F9</RequestId><HostId>host</HostId></Error>"
    );
    let body = if is_head { SdkBody::empty() } else { SdkBody::from(body) };
    HttpResponse::new(StatusCode::try_from(status).unwrap(), body)
}

/// What a request asks for, if it is one of those that the pipeline sends.
fn operation(method: &str, path: &str, is_copy: bool) -> &'static str {
    let query = path.split_once('?').map_or("", |(_, query)| query);
    let has = |name: &str| query.split('&').any(|part| part.split('=').next() == Some(name));
    match method {
        "HEAD" => "HeadObject",
        "GET" if has("list-type") => "ListObjectsV2",
        "GET" => "GetObject",
        "PUT" if has("partNumber") && is_copy => "UploadPartCopy",
        "PUT" if has("partNumber") => "UploadPart",
        "PUT" => "PutObject",
        "POST" if has("uploads") => "CreateMultipartUpload",
        "POST" => "CompleteMultipartUpload",
        "DELETE" if has("uploadId") => "AbortMultipartUpload",
        _ => "DeleteObject",
    }
}

fn reset() -> ConnectorError {
    ConnectorError::io(std::io::Error::from(std::io::ErrorKind::ConnectionReset).into())
}

struct OnDrop<F: Fn()>(F);

impl<F: Fn()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
