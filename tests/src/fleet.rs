//! The four functions, each a process of its own, and what AWS does between them.

use std::collections::{BTreeMap, BTreeSet};

use pipeline_core::store::Listed;
use pipeline_core::{Key, Stage, Store};
use runtime_api::{Answer, Instance, Output};

use crate::functions::{self, PLENTY, log_of};
use crate::golden_run::Pipeline;
use crate::{LAMBDAS_ATTEMPTS, S3, aws_events};

/// Processes of the four functions over buckets of their own.
pub struct Fleet {
    s3: S3,
    instances: BTreeMap<Stage, Instance>,
    /// Emails stay in the inbox; each brings one event.
    announced: BTreeSet<Key>,
}

impl Fleet {
    /// The functions with these variables set, over new buckets.
    pub async fn start(variables: &BTreeMap<String, String>) -> Self {
        Self::over(S3::start().await, variables).await
    }

    /// The functions over buckets that may hold something.
    pub async fn over(s3: S3, variables: &BTreeMap<String, String>) -> Self {
        let mut instances = BTreeMap::new();
        for stage in Stage::ALL {
            let function = functions::stage(stage, &s3).variables(variables.clone());
            instances.insert(stage, functions::start(&function).await);
        }
        Self {
            s3,
            instances,
            announced: BTreeSet::new(),
        }
    }

    /// The buckets.
    pub const fn s3(&self) -> &S3 {
        &self.s3
    }

    /// The process of a stage.
    pub fn instance(&self, stage: Stage) -> &Instance {
        &self.instances[&stage]
    }

    /// Kills the processes and gives what each has printed.
    pub async fn stop(self) -> (S3, BTreeMap<Stage, Output>) {
        let mut outputs = BTreeMap::new();
        for (stage, instance) in self.instances {
            outputs.insert(stage, instance.stop().await);
        }
        (self.s3, outputs)
    }

    /// The objects that a stage has not been told of.
    async fn unannounced(&mut self, stage: Stage) -> Vec<Listed> {
        let listed = self.s3.store().list(stage.source(), "").await.unwrap();
        if !stage.keeps_source() {
            return listed;
        }
        listed
            .into_iter()
            .filter(|object| self.announced.insert(object.key.clone()))
            .collect()
    }

    /// Sends the event of each object to the stage's function, as often as Lambda does.
    async fn deliver(&self, stage: Stage, objects: &[Listed]) {
        let instance = self.instance(stage);
        for object in objects {
            let bucket = self.s3.name(stage.source());
            let event = aws_events::s3_event([aws_events::s3_record(self.s3.region(), bucket, object)]);
            let mut attempts_left = LAMBDAS_ATTEMPTS;
            loop {
                attempts_left -= 1;
                match instance.invoke(&event, PLENTY).await {
                    Ok(Answer::Response(_)) => break,
                    Ok(Answer::Error(_)) if attempts_left > 0 => {}
                    failed => panic!("{stage} on {}: {failed:?}\n{}", object.key, log_of(instance)),
                }
            }
        }
    }
}

impl Pipeline for Fleet {
    fn store(&self) -> &Store {
        self.s3.store()
    }

    fn overwrites(&self) -> Vec<String> {
        self.s3.overwrites()
    }

    /// Delivers events until nothing is left to do. What lies in a bucket between the stages waits for its event.
    async fn work(&mut self) {
        loop {
            let emails = self.unannounced(Stage::UnpackAttachments).await;
            let files = self.unannounced(Stage::ProcessFile).await;
            let archives = self.unannounced(Stage::UncompressFile).await;
            let spreadsheets = self.unannounced(Stage::ConvertFile).await;
            if [&emails, &files, &archives, &spreadsheets]
                .iter()
                .all(|waiting| waiting.is_empty())
            {
                return;
            }
            tokio::join!(
                self.deliver(Stage::UnpackAttachments, &emails),
                self.deliver(Stage::ProcessFile, &files),
                self.deliver(Stage::UncompressFile, &archives),
                self.deliver(Stage::ConvertFile, &spreadsheets),
            );
        }
    }
}
