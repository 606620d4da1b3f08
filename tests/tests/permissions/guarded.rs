//! The whole pipeline over an embedded S3 where each function may do what it declares, and no more.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Region};
use bytes::Bytes;
use embedded_s3::{Access, Credentials, EmbeddedS3, ObjectCreated, Options};
use end_to_end_tests::golden_run::Pipeline;
use end_to_end_tests::{LAMBDAS_ATTEMPTS, Mail, deliver};
use pipeline::Stages;
use pipeline_core::permissions::Permissions;
use pipeline_core::store::Put;
use pipeline_core::{Bucket, Buckets, Config, Handled, Key, ObjectEvent, RunError, Stage, Store, Vars, permissions};
use tempfile::TempDir;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::JoinSet;

use crate::guard::Guard;

/// How many objects are worked on at once.
const WORKERS: usize = 4;

/// Embedded S3, buckets, and stages that each have credentials of their own.
pub(crate) struct Guarded {
    pub(crate) guard: Arc<Guard>,
    /// The stages, each over the buckets as it may use them.
    stages: BTreeMap<Stage, Arc<Stages>>,
    /// The buckets as their owner may use them.
    store: Store,
    events: UnboundedReceiver<ObjectCreated>,
    s3: EmbeddedS3,
    // Removed after everything that uses it.
    _folder: TempDir,
}

impl Guarded {
    /// With the permissions that the code declares, and no variables set.
    pub(crate) async fn start() -> Self {
        Self::with(&BTreeMap::new(), permissions::of_all()).await
    }

    /// With these variables and permissions.
    pub(crate) async fn with(
        vars: &BTreeMap<String, String>,
        permissions: BTreeMap<&'static str, Permissions>,
    ) -> Self {
        let buckets = Buckets::named(|bucket| format!("es-test-data-{bucket}"));
        let users: Vec<_> = permissions.keys().map(|function| user(function)).collect();
        let guard = Arc::new(Guard::new(buckets.clone(), permissions));
        let asked = Arc::clone(&guard);
        let options = Options {
            more_credentials: users,
            access: Some(Access::new(move |attempt| asked.allows(attempt))),
            ..Options::default()
        };
        let folder = tempfile::tempdir().unwrap();
        let s3 = EmbeddedS3::start(folder.path(), options).await.unwrap();
        for bucket in Bucket::ALL {
            s3.create_bucket(buckets.name(bucket)).await.unwrap();
        }
        let owner = client(&s3, s3.credentials());
        guard.set_owner(owner.clone());
        let stages = Stage::ALL.map(|stage| {
            let store = Store::new(client(&s3, &user(stage.as_str())), buckets.clone());
            (stage, Arc::new(stages(vars, &store)))
        });
        Self {
            guard,
            stages: stages.into(),
            store: Store::new(owner, buckets),
            events: s3.subscribe(),
            s3,
            _folder: folder,
        }
    }

    /// The buckets as a function may use them.
    pub(crate) fn store_of(&self, function: &str) -> Store {
        Store::new(client(&self.s3, &user(function)), self.store.buckets().clone())
    }

    /// Puts an object that no object may hold the key of.
    pub(crate) async fn put(&self, bucket: Bucket, key: &str, bytes: impl Into<Bytes>) {
        let name = Key::new(key);
        let put = self.store.put_new(bucket, &name, bytes.into(), [].into()).await;
        assert_eq!(put.unwrap(), Put::Created, "{bucket}/{key}");
    }

    /// Puts an email into the inbox.
    pub(crate) async fn send(&self, key: &str, mail: &Mail) {
        self.put(Bucket::Inbox, key, mail.to_bytes()).await;
    }

    /// Lets a stage handle an object of its bucket.
    pub(crate) async fn handle(&self, stage: Stage, key: &str) -> Result<Handled, RunError> {
        let object = ObjectEvent {
            bucket: self.store.buckets().name(stage.source()).to_owned(),
            key: Key::new(key),
            event_time: None,
            message_id: None,
        };
        self.stages[&stage].handle(stage, &object).await
    }

    /// The keys of a bucket.
    pub(crate) async fn keys(&self, bucket: Bucket) -> Vec<String> {
        let listed = self.store.list(bucket, "").await.unwrap();
        listed.into_iter().map(|object| object.key.to_string()).collect()
    }

    /// Removes the objects of a bucket.
    pub(crate) async fn remove_all(&self, bucket: Bucket) {
        for object in self.store.list(bucket, "").await.unwrap() {
            let removed = self.store.delete_if_match(bucket, &object.key, &object.etag).await;
            removed.unwrap();
        }
    }

    /// The size of an object, which is there.
    pub(crate) async fn size(&self, bucket: Bucket, key: &str) -> usize {
        let head = self.store.head(bucket, &Key::new(key)).await.unwrap();
        usize::try_from(head.unwrap().size).unwrap()
    }
}

impl Pipeline for Guarded {
    fn store(&self) -> &Store {
        &self.store
    }

    fn overwrites(&self) -> Vec<String> {
        let overwrites = self.s3.history().unwrap().overwrites();
        overwrites
            .iter()
            .map(|write| format!("overwritten: {}/{}", write.bucket, write.key))
            .collect()
    }

    async fn work(&mut self) {
        let mut waiting = Vec::new();
        let mut at_work = JoinSet::new();
        loop {
            waiting.extend(std::iter::from_fn(|| self.events.try_recv().ok()));
            while at_work.len() < WORKERS
                && let Some(created) = waiting.pop()
            {
                let role = self.store.buckets().role(&created.bucket);
                if let Some(stage) = role.and_then(Stage::of_bucket) {
                    let stages = Arc::clone(&self.stages[&stage]);
                    at_work.spawn(deliver(stages, Some(stage), created, LAMBDAS_ATTEMPTS));
                }
            }
            match at_work.join_next().await {
                Some(handled) => handled.unwrap(),
                None => return,
            }
        }
    }
}

/// The credentials of a function: its name.
fn user(function: &str) -> Credentials {
    Credentials {
        access_key_id: function.to_owned(),
        secret_access_key: format!("the secret of {function}"),
    }
}

fn client(s3: &EmbeddedS3, user: &Credentials) -> Client {
    let (id, secret) = (&user.access_key_id, &user.secret_access_key);
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .endpoint_url(s3.endpoint())
        .region(Region::new(s3.region().to_owned()))
        .credentials_provider(aws_sdk_s3::config::Credentials::new(id, secret, None, None, "test"))
        .force_path_style(true)
        .build();
    Client::from_conf(config)
}

/// The stages as the functions read them, over one store.
fn stages(vars: &BTreeMap<String, String>, store: &Store) -> Stages {
    let bucket = |name: &str| Bucket::ALL.into_iter().find(|bucket| bucket.variable() == name);
    let lookup = |name: &str| match bucket(name) {
        Some(bucket) => Some(store.buckets().name(bucket).to_owned()),
        None => vars.get(name).cloned(),
    };
    let mut vars = Vars::new(lookup);
    let config = Config::read(&mut vars);
    let stages = Stages::read(&mut vars, &config, store);
    vars.finish(stages).unwrap()
}
