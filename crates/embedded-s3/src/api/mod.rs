//! The S3 API over the store: requests in, responses out.

mod attributes;
mod body;
mod buckets;
mod copy;
mod delete;
mod errors;
mod get;
mod listing;
mod multipart;
mod put;
mod service;
mod uploads;

pub(crate) use service::Service;
