//! The buckets, and what a test does with them.

use std::collections::HashMap;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use bytes::Bytes;
use embedded_s3::EmbeddedS3;
use pipeline_core::{
    Bucket, Buckets, Config, Failure, Input, Key, KeyLayout, Limits, ObjectEvent, Outbox, Receipt, Runner, Stage, Step,
    Store, Verdict,
};
use tempfile::TempDir;

use crate::{Act, receipt};

/// Buckets that vanish with the test.
#[derive(Debug)]
pub struct Bench {
    /// The server, with its history.
    pub s3: EmbeddedS3,
    /// The buckets as the pipeline sees them.
    pub store: Store,
    /// The buckets as everybody else sees them.
    pub client: Client,
    /// Flat keys and the default limits, unless a test sets others before it makes a runner.
    pub config: Config,
    // Removed after the server that uses it.
    _dir: TempDir,
}

impl Bench {
    /// A server of its own with all buckets, which are empty.
    pub async fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let s3 = EmbeddedS3::start(dir.path(), embedded_s3::Options::default())
            .await
            .unwrap();
        let buckets = Buckets::named(|bucket| format!("es-test-data-{bucket}"));
        for bucket in Bucket::ALL {
            s3.create_bucket(buckets.name(bucket)).await.unwrap();
        }
        let client = client_of(&s3);
        let config = Config {
            buckets: buckets.clone(),
            layout: KeyLayout::Flat,
            limits: Limits::default(),
        };
        Self {
            store: Store::new(client.clone(), buckets),
            s3,
            client,
            config,
            _dir: dir,
        }
    }

    /// The runner of a step.
    pub fn runner_of<S: Step>(&self, step: S) -> Runner<S> {
        Runner::new(step, self.store.clone(), &self.config)
    }

    /// The runner of a step that does as it is told.
    pub fn runner<F>(&self, stage: Stage, act: F) -> Runner<Act<F>>
    where
        F: Fn(&Input, &mut Outbox) -> Result<Verdict, Failure> + Send + Sync + 'static,
    {
        self.runner_of(Act::new(stage, act))
    }

    /// Drops a file into the bucket of a step, as a person would, and runs the step on it.
    pub async fn run(&self, step: impl Step, key: &str, bytes: &[u8]) -> Receipt {
        let event = self.drop_file(step.stage().source(), key, bytes).await;
        receipt(self.runner_of(step).handle(&event, None).await)
    }

    /// The event of an object, whether it is there or not.
    pub fn event(&self, bucket: Bucket, key: &str) -> ObjectEvent {
        ObjectEvent {
            bucket: self.config.buckets.name(bucket).to_owned(),
            key: Key::new(key),
            event_time: None,
            message_id: None,
        }
    }

    /// Drops a file into a bucket, as a person would.
    pub async fn drop_file(&self, bucket: Bucket, key: &str, bytes: &[u8]) -> ObjectEvent {
        let name = self.config.buckets.name(bucket);
        let put = self
            .client
            .put_object()
            .bucket(name)
            .key(key)
            .body(Bytes::copy_from_slice(bytes).into());
        put.send().await.unwrap();
        self.event(bucket, key)
    }

    /// Removes an object, as the importer does.
    pub async fn remove(&self, bucket: Bucket, key: &str) {
        let name = self.config.buckets.name(bucket);
        self.client.delete_object().bucket(name).key(key).send().await.unwrap();
    }

    /// The keys of a bucket, in order.
    pub async fn keys(&self, bucket: Bucket) -> Vec<String> {
        let listed = self.store.list(bucket, "").await.unwrap();
        listed.into_iter().map(|object| object.key.to_string()).collect()
    }

    /// The content of an object, which is there.
    pub async fn content(&self, bucket: Bucket, key: &str) -> Bytes {
        self.store.get_bytes(bucket, &Key::new(key)).await.unwrap().unwrap()
    }

    /// The user metadata of an object, which is there.
    pub async fn metadata(&self, bucket: Bucket, key: &str) -> HashMap<String, String> {
        self.store.head(bucket, &Key::new(key)).await.unwrap().unwrap().metadata
    }
}

fn client_of(s3: &EmbeddedS3) -> Client {
    let keys = s3.credentials();
    let credentials = Credentials::new(&keys.access_key_id, &keys.secret_access_key, None, None, "test");
    Client::from_conf(
        aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .endpoint_url(s3.endpoint())
            .region(Region::new(s3.region().to_owned()))
            .credentials_provider(credentials)
            .force_path_style(true)
            .build(),
    )
}
