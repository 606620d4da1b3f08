//! What cannot be handled now is handled later.

use std::fs;

use pipeline::serve::FailureQueue;
use pipeline_core::Bucket;

use crate::process::{Folder, READINGS, email, wait_until};

#[test]
fn an_email_that_cannot_be_stored_stays_the_senders() {
    let folder = Folder::new();
    let serve = folder.serve();
    let away = folder.path().join("away");
    fs::rename(folder.bucket("inbox"), &away).unwrap();
    let mail = email("1", "import.csv", READINGS);
    let reply = serve.send(&["sheffield@example.org"], &mail).unwrap();
    assert!(reply.starts_with("451 "), "{reply}");
    fs::rename(&away, folder.bucket("inbox")).unwrap();
    let reply = serve.send(&["sheffield@example.org"], &mail).unwrap();
    assert!(reply.starts_with("250 "), "{reply}");
    wait_until("the CSV", || folder.read("amr-data", "sheffield/import.csv"));
}

#[test]
fn what_failed_at_every_attempt_is_in_the_failure_queue_until_it_is_done() {
    let folder = Folder::new();
    let serve = folder.serve();
    let away = folder.path().join("away");
    fs::rename(folder.bucket("amr-data"), &away).unwrap();
    serve
        .send(&["sheffield@example.org"], &email("1", "import.csv", READINGS))
        .unwrap();
    let failed = wait_until("the failure", || FailureQueue::read(folder.path()).unwrap().pop());
    assert_eq!((failed.bucket, failed.rounds), (Bucket::Process, 1));
    assert!(failed.key.starts_with("sheffield/") && !failed.failure.is_empty());
    serve.kill();
    fs::rename(&away, folder.bucket("amr-data")).unwrap();
    assert_eq!(FailureQueue::read(folder.path()).unwrap(), [failed]);
    let _serve = folder.serve();
    wait_until("the CSV", || folder.read("amr-data", "sheffield/import.csv"));
    wait_until("the empty queue", || {
        FailureQueue::read(folder.path()).unwrap().is_empty().then_some(())
    });
}
