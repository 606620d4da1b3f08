//! Buckets on an embedded S3, and a server on loopback that speaks Lambda's Invoke API.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]

mod lambda_api;

use std::time::Duration;

use aws_sdk_lambda::config::retry::RetryConfig;
use aws_sdk_lambda::config::{BehaviorVersion, Credentials, Region};
use pipeline_core::lambda::{Diagnostic, Handler};
use pipeline_core::metrics::Metrics;
use pipeline_core::{Bucket, Handled, ObjectEvent, Runner, Stage, Step, Store, event};
use serde_json::{Value, json};
use sweep::{BackOff, FunctionNames, Functions, Settings, Since, Sweep};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::task::JoinSet;

pub use lambda_api::{Invocation, LambdaApi};

pub const READINGS: &[u8] = b"MPR,Date,hr0030,hr0100\n9100000001,23/03/2025,0.1,0.2\n";

const HOUR: Duration = Duration::from_secs(3600);

/// Everything that the function needs, and what it hands over.
pub struct Bench {
    pub buckets: step_bench::Bench,
    pub lambda: LambdaApi,
    pub settings: Settings,
}

impl Bench {
    /// Functions that take every event.
    pub async fn start() -> Self {
        Self::with(LambdaApi::start(|_| 202)).await
    }

    pub async fn with(lambda: LambdaApi) -> Self {
        let buckets = step_bench::Bench::start().await;
        let settings = Settings {
            buckets: buckets.config.buckets.clone(),
            functions: FunctionNames::named(|stage| format!("data-pipeline-test-{stage}")),
            back_off: BackOff { after: HOUR },
            inbox_window: 24 * 30 * HOUR,
            since: Since(OffsetDateTime::UNIX_EPOCH),
            limit: 500,
        };
        Self {
            buckets,
            lambda,
            settings,
        }
    }

    /// The function, as configured by now.
    pub fn sweep(&self) -> Sweep {
        let store = Store::new(self.buckets.client.clone(), self.settings.buckets.clone());
        let functions = Functions::new(lambda_client(&self.lambda.endpoint()), self.settings.functions.clone());
        Sweep::new(store, functions, self.settings.clone(), Metrics::default())
    }

    /// What a run answers that is scheduled so long after now.
    pub async fn run_in(&self, later: Duration) -> Result<Value, Diagnostic> {
        self.sweep()
            .handle(scheduled(OffsetDateTime::now_utc() + later), None)
            .await
    }

    /// What a run answers at which all that was dropped just now is due.
    pub async fn run(&self) -> Result<Value, Diagnostic> {
        self.run_in(HOUR + Duration::from_secs(60)).await
    }

    /// Drops the same content under many keys.
    pub async fn drop_files(&self, bucket: Bucket, keys: &[String]) {
        let name = self.buckets.config.buckets.name(bucket);
        for some in keys.chunks(64) {
            let mut puts = JoinSet::new();
            for key in some {
                let put = self.buckets.client.put_object().bucket(name).key(key);
                puts.spawn(put.body(READINGS.to_vec().into()).send());
            }
            for put in puts.join_all().await {
                put.unwrap();
            }
        }
    }

    /// Gives what was handed over since the last time to a stage, as Lambda would.
    pub async fn work<S: Step>(&self, runner: &Runner<S>, stage: Stage) -> Vec<Handled> {
        let function = self.settings.functions.name(stage);
        let mut handled = Vec::new();
        for invocation in self.lambda.take() {
            if invocation.function == function {
                for object in objects(&invocation) {
                    handled.push(runner.handle(&object, None).await.unwrap());
                }
            }
        }
        handled
    }
}

/// The objects that a function is told of.
pub fn objects(invocation: &Invocation) -> Vec<ObjectEvent> {
    event::decode(&invocation.payload).unwrap().objects
}

/// The keys that the functions were told of, in order.
pub fn keys(invocations: &[Invocation]) -> Vec<String> {
    let objects = invocations.iter().flat_map(objects);
    let mut keys: Vec<_> = objects.map(|object| object.key.to_string()).collect();
    keys.sort();
    keys
}

/// The event of EventBridge's schedule.
pub fn scheduled(time: OffsetDateTime) -> Value {
    json!({"version": "0", "id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa", "detail-type": "Scheduled Event",
           "source": "aws.events", "account": "123456789012", "time": time.format(&Rfc3339).unwrap(), "region": "eu-west-2",
           "resources": ["arn:aws:events:eu-west-2:123456789012:rule/sweep"], "detail": {}})
}

fn lambda_client(endpoint: &str) -> aws_sdk_lambda::Client {
    // The attempts are those of the function on AWS; only the pauses between them are shorter.
    let retries = RetryConfig::standard().with_initial_backoff(Duration::from_millis(1));
    aws_sdk_lambda::Client::from_conf(
        aws_sdk_lambda::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .endpoint_url(endpoint)
            .region(Region::new("eu-west-2"))
            .credentials_provider(Credentials::new("id", "secret", None, None, "test"))
            .retry_config(retries)
            .build(),
    )
}
