//! The others who use the buckets: the importer, and the sweep.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_lambda::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_s3::Client;
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use fastrand::Rng;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use pipeline_core::event::{self, ObjectEvent};
use pipeline_core::metrics::Metrics;
use pipeline_core::{Bucket, Buckets, Store, Vars};
use sweep::{Functions, Run, Settings, Sweep};
use time::OffsetDateTime;

use crate::chronicle::written_at;
use crate::gate::Gate;
use crate::world::Shared;

/// The importer's archive.
pub const ARCHIVE: &str = "archive-";

/// Takes files as the importer does: lists, copies to the archive, deletes.
pub async fn import(client: Client, bucket: String, gate: Gate, taken: Arc<AtomicU32>, mut rng: Rng) {
    let listed = client.list_objects_v2().bucket(&bucket).send().await.unwrap();
    let keys = listed
        .contents
        .unwrap_or_default()
        .into_iter()
        .filter_map(|object| object.key);
    let mut keys: Vec<_> = keys.filter(|key| !key.starts_with(ARCHIVE)).collect();
    // Origins, which some keys bear, differ when the history is replayed.
    keys.sort_by_key(|key| gate.chronicle(|it| written_at(it, &bucket, key)));
    keys.retain(|_| rng.u8(..4) > 0);
    for key in keys {
        let (area, rest) = key.split_once('/').unwrap();
        // The number keeps files of one key apart, so that the test can count them.
        let number = taken.fetch_add(1, Ordering::Relaxed);
        let copied = client
            .copy_object()
            .bucket(&bucket)
            .key(format!("{ARCHIVE}{area}/{number}/{rest}"))
            .copy_source(copy_source(&bucket, &key))
            .send();
        copied.await.unwrap();
        client.delete_object().bucket(&bucket).key(&key).send().await.unwrap();
    }
}

/// `x-amz-copy-source`.
pub fn copy_source(bucket: &str, key: &str) -> String {
    format!("{bucket}/{}", utf8_percent_encode(key, NON_ALPHANUMERIC))
}

/// Sweeps as the schedule does two hours later; gives what it would have its functions handle again.
pub async fn sweep(store: Store) -> Vec<ObjectEvent> {
    let (settings, metrics) = settings(store.buckets());
    let handed_over = Shared::default();
    let functions = Functions::new(lambda(&handed_over), settings.functions.clone());
    let run = Run {
        now: OffsetDateTime::now_utc() + Duration::from_secs(2 * 60 * 60),
        everything: true,
    };
    Sweep::new(store, functions, settings, metrics)
        .run(run, None)
        .await
        .unwrap();
    std::mem::take(&mut *handed_over.lock().unwrap())
}

fn settings(buckets: &Buckets) -> (Settings, Metrics) {
    let mut vars = Vars::new(|name| setting(buckets, name));
    let read = Sweep::read(&mut vars);
    vars.finish(read).unwrap()
}

fn setting(buckets: &Buckets, name: &str) -> Option<String> {
    let bucket = Bucket::ALL.into_iter().find(|bucket| bucket.variable() == name);
    let bucket = bucket.map(|bucket| buckets.name(bucket).to_owned());
    bucket.or_else(|| name.ends_with("_FUNCTION").then(|| name.to_owned()))
}

/// Lambda's Invoke API, which takes every event.
/// <https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html>
fn lambda(handed_over: &Shared<ObjectEvent>) -> aws_sdk_lambda::Client {
    let connector = SharedHttpConnector::new(Lambda(Arc::clone(handed_over)));
    let config = aws_sdk_lambda::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-west-2"))
        .credentials_provider(Credentials::new("a", "b", None, None, "test"))
        .http_client(http_client_fn(move |_, _| connector.clone()));
    aws_sdk_lambda::Client::from_conf(config.build())
}

#[derive(Debug)]
struct Lambda(Arc<Mutex<Vec<ObjectEvent>>>);

impl HttpConnector for Lambda {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let payload = serde_json::from_slice(request.body().bytes().unwrap()).unwrap();
        let decoded = event::decode(&payload).unwrap();
        self.0.lock().unwrap().extend(decoded.objects);
        HttpConnectorFuture::ready(Ok(HttpResponse::new(
            StatusCode::try_from(202).unwrap(),
            SdkBody::empty(),
        )))
    }
}
