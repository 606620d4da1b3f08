//! A step that a test writes.

use pipeline_core::{Failure, Input, Outbox, Stage, Step, Verdict};

/// A step that does as it is told.
#[derive(Debug)]
pub struct Act<F> {
    stage: Stage,
    act: F,
}

impl<F> Act<F> {
    /// A step of a stage that does nothing but `act`.
    pub const fn new(stage: Stage, act: F) -> Self {
        Self { stage, act }
    }
}

impl<F> Step for Act<F>
where
    F: Fn(&Input, &mut Outbox) -> Result<Verdict, Failure> + Send + Sync + 'static,
{
    fn stage(&self) -> Stage {
        self.stage
    }

    fn run(&self, input: &Input, outbox: &mut Outbox) -> Result<Verdict, Failure> {
        (self.act)(input, outbox)
    }
}
