//! A function that has a defect, over the pipeline's real edge to Lambda: `PANICS` says where it panics.
#![allow(clippy::panic, clippy::unwrap_used, missing_docs)]

use std::time::Instant;

use pipeline_core::lambda::{self, Diagnostic, Error, Handler};
use pipeline_core::{Failure, Input, Outbox, ReasonCode, Rejection, Stage, Step, Verdict};
use serde_json::{Value, json};

/// A step that panics on files whose names begin with `panic`, and rejects the others.
struct PanickingStep;

impl Step for PanickingStep {
    fn stage(&self) -> Stage {
        Stage::ProcessFile
    }

    fn run(&self, input: &Input, _outbox: &mut Outbox) -> Result<Verdict, Failure> {
        assert!(!input.name().file_name().starts_with("panic"), "the step has a defect");
        Ok(Verdict::Rejected(Rejection::new(ReasonCode::NotData, "It is none.")))
    }
}

/// A handler that panics on some events, and answers the others with themselves.
struct PanickingHandler;

impl Handler for PanickingHandler {
    async fn handle(&self, event: Value, _deadline: Option<Instant>) -> Result<Value, Diagnostic> {
        assert!(event != json!("panic"), "the handler has a defect");
        // Not in the first poll of the future, either.
        tokio::task::yield_now().await;
        assert!(event != json!("panic later"), "the handler has a defect");
        Ok(event)
    }
}

fn main() -> Result<(), Error> {
    match std::env::var("PANICS").unwrap().as_str() {
        "step" => lambda::run(|_, _| PanickingStep),
        "handler" => lambda::serve(|_| (), async |()| PanickingHandler),
        other => panic!("PANICS is {other}"),
    }
}
