//! The Runtime API as a runtime sees it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{HeaderMap, Request};
use hyper_util::rt::TokioIo;
use runtime_api::{Answer, NoAnswer, RuntimeApi};
use serde_json::{Value, json};
use tokio::net::TcpStream;

const ARN: &str = "arn:aws:lambda:eu-west-2:123456789012:function:process-file";
const SECOND: Duration = Duration::from_secs(1);

/// A runtime: it asks, and answers.
struct Client(SendRequest<Full<Bytes>>);

impl Client {
    async fn connect(api: &RuntimeApi) -> Self {
        let stream = TcpStream::connect(api.authority()).await.unwrap();
        let (sender, connection) = handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        Self(sender)
    }

    async fn send(&mut self, request: hyper::http::request::Builder, body: &str) -> (u16, HeaderMap, Value) {
        let request = request
            .header("Host", "127.0.0.1")
            .body(Full::new(Bytes::copy_from_slice(body.as_bytes())));
        let (head, body) = self.0.send_request(request.unwrap()).await.unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        (
            head.status.as_u16(),
            head.headers,
            serde_json::from_slice(&body).unwrap(),
        )
    }

    async fn next(&mut self) -> (HeaderMap, Value) {
        let (status, headers, event) = self.send(Request::get("/2018-06-01/runtime/invocation/next"), "").await;
        assert_eq!(status, 200);
        (headers, event)
    }

    async fn post(&mut self, path: &str, body: &str) -> (u16, Value) {
        let request = Request::post(format!("/2018-06-01/runtime/{path}"));
        let request = request.header("Lambda-Runtime-Function-Error-Type", "Runtime.ConfigInvalid");
        let (status, _, answer) = self.send(request, body).await;
        (status, answer)
    }
}

async fn start() -> (RuntimeApi, Client) {
    let api = RuntimeApi::start(ARN).await.unwrap();
    let client = Client::connect(&api).await;
    (api, client)
}

fn id(headers: &HeaderMap) -> String {
    headers["lambda-runtime-aws-request-id"].to_str().unwrap().to_owned()
}

#[tokio::test]
async fn an_event_comes_with_its_headers_and_its_answer_goes_back() {
    let (api, mut client) = start().await;
    let runtime = async {
        let (headers, event) = client.next().await;
        assert_eq!(event, json!({"n": 1}));
        assert_eq!(headers["content-type"], "application/json");
        assert_eq!(headers["lambda-runtime-invoked-function-arn"], ARN);
        let trace = headers["lambda-runtime-trace-id"].to_str().unwrap();
        assert!(trace.starts_with("Root=1-") && trace.ends_with(";Sampled=0"), "{trace}");
        let deadline: u64 = headers["lambda-runtime-deadline-ms"].to_str().unwrap().parse().unwrap();
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        let left = Duration::from_millis(deadline).checked_sub(now).unwrap();
        assert!(left <= 5 * SECOND && left > 3 * SECOND, "{left:?}");
        let posted = client
            .post(&format!("invocation/{}/response", id(&headers)), "[2]")
            .await;
        assert_eq!(posted, (202, json!({"status": "OK"})));
    };
    let event = json!({"n": 1});
    let (answer, ()) = tokio::join!(api.invoke(&event, 5 * SECOND), runtime);
    assert_eq!(answer, Ok(Answer::Response(json!([2]))));
}

#[tokio::test]
async fn an_error_of_an_invocation_is_its_answer() {
    let (api, mut client) = start().await;
    let runtime = async {
        let (headers, _) = client.next().await;
        let body = json!({"errorType": "S3Refused", "errorMessage": "no", "stackTrace": ["at"]}).to_string();
        let posted = client.post(&format!("invocation/{}/error", id(&headers)), &body).await;
        assert_eq!(posted.0, 202);
    };
    let (answer, ()) = tokio::join!(api.invoke(&Value::Null, 5 * SECOND), runtime);
    let Ok(Answer::Error(report)) = answer else {
        panic!("{answer:?}")
    };
    assert_eq!(report.to_string(), "S3Refused: no");
    assert_eq!(report.stack_trace, ["at"]);
    assert_eq!(report.category.as_deref(), Some("Runtime.ConfigInvalid"));
}

#[tokio::test]
async fn events_wait_for_their_turn() {
    let (api, mut client) = start().await;
    let runtime = async {
        for _ in 0..3 {
            let (headers, event) = client.next().await;
            let path = format!("invocation/{}/response", id(&headers));
            assert_eq!(client.post(&path, &event.to_string()).await.0, 202);
        }
    };
    let (one, two, three) = (json!(1), json!(2), json!(3));
    let (first, second, third, ()) = tokio::join!(
        api.invoke(&one, 5 * SECOND),
        api.invoke(&two, 5 * SECOND),
        api.invoke(&three, 5 * SECOND),
        runtime
    );
    let answers = [first, second, third].map(Result::unwrap);
    assert_eq!(answers, [1, 2, 3].map(|n| Answer::Response(json!(n))));
}

#[tokio::test]
async fn an_answer_after_the_deadline_is_refused() {
    let (api, mut client) = start().await;
    let short = SECOND / 20;
    let (answer, headers) = tokio::join!(api.invoke(&Value::Null, short), async { client.next().await.0 });
    assert_eq!(answer, Err(NoAnswer::TimedOut(short)));
    let (status, body) = client.post(&format!("invocation/{}/response", id(&headers)), "1").await;
    assert_eq!((status, &body["errorType"]), (400, &json!("InvalidRequestID")));
}

#[tokio::test]
async fn what_is_no_answer_is_refused() {
    let (api, mut client) = start().await;
    let runtime = async {
        let (headers, _) = client.next().await;
        let path = format!("invocation/{}/response", id(&headers));
        assert_eq!(client.post("invocation/another/response", "1").await.0, 400);
        assert_eq!(client.post(&path, "{").await.1["errorType"], "InvalidResponse");
        assert_eq!(client.post("invocation/next", "1").await.0, 404);
        let (status, body) = client.post(&path, &"1".repeat(6 * 1024 * 1024 + 1)).await;
        assert_eq!((status, &body["errorType"]), (413, &json!("RequestEntityTooLarge")));
        let mut client = Client::connect(&api).await;
        assert_eq!(client.post(&path, "1").await.0, 202);
    };
    let (answer, ()) = tokio::join!(api.invoke(&Value::Null, 5 * SECOND), runtime);
    assert_eq!(answer, Ok(Answer::Response(json!(1))));
}

#[tokio::test]
async fn a_function_that_cannot_start_says_so() {
    let (api, mut client) = start().await;
    let body = json!({"errorType": "Configuration", "errorMessage": "INBOX_BUCKET is not set"}).to_string();
    let (report, posted) = tokio::join!(api.init_error(), client.post("init/error", &body));
    assert_eq!(posted, (202, json!({"status": "OK"})));
    assert_eq!(report.unwrap().error_message, "INBOX_BUCKET is not set");
    assert_eq!(api.init_errors().len(), 1);
}

#[tokio::test]
async fn the_first_poll_is_noted() {
    let (api, mut client) = start().await;
    let before = std::time::Instant::now();
    let polling = tokio::spawn(async move { client.next().await });
    assert!(api.first_poll().await >= before);
    polling.abort();
}
