//! The paths of the Runtime API.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderName};
use hyper::{Method, Request, Response, StatusCode};
use serde_json::{Value, json};

use crate::answer::{Answer, ErrorReport};
use crate::server::{Event, State};

const ROOT: &str = "/2018-06-01/runtime/";
const REQUEST_ID: HeaderName = HeaderName::from_static("lambda-runtime-aws-request-id");
const DEADLINE: HeaderName = HeaderName::from_static("lambda-runtime-deadline-ms");
const FUNCTION_ARN: HeaderName = HeaderName::from_static("lambda-runtime-invoked-function-arn");
const TRACE_ID: HeaderName = HeaderName::from_static("lambda-runtime-trace-id");
const ERROR_TYPE: HeaderName = HeaderName::from_static("lambda-runtime-function-error-type");

/// Lambda takes no larger answer (Lambda quotas: "Invocation payload", 6 MB).
const MAX_ANSWER_BYTES: usize = 6 * 1024 * 1024;

type Reply = Response<Full<Bytes>>;

pub(crate) async fn answer(state: Arc<State>, request: Request<Incoming>) -> Result<Reply, Infallible> {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().strip_prefix(ROOT).unwrap_or_default();
    let path: Vec<&str> = path.split('/').collect();
    Ok(match (&parts.method, path.as_slice()) {
        (&Method::GET, ["invocation", "next"]) => event(&state, state.next().await),
        (&Method::POST, ["invocation", id, "response"]) => match read(body).await {
            Ok(body) => response(&state, id, &body),
            Err(refused) => *refused,
        },
        (&Method::POST, ["invocation", id, "error"]) => match read(body).await {
            Ok(body) => taken(state.answer(id, Answer::Error(report(&parts.headers, &body)))),
            Err(refused) => *refused,
        },
        (&Method::POST, ["init", "error"]) => match read(body).await {
            Ok(body) => {
                state.init_error(report(&parts.headers, &body));
                accepted()
            }
            Err(refused) => *refused,
        },
        _ => refuse(StatusCode::NOT_FOUND, "InvalidPath", "the Runtime API has no such path"),
    })
}

fn event(state: &State, event: Event) -> Reply {
    let deadline = SystemTime::now() + event.timeout;
    let deadline = deadline
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or(Duration::ZERO);
    let id: String = event.request_id.chars().filter(char::is_ascii_hexdigit).collect();
    let (time, unique) = id.split_at_checked(8).unwrap_or_default();
    let reply = Response::builder()
        .header(CONTENT_TYPE, "application/json")
        .header(REQUEST_ID, &event.request_id)
        .header(DEADLINE, deadline.as_millis().to_string())
        .header(FUNCTION_ARN, &state.function_arn)
        // Sampled=0: there is nobody to send traces to.
        .header(
            TRACE_ID,
            format!("Root=1-{time}-{unique};Parent=53995c3f42cd8ad8;Sampled=0"),
        )
        .body(Full::new(event.payload));
    reply.unwrap_or_else(|_| {
        refuse(
            StatusCode::INTERNAL_SERVER_ERROR,
            "InternalServerError",
            "a header is invalid",
        )
    })
}

fn response(state: &State, id: &str, body: &[u8]) -> Reply {
    match serde_json::from_slice::<Value>(body) {
        Ok(value) => taken(state.answer(id, Answer::Response(value))),
        // Stricter than Lambda, which passes it on: who answers with something else than JSON should hear of it.
        Err(_) => refuse(StatusCode::BAD_REQUEST, "InvalidResponse", "the response is not JSON"),
    }
}

/// A body that Lambda would take.
async fn read(body: Incoming) -> Result<Bytes, Box<Reply>> {
    let body = Limited::new(body, MAX_ANSWER_BYTES).collect().await;
    body.map(|body| body.to_bytes()).map_err(|_| {
        let message = "an answer has at most 6 MB, and a body ends";
        Box::new(refuse(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge", message))
    })
}

fn report(headers: &HeaderMap, body: &[u8]) -> ErrorReport {
    let category = headers.get(ERROR_TYPE).and_then(|value| value.to_str().ok());
    ErrorReport::read(category.map(str::to_owned), body)
}

fn taken(is_known: bool) -> Reply {
    if is_known {
        accepted()
    } else {
        refuse(
            StatusCode::BAD_REQUEST,
            "InvalidRequestID",
            "no event of that id is at work",
        )
    }
}

fn accepted() -> Reply {
    json_reply(StatusCode::ACCEPTED, &json!({"status": "OK"}))
}

fn refuse(status: StatusCode, error_type: &str, error_message: &str) -> Reply {
    json_reply(status, &json!({"errorType": error_type, "errorMessage": error_message}))
}

fn json_reply(status: StatusCode, body: &Value) -> Reply {
    let mut reply = Response::new(Full::new(Bytes::from(body.to_string())));
    *reply.status_mut() = status;
    let json = hyper::header::HeaderValue::from_static("application/json");
    reply.headers_mut().insert(CONTENT_TYPE, json);
    reply
}
