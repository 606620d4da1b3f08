//! Records what the functions print, for the picture of the dashboard: logs and metrics of real processes on golden emails.
//!
//! ```console
//! $ cargo build -p unpack-attachments -p process-file -p uncompress-file -p convert-file -p sweep
//! $ cargo run -p end-to-end-tests --example record > docs/dashboard.jsonl
//! ```
//!
//! docs/dashboard.py says how the picture is drawn of it.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stdout, missing_docs)]

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use end_to_end_tests::aws_events::scheduled_event;
use end_to_end_tests::functions::{function, response, start};
use end_to_end_tests::{Fleet, Pipeline, Recorder, ReportServer, golden_cases};
use pipeline_core::Bucket;
use serde_json::{Map, Value};
use time::OffsetDateTime;

/// That of the production stage, whose dashboard is drawn.
const NAMESPACE: &str = "es-production-data-pipeline";

/// One case in so many: enough for a picture.
const EVERY: usize = 3;

/// Between two runs of the sweep.
const EMAILS: usize = 6;

/// The email whose event does not come: the sweep, an hour later, sends it again.
const LOST: usize = 20;

#[tokio::main]
async fn main() {
    let cases = golden_cases(&Path::new(env!("CARGO_MANIFEST_DIR")).join("golden"));
    let plain = cases.iter().filter(|case| case.settings.is_empty());
    // Those with a web server show attempts that failed and were mended.
    let cases: Vec<_> = plain
        .enumerate()
        .filter(|(at, case)| at % EVERY == 0 || !case.answers.is_empty())
        .map(|(_, case)| case)
        .collect();

    let answers = cases.iter().flat_map(|case| &case.answers);
    let answers: BTreeMap<_, _> = answers
        .map(|(path, (answer, _))| (path.clone(), answer.clone()))
        .collect();
    let server = ReportServer::start(answers).await;
    let links = format!("http://127.0.0.1:{}/imgserver/", server.port());
    let mut fleet = Fleet::start(&settings([("DOWNLOAD_LINKS", links.as_str())])).await;

    let lambda = Recorder::answering(202).await;
    let sweep = function("sweep", fleet.s3()).variables(settings([("AWS_ENDPOINT_URL_LAMBDA", lambda.url().as_str())]));
    let sweep = start(&sweep).await;
    let region = fleet.s3().region().to_owned();
    let scheduled = |later: Duration| scheduled_event(&region, OffsetDateTime::now_utc() + later);

    let emails = cases
        .iter()
        .flat_map(|case| case.emails.iter().map(move |(name, email)| (case, name, email)));
    for (count, (case, name, email)) in emails.enumerate() {
        let email = match case.answers.is_empty() {
            true => email.clone(),
            false => String::from_utf8_lossy(email)
                .replace("{{PORT}}", &server.port().to_string())
                .into_bytes(),
        };
        fleet
            .s3()
            .put(Bucket::Inbox, &format!("{}/{name}", case.name), email)
            .await;
        if count == LOST {
            response(&sweep, &scheduled(Duration::from_secs(65 * 60))).await;
        }
        fleet.work().await;
        if count % EMAILS == 0 {
            response(&sweep, &scheduled(Duration::ZERO)).await;
        }
    }
    response(&sweep, &scheduled(Duration::ZERO)).await;

    let (s3, outputs) = fleet.stop().await;
    let mut lines = sweep.stop().await.stdout.so_far();
    lines.extend(outputs.into_values().flat_map(|output| output.stdout.so_far()));
    let of_this_run = s3.name(Bucket::Inbox).trim_end_matches("inbox");
    for line in lines {
        let mut line: Map<String, Value> =
            serde_json::from_str(&line.replace(of_this_run, "es-production-data-")).unwrap();
        // The ids of requests say nothing in a picture, and are most of a line.
        line.remove("spans");
        println!("{}", Value::Object(line));
    }
}

fn settings<'a>(more: impl IntoIterator<Item = (&'a str, &'a str)>) -> BTreeMap<String, String> {
    let all = [("METRICS_NAMESPACE", NAMESPACE), ("LOG_LEVEL", "info")]
        .into_iter()
        .chain(more);
    all.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}
