//! What is particular to the embedded server: files, restarts, events, and who may use it.
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
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use embedded_s3::{Credentials, EmbeddedS3, EventName, Options};
use std::fs;
use std::io;
use std::net::Ipv4Addr;
use std::path::Path;
use std::time::Duration;
use suite::{get, is, keys_below, put, refusal};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

const BUCKET: &str = "test-bucket";

async fn start(folder: &Path) -> (EmbeddedS3, Client) {
    let server = EmbeddedS3::start(folder, Options::default()).await.unwrap();
    server.create_bucket(BUCKET).await.unwrap();
    let client = client_of(&server);
    (server, client)
}

fn client_of(server: &EmbeddedS3) -> Client {
    let credentials = server.credentials();
    let (id, secret) = (&credentials.access_key_id, &credentials.secret_access_key);
    suite::client(&server.endpoint(), server.region(), id, secret)
}

#[tokio::test]
async fn an_object_is_the_file_at_its_key_byte_for_byte() {
    let folder = tempfile::tempdir().unwrap();
    let (_server, client) = start(folder.path()).await;
    put(&client, BUCKET, "sheffield/import.csv", b"a,b\r\n\xff\n").await;
    put(&client, BUCKET, "sheffield/a b & c.csv", b"x").await;
    let bucket = folder.path().join(BUCKET);
    assert_eq!(fs::read(bucket.join("sheffield/import.csv")).unwrap(), b"a,b\r\n\xff\n");
    assert_eq!(fs::read(bucket.join("sheffield/a b & c.csv")).unwrap(), b"x");

    for key in ["sheffield/import.csv", "sheffield/a b & c.csv"] {
        client.delete_object().bucket(BUCKET).key(key).send().await.unwrap();
    }
    assert_eq!(fs::read_dir(&bucket).unwrap().count(), 0, "no empty folder stays");
}

#[tokio::test]
async fn a_file_that_a_person_puts_there_is_an_object() {
    let folder = tempfile::tempdir().unwrap();
    let (_server, client) = start(folder.path()).await;
    let path = folder.path().join(BUCKET).join("leeds/dropped.csv");
    fs::create_dir(path.parent().unwrap()).unwrap();
    fs::write(&path, b"hello").unwrap();
    assert_eq!(keys_below(&client, BUCKET, "").await, ["leeds/dropped.csv"]);
    assert_eq!(get(&client, BUCKET, "leeds/dropped.csv").await, b"hello");
    let head = || client.head_object().bucket(BUCKET).key("leeds/dropped.csv").send();
    assert_eq!(
        head().await.unwrap().e_tag(),
        Some("\"5d41402abc4b2a76b9719d911017c592\"")
    );
    assert_eq!(head().await.unwrap().metadata().map_or(0, |metadata| metadata.len()), 0);
    let again = client
        .put_object()
        .bucket(BUCKET)
        .key("leeds/dropped.csv")
        .if_none_match("*")
        .send()
        .await;
    assert_eq!(refusal(again), is(412, "PreconditionFailed"));

    let put = client
        .put_object()
        .bucket(BUCKET)
        .key("leeds/dropped.csv")
        .metadata("origin", "mine");
    put.body(ByteStream::from_static(b"mine")).send().await.unwrap();
    assert_eq!(head().await.unwrap().metadata().unwrap()["origin"], "mine");
    // Whoever changes the file makes it another object.
    fs::write(&path, b"theirs").unwrap();
    assert_eq!(head().await.unwrap().metadata().map_or(0, |metadata| metadata.len()), 0);
    assert_eq!(get(&client, BUCKET, "leeds/dropped.csv").await, b"theirs");
    fs::remove_file(&path).unwrap();
    assert_eq!(head().await.unwrap_err().raw_response().unwrap().status().as_u16(), 404);
}

#[tokio::test]
async fn everything_is_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let (server, client) = start(folder.path()).await;
    let put_one = client
        .put_object()
        .bucket(BUCKET)
        .key("a")
        .metadata("origin", "one")
        .content_type("text/csv");
    put_one.body(ByteStream::from_static(b"one")).send().await.unwrap();
    put(&client, BUCKET, "a/b", b"two").await;
    let before = client.list_objects_v2().bucket(BUCKET).send().await.unwrap();
    let created = client
        .create_multipart_upload()
        .bucket(BUCKET)
        .key("parts")
        .metadata("origin", "parts");
    let id = created.send().await.unwrap().upload_id.unwrap();
    let part = client
        .upload_part()
        .bucket(BUCKET)
        .key("parts")
        .upload_id(&id)
        .part_number(1);
    let etag = part
        .body(ByteStream::from_static(b"three"))
        .send()
        .await
        .unwrap()
        .e_tag
        .unwrap();
    server.shutdown().await;

    let (server, client) = start(folder.path()).await;
    let after = client.list_objects_v2().bucket(BUCKET).send().await.unwrap();
    assert_eq!(after.contents(), before.contents());
    let head = client.head_object().bucket(BUCKET).key("a").send().await.unwrap();
    assert_eq!(head.metadata().unwrap()["origin"], "one");
    assert_eq!(head.content_type(), Some("text/csv"));
    assert_eq!(get(&client, BUCKET, "a").await, b"one");
    let parts = CompletedMultipartUpload::builder().parts(CompletedPart::builder().part_number(1).e_tag(etag).build());
    let complete = client
        .complete_multipart_upload()
        .bucket(BUCKET)
        .key("parts")
        .upload_id(&id);
    complete.multipart_upload(parts.build()).send().await.unwrap();
    let head = client.head_object().bucket(BUCKET).key("parts").send().await.unwrap();
    assert_eq!(head.metadata().unwrap()["origin"], "parts");
    server.shutdown().await;
}

#[tokio::test]
async fn a_folder_has_one_server_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let (server, _client) = start(folder.path()).await;
    let error = EmbeddedS3::start(folder.path(), Options::default()).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ResourceBusy);
    server.shutdown().await;
    for _ in 0..3 {
        let (server, client) = start(folder.path()).await;
        put(&client, BUCKET, "key", b"x").await;
        server.shutdown().await;
    }
}

#[tokio::test]
async fn a_shutdown_finishes_what_is_being_answered() {
    let folder = tempfile::tempdir().unwrap();
    let (server, client) = start(folder.path()).await;
    let mut events = server.subscribe();
    let body = ByteStream::from(vec![b'x'; 50 << 20]);
    let put = tokio::spawn(client.put_object().bucket(BUCKET).key("large").body(body).send());
    let temporary = folder.path().join(".embedded-s3/tmp");
    while fs::read_dir(&temporary).unwrap().count() == 0 && !put.is_finished() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    server.shutdown().await;
    put.await.unwrap().unwrap();
    assert_eq!(events.recv().await.unwrap().size, 50 << 20);
    assert_eq!(events.recv().await, None, "subscribers see that the server has gone");
    assert!(client.list_objects_v2().bucket(BUCKET).send().await.is_err());
}

#[tokio::test]
async fn an_upload_that_breaks_off_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (server, client) = start(folder.path()).await;
    let soon = PresigningConfig::expires_in(Duration::from_secs(60)).unwrap();
    let put = client
        .put_object()
        .bucket(BUCKET)
        .key("large")
        .presigned(soon)
        .await
        .unwrap();
    let address = server.endpoint().replace("http://", "");
    let path = put.uri().split_once(&address).unwrap().1;
    let head = format!("PUT {path} HTTP/1.1\r\nHost: {address}\r\nContent-Length: 20000000\r\n\r\n");
    let mut connection = TcpStream::connect(&address).await.unwrap();
    connection.write_all(head.as_bytes()).await.unwrap();
    connection.write_all(&vec![b'x'; 10_000_000]).await.unwrap();
    let temporary = folder.path().join(".embedded-s3/tmp");
    while fs::read_dir(&temporary).unwrap().count() == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    drop(connection);
    while fs::read_dir(&temporary).unwrap().count() != 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(keys_below(&client, BUCKET, "").await, [""; 0]);
}

#[tokio::test]
async fn only_who_knows_the_secret_may_use_it() {
    let folder = tempfile::tempdir().unwrap();
    let (server, _client) = start(folder.path()).await;
    let (endpoint, id) = (server.endpoint(), &server.credentials().access_key_id);
    let wrong_secret = suite::client(&endpoint, "us-east-1", id, "another-secret");
    let refused = refusal(wrong_secret.list_objects_v2().bucket(BUCKET).send().await);
    assert_eq!(refused, is(403, "SignatureDoesNotMatch"));
    let body = ByteStream::from_static(b"x");
    let refused = refusal(
        wrong_secret
            .put_object()
            .bucket(BUCKET)
            .key("key")
            .body(body)
            .send()
            .await,
    );
    assert_eq!(refused, is(403, "SignatureDoesNotMatch"));
    let unknown = suite::client(&endpoint, "us-east-1", "AKIAUNKNOWN", "secret");
    assert_eq!(refusal(unknown.list_buckets().send().await).0, 403);
    let anonymous = aws_sdk_s3::Config::builder()
        .behavior_version(aws_sdk_s3::config::BehaviorVersion::v2026_01_12())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .endpoint_url(&endpoint)
        .region(aws_sdk_s3::config::Region::new("us-east-1"))
        .allow_no_auth()
        .force_path_style(true)
        .build();
    let anonymous = Client::from_conf(anonymous);
    assert_eq!(refusal(anonymous.list_buckets().send().await), is(403, "AccessDenied"));
    assert_eq!(fs::read_dir(folder.path().join(BUCKET)).unwrap().count(), 0);
}

#[tokio::test]
async fn the_owner_chooses_credentials_port_and_region() {
    let folder = tempfile::tempdir().unwrap();
    let credentials = Credentials {
        access_key_id: "AKIALOCAL".to_owned(),
        secret_access_key: "local-secret".to_owned(),
    };
    let options = Options {
        credentials: Some(credentials.clone()),
        region: "eu-west-2".to_owned(),
        keep_history: false,
        ..Options::default()
    };
    let server = EmbeddedS3::start(folder.path(), options).await.unwrap();
    assert_eq!(server.credentials(), &credentials);
    assert!(server.history().is_none());
    let client = client_of(&server);
    client.create_bucket().bucket("new-bucket").send().await.unwrap();
    let again = client.create_bucket().bucket("new-bucket").send().await;
    assert_eq!(refusal(again), is(409, "BucketAlreadyOwnedByYou"));
    let head = client.head_bucket().bucket("new-bucket").send().await.unwrap();
    assert_eq!(head.bucket_region(), Some("eu-west-2"));

    let other = tempfile::tempdir().unwrap();
    let port = server.endpoint().rsplit_once(':').unwrap().1.parse::<u16>().unwrap();
    let options = |address| Options {
        address,
        ..Options::default()
    };
    let taken = EmbeddedS3::start(other.path(), options((Ipv4Addr::LOCALHOST, port).into())).await;
    assert_eq!(taken.unwrap_err().kind(), io::ErrorKind::AddrInUse);
    let public = EmbeddedS3::start(other.path(), options((Ipv4Addr::UNSPECIFIED, 0).into())).await;
    assert_eq!(public.unwrap_err().kind(), io::ErrorKind::InvalidInput);
}

#[tokio::test]
async fn buckets_are_made_listed_and_deleted_when_empty() {
    let folder = tempfile::tempdir().unwrap();
    let (server, client) = start(folder.path()).await;
    client.create_bucket().bucket("another-bucket").send().await.unwrap();
    server.create_bucket("another-bucket").await.unwrap();
    assert_eq!(
        server.create_bucket("No Bucket").await.unwrap_err().kind(),
        io::ErrorKind::InvalidInput
    );
    assert_eq!(
        server.create_bucket(".embedded-s3").await.unwrap_err().kind(),
        io::ErrorKind::InvalidInput
    );
    let names = async || {
        let listed = client.list_buckets().send().await.unwrap();
        listed
            .buckets()
            .iter()
            .map(|bucket| bucket.name().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(names().await, ["another-bucket", BUCKET]);
    put(&client, BUCKET, "a/b", b"x").await;
    let refused = client.delete_bucket().bucket(BUCKET).send().await;
    assert_eq!(refusal(refused), is(409, "BucketNotEmpty"));
    client.delete_object().bucket(BUCKET).key("a/b").send().await.unwrap();
    client.delete_bucket().bucket(BUCKET).send().await.unwrap();
    assert_eq!(names().await, ["another-bucket"]);
    let gone = client.delete_bucket().bucket(BUCKET).send().await;
    assert_eq!(refusal(gone), is(404, "NoSuchBucket"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn subscribers_hear_of_every_created_object_once_it_can_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let (server, client) = start(folder.path()).await;
    let mut events = server.subscribe();
    let mut others = server.subscribe();
    drop(server.subscribe());

    put(&client, BUCKET, "put one+two", b"hello").await;
    let event = events.recv().await.unwrap();
    assert_eq!((event.bucket.as_str(), event.key.as_str()), (BUCKET, "put one+two"));
    assert_eq!(
        (event.size, event.etag.as_str()),
        (5, "5d41402abc4b2a76b9719d911017c592")
    );
    assert_eq!(event.event_name.as_str(), "ObjectCreated:Put");

    let refused = client
        .put_object()
        .bucket(BUCKET)
        .key("put one+two")
        .if_none_match("*")
        .send()
        .await;
    assert_eq!(refusal(refused).0, 412);
    client
        .delete_object()
        .bucket(BUCKET)
        .key("missing")
        .send()
        .await
        .unwrap();
    client
        .copy_object()
        .bucket(BUCKET)
        .key("copy")
        .copy_source(format!("{BUCKET}/put%20one%2Btwo"))
        .send()
        .await
        .unwrap();
    let copied = events.recv().await.unwrap();
    assert_eq!((copied.key.as_str(), copied.event_name), ("copy", EventName::Copy));
    assert!(copied.sequencer > event.sequencer && copied.sequencer.len() == event.sequencer.len());
    assert!(copied.time >= event.time);

    let id = client
        .create_multipart_upload()
        .bucket(BUCKET)
        .key("parts")
        .send()
        .await
        .unwrap()
        .upload_id
        .unwrap();
    let part = client
        .upload_part()
        .bucket(BUCKET)
        .key("parts")
        .upload_id(&id)
        .part_number(1);
    let etag = part
        .body(ByteStream::from_static(b"part"))
        .send()
        .await
        .unwrap()
        .e_tag
        .unwrap();
    let parts = CompletedMultipartUpload::builder().parts(CompletedPart::builder().part_number(1).e_tag(etag).build());
    let complete = client
        .complete_multipart_upload()
        .bucket(BUCKET)
        .key("parts")
        .upload_id(&id);
    complete.multipart_upload(parts.build()).send().await.unwrap();
    let completed = events.recv().await.unwrap();
    assert_eq!(completed.event_name, EventName::CompleteMultipartUpload);
    assert!(completed.etag.ends_with("-1"));

    // A reader that is woken by the event finds the object.
    let readers = tokio::spawn({
        let client = client.clone();
        async move {
            for _ in 0..100 {
                let event = events.recv().await.unwrap();
                assert_eq!(get(&client, &event.bucket, &event.key).await, event.key.as_bytes());
            }
        }
    });
    for number in 0..100 {
        let key = format!("many/{number}");
        put(&client, BUCKET, &key, key.as_bytes()).await;
    }
    readers.await.unwrap();
    let mut heard = 0;
    while others.try_recv().is_ok() {
        heard += 1;
    }
    assert_eq!(heard, 103);
}

#[tokio::test]
async fn the_history_tells_overwrites_from_other_writes() {
    let folder = tempfile::tempdir().unwrap();
    let (server, client) = start(folder.path()).await;
    let history = server.history().unwrap();
    put(&client, BUCKET, "a", b"1").await;
    put(&client, BUCKET, "b", b"2").await;
    assert_eq!(
        refusal(
            client
                .put_object()
                .bucket(BUCKET)
                .key("a")
                .if_none_match("*")
                .send()
                .await
        )
        .0,
        412
    );
    assert!(history.overwrites().is_empty());
    put(&client, BUCKET, "a", b"3").await;
    client.delete_object().bucket(BUCKET).key("b").send().await.unwrap();
    client
        .copy_object()
        .bucket(BUCKET)
        .key("b")
        .copy_source(format!("{BUCKET}/a"))
        .send()
        .await
        .unwrap();
    server.shutdown().await;
    let writes: Vec<_> = history
        .writes()
        .iter()
        .map(|write| (write.key.clone(), write.overwrote))
        .collect();
    let expected = [("a", false), ("b", false), ("a", true), ("b", false)];
    assert_eq!(writes, expected.map(|(key, overwrote)| (key.to_owned(), overwrote)));
    assert_eq!(history.overwrites().len(), 1);
    assert_eq!(history.overwrites()[0].size, 1);
}
