//! The functions' binaries, as they are built and as they are shipped.

use std::env;
use std::path::{Path, PathBuf};
use std::time::Duration;

use pipeline_core::Stage;
use runtime_api::{Answer, ErrorReport, Function, Instance};
use serde_json::Value;

use crate::S3;

const WORKSPACE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// More than any event of a test needs, on any machine.
pub const PLENTY: Duration = Duration::from_secs(60);

/// The stages' functions, sweep and notify.
pub const NAMES: [&str; 6] = [
    "unpack-attachments",
    "process-file",
    "uncompress-file",
    "convert-file",
    "sweep",
    "notify",
];

/// Variables of notify alone.
pub const NOTIFYS_PLACE: [(&str, &str); 2] = [
    ("STAGE", "test"),
    (
        "REJECTS_TOPIC_ARN",
        "arn:aws:sns:eu-west-2:123456789012:data-pipeline-test-rejects",
    ),
];

/// Variables of sweep alone: what the stages' functions are called.
pub const SWEEPS_NAMES: [(&str, &str); 4] = [
    ("UNPACK_ATTACHMENTS_FUNCTION", "data-pipeline-test-unpack-attachments"),
    ("PROCESS_FILE_FUNCTION", "data-pipeline-test-process-file"),
    ("UNCOMPRESS_FILE_FUNCTION", "data-pipeline-test-uncompress-file"),
    ("CONVERT_FILE_FUNCTION", "data-pipeline-test-convert-file"),
];

/// A function over the buckets of a test.
pub fn function(name: &str, s3: &S3) -> Function {
    let function = of_binary(name, binary(name), s3);
    match name {
        "sweep" => function.variables(SWEEPS_NAMES),
        "notify" => function.variables(NOTIFYS_PLACE),
        _ => function,
    }
}

/// A stage's function over the buckets of a test.
pub fn stage(stage: Stage, s3: &S3) -> Function {
    function(stage.as_str(), s3)
}

/// An example of this package over the buckets of a test.
pub fn example(name: &str, s3: &S3) -> Function {
    let binary = profile_folder().join("examples").join(name);
    assert!(
        binary.is_file(),
        "{} is missing: please build it with cargo build -p end-to-end-tests --examples",
        binary.display()
    );
    of_binary(name, binary, s3)
}

fn of_binary(name: &str, binary: PathBuf, s3: &S3) -> Function {
    Function::new(&format!("data-pipeline-test-{name}"), binary)
        .region(s3.region())
        .variables(s3.variables())
}

/// Where a function's binary is: `FUNCTIONS_DIR/<function>/bootstrap` as cargo-lambda lays them out, or else the one
/// that was built with this test.
fn binary(name: &str) -> PathBuf {
    let (binary, how) = match env::var_os("FUNCTIONS_DIR") {
        Some(folder) => (
            // Tests run in their package's folder; what people type is meant from the workspace's.
            Path::new(WORKSPACE).join(folder).join(name).join("bootstrap"),
            format!("cargo lambda build --package {name}, and set FUNCTIONS_DIR to target/lambda"),
        ),
        None => (
            profile_folder().join(format!("{name}{}", env::consts::EXE_SUFFIX)),
            format!("cargo build -p {name}, or cargo test --workspace"),
        ),
    };
    assert!(
        binary.is_file(),
        "{} is missing: please build it ({how})",
        binary.display()
    );
    binary
}

/// `target/<profile>`, in whose `deps` this test lies.
fn profile_folder() -> PathBuf {
    let this = env::current_exe().unwrap();
    this.ancestors().nth(2).unwrap().to_owned()
}

/// Starts a function.
pub async fn start(function: &Function) -> Instance {
    let started = function.start().await;
    started.unwrap_or_else(|error| panic!("{} cannot be started: {error}", function.binary().display()))
}

/// What a function answers to an event that it can handle.
pub async fn response(instance: &Instance, event: &Value) -> Value {
    match instance.invoke(event, PLENTY).await {
        Ok(Answer::Response(value)) => value,
        Ok(Answer::Error(report)) => panic!("{report}\n{}", log_of(instance)),
        Err(no_answer) => panic!("{no_answer}\n{}", log_of(instance)),
    }
}

/// What a function answers to an event that it cannot handle.
pub async fn error(instance: &Instance, event: &Value, time: Duration) -> ErrorReport {
    match instance.invoke(event, time).await {
        Ok(Answer::Error(report)) => report,
        Ok(Answer::Response(value)) => panic!("no error, but {value}\n{}", log_of(instance)),
        Err(no_answer) => panic!("{no_answer}\n{}", log_of(instance)),
    }
}

/// What a function has printed, for people.
pub fn log_of(instance: &Instance) -> String {
    let output = instance.output();
    let lines = [output.stdout.so_far(), output.stderr.so_far()].concat();
    lines.join("\n")
}
