//! Where a running `pipeline serve` is reached, for the other commands on the same folder.

use std::io;
use std::path::{Path, PathBuf};

use pipeline_core::{Buckets, Store};
use serde::{Deserialize, Serialize};

use super::own_folder;
use crate::stack::{LocalStack, client};

/// The servers of a running `pipeline serve`, which keeps this in `DIR/.pipeline/serve.json`.
///
/// A `serve` that was killed leaves the file: it is of today only where the folder's lock is held, that is, where opening
/// the folder fails with [`io::ErrorKind::ResourceBusy`].
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// The S3 server, as `http://127.0.0.1:9000`.
    pub s3: String,
    /// Its region.
    pub region: String,
    /// With which clients sign.
    pub access_key_id: String,
    /// And its secret.
    pub secret_access_key: String,
    /// The SMTP server, as `127.0.0.1:2525`.
    pub smtp: String,
    /// The web page, as `http://127.0.0.1:8080`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub web: Option<String>,
    /// The process.
    pub pid: u32,
}

impl Endpoint {
    /// Reads where the `serve` on a folder is reached; `None` if none is, or was shut down.
    ///
    /// # Errors
    /// If there is a file that cannot be read.
    pub fn read(data: &Path) -> io::Result<Option<Self>> {
        own_folder::read(&path(data))
    }

    /// Writes it for others to read.
    ///
    /// # Errors
    /// If the folder cannot be written.
    pub fn write(&self, data: &Path) -> io::Result<()> {
        own_folder::write(&path(data), self)
    }

    /// Removes the file: nobody is reached any more.
    ///
    /// # Errors
    /// If it cannot be removed.
    pub fn remove(data: &Path) -> io::Result<()> {
        own_folder::remove(&path(data))
    }

    /// The local buckets, reached by way of the running server.
    #[must_use]
    pub fn store(&self) -> Store {
        self.store_of(LocalStack::buckets())
    }

    fn store_of(&self, buckets: Buckets) -> Store {
        let client = client(&self.s3, &self.region, &self.access_key_id, &self.secret_access_key);
        Store::new(client, buckets)
    }
}

/// The secret stays one in logs.
impl std::fmt::Debug for Endpoint {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Endpoint")
            .field("s3", &self.s3)
            .field("smtp", &self.smtp)
            .field("web", &self.web)
            .field("pid", &self.pid)
            .finish_non_exhaustive()
    }
}

fn path(data: &Path) -> PathBuf {
    own_folder::path(data, "serve.json")
}

#[cfg(test)]
mod tests {
    use pipeline_core::Bucket;

    use super::*;

    fn endpoint() -> Endpoint {
        Endpoint {
            s3: "http://127.0.0.1:9000".to_owned(),
            region: "us-east-1".to_owned(),
            access_key_id: "AKIA".to_owned(),
            secret_access_key: "secret".to_owned(),
            smtp: "127.0.0.1:2525".to_owned(),
            web: None,
            pid: 1,
        }
    }

    #[test]
    fn what_serve_writes_reads_back_until_it_is_shut_down() {
        let data = tempfile::tempdir().unwrap();
        assert_eq!(Endpoint::read(data.path()).unwrap(), None);
        endpoint().write(data.path()).unwrap();
        assert_eq!(Endpoint::read(data.path()).unwrap(), Some(endpoint()));
        Endpoint::remove(data.path()).unwrap();
        Endpoint::remove(data.path()).unwrap();
        assert_eq!(Endpoint::read(data.path()).unwrap(), None);
    }

    #[cfg(unix)]
    #[test]
    fn only_the_user_can_read_the_secret() {
        use std::os::unix::fs::PermissionsExt;
        let data = tempfile::tempdir().unwrap();
        endpoint().write(data.path()).unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&path(data.path())), 0o600);
        assert_eq!(mode(path(data.path()).parent().unwrap()), 0o700);
        assert!(!format!("{:?}", endpoint()).contains("secret"));
    }

    #[tokio::test]
    async fn the_folder_of_the_command_is_no_bucket() {
        let data = tempfile::tempdir().unwrap();
        endpoint().write(data.path()).unwrap();
        let options = embedded_s3::Options::default();
        let s3 = embedded_s3::EmbeddedS3::start(data.path(), options).await.unwrap();
        let running = Endpoint {
            s3: s3.endpoint(),
            access_key_id: s3.credentials().access_key_id.clone(),
            secret_access_key: s3.credentials().secret_access_key.clone(),
            ..endpoint()
        };
        let buckets = Buckets::named(|bucket| match bucket {
            Bucket::Inbox => ".pipeline".to_owned(),
            other => other.to_string(),
        });
        let store = running.store_of(buckets);
        assert!(store.list(Bucket::Inbox, "").await.is_err());
        assert!(s3.create_bucket(".pipeline").await.is_err());
    }
}
