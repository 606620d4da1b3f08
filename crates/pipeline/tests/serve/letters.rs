//! Emails come in and CSVs come out.

use std::fs;
use std::time::{Duration, SystemTime};

use crate::process::{Folder, READINGS, command, email, output, wait_until};

#[test]
fn an_email_becomes_a_csv_and_lies_in_the_inbox_as_the_mail_service_stores_it() {
    let folder = Folder::new();
    let serve = folder.serve();
    let sent = email("1", "import.csv", READINGS);
    let reply = serve.send(&["Sheffield@example.org"], &sent).unwrap();
    let key = reply.strip_prefix("250 2.0.0 OK ").unwrap();
    let csv = wait_until("the CSV", || folder.read("amr-data", "sheffield/import.csv"));
    assert_eq!(csv.trim_end(), READINGS.trim_end());
    let stored = folder.read("inbox", key).unwrap();
    assert!(stored.starts_with("Return-Path: <meter@supplier.example>\r\nX-Original-To: Sheffield@example.org\r\nReceived: from test (127.0.0.1)\r\n"));
    assert!(stored.ends_with(&format!("\r\n{sent}\r\n")));
}

#[test]
fn every_recipient_of_the_envelope_gets_the_files_and_nobody_else() {
    let folder = Folder::new();
    let serve = folder.serve();
    let recipients = ["sheffield@example.org", "bam@example.org", "frome@example.org"];
    serve.send(&recipients, &email("1", "import.csv", READINGS)).unwrap();
    let keys = wait_until("the CSVs", || {
        Some(folder.keys("amr-data")).filter(|keys| keys.len() >= 3)
    });
    assert_eq!(keys, ["bam/import.csv", "frome/import.csv", "sheffield/import.csv"]);
    assert_eq!(folder.keys("inbox").len(), 1);
}

#[test]
fn only_mail_for_our_domains_is_taken_where_they_are_known() {
    let folder = Folder::new();
    let serve = folder.serve_with(&[], &[("MAIL_DOMAINS", "example.org")]);
    let mail = email("1", "import.csv", READINGS);
    let reply = serve.send(&["bam@elsewhere.example"], &mail).unwrap();
    assert_eq!(reply, "550 5.1.1 We take mail for example.org only");
    assert!(serve.send(&["bam@EXAMPLE.org"], &mail).unwrap().starts_with("250 "));
}

#[test]
fn the_command_send_sends_files_to_the_serve_of_the_folder() {
    let folder = Folder::new();
    let _serve = folder.serve();
    let files = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &[u8]| {
        let path = files.path().join(name);
        fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (csv, windows) = (
        file("Sheffield März 2025.csv", READINGS.as_bytes()),
        file("b.csv", &READINGS.replace('\n', "\r\n\r\n").into_bytes()),
    );
    let data = folder.path().to_str().unwrap();
    let sent = output(&[
        "send",
        "--data",
        data,
        "--to",
        "Metering <sheffield@example.org>",
        "--to",
        "bam@example.org",
        &csv,
        &windows,
    ]);
    assert!(sent.status.success(), "{sent:?}");
    let key = String::from_utf8(sent.stdout).unwrap();
    assert!(folder.read("inbox", key.trim_end()).unwrap().contains("\r\nSubject: "));
    let keys = wait_until("the CSVs", || {
        Some(folder.keys("amr-data")).filter(|keys| keys.len() == 4)
    });
    assert_eq!(
        keys,
        [
            "bam/Sheffield März 2025.csv",
            "bam/b.csv",
            "sheffield/Sheffield März 2025.csv",
            "sheffield/b.csv"
        ]
    );
    assert_eq!(folder.read("amr-data", "bam/b.csv").unwrap(), READINGS);

    let missing = output(&["send", "--data", data, "--to", "sheffield@example.org", "no such file"]);
    assert_eq!(missing.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&missing.stderr).contains("no such file cannot be read"));
    assert_eq!(output(&["send", "--to", "sheffield", &csv]).status.code(), Some(2));
}

#[test]
fn the_command_send_puts_an_email_straight_into_the_inbox_of_a_stage() {
    let folder = Folder::new();
    let serve = folder.serve();
    let csv = folder.path().join("march.csv");
    fs::write(&csv, READINGS).unwrap();
    let mut send = command(&[
        "send",
        "--stage",
        "local",
        "--to",
        "Bam@example.org",
        csv.to_str().unwrap(),
    ]);
    let refused = send
        .env("AWS_ACCESS_KEY_ID", "nobody")
        .env("AWS_SECRET_ACCESS_KEY", "wrong");
    refused
        .env("AWS_ENDPOINT_URL", &serve.endpoint.s3)
        .env("AWS_REGION", "us-east-1");
    let refused = refused.output().unwrap();
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("the inbox of stage local"));
    send.env("AWS_ACCESS_KEY_ID", &serve.endpoint.access_key_id);
    send.env("AWS_SECRET_ACCESS_KEY", &serve.endpoint.secret_access_key);
    let sent = send.output().unwrap();
    assert!(sent.status.success(), "{sent:?}");
    let key = String::from_utf8(sent.stdout).unwrap();
    assert!(folder.read("inbox", key.trim_end()).is_some());
    wait_until("the CSV", || folder.read("amr-data", "bam/march.csv"));
}

#[test]
fn what_is_put_into_a_buckets_folder_by_hand_is_found() {
    let folder = Folder::new();
    let _serve = folder.serve_with(&["--mend-every", "0.05"], &[]);
    let hand = |bucket: &str, name: &str, content: &str| {
        let path = folder.bucket(bucket).join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        // Written elsewhere, so that nobody finds half of it.
        let draft = folder.path().join("draft");
        fs::write(&draft, content).unwrap();
        let settled = SystemTime::now() - Duration::from_secs(60);
        fs::File::options()
            .write(true)
            .open(&draft)
            .unwrap()
            .set_modified(settled)
            .unwrap();
        fs::rename(draft, path).unwrap();
    };
    hand("inbox", "by hand.eml", &email("1", "import.csv", READINGS));
    hand("process", "sheffield/import.csv", READINGS);
    wait_until("the email's CSV", || folder.read("amr-data", "bath/import.csv"));
    wait_until("the file's CSV", || folder.read("amr-data", "sheffield/import.csv"));
}
