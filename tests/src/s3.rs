//! The seven buckets, new for each test: on the embedded S3, or on another one.

use std::env;
use std::fs::{self, File};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use aws_sdk_s3::Client;
use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration};
use bytes::Bytes;
use embedded_s3::{EmbeddedS3, ObjectCreated};
use pipeline::client;
use pipeline_core::store::Put;
use pipeline_core::{Bucket, Buckets, Key, Store};
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::mpsc::UnboundedReceiver;

use crate::aws_events;

/// The only region whose buckets are created without naming it (S3 API, CreateBucket).
const NAMELESS_REGION: &str = "us-east-1";

/// An S3 with buckets of this test alone.
///
/// Which S3 is said as for the conformance suite of embedded-s3: `SUITE_ENDPOINT=… AWS_REGION=us-east-1 AWS_ACCESS_KEY_ID=…
/// AWS_SECRET_ACCESS_KEY=…`; without them it is an embedded one. Buckets on another S3 are left there.
pub struct S3 {
    endpoint: String,
    region: String,
    access_key_id: String,
    secret_access_key: String,
    store: Store,
    // The server goes before its folder.
    embedded: Option<(EmbeddedS3, TempDir)>,
}

impl S3 {
    /// New buckets.
    pub async fn start() -> Self {
        let Ok(endpoint) = env::var("SUITE_ENDPOINT") else {
            return Self::embedded().await;
        };
        let variable = |name: &str| env::var(name).unwrap_or_else(|_| panic!("{name} is not set"));
        let login = (variable("AWS_ACCESS_KEY_ID"), variable("AWS_SECRET_ACCESS_KEY"));
        Self::with_buckets(&fresh_name(), endpoint, variable("AWS_REGION"), login, None).await
    }

    /// New buckets on an embedded S3, of the same names each time: names are part of origins.
    pub async fn embedded() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let server = EmbeddedS3::start(folder.path(), embedded_s3::Options::default())
            .await
            .unwrap();
        let login = server.credentials().clone();
        let login = (login.access_key_id, login.secret_access_key);
        let (endpoint, region) = (server.endpoint(), server.region().to_owned());
        Self::with_buckets("test", endpoint, region, login, Some((server, folder))).await
    }

    async fn with_buckets(
        stage: &str,
        endpoint: String,
        region: String,
        (access_key_id, secret_access_key): (String, String),
        embedded: Option<(EmbeddedS3, TempDir)>,
    ) -> Self {
        let client = client(&endpoint, &region, &access_key_id, &secret_access_key);
        let buckets = Buckets::named(|bucket| format!("es-{stage}-data-{bucket}"));
        for bucket in Bucket::ALL {
            let place = CreateBucketConfiguration::builder()
                .location_constraint(BucketLocationConstraint::from(region.as_str()))
                .build();
            let place = (region != NAMELESS_REGION).then_some(place);
            let create = client.create_bucket().bucket(buckets.name(bucket));
            create.set_create_bucket_configuration(place).send().await.unwrap();
        }
        Self {
            endpoint,
            region,
            access_key_id,
            secret_access_key,
            store: Store::new(client, buckets),
            embedded,
        }
    }

    /// The buckets.
    pub const fn store(&self) -> &Store {
        &self.store
    }

    /// Its client by way of a proxy.
    pub fn client_by_way_of(&self, url: &str) -> Client {
        client(url, &self.region, &self.access_key_id, &self.secret_access_key)
    }

    /// The buckets by way of a proxy.
    pub fn store_by_way_of(&self, url: &str) -> Store {
        Store::new(self.client_by_way_of(url), self.store.buckets().clone())
    }

    /// Where it is.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Its region.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// The name of a bucket.
    pub fn name(&self, bucket: Bucket) -> &str {
        self.store.buckets().name(bucket)
    }

    /// What a function needs to be told to use these buckets.
    pub fn variables(&self) -> Vec<(String, String)> {
        let name_of = |bucket: Bucket| (bucket.variable().to_owned(), self.name(bucket).to_owned());
        let mut variables: Vec<_> = Bucket::ALL.into_iter().map(name_of).collect();
        variables.extend(
            [
                ("AWS_ENDPOINT_URL_S3", &self.endpoint),
                ("AWS_ACCESS_KEY_ID", &self.access_key_id),
                ("AWS_SECRET_ACCESS_KEY", &self.secret_access_key),
            ]
            .map(|(name, value)| (name.to_owned(), value.clone())),
        );
        variables
    }

    /// Puts an object that no object may hold the key of.
    pub async fn put(&self, bucket: Bucket, key: &str, bytes: impl Into<Bytes>) {
        let put = self
            .store
            .put_new(bucket, &Key::new(key), bytes.into(), [].into())
            .await;
        assert_eq!(put.unwrap(), Put::Created, "{bucket}/{key}");
    }

    /// A file that a person puts into a bucket of the embedded S3, which tells nobody. The time is part of its origin.
    pub fn drop_file(&self, bucket: Bucket, key: &str, bytes: &[u8], time: SystemTime) {
        let (_, folder) = self.embedded.as_ref().expect("an embedded S3");
        let path = folder.path().join(self.name(bucket)).join(key);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        File::options()
            .append(true)
            .open(&path)
            .unwrap()
            .set_modified(time)
            .unwrap();
    }

    /// The events of objects that are created from now on: only the embedded S3 tells.
    pub fn events(&self) -> UnboundedReceiver<ObjectCreated> {
        let (server, _) = self.embedded.as_ref().expect("an embedded S3");
        server.subscribe()
    }

    /// The keys of a bucket.
    pub async fn keys(&self, bucket: Bucket) -> Vec<String> {
        let listed = self.store.list(bucket, "").await.unwrap();
        listed.into_iter().map(|object| object.key.to_string()).collect()
    }

    /// The keys of uploads that were begun and neither completed nor thrown away.
    pub async fn open_uploads(&self, bucket: Bucket) -> Vec<String> {
        let client = self.client_by_way_of(&self.endpoint);
        let uploads = client.list_multipart_uploads().bucket(self.name(bucket)).send().await;
        let uploads = uploads.unwrap();
        let keys = uploads.uploads().iter().map(|upload| upload.key().unwrap());
        keys.map(str::to_owned).collect()
    }

    /// What S3 tells a function about an object, which is there.
    pub async fn record(&self, bucket: Bucket, key: &str) -> Value {
        let listed = self.store.list(bucket, key).await.unwrap();
        let object = listed.iter().find(|object| object.key.as_str() == key);
        let object = object.unwrap_or_else(|| panic!("no {bucket}/{key}"));
        aws_events::s3_record(&self.region, self.name(bucket), object)
    }

    /// The event of an object, which is there.
    pub async fn event(&self, bucket: Bucket, key: &str) -> Value {
        aws_events::s3_event([self.record(bucket, key).await])
    }

    /// Puts an object and gives its event.
    pub async fn put_and_tell(&self, bucket: Bucket, key: &str, bytes: impl Into<Bytes>) -> Value {
        self.put(bucket, key, bytes).await;
        self.event(bucket, key).await
    }

    /// The content of an object, which is there.
    pub async fn content(&self, bucket: Bucket, key: &str) -> Bytes {
        let bytes = self.store.get_bytes(bucket, &Key::new(key)).await.unwrap();
        bytes.unwrap_or_else(|| panic!("no {bucket}/{key}"))
    }

    /// Removes an object, as the importer does when it has archived it.
    pub async fn remove(&self, bucket: Bucket, key: &str) {
        let key = Key::new(key);
        let head = self.store.head(bucket, &key).await.unwrap().unwrap();
        self.store.delete_if_match(bucket, &key, &head.etag).await.unwrap();
    }

    /// Objects that were written over others: only the embedded S3 remembers.
    pub fn overwrites(&self) -> Vec<String> {
        let Some((server, _)) = &self.embedded else {
            return Vec::new();
        };
        let overwrites = server.history().expect("a history").overwrites();
        overwrites
            .iter()
            .map(|write| format!("overwritten: {}/{}", write.bucket, write.key))
            .collect()
    }
}

/// A deployment stage that nobody has used before.
fn fresh_name() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros();
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("{time:x}-{:x}-{count}", std::process::id())
}
