//! The pipeline's vocabulary and its only way to S3.
//!
//! A stage crate brings a [`Step`], which says what becomes of one object; the [`Runner`] here does the rest for all
//! stages: it reads the object, writes the outputs, puts rejects aside, writes the receipt and removes the source, in the
//! order that keeps the promises of `docs/SEMANTICS.md`. This crate knows no stage.

mod area;
mod arrival;
pub mod aws;
mod bucket;
pub mod config;
pub mod event;
mod handled;
mod key;
pub mod kind;
pub mod lambda;
mod latch;
mod limits;
pub mod metrics;
mod origin;
mod outbox;
mod outgoing;
mod output_writer;
mod panics;
pub mod permissions;
pub mod provenance;
mod reason;
pub mod receipt;
pub mod rollbar;
mod runner;
mod safe_path;
mod spool;
mod spool_reader;
mod stage;
mod step;
mod step_thread;
pub mod store;
mod streaming;
pub mod telemetry;

pub use area::{Area, Areas};
pub use bucket::{Bucket, Buckets};
pub use config::{Config, ConfigError, Vars};
pub use event::ObjectEvent;
pub use handled::{About, Before, Earlier, Handled, RunError};
pub use key::{Key, KeyLayout, UnknownLayout, stamp};
pub use kind::FileKind;
pub use limits::{GIB, Limits, MIB, bytes_in_words};
pub use origin::{NotAnOrigin, Origin};
pub use outbox::{Outbox, Output};
pub use output_writer::OutputWriter;
pub use provenance::Provenance;
pub use reason::{BadPart, ReasonCode, Rejection};
pub use receipt::{Outcome, Receipt};
pub use runner::Runner;
pub use safe_path::SafePath;
pub use spool::Spool;
pub use spool_reader::SpoolReader;
pub use stage::{Stage, Transfer};
pub use step::{Failure, Input, Step, Verdict};
pub use store::{Store, StoreError};
