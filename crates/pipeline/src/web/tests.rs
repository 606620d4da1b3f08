//! The page over HTTP, with the real pipeline behind it.

use std::sync::Arc;

use pipeline_core::{Area, Bucket, Key, Limits, Vars};
use tempfile::TempDir;
use time::OffsetDateTime;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::{Desk, Parked, WebPage};
use crate::inputs::InputFile;
use crate::ledger::Ledger;
use crate::observer::Clerk;
use crate::stack::LocalStack;
use crate::upload::Uploader;

const READINGS: &str = "Meter Name,Serial,Date,00:30,01:00,Total\nGas <b>,E10,23/03/2025,0.1,0.2,0.3\n";

/// A running page over a pipeline in a folder.
struct Site {
    stack: LocalStack,
    page: WebPage,
    dir: TempDir,
}

struct Answer {
    status: u16,
    headers: String,
    body: Vec<u8>,
}

impl Answer {
    fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    fn header(&self, name: &str) -> Option<&str> {
        let named = |line: &'_ &str| line.to_lowercase().starts_with(&format!("{name}: "));
        self.headers
            .lines()
            .find(named)?
            .split_once(": ")
            .map(|(_, value)| value)
    }
}

impl Site {
    async fn start() -> Self {
        Self::start_with(Vec::new(), Limits::default()).await
    }

    async fn start_with(parked: Vec<Parked>, limits: Limits) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let vars = Vars::new(|_| None);
        let stack = LocalStack::start(&dir.path().join("data"), vars).await.unwrap();
        let desk = Desk {
            store: stack.store().clone(),
            limits,
            areas: None,
            smtp: Some("127.0.0.1:2525".parse().unwrap()),
            given_up: Arc::new(move || parked.clone()),
        };
        let page = WebPage::start("127.0.0.1:0".parse().unwrap(), desk).await.unwrap();
        Self { stack, page, dir }
    }

    /// Puts files into the pipeline, without working on them.
    async fn put(&self, area: Option<&str>, name: &str, content: &[u8]) -> (Bucket, Key) {
        let path = self.dir.path().join("file");
        std::fs::write(&path, content).unwrap();
        let area = area.map(|area| Area::from_local_part(area, None).unwrap());
        let uploader = Uploader::new(self.stack.store().clone(), area, &[]);
        let name = name.to_owned();
        uploader.upload(&InputFile { path, name }).await.unwrap()
    }

    /// Works on everything that waits.
    async fn work(&mut self) {
        let unfinished = self.stack.unfinished().await.unwrap();
        let mut ledger = Ledger::default();
        let mut clerk = Clerk {
            buckets: LocalStack::buckets(),
            ledger: &mut ledger,
            progress: None,
        };
        self.stack.dispatcher().work(unfinished, async {}, &mut clerk).await;
        assert!(!ledger.has_failures());
    }

    async fn ask(&self, head: &str, body: &[u8]) -> Answer {
        let mut stream = TcpStream::connect(self.page.address()).await.unwrap();
        let length = body.len();
        let head = format!("{head}Connection: close\r\nContent-Length: {length}\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        // A form that is refused need not be read to its end.
        let _ = stream.write_all(body).await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").unwrap();
        let headers = String::from_utf8(answer[..end].to_vec()).unwrap();
        Answer {
            status: headers.split(' ').nth(1).unwrap().parse().unwrap(),
            headers,
            body: answer[end + 4..].to_vec(),
        }
    }

    async fn get(&self, path: &str) -> Answer {
        let host = self.page.address();
        self.ask(&format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n"), b"").await
    }

    async fn page(&self, path: &str) -> String {
        let answer = self.get(path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer.text()
    }

    async fn send(&self, area: &str, files: &[(&str, &str)]) -> Answer {
        let mut form = format!("--xyz\r\nContent-Disposition: form-data; name=\"area\"\r\n\r\n{area}\r\n");
        for (name, content) in files {
            form += &format!(
                "--xyz\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
                 Content-Type: application/octet-stream\r\n\r\n{content}\r\n"
            );
        }
        form += "--xyz--\r\n";
        let host = self.page.address();
        let head = format!(
            "POST /send HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\nContent-Type: multipart/form-data; boundary=xyz\r\n"
        );
        self.ask(&head, form.as_bytes()).await
    }
}

fn email(subject: &str, files: &[(&str, &str)]) -> Vec<u8> {
    let mut email = format!(
        "From: Readings <readings@supplier.example>\r\nTo: sheffield@example.org\r\nSubject: {subject}\r\n\
         Message-ID: <{subject}@supplier.example>\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    );
    for (name, content) in files {
        email += &format!("--b\r\nContent-Disposition: attachment; filename=\"{name}\"\r\n\r\n{content}\r\n");
    }
    email += "--b--\r\n";
    email.into_bytes()
}

/// The first address in a page that begins like this.
fn link<'p>(page: &'p str, start: &str) -> &'p str {
    let links = page.split("href=\"").filter_map(|part| part.split('"').next());
    let mut links = links.filter(|link| link.starts_with(start));
    links.next().unwrap_or_else(|| panic!("no {start} in {page}"))
}

#[tokio::test]
async fn an_empty_pipeline_shows_its_buckets_and_how_to_begin() {
    let site = Site::start().await;
    let page = site.page("/").await;
    assert!(page.contains("swaks --server 127.0.0.1:2525"), "{page}");
    assert!(
        page.contains("<th role=\"rowheader\" scope=\"row\">amr-data</th>"),
        "{page}"
    );
    assert!(site.page("/inputs").await.contains("Nothing has come in yet."));
    assert!(site.page("/unprocessable").await.contains("Nothing was put aside."));
}

#[tokio::test]
async fn an_email_is_followed_from_the_list_to_its_tree_its_csv_and_its_reject() {
    let mut site = Site::start().await;
    let letter = email(
        "March readings",
        &[("march.csv", READINGS), ("page.csv", "<html><p>Sorry</p></html>")],
    );
    site.put(None, "1.eml", &letter).await;
    let waiting = site.page("/").await;
    assert!(
        waiting.contains("under way") && waiting.contains("1 waiting"),
        "{waiting}"
    );

    site.work().await;
    // What is a second old is looked up again.
    tokio::time::sleep(std::time::Duration::from_millis(1_050)).await;
    let list = site.page("/inputs").await;
    for part in [
        "March readings",
        "readings@supplier.example",
        "partly delivered",
        "sheffield/march.csv",
        "2 rows",
    ] {
        assert!(list.contains(part), "{part} in {list}");
    }

    let story = site.page(link(&list, "/inputs/")).await;
    for part in [
        "unpack-attachments",
        "process-file",
        "page.csv",
        "html",
        "sheffield/march.csv",
    ] {
        assert!(story.contains(part), "{part} in {story}");
    }
    // It was passed on, cleaned and delivered under one name: that is one step to people.
    assert_eq!(story.matches("<strong><bdi>march.csv").count(), 1, "{story}");
    let original = site
        .get(&link(&story, "/object?bucket=inbox").replace("&amp;", "&"))
        .await;
    assert_eq!(original.body, letter);

    let preview = site.page(link(&list, "/preview?key=")).await;
    assert!(preview.contains("<td><bdi>Gas &lt;b&gt;</bdi></td>"), "{preview}");
    assert!(preview.contains("This is all of it."), "{preview}");

    let aside = site.page("/unprocessable").await;
    assert!(
        aside.contains("web page") && aside.contains("sheffield/page.csv"),
        "{aside}"
    );
    let reject = site
        .get(&link(&aside, "/object?bucket=unprocessable").replace("&amp;", "&"))
        .await;
    assert_eq!(reject.body, b"<html><p>Sorry</p></html>");
    assert!(site.page(link(&aside, "/inputs/")).await.contains("March readings"));
}

#[tokio::test]
async fn an_object_is_always_a_file_to_save_and_never_a_page() {
    let mut site = Site::start().await;
    site.put(
        Some("sheffield"),
        "evil page.html",
        b"<html><script>alert(1)</script></html>",
    )
    .await;
    site.work().await;
    let answer = site
        .get("/object?bucket=unprocessable&key=sheffield/evil%20page.html")
        .await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("application/octet-stream"));
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    assert!(
        answer
            .header("content-disposition")
            .unwrap()
            .starts_with("attachment; filename=\"evil page.html\"")
    );
    assert!(
        answer
            .header("content-security-policy")
            .unwrap()
            .starts_with("default-src 'none'")
    );
}

#[tokio::test]
async fn a_file_that_is_sent_to_an_area_is_delivered_there() {
    let mut site = Site::start().await;
    let answer = site.send("sheffield", &[("march.csv", READINGS)]).await;
    assert_eq!(answer.status, 303, "{}", answer.text());
    let story = answer.header("location").unwrap().to_owned();
    assert!(site.page(&story).await.contains("still under way"));
    site.work().await;
    let shown = site.page(&story).await;
    assert!(shown.contains("/preview?key=sheffield/march.csv"), "{shown}");
    let delivered = site
        .stack
        .store()
        .get_bytes(Bucket::AmrData, &Key::new("sheffield/march.csv"))
        .await
        .unwrap();
    assert_eq!(delivered.unwrap(), READINGS.as_bytes());
}

#[tokio::test]
async fn an_email_that_is_sent_by_the_form_goes_to_the_inbox_and_names_its_own_area() {
    let mut site = Site::start().await;
    let letter = String::from_utf8(email("By form", &[("april.csv", READINGS)])).unwrap();
    let answer = site.send("", &[("letter.eml", &letter)]).await;
    let story = answer.header("location").unwrap().to_owned();
    site.work().await;
    let shown = site.page(&story).await;
    assert!(
        shown.contains("By form") && shown.contains("/preview?key=sheffield/april.csv"),
        "{shown}"
    );
}

#[tokio::test]
async fn several_files_of_one_name_are_all_taken() {
    let mut site = Site::start().await;
    let answer = site.send("bam", &[("a.csv", READINGS), ("a.csv", READINGS)]).await;
    assert_eq!((answer.status, answer.header("location")), (303, Some("/inputs")));
    site.work().await;
    let delivered = site.stack.store().list(Bucket::AmrData, "").await.unwrap();
    assert_eq!(delivered.len(), 2);
}

#[tokio::test]
async fn a_form_that_lacks_something_brings_nothing_in_and_says_what_it_lacks() {
    let small = Limits {
        file_bytes: 1_000,
        ..Limits::default()
    };
    let site = Site::start_with(Vec::new(), small).await;
    let large = "x".repeat(2_000);
    let march = ("march.csv", READINGS);
    let forms = [
        ("", Some(march), 400, "For which area?"),
        ("sheffield", None, 400, "No file was chosen."),
        ("sheffield", Some(("", "")), 400, "No file was chosen."),
        ("../inbox", Some(march), 400, "is no area"),
        (
            "sheffield",
            Some(("large.csv", large.as_str())),
            413,
            "LIMIT_FILE_BYTES",
        ),
    ];
    for (area, file, status, words) in forms {
        let answer = site.send(area, file.as_slice()).await;
        assert_eq!(answer.status, status, "{area} {file:?}");
        assert!(answer.text().contains(words), "{words}: {}", answer.text());
    }
    for bucket in Bucket::ALL {
        assert!(
            site.stack.store().list(bucket, "").await.unwrap().is_empty(),
            "{bucket}"
        );
    }
}

#[tokio::test]
async fn other_sites_can_neither_read_nor_send() {
    let site = Site::start().await;
    let host = site.page.address();
    let rebound = site.ask("GET / HTTP/1.1\r\nHost: evil.example\r\n", b"").await;
    assert_eq!(rebound.status, 403);
    assert!(!rebound.text().contains("amr-data"));
    let head = format!("POST /send HTTP/1.1\r\nHost: {host}\r\nOrigin: http://evil.example\r\n");
    assert_eq!(site.ask(&head, b"").await.status, 403);
    let head = format!("POST /send HTTP/1.1\r\nHost: {host}\r\nSec-Fetch-Site: cross-site\r\n");
    assert_eq!(site.ask(&head, b"").await.status, 403);
}

#[tokio::test]
async fn every_answer_is_guarded_and_pages_refer_to_nothing_outside() {
    let site = Site::start().await;
    for path in [
        "/",
        "/inputs",
        "/unprocessable",
        "/page.css",
        "/page.js",
        "/icon.svg",
        "/nowhere",
        "/preview?key=a",
        "/preview",
    ] {
        let answer = site.get(path).await;
        let policy = answer.header("content-security-policy").unwrap();
        assert!(
            policy.starts_with("default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'"),
            "{policy}"
        );
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(answer.header("referrer-policy"), Some("same-origin"), "{path}");
        let text = answer
            .text()
            .replace("http://www.w3.org/2000/svg", "")
            .replace("http://127.0.0.1", "");
        assert!(
            !text.contains("http:") && !text.contains("https:") && !text.contains("style="),
            "{path}: {text}"
        );
    }
}

#[tokio::test]
async fn what_is_not_there_is_said_in_a_page() {
    let site = Site::start().await;
    let unknown = format!("/inputs/{}", "0".repeat(32));
    for path in [
        "/nowhere",
        &unknown,
        "/inputs/x",
        "/preview?key=sheffield/gone.csv",
        "/object?bucket=inbox&key=x",
    ] {
        let answer = site.get(path).await;
        assert_eq!(answer.status, 404, "{path}");
        assert!(answer.text().contains("<h1>Not found</h1>"), "{path}");
    }
    for path in ["/preview", "/object?bucket=elsewhere&key=x", "/inputs?page=x"] {
        assert_eq!(site.get(path).await.status, 400, "{path}");
    }
    assert_eq!(site.get("/inputs?page=18446744073709551615").await.status, 200);
}

#[tokio::test]
async fn what_was_given_up_is_shown_with_its_reason() {
    let parked = Parked {
        bucket: Bucket::Process,
        key: "sheffield/march.csv".to_owned(),
        since: OffsetDateTime::now_utc(),
        why: "the disk is full <b>".to_owned(),
    };
    let site = Site::start_with(vec![parked], Limits::default()).await;
    let page = site.page("/").await;
    assert!(
        page.contains("The failure queue") && page.contains("the disk is full &lt;b&gt;"),
        "{page}"
    );
}

#[tokio::test]
async fn the_page_is_for_this_machine_only() {
    let site = Site::start().await;
    let desk = Desk {
        store: site.stack.store().clone(),
        limits: Limits::default(),
        areas: None,
        smtp: None,
        given_up: Arc::new(Vec::new),
    };
    let refused = WebPage::start("0.0.0.0:0".parse().unwrap(), desk).await.unwrap_err();
    assert!(refused.to_string().contains("not a loopback address"), "{refused}");
}
