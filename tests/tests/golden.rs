//! Every golden case through the whole pipeline, and everything that differs from what the design says.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use end_to_end_tests::{GoldenCase, Local, ReportServer, comparison, golden_cases};
use pipeline::{Ledger, Outcome, Story};
use pipeline_core::{Bucket, Key};

#[tokio::test]
async fn golden_emails_become_exactly_the_csvs_that_the_design_says() {
    let cases = golden_cases(&Path::new(env!("CARGO_MANIFEST_DIR")).join("golden"));
    assert!(!cases.is_empty());
    let mut by_settings: BTreeMap<_, Vec<&GoldenCase>> = BTreeMap::new();
    for case in &cases {
        by_settings.entry(&case.settings).or_default().push(case);
    }
    let mut problems = Vec::new();
    for (settings, cases) in by_settings {
        problems.extend(run(settings, &cases).await);
    }
    let failed: BTreeSet<_> = problems.iter().map(|(case, _)| case).collect();
    let list: String = problems
        .iter()
        .map(|(case, problem)| format!("\n  {case}: {problem}"))
        .collect();
    assert!(
        problems.is_empty(),
        "{} of {} cases failed:{list}",
        failed.len(),
        cases.len()
    );
}

/// Runs cases that want the same settings together; gives each problem with its case.
async fn run(settings: &BTreeMap<String, String>, cases: &[&GoldenCase]) -> Vec<(String, String)> {
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
    let mut local = Local::start(&vars).await;
    let turns = cases.iter().map(|case| case.emails.len()).max().unwrap_or_default();
    for turn in 0..turns {
        for case in cases {
            if let Some((name, email)) = case.emails.get(turn) {
                local
                    .send(&inbox_key(case, name), with_port(email, server.port()))
                    .await;
            }
        }
        local.work().await;
    }
    let mut problems = Vec::new();
    let mut known = BTreeSet::new();
    for case in cases {
        let stories = follow(case, &local).await;
        known.extend(
            stories
                .iter()
                .flat_map(|story| &story.delivered)
                .map(|one| one.key.clone()),
        );
        problems.extend(
            check(case, &stories, &local, &server)
                .await
                .into_iter()
                .map(|p| (case.name.clone(), p)),
        );
    }
    let run = format!("all cases with {settings:?}");
    let keys = local.keys(Bucket::AmrData).await;
    let nobodys = keys.iter().filter(|key| !known.contains(*key));
    problems.extend(nobodys.map(|key| (run.clone(), format!("nobody's: amr-data/{key}"))));
    problems.extend(
        local
            .leftovers()
            .await
            .into_iter()
            .map(|problem| (run.clone(), problem)),
    );
    for reject in local.objects(Bucket::Unprocessable).await {
        if !reject.metadata.contains_key("reason-code") || !reject.metadata.contains_key("reason") {
            problems.push((run.clone(), format!("no reason: unprocessable/{}", reject.key)));
        }
    }
    problems
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

async fn follow(case: &GoldenCase, local: &Local) -> Vec<Story> {
    let mut stories = Vec::new();
    for (name, _) in &case.emails {
        let key = Key::new(inbox_key(case, name));
        let story = Story::follow(name.clone(), Bucket::Inbox, &key, &Ledger::default(), local.store()).await;
        stories.push(story.unwrap());
    }
    stories
}

async fn check(case: &GoldenCase, stories: &[Story], local: &Local, server: &ReportServer) -> Vec<String> {
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
            match local.store().get_bytes(Bucket::AmrData, &key).await.unwrap() {
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
