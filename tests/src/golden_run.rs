//! All golden cases through a pipeline, and everything that differs from what the design says.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use pipeline::{Ledger, Outcome, Story};
use pipeline_core::store::Put;
use pipeline_core::{Bucket, Key, Store};

use crate::{GoldenCase, ReportServer, comparison, golden_cases};

/// A whole pipeline over buckets of its own.
#[allow(async_fn_in_trait)]
pub trait Pipeline {
    /// The buckets.
    fn store(&self) -> &Store;

    /// Objects that were written over others, one sentence each, as far as that is known.
    fn overwrites(&self) -> Vec<String>;

    /// Works until nothing is left to do.
    async fn work(&mut self);
}

/// Runs all cases, those that want the same settings together; gives what differs, and the pipelines for a closer look.
///
/// # Panics
/// If there are no cases.
pub async fn run_all<P: Pipeline>(start: impl AsyncFn(&BTreeMap<String, String>) -> P) -> (String, Vec<P>) {
    let cases = golden_cases(&Path::new(env!("CARGO_MANIFEST_DIR")).join("golden"));
    assert!(!cases.is_empty());
    let mut by_settings: BTreeMap<_, Vec<&GoldenCase>> = BTreeMap::new();
    for case in &cases {
        by_settings.entry(&case.settings).or_default().push(case);
    }
    let mut problems = Vec::new();
    let mut pipelines = Vec::new();
    for (settings, cases) in by_settings {
        let (found, pipeline) = run(settings, &cases, &start).await;
        problems.extend(found);
        pipelines.push(pipeline);
    }
    let failed: BTreeSet<_> = problems.iter().map(|(case, _)| case).collect();
    let list = problems.iter().map(|(case, problem)| format!("\n  {case}: {problem}"));
    let mut report: String = list.collect();
    if !report.is_empty() {
        report = format!("{} of {} cases failed:{report}", failed.len(), cases.len());
    }
    (report, pipelines)
}

/// Runs cases that want the same settings; gives each problem with its case.
async fn run<P: Pipeline>(
    settings: &BTreeMap<String, String>,
    cases: &[&GoldenCase],
    start: &impl AsyncFn(&BTreeMap<String, String>) -> P,
) -> (Vec<(String, String)>, P) {
    let answers = cases.iter().flat_map(|case| &case.answers);
    let server = ReportServer::start(
        answers
            .map(|(path, (answer, _))| (path.clone(), answer.clone()))
            .collect(),
    )
    .await;
    let mut vars = settings.clone();
    vars.insert(
        "DOWNLOAD_LINKS".to_owned(),
        format!("http://127.0.0.1:{}/imgserver/", server.port()),
    );
    let mut pipeline = start(&vars).await;
    let turns = cases.iter().map(|case| case.emails.len()).max().unwrap_or_default();
    for turn in 0..turns {
        for case in cases {
            if let Some((name, email)) = case.emails.get(turn) {
                let key = Key::new(inbox_key(case, name));
                let email = with_port(email, server.port()).into();
                let put = pipeline.store().put_new(Bucket::Inbox, &key, email, [].into()).await;
                assert_eq!(put.unwrap(), Put::Created, "{key}");
            }
        }
        pipeline.work().await;
    }
    let mut problems = Vec::new();
    let mut known = BTreeSet::new();
    for case in cases {
        let stories = follow(case, pipeline.store()).await;
        known.extend(
            stories
                .iter()
                .flat_map(|story| &story.delivered)
                .map(|one| one.key.clone()),
        );
        problems.extend(
            check(case, &stories, pipeline.store(), &server)
                .await
                .into_iter()
                .map(|p| (case.name.clone(), p)),
        );
    }
    let all = format!("all cases with {settings:?}");
    let strays = strays(&pipeline, &known).await;
    problems.extend(strays.into_iter().map(|stray| (all.clone(), stray)));
    (problems, pipeline)
}

/// What speaks against a clean end: files of no case, objects that still wait, objects that were overwritten, rejects without a reason.
async fn strays(pipeline: &impl Pipeline, known: &BTreeSet<String>) -> Vec<String> {
    let store = pipeline.store();
    let mut found = pipeline.overwrites();
    for object in store.list(Bucket::AmrData, "").await.unwrap() {
        if !known.contains(object.key.as_str()) {
            found.push(format!("nobody's: amr-data/{}", object.key));
        }
    }
    for bucket in [Bucket::Process, Bucket::Uncompressed, Bucket::Spreadsheet] {
        for object in store.list(bucket, "").await.unwrap() {
            found.push(format!("still waiting: {bucket}/{}", object.key));
        }
    }
    for object in store.list(Bucket::Unprocessable, "").await.unwrap() {
        let metadata = store
            .head(Bucket::Unprocessable, &object.key)
            .await
            .unwrap()
            .unwrap()
            .metadata;
        if !metadata.contains_key("reason-code") || !metadata.contains_key("reason") {
            found.push(format!("no reason: unprocessable/{}", object.key));
        }
    }
    found
}

fn inbox_key(case: &GoldenCase, name: &str) -> String {
    format!("{}/{name}", case.name)
}

/// Puts the server's port into the links of an email.
fn with_port(email: &[u8], port: u16) -> Vec<u8> {
    const PLACEHOLDER: &[u8] = b"{{PORT}}";
    let mut replaced = Vec::with_capacity(email.len());
    let mut rest = email;
    while let Some(at) = rest.windows(PLACEHOLDER.len()).position(|window| window == PLACEHOLDER) {
        replaced.extend_from_slice(&rest[..at]);
        replaced.extend_from_slice(port.to_string().as_bytes());
        rest = &rest[at + PLACEHOLDER.len()..];
    }
    replaced.extend_from_slice(rest);
    replaced
}

async fn follow(case: &GoldenCase, store: &Store) -> Vec<Story> {
    let mut stories = Vec::new();
    for (name, _) in &case.emails {
        let key = Key::new(inbox_key(case, name));
        let story = Story::follow(name.clone(), Bucket::Inbox, &key, &Ledger::default(), store).await;
        stories.push(story.unwrap());
    }
    stories
}

async fn check(case: &GoldenCase, stories: &[Story], store: &Store, server: &ReportServer) -> Vec<String> {
    let mut problems = Vec::new();
    let mut actual = BTreeMap::new();
    let mut rejected = BTreeSet::new();
    for story in stories {
        if name_of(story.outcome) != case.outcome {
            problems.push(format!(
                "{} is {}, not {}",
                story.input,
                name_of(story.outcome),
                case.outcome
            ));
        }
        problems.extend(story.failed.iter().map(|failure| format!("failed: {failure}")));
        for delivered in &story.delivered {
            let key = Key::new(&delivered.key);
            match store.get_bytes(Bucket::AmrData, &key).await.unwrap() {
                Some(bytes) => drop(actual.insert(delivered.key.clone(), bytes.to_vec())),
                None => problems.push(format!("not there: amr-data/{key}")),
            }
        }
        rejected.extend(
            story
                .rejected
                .iter()
                .map(|one| (&one.reason_code, &one.key, &one.reason)),
        );
    }
    problems.extend(comparison::objects(&case.delivered, &actual, case.emails.len() == 1));
    let codes: Vec<_> = rejected.iter().map(|(code, ..)| (*code).clone()).collect();
    if codes != case.rejected {
        let reasons: Vec<_> = rejected
            .iter()
            .map(|(code, key, reason)| format!("{code} {key:?} {reason}"))
            .collect();
        problems.push(format!("rejected {reasons:?}, expected {:?}", case.rejected));
    }
    for (path, (_, asked)) in &case.answers {
        let times = server.asked(path);
        if asked.is_some_and(|asked| asked != times) {
            problems.push(format!("{path} was asked for {times} times, not {asked:?}"));
        }
    }
    problems
}

/// The outcome as `pipeline run --json` spells it.
const fn name_of(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Delivered => "delivered",
        Outcome::Partly => "partly",
        Outcome::Rejected => "rejected",
        Outcome::NoFiles => "no-files",
        Outcome::Failed => "failed",
    }
}
