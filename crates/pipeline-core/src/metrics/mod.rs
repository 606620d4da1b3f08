//! Metrics in CloudWatch's embedded metric format: JSON lines on standard output that CloudWatch Logs makes metrics of.
//!
//! A function without stages of its own builds its lines with [`Document`] and prints them with [`Metrics::print`]:
//!
//! ```
//! use pipeline_core::metrics::{Document, Metrics, Unit};
//! use time::OffsetDateTime;
//!
//! # let mut vars = pipeline_core::Vars::new(|_| None);
//! let metrics = Metrics::read(&mut vars);
//! let document = Document::at(OffsetDateTime::now_utc())
//!     .dimension("Bucket", "inbox")
//!     .metrics(&[&["Bucket"]], &[("OldestAge", Unit::Seconds, 3_600), ("Waiting", Unit::Count, 2)]);
//! metrics.print(&document);
//! ```
//!
//! CloudWatch bills every combination of a metric's name and its dimensions' values, so dimensions have few values and
//! are never a key, an area or a message. In all, for one stage of the deployment, at most:
//!
//! | metrics | dimensions | combinations |
//! |---|---|---|
//! | `Objects` | Stage; Stage and Outcome | 4 + 4 × 6 |
//! | `BytesIn` | Stage; Stage and Outcome | 4 + 4 × 4 (the size is known of what was worked on) |
//! | `Files`, `BytesOut`, `Duration`, `EventAge` | Stage | 4 × 4 |
//! | `Rejects` | ReasonCode | 19 |
//! | `RejectsToLookAt`, `Delivered`, `Rows` | none | 3 |
//! | `OldestAge`, `Waiting`, `SentAgain` (by `sweep`) | Bucket | 3 × 5 |
//!
//! These are 101 metrics, of which about half ever get a value: not every stage ends in every way.

mod document;
mod object;
mod print;

pub use document::{Document, Unit};
pub use object::of_object;
pub use print::Metrics;
