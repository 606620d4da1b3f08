//! The function over real buckets and stages: who is told, of what, and how often, whatever crashes.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod support;

use std::time::Duration;

use notify::{LEASE, WAIT};
use pipeline_core::{Bucket, Key, Receipt};
use support::{Bench, INVOICE, READINGS};

const MINUTE: Duration = Duration::from_secs(60);

const FILES: [(&str, &[u8]); 3] = [("import.csv", READINGS), ("invoice.pdf", INVOICE), ("empty.csv", b"")];

/// Later than whoever had a claim could have finished.
fn after_the_lease() -> Duration {
    LEASE + MINUTE
}

#[tokio::test]
async fn an_email_with_several_bad_files_is_one_letter_and_one_reply() {
    let bench = Bench::start().await;
    bench.receive("o3gbv5qk", &FILES).await;
    bench.finish().await;
    assert!(bench.tell().await.is_empty());
    let [(subject, body)] = bench.letters().try_into().unwrap();
    assert_eq!(subject, "sheffield: 2 of 3 files of an email could not be used");
    for part in [
        "invoice.pdf\n   unsupported: ",
        "empty.csv\n   empty: ",
        "es-test-data-unprocessable/sheffield/invoice.pdf",
        "es-test-data-inbox/o3gbv5qk",
        "pipeline trace o3gbv5qk --stage test",
        "The sender was told.",
    ] {
        assert!(body.contains(part), "{part} is missing in:\n{body}");
    }
    let [(to, letter)] = bench.replies().try_into().unwrap();
    assert_eq!(to, "readings@supplier.example");
    for part in [
        "Subject: Re: Readings",
        "In-Reply-To: <o3gbv5qk@supplier.example>",
        "Auto-Submitted: auto-replied",
        "invoice.pdf",
    ] {
        assert!(letter.contains(part), "{part} is missing in:\n{letter}");
    }
}

#[tokio::test]
async fn nobody_is_told_before_the_email_is_finished_or_two_hours_have_passed() {
    let bench = Bench::start().await;
    bench.receive("o3gbv5qk", &FILES).await;
    let waiting = bench.buckets.keys(Bucket::Process).await;
    let csv = waiting.iter().find(|key| key.ends_with("import.csv")).unwrap();
    let held = bench.buckets.content(Bucket::Process, csv).await;
    let metadata = bench.buckets.metadata(Bucket::Process, csv).await;
    bench.buckets.remove(Bucket::Process, csv).await;
    bench.finish().await;
    // One of its files waits all the time.
    let key = Key::new(csv.as_str());
    let put = bench.buckets.store.put_new(Bucket::Process, &key, held, metadata);
    put.await.unwrap();
    assert_eq!(bench.tell().await, ["sheffield/empty.csv", "sheffield/invoice.pdf"]);
    assert!(bench.letters().is_empty());

    assert!(bench.tell_in(WAIT + MINUTE).await.is_empty());
    let [(_, body)] = bench.letters().try_into().unwrap();
    assert!(body.contains("this is what is known so far"), "{body}");
}

#[tokio::test]
async fn messages_that_come_again_and_workers_at_the_same_time_tell_nobody_twice() {
    let bench = Bench::start().await;
    bench.receive("o3gbv5qk", &FILES).await;
    bench.finish().await;
    let notify = bench.notify();
    let at_once = (0..8).map(|_| bench.tell_by(&notify, Duration::ZERO));
    for answer in futures::future::join_all(at_once).await {
        answer.unwrap();
    }
    for later in [Duration::ZERO, after_the_lease(), WAIT * 3] {
        assert!(bench.tell_in(later).await.is_empty());
    }
    assert_eq!((bench.letters().len(), bench.replies().len()), (1, 1));
}

#[tokio::test]
async fn operators_are_told_at_least_once_where_the_topic_was_out_and_the_sender_once() {
    let bench = Bench::start().await;
    bench.receive("o3gbv5qk", &FILES).await;
    bench.finish().await;
    bench.aws.refuse(&["Publish"]);
    assert_eq!(bench.tell().await.len(), 2);
    assert_eq!(bench.replies().len(), 1);
    bench.aws.refuse(&[]);
    // As far as anybody can know, the first worker may still be at it.
    assert_eq!(bench.tell_in(MINUTE).await.len(), 2);
    assert!(bench.letters().is_empty());
    assert!(bench.tell_in(after_the_lease()).await.is_empty());
    let [(subject, body)] = bench.letters().try_into().unwrap();
    assert_eq!(subject, "sheffield: 2 of 3 files of an email could not be used");
    assert!(body.contains("The sender was not told: an earlier attempt"), "{body}");
    assert!(bench.replies().is_empty());
}

#[tokio::test]
async fn a_crash_after_operators_were_told_tells_them_again_and_the_sender_not() {
    let bench = Bench::start().await;
    bench.receive("o3gbv5qk", &FILES).await;
    bench.finish().await;
    bench.tell().await;
    assert_eq!((bench.letters().len(), bench.replies().len()), (1, 1));
    let notes = bench.notes().await;
    let told: Vec<_> = notes.iter().filter(|(key, _)| key.ends_with(".told.json")).collect();
    assert_eq!(told.len(), 1);
    bench.buckets.remove(Bucket::Receipts, &told[0].0).await;
    assert!(bench.tell_in(after_the_lease()).await.is_empty());
    assert_eq!((bench.letters().len(), bench.replies().len()), (1, 0));
}

#[tokio::test]
async fn a_reply_that_the_mail_service_refuses_is_not_tried_again() {
    let bench = Bench::start().await;
    bench.receive("o3gbv5qk", &FILES).await;
    bench.finish().await;
    bench.aws.refuse(&["SendRawEmail"]);
    assert!(bench.tell().await.is_empty());
    let [(_, body)] = bench.letters().try_into().unwrap();
    assert!(
        body.contains("The sender was not told: the mail service did not take the reply."),
        "{body}"
    );
    bench.aws.refuse(&[]);
    bench.tell_in(after_the_lease()).await;
    assert!(bench.replies().is_empty() && bench.letters().is_empty());
}

#[tokio::test]
async fn what_a_replay_rejects_anew_is_told_anew() {
    let bench = Bench::start().await;
    bench.receive("o3gbv5qk", &[("invoice.pdf", INVOICE)]).await;
    bench.finish().await;
    bench.tell().await;
    assert_eq!(bench.letters().len(), 1);
    // The receipt of another generation: the work began at another time.
    let origin = &bench
        .buckets
        .metadata(Bucket::Unprocessable, "sheffield/invoice.pdf")
        .await["origin"];
    let key = Key::receipt(origin.parse().unwrap());
    let mut receipt: Receipt =
        serde_json::from_slice(&bench.buckets.content(Bucket::Receipts, key.as_str()).await).unwrap();
    receipt.started += MINUTE;
    bench.buckets.remove(Bucket::Receipts, key.as_str()).await;
    let json = serde_json::to_vec(&receipt).unwrap();
    bench
        .buckets
        .store
        .put_new(Bucket::Receipts, &key, json.into(), [].into())
        .await
        .unwrap();
    assert!(bench.tell().await.is_empty());
    assert_eq!(bench.letters().len(), 1);
    assert!(bench.tell().await.is_empty());
    assert!(bench.letters().is_empty());
}

#[tokio::test]
async fn a_sender_is_told_at_most_once_within_an_hour_and_operators_of_every_email() {
    let bench = Bench::start().await;
    let mut replies = Vec::new();
    for (key, minutes) in [("first", 0), ("second", 20), ("third", 40), ("fourth", 75)] {
        bench.receive(key, &[(&format!("{key}.pdf"), INVOICE)]).await;
        bench.finish().await;
        assert!(bench.tell_in(minutes * MINUTE).await.is_empty());
        assert_eq!(bench.letters().len(), 1, "{key}");
        replies.push(bench.replies().len());
    }
    assert_eq!(replies, [1, 0, 0, 1]);
}

#[tokio::test]
async fn emails_of_unconfirmed_senders_and_of_programs_are_told_to_operators_only() {
    let bench = Bench::start().await;
    let pass =
        "X-SES-Spam-Verdict: PASS\r\nX-SES-Virus-Verdict: PASS\r\nAuthentication-Results: amazonses.com; spf=pass\r\n";
    for (key, top) in [
        (
            "without-verdicts",
            "Return-Path: <readings@supplier.example>\r\n".to_owned(),
        ),
        ("bounce", format!("Return-Path: <>\r\n{pass}")),
        (
            "list",
            format!("Return-Path: <readings@supplier.example>\r\n{pass}List-Id: <x.example>\r\n"),
        ),
        (
            "forged",
            format!(
                "Return-Path: <victim@other.example>\r\n{}",
                pass.replace("spf=pass", "spf=fail")
            ),
        ),
    ] {
        bench.receive_with(key, &top, &[(&format!("{key}.pdf"), INVOICE)]).await;
        bench.finish().await;
        assert!(bench.tell().await.is_empty());
        assert_eq!((bench.letters().len(), bench.replies().len()), (1, 0), "{key}");
    }
    // Nor is anybody answered where that is switched off.
    bench.receive("switched-off", &[("invoice.pdf", INVOICE)]).await;
    bench.finish().await;
    bench.tell_by(&bench.notify_with(None), Duration::ZERO).await.unwrap();
    assert_eq!((bench.letters().len(), bench.replies().len()), (1, 0));
}

#[tokio::test]
async fn logos_are_nothing_to_tell_of() {
    let bench = Bench::start().await;
    bench
        .receive(
            "o3gbv5qk",
            &[("import.csv", READINGS), ("logo.png", b"\x89PNG\r\n\x1a\nlogo")],
        )
        .await;
    bench.finish().await;
    assert_eq!(bench.buckets.keys(Bucket::Unprocessable).await, ["sheffield/logo.png"]);
    assert!(bench.tell().await.is_empty());
    assert!(bench.letters().is_empty() && bench.notes().await.is_empty());
}

#[tokio::test]
async fn files_that_a_person_drops_are_told_one_by_one_and_nobody_is_answered() {
    let bench = Bench::start().await;
    for name in ["a.pdf", "b.pdf"] {
        bench
            .buckets
            .drop_file(Bucket::Process, &format!("bam/{name}"), INVOICE)
            .await;
    }
    // Not the pipeline's: somebody keeps it here.
    bench
        .buckets
        .drop_file(Bucket::Unprocessable, "bam/notes.txt", b"notes")
        .await;
    bench.finish().await;
    assert!(bench.tell().await.is_empty());
    let letters = bench.letters();
    assert_eq!(letters.len(), 2);
    for (subject, body) in letters {
        assert_eq!(subject, "bam: a file that somebody dropped could not be used");
        assert!(
            body.contains("The sender was not told: it did not come by email."),
            "{body}"
        );
    }
    assert!(bench.replies().is_empty());
}

#[tokio::test]
async fn no_address_is_in_any_key_or_note() {
    let bench = Bench::start().await;
    bench.receive("o3gbv5qk", &FILES).await;
    bench.finish().await;
    bench.tell().await;
    let notes = bench.notes().await;
    // A claim, that it was told, the attempt to reply, the sender's hour.
    assert_eq!(notes.len(), 4, "{notes:?}");
    for (key, content) in notes {
        assert!(!format!("{key} {content}").contains("readings@"), "{key}: {content}");
    }
}

#[tokio::test]
async fn of_an_event_that_comes_by_no_queue_an_error_is_returned() {
    let bench = Bench::start().await;
    let elsewhere = bench.buckets.event(Bucket::Process, "bam/x.csv");
    let decoded = pipeline_core::event::Decoded {
        objects: vec![elsewhere],
        ..Default::default()
    };
    let error = bench
        .notify()
        .run(decoded, time::OffsetDateTime::now_utc(), None)
        .await
        .unwrap_err();
    assert_eq!(error.error_type(), "WrongBucket");
}
