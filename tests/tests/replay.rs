//! What was rejected goes through the pipeline again, and nothing is lost or delivered twice by it, wherever the replay is interrupted.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use bytes::Bytes;
use end_to_end_tests::faults::{Fault, Faults};
use end_to_end_tests::{Local, Mail, zip};
use pipeline::replay::{Plan, Selection, carry_out, force, plan, select};
use pipeline_core::{Bucket, Key, Outcome, Receipt, Stage, Store};
use story::{Tree, find};

const MESSAGE: &str = "o3gbv5qk";
const PAGE: &[u8] = b"<!DOCTYPE html><html><body>Bad gateway</body></html>";

fn csv(meter: u32) -> Vec<u8> {
    format!("MPR,Date,hr0030\n{meter},20/03/2025,1.5\n").into_bytes()
}

/// More than [`SMALL`] allows.
fn long_csv() -> Vec<u8> {
    let rows = (0..40).map(|meter| format!("9123456{meter:02},20/03/2025,1.5\n"));
    format!("MPR,Date,hr0030\n{}", rows.collect::<String>()).into_bytes()
}

const SMALL: [(&str, &str); 1] = [("LIMIT_MEMBER_BYTES", "400")];
const LARGE: [(&str, &str); 1] = [("LIMIT_MEMBER_BYTES", "4000")];

/// An email with a zip, one of whose members is too large, one a page, and one delivered.
fn email() -> Vec<u8> {
    let march = zip(&[("good.csv", &csv(1)), ("long.csv", &long_csv()), ("error.csv", PAGE)]);
    let mail = Mail::to("sheffield").message_id("<7@supplier.example>");
    mail.attach("march.zip", march).to_bytes()
}

async fn worked(vars: &[(&str, &str)], email: Vec<u8>) -> Local {
    let mut local = Local::with(vars).await;
    local.send(MESSAGE, email).await;
    local.work().await;
    local
}

/// The importer takes everything.
async fn import(local: &Local) {
    for key in local.keys(Bucket::AmrData).await {
        local.remove(Bucket::AmrData, &key).await;
    }
}

async fn plan_of(store: &Store, selection: &Selection) -> anyhow::Result<Plan> {
    Ok(plan(store, select(store, selection).await?).await?)
}

/// What typing the command does, but for the work of the stages. The emails whose events it sends.
async fn replay(store: &Store, selection: &Selection) -> anyhow::Result<Vec<Key>> {
    carry(store, &plan_of(store, selection).await?).await
}

async fn carry(store: &Store, plan: &Plan) -> anyhow::Result<Vec<Key>> {
    let sent = Mutex::new(Vec::new());
    for family in &plan.families {
        let send = async |email: &Key| {
            sent.lock().unwrap().push(email.clone());
            Ok(())
        };
        carry_out(store, family, send).await?;
    }
    Ok(sent.into_inner().unwrap())
}

async fn replay_and_work(local: &mut Local, selection: &Selection) {
    let emails = replay(&local.store().clone(), selection).await.unwrap();
    for email in emails {
        local.handle(Stage::UnpackAttachments, email.as_str()).await;
    }
    local.work().await;
}

fn of_reason(reason: &str) -> Selection {
    Selection {
        reason: Some(reason.to_owned()),
        ..Selection::default()
    }
}

fn of_message() -> Selection {
    Selection {
        message: Some(MESSAGE.to_owned()),
        ..Selection::default()
    }
}

async fn tree(local: &Local) -> Tree {
    let tree = Tree::read(local.store(), Bucket::Inbox, &Key::new(MESSAGE)).await;
    tree.unwrap().unwrap()
}

async fn receipts(local: &Local) -> Vec<Receipt> {
    let tree = tree(local).await.with_earlier(local.store()).await.unwrap();
    let receipts = tree
        .nodes()
        .flat_map(|node| node.receipt().into_iter().chain(&node.earlier));
    receipts.cloned().collect()
}

/// No replay left anything under way.
async fn assert_clean(local: &Local) {
    assert_eq!(local.leftovers().await, [""; 0]);
    let archived = local.store().list(Bucket::Unprocessable, Key::REPLAYED).await.unwrap();
    assert_eq!(archived, []);
}

#[tokio::test]
async fn what_was_rejected_for_a_limit_is_delivered_once_when_the_limit_is_raised() {
    let march = zip(&[
        ("a.csv", &csv(1)),
        ("b.csv", &csv(2)),
        ("c.csv", &csv(3)),
        ("d.csv", &csv(4)),
    ]);
    let email = Mail::to("sheffield").attach("march.zip", march).to_bytes();
    let mut local = worked(&[("LIMIT_MEMBERS", "3")], email).await;
    import(&local).await;
    let rejects = tree(&local).await.rejects();
    assert_eq!(rejects[0].reason_code.as_str(), "too-many-members");
    local.reconfigure(&[("LIMIT_MEMBERS", "10")]);
    replay_and_work(&mut local, &of_reason("too-many-members")).await;
    assert_eq!(tree(&local).await.rejects(), []);
    assert_eq!(local.keys(Bucket::Unprocessable).await, [""; 0]);
    let mut delivered = local.writes(Bucket::AmrData);
    delivered.sort();
    assert_eq!(
        delivered,
        [
            "sheffield/a.csv",
            "sheffield/b.csv",
            "sheffield/c.csv",
            "sheffield/d.csv"
        ]
    );
    assert_clean(&local).await;
    // Whoever types it again replays nothing.
    replay_and_work(&mut local, &of_reason("too-many-members")).await;
    assert_eq!(local.writes(Bucket::AmrData).len(), 4);
}

#[tokio::test]
async fn of_a_container_with_a_bad_part_only_what_was_missing_is_delivered() {
    let mut local = worked(&SMALL, email()).await;
    import(&local).await;
    local.reconfigure(&LARGE);
    replay_and_work(&mut local, &of_reason("too-large")).await;
    assert_eq!(local.keys(Bucket::AmrData).await, ["sheffield/long.csv"]);
    // What was rejected for another reason stays as it is.
    assert_eq!(local.keys(Bucket::Unprocessable).await, ["sheffield/error.csv"]);
    assert_clean(&local).await;
}

#[tokio::test]
async fn receipts_tell_of_the_generations_before() {
    let mut local = worked(&SMALL, email()).await;
    local.reconfigure(&LARGE);
    replay_and_work(&mut local, &of_reason("too-large")).await;
    let receipts = receipts(&local).await;
    let of_zip: Vec<_> = receipts
        .iter()
        .filter(|receipt| receipt.stage == Stage::UncompressFile)
        .collect();
    let [now, before] = of_zip[..] else {
        panic!("{of_zip:#?}")
    };
    assert_eq!((now.generation, now.outcome), (1, Outcome::Done));
    assert_eq!((before.generation, before.outcome), (0, Outcome::Partly));
    assert_eq!(
        (now.origin, now.parent, &now.message),
        (before.origin, before.parent, &before.message)
    );
    assert_eq!(
        (now.received, &now.source_name, now.depth),
        (before.received, &before.source_name, before.depth)
    );
    let long = receipts
        .iter()
        .find(|receipt| receipt.source_name == "long.csv")
        .unwrap();
    assert_eq!(long.generation, 1);
}

#[tokio::test]
async fn a_second_rejection_lies_at_its_own_key_with_its_fresh_reason() {
    let mut local = worked(&[], Mail::to("bam").attach("data.csv", PAGE).to_bytes()).await;
    for generation in 1..4 {
        replay_and_work(&mut local, &of_reason("html")).await;
        let [object] = local.objects(Bucket::Unprocessable).await.try_into().unwrap();
        assert_eq!(object.key, "bam/data.csv");
        assert_eq!(object.metadata["generation"], generation.to_string());
        assert_eq!(object.metadata.get("retires"), None);
        assert_eq!(object.bytes, PAGE);
    }
    assert_eq!(receipts(&local).await.len(), 1 + 4);
    assert_clean(&local).await;
}

#[tokio::test]
async fn an_email_that_was_rejected_is_unpacked_again() {
    let mut local = worked(&[("LIMIT_EMAIL_BYTES", "100")], email()).await;
    assert_eq!(tree(&local).await.rejects()[0].reason_code.as_str(), "too-large");
    local.reconfigure(&[("LIMIT_EMAIL_BYTES", "100000")]);
    replay_and_work(&mut local, &of_message()).await;
    assert_eq!(
        local.keys(Bucket::AmrData).await,
        ["sheffield/good.csv", "sheffield/long.csv"]
    );
    assert_eq!(local.keys(Bucket::Inbox).await, [MESSAGE]);
    assert_clean(&local).await;
}

#[tokio::test]
async fn an_email_that_the_inbox_has_forgotten_is_put_there_again() {
    let mut local = worked(&[("LIMIT_EMAIL_BYTES", "100")], email()).await;
    local.remove(Bucket::Inbox, MESSAGE).await;
    local.reconfigure(&[("LIMIT_EMAIL_BYTES", "100000")]);
    replay_and_work(&mut local, &of_reason("too-large")).await;
    assert_eq!(
        local.keys(Bucket::AmrData).await,
        ["sheffield/good.csv", "sheffield/long.csv"]
    );
    assert_clean(&local).await;
}

#[tokio::test]
async fn a_file_that_a_person_dropped_is_replayed_too_unless_it_has_no_area() {
    let mut local = Local::with(&[]).await;
    local.put(Bucket::Process, "bam/data.csv", PAGE).await;
    local.put(Bucket::Process, "data.csv", PAGE).await;
    local.work().await;
    let plan = plan_of(local.store(), &of_reason("html")).await.unwrap();
    assert_eq!((plan.families.len(), plan.left.len()), (1, 0));
    let plan = plan_of(local.store(), &of_reason("no-area")).await.unwrap();
    assert_eq!((plan.families.len(), plan.left.len()), (0, 1));
    replay_and_work(&mut local, &of_reason("html")).await;
    assert_eq!(local.keys(Bucket::Unprocessable).await.len(), 2);
    assert_clean(&local).await;
}

#[tokio::test]
async fn a_replay_is_of_what_meets_every_condition_and_of_nothing_without_one() {
    let mut local = Local::with(&[]).await;
    local.put(Bucket::Process, "bam/data.csv", PAGE).await;
    local.put(Bucket::Process, "sheffield/data.csv", PAGE).await;
    local.put(Bucket::Process, "sheffield/empty.csv", "").await;
    local.work().await;
    let now = time::OffsetDateTime::now_utc();
    let (hour_ago, in_an_hour) = (now - time::Duration::HOUR, now + time::Duration::HOUR);
    let area = |name: &str| pipeline_core::Area::from_key_part(name);
    let selection = |reason: Option<&str>, area, since, until| Selection {
        message: None,
        reason: reason.map(str::to_owned),
        area,
        since,
        until,
    };
    for (selection, count) in [
        (selection(None, None, None, None), 0),
        (selection(Some("html"), None, None, None), 2),
        (selection(None, area("sheffield"), None, None), 2),
        (selection(Some("html"), area("sheffield"), None, None), 1),
        (selection(None, None, Some(hour_ago), Some(in_an_hour)), 3),
        (selection(None, None, Some(in_an_hour), None), 0),
        (selection(None, None, None, Some(hour_ago)), 0),
    ] {
        let selected = select(local.store(), &selection).await.unwrap();
        assert_eq!(selected.len(), count, "{selection:?}");
    }
}

#[tokio::test]
async fn a_forced_replay_delivers_again_what_the_importer_took_and_leaves_what_waits() {
    let files = |mail: Mail| {
        mail.attach("a.csv", csv(1))
            .attach("b.csv", csv(2))
            .attach("data.csv", PAGE)
    };
    let mut local = worked(&[], files(Mail::to("bam")).to_bytes()).await;
    local.remove(Bucket::AmrData, "bam/a.csv").await;
    let store = local.store().clone();
    let plan = force(&store, MESSAGE).await.unwrap();
    let emails = carry(&store, &plan).await.unwrap();
    assert_eq!(emails, [Key::new(MESSAGE)]);
    local.handle(Stage::UnpackAttachments, MESSAGE).await;
    local.work().await;
    let mut writes = local.writes(Bucket::AmrData);
    writes.sort();
    assert_eq!(writes, ["bam/a.csv", "bam/a.csv", "bam/b.csv"]);
    assert_eq!(local.keys(Bucket::Unprocessable).await, ["bam/data.csv"]);
    assert_clean(&local).await;
    // Of a file that was dropped there is no original.
    local.put(Bucket::Process, "bam/dropped.csv", csv(3)).await;
    local.work().await;
    let plan = force(&store, "bam/dropped.csv").await.unwrap();
    assert_eq!((plan.families.len(), plan.left.len()), (0, 1));
}

/// Everything that a person could look at in the end.
async fn end(local: &Local) -> BTreeMap<String, Bytes> {
    let mut end = BTreeMap::new();
    for bucket in [Bucket::Inbox, Bucket::AmrData, Bucket::Unprocessable] {
        for object in local.objects(bucket).await {
            end.insert(format!("{bucket}/{}", object.key), object.bytes);
        }
    }
    end
}

/// Whether the bytes of a reject are anywhere from where a stage or a replay takes them, by themselves or in what they were in.
async fn is_kept(local: &Local, bytes: &[u8]) -> bool {
    for bucket in [
        Bucket::Unprocessable,
        Bucket::Process,
        Bucket::Uncompressed,
        Bucket::Spreadsheet,
        Bucket::Inbox,
    ] {
        if local
            .objects(bucket)
            .await
            .iter()
            .any(|object| object.bytes.windows(bytes.len()).any(|window| window == bytes))
        {
            return true;
        }
    }
    false
}

/// The world in which the replay is interrupted: a container with a bad part and a page that was in it, and an email that is
/// rejected as such.
async fn world() -> Local {
    let mut local = worked(&SMALL, email()).await;
    local
        .send("unknown", b"From: a@supplier.example\r\nTo: \r\n\r\nhello".to_vec())
        .await;
    local.work().await;
    import(&local).await;
    local.reconfigure(&LARGE);
    local
}

fn everything() -> Selection {
    Selection {
        since: Some(time::OffsetDateTime::UNIX_EPOCH),
        ..Selection::default()
    }
}

async fn work_like_a_sweep(local: &mut Local) {
    let waiting = local.unfinished().await;
    local.new_events();
    for created in waiting {
        let stage = local.stage_of(&created).unwrap();
        local.handle(stage, &created.key).await;
    }
    local.work().await;
}

#[test]
fn a_replay_that_is_killed_at_any_call_goes_on_when_it_is_typed_again() {
    // On a thread of its own: the SDK's frames are too large for a test's stack where nothing is optimised.
    let run = || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(kill_at_every_call());
    };
    let thread = std::thread::Builder::new().stack_size(16 << 20).spawn(run).unwrap();
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
}

async fn kill_at_every_call() {
    let mut undisturbed = world().await;
    let rejects: BTreeSet<Bytes> = undisturbed
        .objects(Bucket::Unprocessable)
        .await
        .into_iter()
        .map(|object| object.bytes)
        .collect();
    assert_eq!(rejects.len(), 3);
    let faults = Faults::default();
    let store = undisturbed.store_with(&faults);
    replay(&store, &everything()).await.unwrap();
    work_like_a_sweep(&mut undisturbed).await;
    let expected = end(&undisturbed).await;
    assert!(
        expected.contains_key("amr-data/sheffield/long.csv"),
        "{:?}",
        expected.keys()
    );
    let writes = undisturbed.writes(Bucket::AmrData).len();
    let calls = faults.calls();
    assert!(calls > 30, "{calls}");
    // The stages may have worked on what was put back, or not yet.
    for (number, has_worked) in (1..=calls).flat_map(|number| [(number, false), (number, true)]) {
        // What is not done any more after one call is not done before the next either.
        let mut local = world().await;
        let faults = Faults::at_call(number, 1, Fault::CrashAfter);
        let store = local.store_with(&faults);
        let ended = faults.until_crash(replay(&store, &everything())).await;
        assert!(ended.is_none(), "call {number}: {ended:?}");
        for reject in &rejects {
            assert!(is_kept(&local, reject).await, "call {number}: a reject is lost");
        }
        if has_worked {
            work_like_a_sweep(&mut local).await;
        }
        let store = local.store().clone();
        replay(&store, &everything()).await.unwrap();
        work_like_a_sweep(&mut local).await;
        assert_eq!(end(&local).await, expected, "call {number}");
        assert_eq!(local.writes(Bucket::AmrData).len(), writes, "call {number}");
        assert_clean(&local).await;
    }
}

#[tokio::test]
async fn a_replay_that_was_interrupted_is_no_story_of_its_own() {
    let local = worked(&SMALL, email()).await;
    let faults = Faults::new(|call| match call.operation {
        "DeleteObject" => Fault::Crash,
        _ => Fault::Pass,
    });
    let store = local.store_with(&faults);
    assert!(
        faults
            .until_crash(replay(&store, &of_reason("too-large")))
            .await
            .is_none()
    );
    let archived = local.store().list(Bucket::Unprocessable, Key::REPLAYED).await.unwrap();
    let [archived] = archived.try_into().unwrap();
    let found = find(local.store(), archived.key.as_str()).await.unwrap();
    assert_eq!(found[0].key, MESSAGE);
    // Nothing but the interrupted replay is gone on with when no condition is given.
    let plan = plan_of(local.store(), &Selection::default()).await.unwrap();
    assert_eq!(plan.families.len(), 1);
}
