//! What pages refer to: the stylesheet, the script, the icon.

use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;

/// What comes later wins: a phone's rules over those of every page.
const STYLE: &str = concat!(
    include_str!("style/base.css"),
    include_str!("style/frame.css"),
    include_str!("style/form.css"),
    include_str!("style/picture.css"),
    include_str!("style/inputs.css"),
    include_str!("style/tables.css"),
    include_str!("style/phone.css"),
);

pub(super) async fn style() -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/css; charset=utf-8")], STYLE)
}

pub(super) async fn script() -> impl IntoResponse {
    (
        [(CONTENT_TYPE, "text/javascript; charset=utf-8")],
        include_str!("page.js"),
    )
}

pub(super) async fn icon() -> impl IntoResponse {
    ([(CONTENT_TYPE, "image/svg+xml")], include_str!("icon.svg"))
}
