//! A server that is killed, again and again, while clients write: nothing is ever half there.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]
#![allow(dead_code, reason = "only the helpers of the suite are used here")]

mod suite;

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use embedded_s3::{Credentials, EmbeddedS3, Options};
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tokio::task::JoinSet;

const FOLDER: &str = "EMBEDDED_S3_TEST_FOLDER";
const BUCKET: &str = "test-bucket";
const ROUNDS: u64 = 8;

/// Keys that share folders, displace each other, and need escapes.
const KEYS: [&str; 6] = ["a", "a/b", "a/b/c", "x/", "x//y", "plain.csv"];

fn options() -> Options {
    let credentials = Credentials {
        access_key_id: "AKIATEST".to_owned(),
        secret_access_key: "test-secret".to_owned(),
    };
    Options {
        credentials: Some(credentials),
        ..Options::default()
    }
}

fn client(endpoint: &str) -> Client {
    suite::client(endpoint, "us-east-1", "AKIATEST", "test-secret")
}

struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        // On Unix, this is SIGKILL.
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

/// Starts this very program as the server.
async fn start_to_kill(folder: &Path) -> (Killed, String) {
    let endpoint = folder.join("endpoint");
    let _ = fs::remove_file(&endpoint);
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "the_server_that_is_killed", "--ignored"])
        .env(FOLDER, folder)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let killed = Killed(child);
    loop {
        match fs::read_to_string(&endpoint) {
            Ok(endpoint) if endpoint.ends_with('\n') => return (killed, endpoint.trim().to_owned()),
            _ => tokio::time::sleep(Duration::from_millis(2)).await,
        }
    }
}

#[test]
#[ignore = "a part of the test below, which runs it as a process of its own"]
fn the_server_that_is_killed() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let folder = Path::new(&folder);
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
        .block_on(async {
            let server = EmbeddedS3::start(folder, options()).await.unwrap();
            server.create_bucket(BUCKET).await.unwrap();
            fs::write(folder.join("endpoint"), format!("{}\n", server.endpoint())).unwrap();
            std::future::pending::<()>().await;
        });
}

/// The bytes of a version say which it is, and so does the metadata.
fn bytes_of(version: u64) -> Vec<u8> {
    vec![version as u8; 1 + (version as usize * 7919) % 300_000]
}

async fn write_until_it_breaks(client: Client, key: &str, first: u64) {
    for version in first.. {
        let body = ByteStream::from(bytes_of(version));
        let done = if version % 5 == 4 {
            client.delete_object().bucket(BUCKET).key(key).send().await.is_ok()
        } else if version % 5 == 3 {
            in_parts(&client, key, version, body).await.is_some()
        } else {
            let put = client
                .put_object()
                .bucket(BUCKET)
                .key(key)
                .metadata("version", version.to_string());
            put.body(body).send().await.is_ok()
        };
        if !done {
            return;
        }
    }
}

async fn in_parts(client: &Client, key: &str, version: u64, body: ByteStream) -> Option<()> {
    let create = client
        .create_multipart_upload()
        .bucket(BUCKET)
        .key(key)
        .metadata("version", version.to_string());
    let id = create.send().await.ok()?.upload_id?;
    let part = client
        .upload_part()
        .bucket(BUCKET)
        .key(key)
        .upload_id(&id)
        .part_number(1)
        .body(body);
    let etag = part.send().await.ok()?.e_tag?;
    let parts = CompletedMultipartUpload::builder().parts(CompletedPart::builder().part_number(1).e_tag(etag).build());
    let complete = client
        .complete_multipart_upload()
        .bucket(BUCKET)
        .key(key)
        .upload_id(&id);
    complete.multipart_upload(parts.build()).send().await.ok().map(drop)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whenever_the_server_is_killed_every_object_is_whole_and_has_its_own_metadata() {
    let folder = tempfile::tempdir().unwrap();
    let mut found = 0;
    for round in 0..ROUNDS {
        let (server, endpoint) = start_to_kill(folder.path()).await;
        let mut writers = JoinSet::new();
        for key in KEYS {
            writers.spawn(write_until_it_breaks(client(&endpoint), key, round * 1000));
        }
        tokio::time::sleep(Duration::from_millis(60 + 17 * round)).await;
        drop(server);
        writers.join_all().await;

        let server = EmbeddedS3::start(folder.path(), options()).await.unwrap();
        let client = client(&server.endpoint());
        let keys = suite::keys_below(&client, BUCKET, "").await;
        assert!(keys.iter().all(|key| KEYS.contains(&key.as_str())), "{keys:?}");
        for key in keys {
            let got = client.get_object().bucket(BUCKET).key(&key).send().await.unwrap();
            let version: u64 = got.metadata().unwrap()["version"].parse().unwrap();
            assert!(
                got.body.collect().await.unwrap().to_vec() == bytes_of(version),
                "{key} {version}"
            );
            found += 1;
        }
        server.shutdown().await;
    }
    assert!(found > 0, "the server was killed before anything was written");
}
