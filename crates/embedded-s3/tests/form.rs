//! Uploads by HTML form.
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-UsingHTTPPOST.html>
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]
#![allow(dead_code, reason = "only the helpers of the suite are used here")]

mod suite;

use embedded_s3::{EmbeddedS3, EventName, Options};
use s3s::crypto::{Checksum as _, Sha256};
use time::macros::format_description;
use time::{Duration, OffsetDateTime};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

fn hmac(key: &[u8], text: &[u8]) -> [u8; 32] {
    let mut block = [0; 64];
    block[..key.len()].copy_from_slice(key);
    let inner = Sha256::checksum(&[block.map(|byte| byte ^ 0x36).as_slice(), text].concat());
    Sha256::checksum(&[block.map(|byte| byte ^ 0x5c).as_slice(), inner.as_slice()].concat())
}

#[tokio::test]
async fn a_form_creates_an_object_and_its_event_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let server = EmbeddedS3::start(folder.path(), Options::default()).await.unwrap();
    server.create_bucket("form-bucket").await.unwrap();
    let mut events = server.subscribe();
    let credentials = server.credentials();

    let now = OffsetDateTime::now_utc();
    let stamp = now
        .format(format_description!("[year][month][day]T[hour][minute][second]Z"))
        .unwrap();
    let date = stamp.get(..8).unwrap();
    let expiration =
        (now + Duration::HOUR).format(format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z"));
    let credential = format!("{}/{date}/us-east-1/s3/aws4_request", credentials.access_key_id);
    let conditions = format!(
        r#"[{{"bucket":"form-bucket"}},["starts-with","$key","in/"],{{"x-amz-algorithm":"AWS4-HMAC-SHA256"}},{{"x-amz-credential":"{credential}"}},{{"x-amz-date":"{stamp}"}}]"#
    );
    let policy = format!(
        r#"{{"expiration":"{}","conditions":{conditions}}}"#,
        expiration.unwrap()
    );
    let policy = base64_simd::STANDARD.encode_to_string(policy);
    let key = [date, "us-east-1", "s3", "aws4_request"].iter().fold(
        format!("AWS4{}", credentials.secret_access_key).into_bytes(),
        |key, text| hmac(&key, text.as_bytes()).to_vec(),
    );
    let signature: String = hmac(&key, policy.as_bytes())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();

    let mut body = String::new();
    for (name, value) in [
        ("key", "in/form.csv"),
        ("x-amz-algorithm", "AWS4-HMAC-SHA256"),
        ("x-amz-credential", credential.as_str()),
        ("x-amz-date", stamp.as_str()),
        ("policy", policy.as_str()),
        ("x-amz-signature", signature.as_str()),
    ] {
        body += &format!("--cut\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
    }
    body += "--cut\r\nContent-Disposition: form-data; name=\"file\"; filename=\"form.csv\"\r\nContent-Type: text/csv\r\n\r\n";
    body += "a,b\r\n--cut--\r\n";
    let host = server.endpoint().replace("http://", "");
    let head = format!(
        "POST /form-bucket HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Type: multipart/form-data; boundary=cut\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let mut stream = TcpStream::connect(&host).await.unwrap();
    stream.write_all((head + &body).as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 204"), "{answer}");

    let event = events.recv().await.unwrap();
    assert_eq!(
        (event.key.as_str(), event.event_name, event.size),
        ("in/form.csv", EventName::Post, 3)
    );
    assert_eq!(
        std::fs::read(folder.path().join("form-bucket/in/form.csv")).unwrap(),
        b"a,b"
    );
}
