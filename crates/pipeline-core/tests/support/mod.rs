//! A pipeline's buckets on an embedded S3, and steps that do as a test says.
#![allow(dead_code, reason = "each test file uses its part")]

use std::collections::HashMap;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use bytes::Bytes;
use embedded_s3::EmbeddedS3;
use pipeline_core::{
    Bucket, Buckets, Config, Failure, Handled, Input, Key, KeyLayout, Limits, ObjectEvent, Outbox, Receipt, RunError,
    Runner, Stage, Step, Store, Verdict,
};
use tempfile::TempDir;

/// Buckets that vanish with the test.
pub(crate) struct Bench {
    pub(crate) s3: EmbeddedS3,
    pub(crate) store: Store,
    pub(crate) client: Client,
    pub(crate) config: Config,
    pub(crate) dir: TempDir,
}

impl Bench {
    pub(crate) async fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let s3 = EmbeddedS3::start(dir.path(), embedded_s3::Options::default())
            .await
            .unwrap();
        let buckets = Buckets::named(|bucket| format!("es-test-data-{bucket}"));
        for bucket in Bucket::ALL {
            s3.create_bucket(buckets.name(bucket)).await.unwrap();
        }
        let credentials = s3.credentials();
        let client = Client::from_conf(
            aws_sdk_s3::Config::builder()
                .behavior_version(BehaviorVersion::latest())
                .endpoint_url(s3.endpoint())
                .region(Region::new(s3.region().to_owned()))
                .credentials_provider(Credentials::new(
                    &credentials.access_key_id,
                    &credentials.secret_access_key,
                    None,
                    None,
                    "test",
                ))
                .force_path_style(true)
                .build(),
        );
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
            dir,
        }
    }

    pub(crate) fn runner<F>(&self, stage: Stage, act: F) -> Runner<Act<F>>
    where
        F: Fn(&Input, &mut Outbox) -> Result<Verdict, Failure> + Send + Sync + 'static,
    {
        Runner::new(Act { stage, act }, self.store.clone(), &self.config)
    }

    pub(crate) fn event(&self, bucket: Bucket, key: &str) -> ObjectEvent {
        ObjectEvent {
            bucket: self.config.buckets.name(bucket).to_owned(),
            key: Key::new(key),
            message_id: None,
        }
    }

    /// Drops a file into a bucket, as a person would.
    pub(crate) async fn drop_file(&self, bucket: Bucket, key: &str, bytes: &[u8]) -> ObjectEvent {
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

    pub(crate) async fn remove(&self, bucket: Bucket, key: &str) {
        let name = self.config.buckets.name(bucket);
        self.client.delete_object().bucket(name).key(key).send().await.unwrap();
    }

    pub(crate) async fn keys(&self, bucket: Bucket) -> Vec<String> {
        let listed = self.store.list(bucket, "").await.unwrap();
        listed.into_iter().map(|object| object.key.to_string()).collect()
    }

    pub(crate) async fn content(&self, bucket: Bucket, key: &str) -> Bytes {
        self.store.get_bytes(bucket, &Key::new(key)).await.unwrap().unwrap()
    }

    pub(crate) async fn metadata(&self, bucket: Bucket, key: &str) -> HashMap<String, String> {
        self.store.head(bucket, &Key::new(key)).await.unwrap().unwrap().metadata
    }
}

/// A step that does as it is told.
pub(crate) struct Act<F> {
    stage: Stage,
    act: F,
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

pub(crate) fn receipt(handled: Result<Handled, RunError>) -> Receipt {
    match handled.unwrap() {
        Handled::Now(receipt) => *receipt,
        Handled::Before(earlier) => panic!("the work had been done before: {earlier:?}"),
    }
}

pub(crate) fn is_before(handled: &Result<Handled, RunError>) -> bool {
    matches!(handled, Ok(Handled::Before(_)))
}
