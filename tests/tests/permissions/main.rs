//! What each function may do is what it declares, exactly: the pipeline works with that and no more, and uses all of it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod guard;
mod guarded;
mod iam;
mod notify;
mod scenarios;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use end_to_end_tests::Mail;
use end_to_end_tests::golden_run::{self, Pipeline};
use pipeline_core::permissions::{self, Action, Permissions};
use pipeline_core::{Bucket, Handled, Stage, Store, Vars};
use sweep::{Functions, Sweep};

use crate::guard::{Fault, Use};
use crate::guarded::Guarded;

/// The deployment's copy of what the code declares.
const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/permissions.json");

const READINGS: &[u8] = b"MPR,Date,hr0030\n9100000001,23/03/2025,0.1\n";

/// Set this to write the file anew.
const UPDATE: &str = "UPDATE_PERMISSIONS";

#[test]
fn the_deployment_gives_the_functions_what_the_code_declares() {
    let declared = to_json(permissions::of_all());
    if std::env::var_os(UPDATE).is_some() {
        std::fs::write(FILE, &declared).unwrap();
    }
    let deployed = std::fs::read_to_string(Path::new(FILE)).unwrap_or_default();
    assert!(
        deployed == declared,
        "deploy/permissions.json is not what the code declares. `{UPDATE}=1 cargo test -p end-to-end-tests --test permissions` \
         writes it anew:\n{declared}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn each_stage_can_do_its_work_with_what_it_declares() {
    let start = async |vars: &BTreeMap<String, String>| Guarded::with(vars, permissions::of_all()).await;
    let (report, pipelines) = golden_run::run_all(start).await;
    assert!(report.is_empty(), "{report}");
    for pipeline in pipelines {
        assert_eq!(pipeline.guard.denied(), [""; 0]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_declared_that_no_stage_uses() {
    let mut guarded = Guarded::start().await;
    for fault in [Fault::Refused, Fault::Gone, Fault::Done] {
        scenarios::large_files(&mut guarded, fault).await;
    }
    scenarios::large_rejects_whose_names_are_taken(&mut guarded).await;
    scenarios::events_that_come_again(&mut guarded).await;
    scenarios::an_email_that_arrives_again(&mut guarded).await;
    assert_eq!(guarded.guard.denied(), [""; 0]);
    let stages = Stage::ALL.map(|stage| (stage.as_str(), permissions::of_stage(stage)));
    let unused = unused(&guarded, stages);
    assert!(unused.is_empty(), "declared, but used by nobody: {unused:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn sweep_can_do_its_work_with_what_it_declares_and_uses_all_of_it() {
    let mut guarded = Guarded::start().await;
    guarded
        .send("worked-on", &Mail::to("bam").attach("import.csv", READINGS))
        .await;
    guarded.work().await;
    guarded
        .send("waiting", &Mail::to("bam").attach("import.csv", READINGS))
        .await;
    for stage in Stage::ALL.into_iter().filter(|stage| !stage.keeps_source()) {
        guarded.put(stage.source(), "bam/waiting.csv", READINGS).await;
    }
    let answer = sweep(guarded.store_of("sweep")).await;
    for bucket in ["inbox", "process", "uncompressed", "spreadsheet", "amr-data"] {
        assert_eq!(answer[bucket]["waiting"], 1, "{answer}");
    }
    assert_eq!(guarded.guard.denied(), [""; 0]);
    let unused = unused(&guarded, [("sweep", permissions::of_sweep())]);
    assert!(unused.is_empty(), "declared, but not used: {unused:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn notify_can_do_its_work_with_what_it_declares_and_uses_all_of_it() {
    let mut guarded = Guarded::start().await;
    notify::everything(&mut guarded).await;
    assert_eq!(guarded.guard.denied(), [""; 0]);
    let unused = unused(&guarded, [("notify", permissions::of_notify())]);
    assert!(unused.is_empty(), "declared, but not used: {unused:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_leave_to_list_a_bucket_the_work_fails_and_nothing_is_lost() {
    for unlisted in Bucket::ALL {
        let mut narrower = permissions::of_all();
        for of_function in narrower.values_mut() {
            of_function.entry(unlisted).or_default().remove(&Action::ListBucket);
        }
        for stage in Stage::ALL {
            let declared = permissions::of_stage(stage);
            if !declared
                .get(&unlisted)
                .is_some_and(|actions| actions.contains(&Action::ListBucket))
            {
                continue;
            }
            let guarded = Guarded::with(&BTreeMap::new(), narrower.clone()).await;
            let key = scenarios::work_that_needs_to_list(&guarded, stage, unlisted).await;
            let before = guarded.keys(stage.source()).await;
            let error = guarded.handle(stage, key).await.expect_err("it cannot have worked");
            assert_eq!(error.failure.error_type(), "S3Refused", "{stage} {unlisted}");
            assert_eq!(guarded.keys(stage.source()).await, before, "{stage} {unlisted}");
            assert!(guarded.keys(Bucket::Receipts).await.is_empty(), "{stage} {unlisted}");
            // Once it is allowed, the same event finishes the work.
            guarded.guard.set_permissions(permissions::of_all());
            let handled = guarded.handle(stage, key).await.unwrap();
            assert_eq!(
                matches!(handled, Handled::Now(_)),
                !before.is_empty(),
                "{stage} {unlisted}"
            );
        }
    }
}

/// What the function that looks for stuck work finds in two hours; it only looks.
async fn sweep(store: Store) -> serde_json::Value {
    let lookup = |name: &str| match name {
        "SWEEP_LIMIT" => Some("0".to_owned()),
        // Buckets and functions are told apart by their names, whatever they are.
        _ => Bucket::ALL
            .into_iter()
            .find(|bucket| bucket.variable() == name)
            .map(|bucket| store.buckets().name(bucket).to_owned())
            .or_else(|| name.ends_with("_FUNCTION").then(|| name.to_owned())),
    };
    let mut vars = Vars::new(lookup);
    let (settings, metrics) = Sweep::read(&mut vars);
    let (settings, metrics) = vars.finish((settings, metrics)).unwrap();
    let lambda = aws_sdk_lambda::Config::builder().behavior_version(aws_sdk_lambda::config::BehaviorVersion::latest());
    let functions = Functions::new(
        aws_sdk_lambda::Client::from_conf(lambda.build()),
        settings.functions.clone(),
    );
    let now = time::OffsetDateTime::now_utc() + Duration::from_secs(2 * 60 * 60);
    let run = sweep::Run { now, everything: false };
    Sweep::new(store.clone(), functions, settings, metrics)
        .run(run, None)
        .await
        .unwrap()
}

/// The actions that functions declare and have not taken.
fn unused<'a>(guarded: &Guarded, declared: impl IntoIterator<Item = (&'a str, Permissions)>) -> Vec<Use> {
    let mut uses = Vec::new();
    for (function, of_function) in declared {
        for (bucket, actions) in of_function {
            uses.extend(actions.into_iter().map(|action| (function.to_owned(), bucket, action)));
        }
    }
    let used = guarded.guard.used();
    uses.retain(|one| !used.contains(one));
    uses
}

/// Actions by bucket by function, all sorted.
fn to_json(permissions: BTreeMap<&'static str, Permissions>) -> String {
    let mut json: BTreeMap<&str, BTreeMap<&str, BTreeSet<&str>>> = BTreeMap::new();
    for (function, of_function) in permissions {
        let of_function = of_function
            .into_iter()
            .map(|(bucket, actions)| (bucket.as_str(), actions.into_iter().map(Action::as_str).collect()));
        json.insert(function, of_function.collect());
    }
    serde_json::to_string_pretty(&json).unwrap() + "\n"
}
