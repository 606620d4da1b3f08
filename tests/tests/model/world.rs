//! The pipeline in a world of its own: buckets on a server that many histories share, and the ways to them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use aws_sdk_s3::Client;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{AsyncSleep, Sleep, StalledStreamProtectionConfig};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use embedded_s3::{EmbeddedS3, History as Writes, ObjectCreated, Options};
use end_to_end_tests::faults::{Call, Fault, Faults};
use fastrand::Rng;
use pipeline_core::{Bucket, Buckets, Config, Limits, Store, Vars};
use tempfile::TempDir;
use tokio::sync::mpsc::UnboundedReceiver;

use crate::gate::{ActorId, Gate};
use crate::history::{AREAS, History, Weather, pick};

/// An embedded S3 that several histories use one after the other.
pub struct Server {
    s3: EmbeddedS3,
    network: SharedHttpClient,
    config: aws_sdk_s3::Config,
    folder: TempDir,
    histories: u32,
}

impl Server {
    /// A new one, in a folder of its own.
    pub async fn start() -> Self {
        // Histories write many small files that nobody needs after them: in memory, if there are files in memory.
        let folder = tempfile::tempdir_in("/dev/shm")
            .or_else(|_| tempfile::tempdir())
            .unwrap();
        let s3 = EmbeddedS3::start(folder.path(), Options::default()).await.unwrap();
        let config = Faults::default().client(&s3).config().to_builder();
        let config = config
            .sleep_impl(Instantly)
            // A call may have to wait for its turn.
            .timeout_config(TimeoutConfig::disabled())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
        Self {
            config: config.build(),
            network: aws_smithy_http_client::Builder::new().build_http(),
            s3,
            folder,
            histories: 0,
        }
    }

    /// How many histories have used it.
    pub const fn histories(&self) -> u32 {
        self.histories
    }

    fn client(&self, way: SharedHttpClient) -> Client {
        Client::from_conf(self.config.to_builder().http_client(way).build())
    }
}

/// The SDK's pauses between attempts are no matter here.
#[derive(Debug)]
struct Instantly;

impl AsyncSleep for Instantly {
    fn sleep(&self, _: std::time::Duration) -> Sleep {
        Sleep::new(std::future::ready(()))
    }
}

/// The buckets of one history.
pub struct World<'a> {
    server: &'a Server,
    pub gate: Gate,
    pub config: Config,
    /// The way of those who do everything at once: people, and the test itself.
    pub store: Store,
    pub client: Client,
    /// How many calls of workers have failed.
    pub faults: Arc<AtomicU64>,
    created: UnboundedReceiver<ObjectCreated>,
}

impl<'a> World<'a> {
    /// New buckets.
    pub async fn new(server: &'a mut Server, history: &History) -> Self {
        server.histories += 1;
        let number = server.histories;
        let server = &*server;
        let buckets = Buckets::named(|bucket| format!("h{number}-{bucket}"));
        for bucket in Bucket::ALL {
            server.s3.create_bucket(buckets.name(bucket)).await.unwrap();
        }
        let client = server.client(server.network.clone());
        Self {
            gate: Gate::new(history.weather.unordered),
            config: Config {
                buckets: buckets.clone(),
                layout: history.layout,
                limits: Limits::default(),
            },
            store: Store::new(client.clone(), buckets),
            client,
            faults: Arc::default(),
            created: server.s3.subscribe(),
            server,
        }
    }

    /// The way of an actor who never fails.
    pub fn way_of(&self, actor: ActorId) -> (Client, Store) {
        let client = self.server.client(self.gate.way(actor, self.server.network.clone()));
        let store = Store::new(client.clone(), self.config.buckets.clone());
        (client, store)
    }

    /// The way of a worker in this weather.
    pub fn way_of_worker(&self, actor: ActorId, weather: Weather, seed: u64) -> (Store, Faults) {
        let rng = Mutex::new(Rng::with_seed(seed));
        let (gate, count) = (self.gate.clone(), Arc::clone(&self.faults));
        let faults = Faults::new(move |call| {
            let fault = fault(&mut rng.lock().unwrap(), weather, call);
            if fault != Fault::Pass {
                count.fetch_add(1, Ordering::Relaxed);
                let Call { method, path, .. } = call;
                gate.chronicle(|it| it.tell(Some(actor), format!("{fault:?} at {method} {path}")));
            }
            fault
        });
        let way = faults.over(self.gate.way(actor, self.server.network.clone()));
        let store = Store::new(self.server.client(way), self.config.buckets.clone());
        (store, faults)
    }

    /// The objects of this world that were created since the last call.
    pub fn created(&mut self) -> Vec<ObjectCreated> {
        let all = std::iter::from_fn(|| self.created.try_recv().ok());
        all.filter(|created| self.config.buckets.role(&created.bucket).is_some())
            .collect()
    }

    /// Every write of the server's.
    pub fn writes(&self) -> Writes {
        self.server.s3.history().expect("a history")
    }

    /// The bytes of an object, from the disk.
    pub fn read(&self, bucket: Bucket, key: &str) -> Vec<u8> {
        let path = self
            .server
            .folder
            .path()
            .join(self.config.buckets.name(bucket))
            .join(key);
        std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// The variables that the stages read.
    pub fn vars() -> Vars<'static> {
        let areas = AREAS.join(",");
        Vars::new(move |name| match name {
            "MAIL_DOMAINS" => Some("example.org".to_owned()),
            "AREAS" => Some(areas.clone()),
            _ => None,
        })
    }
}

/// What becomes of an attempt of a call in this weather.
fn fault(rng: &mut Rng, weather: Weather, call: &Call) -> Fault {
    if rng.u32(..100) < weather.crashes {
        return *pick(rng, &[Fault::Crash, Fault::CrashAfter]);
    }
    // The SDK asks again after a fault; then the next one is near, or no call would ever fail.
    let chance = if call.attempt > 1 { 60 } else { weather.faults };
    if rng.u32(..100) >= chance {
        return Fault::Pass;
    }
    let mut faults = vec![
        Fault::RefusedBefore(503, "SlowDown"),
        Fault::RefusedAfter(500, "InternalError"),
        Fault::Reset,
        Fault::ResetAfter,
    ];
    match call.method.as_str() {
        "GET" => faults.push(Fault::Truncated),
        "PUT" => faults.push(Fault::RefusedBefore(409, "ConditionalRequestConflict")),
        _ => {}
    }
    *pick(rng, &faults)
}

/// A list that several hold.
pub type Shared<T> = Arc<Mutex<Vec<T>>>;
