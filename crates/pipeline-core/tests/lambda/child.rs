//! The process: this test's own executable, told by a variable which function to be.

use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use pipeline_core::lambda::{self, Diagnostic, Handler};
use pipeline_core::{Bucket, Failure, Input, Outbox, Output, Stage, Step, Verdict};
use runtime_api::{Answer, RuntimeApi};
use serde_json::{Value, json};
use step_bench::Bench;
use tokio::process::Command;

const WHICH: &str = "TEST_FUNCTION";

/// Not a test: what [`Child`] runs.
#[test]
#[ignore = "it is the function that the other tests start"]
#[expect(clippy::print_stderr, reason = "as Rust does with what `main` returns")]
fn the_function() {
    let Ok(which) = std::env::var(WHICH) else {
        return;
    };
    let ended = match which.as_str() {
        "stage" => lambda::run(|_, _| Delivery::default()),
        "panicking-start" => lambda::serve(|_| (), async |()| -> Panicking { panic!("the start has a defect") }),
        "panicking-handler" => lambda::serve(|_| (), async |()| Panicking),
        other => panic!("{WHICH} is {other}"),
    };
    if let Err(error) = ended {
        eprintln!("Error: {error:?}");
        std::process::exit(1);
    }
}

/// A step that delivers every file; after `defect.csv` the runner panics, once.
#[derive(Default)]
struct Delivery {
    has_met_the_defect: AtomicBool,
}

impl Step for Delivery {
    fn stage(&self) -> Stage {
        assert!(
            !self.has_met_the_defect.swap(false, Ordering::SeqCst),
            "the runner has a defect"
        );
        Stage::ProcessFile
    }

    fn run(&self, input: &Input, outbox: &mut Outbox) -> Result<Verdict, Failure> {
        if input.name().file_name() == "defect.csv" {
            self.has_met_the_defect.store(true, Ordering::SeqCst);
            return Ok(Verdict::Done);
        }
        outbox.forward(Output::new(Bucket::AmrData, input.name().clone(), "file"))?;
        Ok(Verdict::Done)
    }
}

/// A handler that panics on some events, and answers the others with themselves.
struct Panicking;

impl Handler for Panicking {
    async fn handle(&self, event: Value, _deadline: Option<Instant>) -> Result<Value, Diagnostic> {
        assert!(event != json!("panic"), "the handler has a defect");
        tokio::task::yield_now().await;
        assert!(event != json!("panic later"), "the handler has a defect");
        Ok(event)
    }
}

/// A function that runs.
pub(crate) struct Child {
    pub(crate) api: RuntimeApi,
    process: tokio::process::Child,
}

/// A function that ran.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Child {
    /// As Lambda starts it, with these variables.
    pub(crate) async fn start(which: &str, variables: &[(&str, &str)]) -> Self {
        Self::spawn(which, variables, true).await
    }

    /// As a person starts it.
    pub(crate) async fn by_hand(which: &str, variables: &[(&str, &str)]) -> Self {
        Self::spawn(which, variables, false).await
    }

    /// The stage over the buckets of a bench. Later variables win.
    pub(crate) async fn of_stage(bench: &Bench, variables: &[(&str, &str)]) -> Self {
        let (endpoint, keys) = (bench.s3.endpoint(), bench.s3.credentials());
        let names: Vec<_> = Bucket::ALL
            .iter()
            .map(|bucket| (bucket.variable(), bench.config.buckets.name(*bucket)))
            .collect();
        let of_s3 = [
            ("AWS_ENDPOINT_URL", endpoint.as_str()),
            ("AWS_REGION", bench.s3.region()),
            ("AWS_ACCESS_KEY_ID", &keys.access_key_id),
            ("AWS_SECRET_ACCESS_KEY", &keys.secret_access_key),
            ("AWS_MAX_ATTEMPTS", "1"),
        ];
        Self::start("stage", &[&names[..], &of_s3, variables].concat()).await
    }

    async fn spawn(which: &str, variables: &[(&str, &str)], is_on_lambda: bool) -> Self {
        let api = RuntimeApi::start("arn:aws:lambda:eu-west-2:123456789012:function:f")
            .await
            .unwrap();
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args([
                "child::the_function",
                "--exact",
                "--ignored",
                "--nocapture",
                "--test-threads=1",
            ])
            .env_clear()
            .env(WHICH, which)
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        if is_on_lambda {
            command
                .env("AWS_LAMBDA_RUNTIME_API", api.authority())
                .env("AWS_LAMBDA_FUNCTION_NAME", "data-pipeline-test-process-file")
                .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
                .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512");
        }
        let process = command.spawn().unwrap();
        Self { api, process }
    }

    pub(crate) async fn invoke(&self, event: &Value) -> Answer {
        self.api.invoke(event, Duration::from_secs(30)).await.unwrap()
    }

    /// Waits until it ends by itself.
    pub(crate) async fn end(self) -> Ended {
        let output = self.process.wait_with_output().await.unwrap();
        Ended {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    pub(crate) async fn kill(mut self) -> Ended {
        self.process.start_kill().unwrap();
        self.end().await
    }
}

impl Ended {
    /// What the function printed, without what Rust's test harness says around it.
    pub(crate) fn json(&self) -> Vec<Value> {
        let lines = self
            .stdout
            .lines()
            .filter_map(|line| line.find('{').and_then(|at| line.get(at..)));
        lines.map(|line| serde_json::from_str(line).expect(line)).collect()
    }

    /// The log's lines of a level.
    pub(crate) fn lines(&self, level: &str) -> Vec<Value> {
        self.json().into_iter().filter(|line| line["level"] == level).collect()
    }
}

/// An event as S3 sends it.
pub(crate) fn s3_event(keys: &[&str]) -> Value {
    json!({"Records": keys.iter().map(|key| json!({
        "eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": "eu-west-2", "eventTime": "2025-03-23T10:11:12.345Z",
        "eventName": "ObjectCreated:Put",
        "s3": {"s3SchemaVersion": "1.0", "bucket": {"name": "es-test-data-process"}, "object": {"key": key, "size": 12}}
    })).collect::<Vec<_>>()})
}

/// An event as SQS sends it.
pub(crate) fn sqs_event(bodies: &[String]) -> Value {
    json!({"Records": bodies.iter().enumerate().map(|(n, body)| json!({
        "messageId": format!("m{n}"), "receiptHandle": "h", "body": body, "eventSource": "aws:sqs"
    })).collect::<Vec<_>>()})
}
