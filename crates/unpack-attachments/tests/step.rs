//! What becomes of an email in the pipeline, over a real S3 server.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod support;

use std::time::Duration;

use pipeline_core::{Bucket, Handled, Key, Limits, Outcome, ReasonCode, Receipt, RunError, Runner, Store, Vars};
use support::server::{Reply, Server};
use support::{READINGS, csv, multipart, single};
use unpack_attachments::{Timeouts, UnpackAttachments, UnpackConfig};

/// Buckets that vanish with the test, and the stage with some settings.
struct Bench {
    buckets: step_bench::Bench,
    store: Store,
    runner: Runner<UnpackAttachments>,
}

impl Bench {
    async fn start(settings: &[(&str, &str)]) -> Self {
        let mut buckets = step_bench::Bench::start().await;
        let mut vars = Vars::new(|name| {
            settings
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| (*value).to_owned())
        });
        let unpack = UnpackConfig::read(&mut vars);
        let limits = vars.finish(Limits::default()).unwrap();
        buckets.config.limits = Limits {
            email_bytes: 1_000_000,
            ..limits
        };
        let quick = Timeouts {
            answer: Duration::from_secs(1),
            read: Duration::from_secs(1),
            total: Duration::from_secs(2),
        };
        let step = UnpackAttachments::new(unpack, buckets.config.limits.clone(), quick);
        Self {
            store: buckets.store.clone(),
            runner: buckets.runner_of(step),
            buckets,
        }
    }

    async fn try_email(&self, key: &str, email: &[u8]) -> Result<Handled, RunError> {
        let event = self.buckets.drop_file(Bucket::Inbox, key, email).await;
        self.runner.handle(&event, None).await
    }

    async fn email(&self, key: &str, email: &[u8]) -> Receipt {
        step_bench::receipt(self.try_email(key, email).await)
    }

    async fn keys(&self, bucket: Bucket) -> Vec<String> {
        self.buckets.keys(bucket).await
    }

    /// Area and name of what lies in process.
    async fn process(&self) -> Vec<String> {
        let short = |key: String| {
            let mut parts = key.splitn(3, '/');
            format!("{}/{}", parts.next().unwrap(), parts.nth(1).unwrap())
        };
        let mut keys: Vec<String> = self.keys(Bucket::Process).await.into_iter().map(short).collect();
        keys.sort();
        keys
    }
}

fn email(header: &str) -> Vec<u8> {
    let email = String::from_utf8(multipart("mixed", &[csv("gas.csv")])).unwrap();
    format!("{header}\r\n{email}").into_bytes()
}

/// An email of nothing but a text, and perhaps a picture.
fn letter(text: &str, has_logo: bool) -> Vec<u8> {
    let mut parts = vec![format!("Content-Type: text/plain\r\n\r\n{text}\r\n")];
    if has_logo {
        parts.push("Content-Type: image/png; name=logo.png\r\nContent-Transfer-Encoding: base64\r\n\r\niVBORw0KGgoAAAANSUhEUg==".to_owned());
    }
    multipart("mixed", &parts)
}

fn code(receipt: &Receipt) -> ReasonCode {
    receipt.rejected.as_ref().unwrap().rejection.reason_code
}

#[tokio::test]
async fn a_file_goes_on_under_its_area_with_what_is_known_of_it() {
    let bench = Bench::start(&[]).await;
    let receipt = bench
        .email(
            "o3gb",
            &email("Received: from a by b for x@example.org; Thu, 23 Mar 2023 10:11:12 +0000"),
        )
        .await;
    assert_eq!(receipt.outcome, Outcome::Done);
    assert_eq!(bench.process().await, ["sheffield/gas.csv"]);
    assert_eq!(bench.keys(Bucket::Inbox).await, ["o3gb"], "an email stays in the inbox");
    let key = Key::new(receipt.outputs[0].key.clone());
    let object = bench.store.head(Bucket::Process, &key).await.unwrap().unwrap();
    assert_eq!(object.metadata["received"], "2023-03-23T10:11:12Z");
    assert_eq!(object.metadata["source-name"], "gas.csv");
    assert_eq!(object.metadata["depth"], "0");
    assert_eq!(object.metadata["message"], "o3gb");
    assert_eq!(
        bench.store.get_bytes(Bucket::Process, &key).await.unwrap().unwrap(),
        READINGS.as_bytes()
    );
}

#[tokio::test]
async fn one_email_that_arrives_twice_gives_its_files_once() {
    let bench = Bench::start(&[]).await;
    let first = bench.email("first", &email("X: 1")).await;
    let second = bench.email("second", &email("X-SES-Spam-Verdict: PASS")).await;
    assert_eq!(first.outputs[0].origin, second.outputs[0].origin);
    assert_eq!(bench.process().await, ["sheffield/gas.csv"]);
}

#[tokio::test]
async fn emails_without_a_message_id_and_files_of_other_content_are_others() {
    let bench = Bench::start(&[]).await;
    let nameless = |bytes: Vec<u8>| {
        String::from_utf8(bytes)
            .unwrap()
            .replace("Message-ID", "X-Message-ID")
            .into_bytes()
    };
    bench.email("first", &nameless(email("X: 1"))).await;
    bench.email("second", &nameless(email("X: 1"))).await;
    assert_eq!(bench.process().await.len(), 2);
    bench
        .email(
            "third",
            &multipart("mixed", &["Content-Type: text/csv; name=gas.csv\r\n\r\n1,2,3".into()]),
        )
        .await;
    bench
        .email(
            "fourth",
            &multipart("mixed", &["Content-Type: text/csv; name=gas.csv\r\n\r\n4,5,6".into()]),
        )
        .await;
    assert_eq!(bench.process().await.len(), 4);
}

#[tokio::test]
async fn a_file_of_another_name_is_another_file_even_under_the_same_message_id() {
    let bench = Bench::start(&[]).await;
    let first = bench.email("first", &email("X: 1")).await;
    let renamed = String::from_utf8(email("X: 1"))
        .unwrap()
        .replace("gas.csv", "power.csv");
    let second = bench.email("second", renamed.as_bytes()).await;
    assert_ne!(first.outputs[0].origin, second.outputs[0].origin);
    assert_eq!(bench.process().await, ["sheffield/gas.csv", "sheffield/power.csv"]);
}

#[tokio::test]
async fn two_files_of_one_name_and_content_are_both_delivered() {
    let bench = Bench::start(&[]).await;
    bench
        .email("twins", &multipart("mixed", &[csv("gas.csv"), csv("gas.csv")]))
        .await;
    assert_eq!(bench.process().await, ["sheffield/gas.csv", "sheffield/gas.csv"]);
}

#[tokio::test]
async fn of_several_areas_each_gets_the_files_and_unknown_ones_are_named() {
    let bench = Bench::start(&[("MAIL_DOMAINS", "example.org"), ("AREAS", "sheffield, npower-EON")]).await;
    let receipt = bench
        .email(
            "both",
            &email("Cc: Npower-Eon@Example.org, nobody@example.org, x@supplier.example"),
        )
        .await;
    assert_eq!(bench.process().await, ["npower-EON/gas.csv", "sheffield/gas.csv"]);
    assert_eq!(receipt.outcome, Outcome::Partly);
    assert_eq!(code(&receipt), ReasonCode::UnknownArea);
    assert_eq!(receipt.rejected.unwrap().parts[0].part, "nobody");
}

#[tokio::test]
async fn many_files_for_many_recipients_are_too_many_copies() {
    let bench = Bench::start(&[("MAIL_DOMAINS", "example.org")]).await;
    let to: Vec<String> = (0..100).map(|n| format!("area-{n}@example.org")).collect();
    let copies = |files: usize| {
        let email = String::from_utf8(multipart("mixed", &vec![csv("gas.csv"); files])).unwrap();
        email.replace("sheffield@example.org", &to.join(", ")).into_bytes()
    };
    let receipt = bench.email("many", &copies(101)).await;
    assert_eq!(
        (receipt.outcome, code(&receipt)),
        (Outcome::Rejected, ReasonCode::TooManyMembers)
    );
    assert_eq!(bench.process().await, [""; 0]);
    assert_eq!(bench.email("few", &copies(2)).await.outputs.len(), 200);
}

#[tokio::test]
async fn a_message_id_longer_than_a_line_tells_nothing() {
    let bench = Bench::start(&[]).await;
    for key in ["first", "second"] {
        let id = format!("<{}@supplier.example>", "1".repeat(1_000));
        let email = String::from_utf8(email("X: 1")).unwrap();
        let receipt = bench
            .email(key, email.replace("<1@supplier.example>", &id).as_bytes())
            .await;
        assert_eq!(receipt.outputs.len(), 1);
    }
    assert_eq!(bench.process().await.len(), 2, "they are two emails");
}

#[tokio::test]
async fn an_email_for_nobody_of_ours_is_rejected() {
    let bench = Bench::start(&[("MAIL_DOMAINS", "readings.example")]).await;
    let receipt = bench.email("lost", &email("X: 1")).await;
    assert_eq!(
        (receipt.outcome, code(&receipt)),
        (Outcome::Rejected, ReasonCode::NoArea)
    );
    let bench = Bench::start(&[("AREAS", "bam")]).await;
    assert_eq!(
        code(&bench.email("lost", &email("X: 1")).await),
        ReasonCode::UnknownArea
    );
}

#[tokio::test]
async fn an_email_for_nobody_of_ours_is_filed_under_unknown_area() {
    for setting in [("MAIL_DOMAINS", "readings.example"), ("AREAS", "bam")] {
        let bench = Bench::start(&[setting]).await;
        bench.email("2025/lost", &email("X: 1")).await;
        assert_eq!(bench.keys(Bucket::Unprocessable).await, ["unknown-area/2025/lost"]);
    }
}

#[tokio::test]
async fn the_files_of_an_attached_email_belong_to_the_outer_emails_area() {
    let bench = Bench::start(&[]).await;
    let inner = String::from_utf8(email("X: 1"))
        .unwrap()
        .replace("sheffield@", "bam@")
        .replace("=_b1", "inner");
    let outer = multipart("mixed", &[format!("Content-Type: message/rfc822\r\n\r\n{inner}")]);
    bench.email("forwarded", &outer).await;
    assert_eq!(bench.process().await, ["sheffield/gas.csv"]);
}

#[tokio::test]
async fn what_the_mail_service_refuses_is_refused() {
    let bench = Bench::start(&[]).await;
    let receipt = bench
        .email(
            "virus",
            &email("X-SES-Virus-Verdict: FAIL\r\nX-SES-Virus-Verdict: PASS"),
        )
        .await;
    assert_eq!(code(&receipt), ReasonCode::Virus);
    assert_eq!(bench.keys(Bucket::Unprocessable).await, ["sheffield/virus"]);
    let spam = email("X-SES-Spam-Verdict: FAIL");
    let receipt = bench.email("spam", &spam).await;
    assert!(receipt.outcome == Outcome::Done && receipt.notes.spam);
    let strict = Bench::start(&[("REJECT_SPAM", "true")]).await;
    assert_eq!(code(&strict.email("spam", &spam).await), ReasonCode::Spam);
}

#[tokio::test]
async fn an_email_that_is_too_large_is_rejected_and_filed_under_its_area() {
    let bench = Bench::start(&[]).await;
    let receipt = bench
        .email("large", &[email("X: 1"), vec![b'x'; 2_000_000]].concat())
        .await;
    assert_eq!((code(&receipt), receipt.input.blake3), (ReasonCode::TooLarge, None));
    assert_eq!(bench.keys(Bucket::Unprocessable).await, ["sheffield/large"]);
}

#[tokio::test]
async fn what_is_no_email_is_rejected() {
    let bench = Bench::start(&[]).await;
    assert_eq!(
        code(&bench.email("csv", READINGS.as_bytes()).await),
        ReasonCode::NotAnEmail
    );
    assert_eq!(code(&bench.email("empty", b"").await), ReasonCode::Empty);
}

#[tokio::test]
async fn an_email_without_files_is_counted_and_stays() {
    let bench = Bench::start(&[]).await;
    let receipt = bench
        .email("letter", &letter("See https://example.com/a.csv", false))
        .await;
    assert_eq!(receipt.outcome, Outcome::NoFiles);
    assert!(bench.keys(Bucket::Process).await.is_empty() && bench.keys(Bucket::Unprocessable).await.is_empty());
}

#[tokio::test]
async fn a_bad_part_is_named_while_its_siblings_go_on() {
    let bench = Bench::start(&[]).await;
    let receipt = bench
        .email(
            "partly",
            &multipart(
                "mixed",
                &[csv("gas.csv"), "Content-Type: message/partial; id=x\r\n\r\nx".into()],
            ),
        )
        .await;
    assert_eq!(
        (receipt.outcome, code(&receipt)),
        (Outcome::Partly, ReasonCode::Unsupported)
    );
    assert_eq!(bench.process().await, ["sheffield/gas.csv"]);
    let receipt = bench
        .email("none", &single("Content-Type: message/partial; id=x", "x"))
        .await;
    assert_eq!(
        (receipt.outcome, code(&receipt)),
        (Outcome::Rejected, ReasonCode::Unsupported)
    );
}

fn portal() -> Server {
    Server::start(|path| match path {
        "/files/get?id=1" => Reply::named("attachment; filename=portal.csv", READINGS),
        "/files/b.csv" => Reply::ok(READINGS),
        "/files/march/" => Reply::Full(
            200,
            vec!["Content-Type: application/zip".into()],
            b"PK\x05\x06rest".to_vec(),
        ),
        "/files/busy" => Reply::status(503),
        "/files/page" => Reply::ok("<html>Please log in</html>"),
        _ => Reply::status(404),
    })
}

#[tokio::test]
async fn a_link_is_fetched_where_no_attachment_is_data() {
    let server = portal();
    let bench = Bench::start(&[("DOWNLOAD_LINKS", &server.url("/files/"))]).await;
    let text = format!(
        "Your data: {} or {}",
        server.url("/files/get?id=1"),
        server.url("/files/march/")
    );
    let receipt = bench.email("linked", &letter(&text, true)).await;
    assert_eq!(receipt.outcome, Outcome::Done);
    assert_eq!(
        bench.process().await,
        ["sheffield/download-2.zip", "sheffield/logo.png", "sheffield/portal.csv"]
    );
    assert!(
        !format!("{receipt:?}").contains("id=1"),
        "a query may be a key to the file"
    );
    bench.email("again", &letter(&text, true)).await;
    assert_eq!(
        bench.process().await.len(),
        3,
        "the same file of the same email is there once"
    );
}

#[tokio::test]
async fn a_link_beside_data_is_left_alone() {
    let server = portal();
    let bench = Bench::start(&[("DOWNLOAD_LINKS", &server.url("/files/"))]).await;
    let text = format!("Content-Type: text/plain\r\n\r\n{}\r\n", server.url("/files/b.csv"));
    bench.email("both", &multipart("mixed", &[text, csv("gas.csv")])).await;
    assert_eq!(bench.process().await, ["sheffield/gas.csv"]);
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn a_table_in_the_text_is_left_out_where_the_email_links_to_its_files() {
    let server = portal();
    let bench = Bench::start(&[("DOWNLOAD_LINKS", &server.url("/files/"))]).await;
    let table = format!("Content-Type: text/plain\r\nContent-Disposition: inline\r\n\r\n{READINGS}");
    let page = |path| format!("Content-Type: text/html\r\n\r\n<a href='{}'>all</a>", server.url(path));
    let linked = multipart("mixed", &[table.clone(), page("/files/b.csv")]);
    bench.email("linked", &linked).await;
    assert_eq!(bench.process().await, ["sheffield/b.csv"]);
    let other = multipart("mixed", &[table, page("/other/b.csv")]);
    bench.email("not linked", &other).await;
    assert_eq!(bench.process().await, ["sheffield/attachment-1.txt", "sheffield/b.csv"]);
}

#[tokio::test]
async fn an_email_with_more_than_a_hundred_links_is_rejected() {
    let server = Server::start(|_| Reply::ok(READINGS));
    let bench = Bench::start(&[("DOWNLOAD_LINKS", &server.url("/files/"))]).await;
    let links = |count: u32| -> String {
        let links = (0..count).map(|n| format!("{}?n={n}\r\n", server.url("/files/b.csv")));
        links.collect()
    };
    let receipt = bench.email("many", &letter(&links(101), false)).await;
    assert_eq!(
        (receipt.outcome, code(&receipt)),
        (Outcome::Rejected, ReasonCode::TooManyMembers)
    );
    assert!(server.requests().is_empty());
    assert_eq!(
        bench.email("just", &letter(&links(100), false)).await.outputs.len(),
        100
    );
}

#[tokio::test]
async fn of_a_bad_link_and_a_good_one_the_good_one_goes_on() {
    let server = portal();
    let bench = Bench::start(&[("DOWNLOAD_LINKS", &server.url("/files/"))]).await;
    let text = format!(
        "{}?key=secret {}",
        server.url("/files/gone"),
        server.url("/files/b.csv")
    );
    let receipt = bench.email("half", &letter(&text, false)).await;
    assert_eq!(
        (receipt.outcome, code(&receipt)),
        (Outcome::Partly, ReasonCode::DownloadFailed)
    );
    assert_eq!(bench.process().await, ["sheffield/b.csv"]);
    assert!(!format!("{receipt:?}").contains("secret"));
}

#[tokio::test]
async fn an_email_whose_links_give_no_file_is_rejected() {
    let server = portal();
    let bench = Bench::start(&[("DOWNLOAD_LINKS", &server.url("/files/"))]).await;
    for (key, path) in [("gone", "/files/gone"), ("page", "/files/page")] {
        let receipt = bench.email(key, &letter(&server.url(path), true)).await;
        assert_eq!(
            (receipt.outcome, code(&receipt)),
            (Outcome::Rejected, ReasonCode::DownloadFailed)
        );
    }
}

#[tokio::test]
async fn a_server_that_is_busy_makes_the_step_fail_so_that_it_is_tried_again() {
    let server = portal();
    let bench = Bench::start(&[("DOWNLOAD_LINKS", &server.url("/files/"))]).await;
    let error = bench
        .try_email("busy", &letter(&server.url("/files/busy"), false))
        .await
        .unwrap_err();
    assert_eq!(error.failure.error_type(), "OutsideServer");
    assert!(bench.keys(Bucket::Receipts).await.is_empty());
}
