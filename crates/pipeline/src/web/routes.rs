//! Which address shows what.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{DefaultBodyLimit, Multipart, Path, Query, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Router, middleware};
use maud::Markup;
use pipeline_core::telemetry::chain;
use pipeline_core::{Bucket, Key};
use serde::Deserialize;
use time::OffsetDateTime;

use super::desk::Clerk;
use super::guard::guard;
use super::{aside, assets, input_page, inputs, layout, overview, preview, receive, words};

type Shared = State<Arc<Clerk>>;

/// What cannot be shown, and why.
struct Problem {
    status: StatusCode,
    title: &'static str,
    message: String,
}

type Shown = Result<Html<String>, Problem>;

pub(super) fn router(clerk: Clerk) -> Router {
    Router::new()
        .route("/", get(overview_page))
        .route("/inputs", get(inputs_page))
        .route("/inputs/{origin}", get(one_input_page))
        .route("/unprocessable", get(aside_page))
        .route("/preview", get(preview_page))
        .route("/object", get(object))
        // What is too large is refused while it is read.
        .route("/send", post(send).layer(DefaultBodyLimit::disable()))
        .route("/page.css", get(assets::style))
        .route("/page.js", get(assets::script))
        .route("/icon.svg", get(assets::icon))
        .fallback(async || not_found("There is no such page."))
        .layer(middleware::from_fn(guard))
        .with_state(Arc::new(clerk))
}

#[derive(Deserialize)]
struct Paging {
    page: Option<usize>,
}

impl Paging {
    fn number(&self) -> usize {
        self.page.unwrap_or(1).max(1)
    }
}

#[derive(Deserialize)]
struct OfKey {
    key: String,
}

#[derive(Deserialize)]
struct OfObject {
    bucket: Bucket,
    key: String,
}

async fn overview_page(State(clerk): Shared) -> Shown {
    let now = OffsetDateTime::now_utc();
    let (shown, doors) = Box::pin(clerk.overview(now)).await?;
    page(&overview::overview_page(&shown, &doors, now))
}

async fn inputs_page(State(clerk): Shared, paging: Result<Query<Paging>, QueryRejection>) -> Shown {
    let number = paging?.number();
    let (shown, has_more) = Box::pin(clerk.inputs(number)).await?;
    page(&inputs::list(&shown, number, has_more, OffsetDateTime::now_utc()))
}

async fn one_input_page(State(clerk): Shared, Path(origin): Path<String>) -> Shown {
    let shown = match origin.parse() {
        Ok(origin) => Box::pin(clerk.input(origin)).await?,
        Err(_) => None,
    };
    let shown = shown.ok_or_else(|| {
        not_found("Nothing is known of this email or file: it was never here, or its receipt has expired.")
    })?;
    page(&input_page::input_page(&shown, OffsetDateTime::now_utc()))
}

async fn aside_page(State(clerk): Shared, paging: Result<Query<Paging>, QueryRejection>) -> Shown {
    let number = paging?.number();
    let (shown, has_more) = Box::pin(clerk.asides(number)).await?;
    page(&aside::aside_page(&shown, number, has_more, OffsetDateTime::now_utc()))
}

async fn preview_page(State(clerk): Shared, of: Result<Query<OfKey>, QueryRejection>) -> Shown {
    let Query(OfKey { key }) = of?;
    let shown = Box::pin(clerk.preview(&key)).await?;
    let shown = shown.ok_or_else(|| {
        not_found(&format!(
            "{key} is not in amr-data (any more): the importer takes what was delivered."
        ))
    })?;
    page(&preview::preview_page(&shown, OffsetDateTime::now_utc()))
}

/// An object as a file to save. Strangers made it: a browser shall never show it as a page of ours.
async fn object(State(clerk): Shared, of: Result<Query<OfObject>, QueryRejection>) -> Result<Response, Problem> {
    let Query(OfObject { bucket, key }) = of?;
    let missing = || not_found(&format!("There is no object {key} in {bucket}."));
    let store = &clerk.desk.store;
    let object = Key::new(&key);
    let head = store
        .head(bucket, &object)
        .await
        .map_err(anyhow::Error::from)?
        .ok_or_else(missing)?;
    let content = store
        .get(bucket, &object, &head.etag)
        .await
        .map_err(anyhow::Error::from)?;
    let body = Body::new(content.ok_or_else(missing)?.into_inner());
    let headers = [
        (CONTENT_TYPE, "application/octet-stream".to_owned()),
        (CONTENT_LENGTH, head.size.to_string()),
        (CONTENT_DISPOSITION, attachment(&key)),
    ];
    Ok((headers, body).into_response())
}

/// `Content-Disposition` with the name twice, for browsers of any age (RFC 6266, section 5).
fn attachment(key: &str) -> String {
    let name = key
        .rsplit('/')
        .next()
        .filter(|name| !name.is_empty())
        .unwrap_or("object");
    let is_plain = |c: char| c.is_ascii_alphanumeric() || " .-_()".contains(c);
    let plain: String = name.chars().map(|c| if is_plain(c) { c } else { '_' }).collect();
    let exact = words::in_query(name).replace('/', "%2F");
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{exact}")
}

async fn send(
    State(clerk): Shared,
    form: Result<Multipart, axum::extract::multipart::MultipartRejection>,
) -> Result<Redirect, Problem> {
    let form = form.map_err(|rejection| Problem {
        status: rejection.status(),
        title: "That could not be sent",
        message: rejection.body_text(),
    })?;
    let brought = Box::pin(receive::receive(&clerk.desk, form))
        .await
        .map_err(|refused| Problem {
            status: refused.status,
            title: "That could not be sent",
            message: refused.why,
        })?;
    Ok(match brought.as_slice() {
        [origin] => Redirect::to(&format!("/inputs/{origin}")),
        _ => Redirect::to("/inputs"),
    })
}

#[expect(clippy::unnecessary_wraps, reason = "handlers end with it")]
fn page(shown: &Markup) -> Shown {
    Ok(Html(shown.0.clone()))
}

fn not_found(message: &str) -> Problem {
    Problem {
        status: StatusCode::NOT_FOUND,
        title: "Not found",
        message: message.to_owned(),
    }
}

impl From<QueryRejection> for Problem {
    fn from(rejection: QueryRejection) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            title: "That address says too little",
            message: rejection.body_text(),
        }
    }
}

impl From<anyhow::Error> for Problem {
    fn from(error: anyhow::Error) -> Self {
        tracing::error!(cause = chain(error.as_ref()), "a page could not be made");
        Self {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            title: "That could not be looked up",
            message: format!("{error:#}"),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let shown = layout::problem(self.title, &self.message, OffsetDateTime::now_utc());
        (self.status, Html(shown.0)).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_saved_file_keeps_its_name_and_no_name_breaks_the_header() {
        assert_eq!(
            attachment("bam/märz 2025.csv"),
            "attachment; filename=\"m_rz 2025.csv\"; filename*=UTF-8''m%C3%A4rz%202025.csv"
        );
        let hostile = attachment("a/b\"\r\nSet-Cookie: x=1;\u{202E}.csv");
        assert!(hostile.is_ascii() && !hostile.contains(['\r', '\n']), "{hostile}");
        assert_eq!(hostile.matches('"').count(), 2, "{hostile}");
        assert!(attachment("a/").contains("filename=\"object\""));
    }
}
