//! The whole pipeline on this machine, in a folder of its own.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use embedded_s3::ObjectCreated;
use pipeline::{LocalStack, Stages, s3_event};
use pipeline_core::store::Put;
use pipeline_core::telemetry::chain;
use pipeline_core::{Bucket, Config, Handled, Key, Limits, ObjectEvent, Origin, Receipt, Stage, Store, Vars, event};
use tempfile::TempDir;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::JoinSet;

use crate::faults::Faults;
use crate::golden_run::Pipeline;

/// How many objects are worked on at once.
const WORKERS: usize = 8;

/// How often Lambda delivers an event in all.
pub const LAMBDAS_ATTEMPTS: u32 = 3;

/// Embedded S3, buckets and stages. The tests deliver the events, in whatever order they like.
pub struct Local {
    stack: LocalStack,
    stages: Arc<Stages>,
    events: UnboundedReceiver<ObjectCreated>,
    vars: BTreeMap<String, String>,
    // Removed after everything that uses it.
    folder: TempDir,
}

/// An object as it lies in a bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Its key.
    pub key: String,
    /// Its content.
    pub bytes: Bytes,
    /// Its user metadata.
    pub metadata: HashMap<String, String>,
}

impl Local {
    /// The pipeline with these variables set, and no others.
    pub async fn start(vars: &BTreeMap<String, String>) -> Self {
        let lookup = |name: &str| vars.get(name).cloned();
        let folder = tempfile::tempdir().unwrap();
        let stack = LocalStack::start_with(folder.path(), embedded_s3::Options::default(), Vars::new(lookup))
            .await
            .unwrap();
        let stages = stages(vars, &stack, stack.store());
        let events = stack.s3().subscribe();
        Self {
            stack,
            stages,
            events,
            vars: vars.clone(),
            folder,
        }
    }

    /// The pipeline with some variables set.
    pub async fn with(vars: &[(&str, &str)]) -> Self {
        let vars = vars
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Self::start(&vars.collect()).await
    }

    /// The buckets.
    pub const fn store(&self) -> &Store {
        self.stack.store()
    }

    /// The steps.
    pub fn stages(&self) -> Arc<Stages> {
        Arc::clone(&self.stages)
    }

    /// The buckets as a worker with faults reaches them.
    pub fn store_with(&self, faults: &Faults) -> Store {
        Store::new(faults.client(self.stack.s3()), self.store().buckets().clone())
    }

    /// The steps over another way to the buckets.
    pub fn stages_with(&self, store: &Store) -> Arc<Stages> {
        stages(&self.vars, &self.stack, store)
    }

    /// The pipeline from now on with these variables set as well: as after a deployment.
    pub fn reconfigure(&mut self, vars: &[(&str, &str)]) {
        let vars = vars
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        self.vars.extend(vars);
        self.stages = stages(&self.vars, &self.stack, self.stack.store());
    }

    /// Puts an object that no object may hold the key of.
    pub async fn put(&self, bucket: Bucket, key: &str, bytes: impl Into<Bytes>) {
        let put = self
            .store()
            .put_new(bucket, &Key::new(key), bytes.into(), [].into())
            .await;
        assert_eq!(put.unwrap(), Put::Created, "{bucket}/{key}");
    }

    /// Puts an object as of this time, of which nobody is told: where its origin must be the same in every run.
    pub fn put_as_of(&self, time: SystemTime, bucket: Bucket, key: &str, bytes: &[u8]) {
        let file = self.folder.path().join(self.store().buckets().name(bucket)).join(key);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, bytes).unwrap();
        let file = std::fs::File::options().write(true).open(file).unwrap();
        file.set_modified(time).unwrap();
    }

    /// What waits for a stage, as a sweep finds it: the events of those objects, and of emails without a receipt.
    pub async fn unfinished(&self) -> Vec<ObjectCreated> {
        self.stack.unfinished().await.unwrap()
    }

    /// The keys of uploads that were begun and neither completed nor thrown away.
    pub async fn open_uploads(&self) -> Vec<String> {
        let client = Faults::default().client(self.stack.s3());
        let mut open = Vec::new();
        for bucket in Bucket::ALL {
            let name = self.store().buckets().name(bucket);
            let uploads = client.list_multipart_uploads().bucket(name).send().await.unwrap();
            open.extend(
                uploads
                    .uploads()
                    .iter()
                    .map(|upload| format!("{bucket}/{}", upload.key().unwrap())),
            );
        }
        open
    }

    /// Every write of the server's history to a bucket.
    pub fn writes(&self, bucket: Bucket) -> Vec<String> {
        let name = self.store().buckets().name(bucket);
        let writes = self.stack.s3().history().expect("a history").writes();
        let of_bucket = writes.into_iter().filter(|write| write.bucket == name);
        of_bucket.map(|write| write.key).collect()
    }

    /// Puts an email into the inbox.
    pub async fn send(&self, key: &str, email: impl Into<Bytes>) {
        self.put(Bucket::Inbox, key, email).await;
    }

    /// The events of objects that were created since the last call.
    pub fn new_events(&mut self) -> Vec<ObjectCreated> {
        std::iter::from_fn(|| self.events.try_recv().ok()).collect()
    }

    /// Delivers events until nothing is left to do.
    pub async fn work(&mut self) {
        let mut waiting = self.new_events();
        let mut at_work = JoinSet::new();
        loop {
            while at_work.len() < WORKERS
                && let Some(created) = waiting.pop()
            {
                at_work.spawn(deliver(
                    self.stages(),
                    self.stage_of(&created),
                    created,
                    LAMBDAS_ATTEMPTS,
                ));
            }
            match at_work.join_next().await {
                Some(handled) => handled.unwrap(),
                None => return,
            }
            waiting.extend(self.new_events());
        }
    }

    /// The stage that works on a new object; none for objects that have arrived.
    pub fn stage_of(&self, created: &ObjectCreated) -> Option<Stage> {
        self.store().buckets().role(&created.bucket).and_then(Stage::of_bucket)
    }

    /// Lets a stage handle an object of its bucket.
    pub async fn handle(&self, stage: Stage, key: &str) -> Handled {
        let object = ObjectEvent {
            bucket: self.store().buckets().name(stage.source()).to_owned(),
            key: Key::new(key),
            event_time: None,
            message_id: None,
        };
        self.stages.handle(stage, &object).await.unwrap()
    }

    /// The keys of a bucket.
    pub async fn keys(&self, bucket: Bucket) -> Vec<String> {
        let listed = self.store().list(bucket, "").await.unwrap();
        listed.into_iter().map(|object| object.key.to_string()).collect()
    }

    /// The objects of a bucket.
    pub async fn objects(&self, bucket: Bucket) -> Vec<Object> {
        let mut objects = Vec::new();
        for key in self.keys(bucket).await {
            objects.push(self.object(bucket, &key).await);
        }
        objects
    }

    /// One object, which is there.
    pub async fn object(&self, bucket: Bucket, key: &str) -> Object {
        let id = Key::new(key);
        let head = self.store().head(bucket, &id).await.unwrap();
        let bytes = self.store().get_bytes(bucket, &id).await.unwrap();
        Object {
            key: key.to_owned(),
            bytes: bytes.unwrap_or_else(|| panic!("no {bucket}/{key}")),
            metadata: head.unwrap().metadata,
        }
    }

    /// Removes an object, as the importer does when it has archived it.
    pub async fn remove(&self, bucket: Bucket, key: &str) {
        let key = Key::new(key);
        if let Some(head) = self.store().head(bucket, &key).await.unwrap() {
            self.store().delete_if_match(bucket, &key, &head.etag).await.unwrap();
        }
    }

    /// The receipt of an origin.
    pub async fn receipt(&self, origin: Origin) -> Option<Receipt> {
        let json = self
            .store()
            .get_bytes(Bucket::Receipts, &Key::receipt(origin))
            .await
            .unwrap();
        json.map(|json| serde_json::from_slice(&json).unwrap())
    }

    /// Every receipt.
    pub async fn receipts(&self) -> Vec<Receipt> {
        let objects = self.objects(Bucket::Receipts).await;
        objects
            .iter()
            .map(|object| serde_json::from_slice(&object.bytes).unwrap())
            .collect()
    }

    /// What speaks against a clean end: objects that still wait, and objects that were overwritten.
    pub async fn leftovers(&self) -> Vec<String> {
        let mut found = Vec::new();
        for bucket in [Bucket::Process, Bucket::Uncompressed, Bucket::Spreadsheet] {
            found.extend(
                self.keys(bucket)
                    .await
                    .iter()
                    .map(|key| format!("still waiting: {bucket}/{key}")),
            );
        }
        found.extend(self.overwrites());
        found
    }
}

impl Pipeline for Local {
    fn store(&self) -> &Store {
        self.stack.store()
    }

    fn overwrites(&self) -> Vec<String> {
        let overwrites = self.stack.s3().history().expect("a history").overwrites();
        overwrites
            .iter()
            .map(|write| format!("overwritten: {}/{}", write.bucket, write.key))
            .collect()
    }

    async fn work(&mut self) {
        self.work().await;
    }
}

fn stages(vars: &BTreeMap<String, String>, stack: &LocalStack, store: &Store) -> Arc<Stages> {
    let mut vars = Vars::new(|name| vars.get(name).cloned());
    // The variables may have changed since the stack was started.
    let config = Config {
        limits: Limits::read(&mut vars),
        ..stack.config().clone()
    };
    let stages = Stages::read(&mut vars, &config, store);
    Arc::new(vars.finish(stages).unwrap())
}

/// Delivers one event as S3 sends it, through the decoder that Lambda uses, until it is handled or all attempts have
/// failed. An event of a bucket without a stage is nobody's.
pub async fn deliver(stages: Arc<Stages>, stage: Option<Stage>, created: ObjectCreated, attempts: u32) {
    let Some(stage) = stage else { return };
    for object in event::decode(&s3_event(&created)).unwrap().objects {
        let mut attempts_left = attempts;
        loop {
            attempts_left -= 1;
            match stages.handle(stage, &object).await {
                Ok(_) => break,
                Err(error) if attempts_left == 0 => panic!("{}", chain(&error)),
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
    }
}
