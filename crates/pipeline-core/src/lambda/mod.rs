//! The edge to AWS Lambda: events in, an answer or an error out.

mod serve;
mod stage;

pub use lambda_runtime::{Diagnostic, Error};
pub use serve::{Handler, serve};
pub use stage::run;
