//! Sending the event of an email again. (What is put back to another stage needs none: S3 sends it.)

use std::sync::{Mutex, PoisonError};

use anyhow::{Context, bail};
use embedded_s3::{EventName, ObjectCreated};
use pipeline_core::store::Listed;
use pipeline_core::{Bucket, Config, Key, KeyLayout, Limits, ObjectEvent, Stage, Store, Vars, event};
use sweep::{FunctionNames, Functions};

use crate::place::Place;
use crate::stages::Stages;

/// Who is told of an email.
#[derive(Debug)]
pub(super) enum Sender {
    /// The dispatcher of this process, which is given these afterwards.
    Later(Mutex<Vec<ObjectCreated>>),
    /// The stage, in this process: nobody can tell a running `serve`, but two workers on one object do no harm.
    Here(Box<Stages>),
    /// The stage's function, by an event as S3 sends it.
    Function(Functions),
}

impl Sender {
    pub(super) fn to(place: &Place) -> anyhow::Result<Self> {
        Ok(match place {
            Place::Own(_) => Self::Later(Mutex::default()),
            Place::Serve(store, _) => Self::Here(Box::new(stages_over(store)?)),
            Place::Stage(_, stage) => {
                let names = FunctionNames::named(|step| format!("data-pipeline-{}-{step}", stage.name));
                Self::Function(Functions::over(&stage.aws, names))
            }
        })
    }

    pub(super) async fn send(&self, store: &Store, email: &Key) -> anyhow::Result<()> {
        let stage = Stage::UnpackAttachments;
        let bucket = store.buckets().name(Bucket::Inbox).to_owned();
        let Some(head) = store.head(Bucket::Inbox, email).await? else {
            bail!("{bucket}/{email} is gone");
        };
        match self {
            Self::Later(emails) => {
                let created = ObjectCreated {
                    bucket,
                    key: email.to_string(),
                    size: head.size,
                    etag: head.etag,
                    event_name: EventName::Put,
                    time: head.last_modified,
                    sequencer: String::new(),
                };
                emails.lock().unwrap_or_else(PoisonError::into_inner).push(created);
                Ok(())
            }
            Self::Here(stages) => {
                let object = ObjectEvent {
                    bucket,
                    key: email.clone(),
                    event_time: None,
                    message_id: None,
                };
                stages.handle(stage, &object).await?;
                Ok(())
            }
            Self::Function(functions) => {
                let listed = Listed {
                    key: email.clone(),
                    etag: head.etag,
                    size: head.size,
                    last_modified: head.last_modified,
                };
                let record = event::Record::of_listed(&bucket, &listed);
                Ok(functions.hand_over(stage, &record).await?)
            }
        }
    }

    /// What the dispatcher of this process is to be given.
    pub(super) fn into_later(self) -> Vec<ObjectCreated> {
        match self {
            Self::Later(emails) => emails.into_inner().unwrap_or_else(PoisonError::into_inner),
            _ => Vec::new(),
        }
    }
}

fn stages_over(store: &Store) -> anyhow::Result<Stages> {
    let mut vars = Vars::from_env();
    let config = Config {
        buckets: store.buckets().clone(),
        layout: vars.parsed("KEY_LAYOUT", KeyLayout::default()),
        limits: Limits::read(&mut vars),
    };
    let stages = Stages::read(&mut vars, &config, store);
    vars.finish(stages).context("the stages cannot be set up")
}
