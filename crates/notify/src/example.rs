//! A case, for tests.

use pipeline_core::{Bucket, ReasonCode};
use time::OffsetDateTime;
use time::macros::datetime;

use crate::case::{Case, Mark, Problem};

const RECEIVED: OffsetDateTime = datetime!(2025-03-23 10:11:12 UTC);

/// A workbook of sheffield that needs a password.
pub(crate) fn problem(name: &str) -> Problem {
    let origin = "0123456789abcdef0123456789abcdef"
        .parse::<pipeline_core::Origin>()
        .unwrap();
    Problem {
        mark: Mark::new(origin.child(name), RECEIVED),
        key: format!("sheffield/{name}"),
        area: Some("sheffield".to_owned()),
        name: name.to_owned(),
        is_email: false,
        reason_code: ReasonCode::Encrypted,
        reason: format!("“{name}” is protected by a password."),
    }
}

/// An email with such workbooks, and other files that were delivered.
pub(crate) fn case(names: &[&str], delivered: usize) -> Case {
    Case {
        bucket: Bucket::Inbox,
        key: "o3gbv5qk".to_owned(),
        origin: "0123456789abcdef0123456789abcdef".parse().unwrap(),
        received: RECEIVED,
        problems: names.iter().map(|name| problem(name)).collect(),
        delivered,
        is_finished: true,
    }
}
