//! How it starts and how it ends.

use std::time::Duration;

use pipeline::serve::Endpoint;
use pipeline_core::{Bucket, Key};

use crate::process::{Folder, READINGS, email, output, wait_until};

#[test]
fn a_signal_ends_it_in_order_and_its_credentials_stay_the_same() {
    let folder = Folder::new();
    let mut known: Option<Endpoint> = None;
    for signal in ["INT", "TERM"] {
        let serve = folder.serve();
        let endpoint = serve.endpoint.clone();
        serve
            .send(
                &["sheffield@example.org"],
                &email(signal, &format!("{signal}.csv"), READINGS),
            )
            .unwrap();
        let (status, printed) = serve.stop(signal);
        assert!(status.success(), "{status}");
        let secret = format!("\nexport AWS_SECRET_ACCESS_KEY={}\n", endpoint.secret_access_key);
        assert!(printed.contains(&secret), "{printed}");
        assert_eq!(Endpoint::read(folder.path()).unwrap(), None);
        if let Some(known) = known.replace(endpoint.clone()) {
            assert_eq!(known.access_key_id, endpoint.access_key_id);
            assert_eq!(known.secret_access_key, endpoint.secret_access_key);
        }
    }
    let serve = folder.serve();
    wait_until("both CSVs", || {
        Some(folder.keys("amr-data")).filter(|keys| keys.len() == 2)
    });
    drop(serve);
}

#[tokio::test]
async fn others_reach_its_buckets_by_what_it_tells_of_itself() {
    let folder = Folder::new();
    let serve = folder.serve();
    let key = Key::new("sheffield/import.csv");
    let store = serve.endpoint.store();
    store
        .put_new(Bucket::Process, &key, READINGS.into(), [].into())
        .await
        .unwrap();
    loop {
        if let Some(csv) = store.get_bytes(Bucket::AmrData, &key).await.unwrap() {
            assert_eq!(csv, READINGS);
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[test]
fn a_second_one_over_the_same_folder_is_refused() {
    let folder = Folder::new();
    let serve = folder.serve();
    let data = folder.path().to_str().unwrap();
    let second = output(&["serve", "--data", data, "--s3", "0", "--smtp", "0", "--web", "0"]);
    assert_eq!(second.status.code(), Some(1));
    let said = String::from_utf8(second.stderr).unwrap();
    assert!(said.contains("another embedded S3 server uses the folder"), "{said}");
    assert_eq!(Endpoint::read(folder.path()).unwrap(), Some(serve.endpoint.clone()));
}

#[test]
fn addresses_that_cannot_be_used_are_named() {
    let folder = Folder::new();
    let serve = folder.serve();
    let other = Folder::new();
    let data = other.path().to_str().unwrap();
    let s3 = serve.endpoint.s3.strip_prefix("http://").unwrap();
    let smtp = serve.endpoint.smtp.as_str();
    for (args, address) in [(["--s3", s3, "--smtp", "0"], s3), (["--s3", "0", "--smtp", smtp], smtp)] {
        let refused = output(&[["serve", "--data", data, "--web", "0"].as_slice(), &args].concat());
        assert_eq!(refused.status.code(), Some(1));
        let said = String::from_utf8(refused.stderr).unwrap();
        assert!(said.contains(&format!("cannot listen on {address}")), "{said}");
    }
    let refused = output(&["serve", "--data", data, "--s3", "0.0.0.0:9000"]);
    assert_eq!(refused.status.code(), Some(2));
}
