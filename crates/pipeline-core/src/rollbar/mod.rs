//! Reports of errors to Rollbar, if `ROLLBAR_ACCESS_TOKEN` is set.
//!
//! What is reported is what is logged: an event at level error that has a field `error_type`. So a function reports an error by
//! logging it, with whatever fields help (`stage`, `bucket`, `key`, `code`, `cause`, …), and a reject, which is no error of ours, is not
//! reported by the function that rejects. What people are told of rejects is: a warning that has a field `notification`. Reports wait in
//! memory until [`Reporter::send`] is called, at an invocation's end.

mod collect;
mod config;
mod item;
mod send;

pub use collect::Collect;
pub use config::Rollbar;
pub use send::{PATIENCE, Reporter};
