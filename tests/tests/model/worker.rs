//! A worker: one delivery of an event to the stage that it is for.

use convert_file::ConvertFile;
use end_to_end_tests::faults::Faults;
use pipeline_core::{
    Config, Failure, Handled, Input, ObjectEvent, Outbox, RunError, Runner, Stage, Step, Store, Verdict,
};
use process_file::ProcessFile;
use uncompress_file::UncompressFile;
use unpack_attachments::UnpackAttachments;

use crate::gate::{ActorId, Gate};
use crate::world::World;

/// How a delivery ended.
#[derive(Debug)]
pub enum Ended {
    Handled(Handled),
    /// And whether it met a fault.
    Failed(RunError, bool),
    Crashed,
}

/// Delivers an event.
pub async fn work(
    stage: Stage,
    object: ObjectEvent,
    (store, faults): (Store, Faults),
    config: Config,
    gate: Gate,
    actor: ActorId,
) -> Ended {
    let handled = faults
        .until_crash(handle(stage, &object, &store, &config, &gate, actor))
        .await;
    match handled {
        Some(Ok(handled)) => Ended::Handled(handled),
        Some(Err(error)) => Ended::Failed(error, faults.injected() > 0),
        None => Ended::Crashed,
    }
}

async fn handle(
    stage: Stage,
    object: &ObjectEvent,
    store: &Store,
    config: &Config,
    gate: &Gate,
    actor: ActorId,
) -> Result<Handled, RunError> {
    let watched = Watching {
        store,
        config,
        gate,
        actor,
    };
    match stage {
        Stage::UnpackAttachments => {
            let runner = watched.runner(UnpackAttachments::read(&mut World::vars(), config));
            runner.handle(object, None).await
        }
        Stage::ProcessFile => {
            let runner = watched.runner(ProcessFile::read(&mut World::vars(), config));
            runner.handle(object, None).await
        }
        Stage::UncompressFile => {
            let runner = watched.runner(UncompressFile::new(config.limits.clone()));
            runner.handle(object, None).await
        }
        Stage::ConvertFile => {
            let runner = watched.runner(ConvertFile::read(&mut World::vars(), config));
            runner.handle(object, None).await
        }
    }
}

struct Watching<'a> {
    store: &'a Store,
    config: &'a Config,
    gate: &'a Gate,
    actor: ActorId,
}

impl Watching<'_> {
    fn runner<S: Step>(&self, step: S) -> Runner<Watched<S>> {
        let step = Watched {
            step,
            gate: self.gate.clone(),
            actor: self.actor,
        };
        Runner::new(step, self.store.clone(), self.config)
    }
}

/// The stage's own step; the gate knows while it runs on its thread.
struct Watched<S> {
    step: S,
    gate: Gate,
    actor: ActorId,
}

impl<S: Step> Step for Watched<S> {
    fn stage(&self) -> Stage {
        self.step.stage()
    }

    fn run(&self, input: &Input, outbox: &mut Outbox) -> Result<Verdict, Failure> {
        let _at_work = self.gate.at_work(self.actor);
        self.step.run(input, outbox)
    }
}
