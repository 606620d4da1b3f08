//! What is known of an object beside its bytes: ETag, Content-Type, user metadata, checksum.
//!
//! It lives in a JSON file of its own, and each record in there says which file it describes: the one of that
//! size and modification time. The server gives every file it writes a modification time that no other has
//! (see [`crate::clock`]). A put writes the sidecar *before* it publishes the bytes, with two records, the new one and the
//! one of the object that is there still; so whenever a server dies, the bytes find their own record, and
//! never somebody else's. Bytes without a record (a person put the file there, or changed it) are an object without
//! metadata.
//!
//! A sidecar whose object a person deleted stays, and is used again when the key is. It describes nothing meanwhile.
//!
//! Inode numbers are no part of it, so that a copy of the data folder that keeps times (`cp -a`) works too.

use super::digest::Checksum;
use super::{DataDir, LockedBucket};
use crate::clock::{UnixNanos, unix_nanos};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::io::{self, Write as _};
use std::path::PathBuf;

/// Which version of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Identity {
    /// In bytes.
    pub(crate) size: u64,
    /// The file's modification time, which is the object's Last-Modified.
    pub(crate) modified: UnixNanos,
}

impl Identity {
    pub(crate) fn of(metadata: &Metadata) -> io::Result<Self> {
        Ok(Self {
            size: metadata.len(),
            modified: unix_nanos(metadata.modified()?),
        })
    }
}

/// What is known of one version of an object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Record {
    #[serde(flatten)]
    pub(crate) identity: Identity,
    /// Without quotes.
    pub(crate) etag: String,
    #[serde(flatten)]
    pub(crate) attributes: Attributes,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) checksum: Option<Checksum>,
}

/// What the client said of an object.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html>
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Attributes {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) content_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cache_control: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) content_disposition: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) content_encoding: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) content_language: Option<String>,
    /// In seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) expires: Option<i64>,
    /// `x-amz-meta-*`, by names without that prefix.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) metadata: BTreeMap<String, String>,
}

/// The sidecar's contents.
#[derive(Debug, Serialize, Deserialize)]
struct Sidecar {
    /// For people, who cannot read the file's name.
    key: String,
    /// The latest first, and the one before it.
    versions: Vec<Record>,
}

impl DataDir {
    fn sidecar_path(&self, bucket: &str, key: &str) -> PathBuf {
        let hash = blake3::hash(key.as_bytes()).to_hex();
        let shard: String = hash.chars().take(2).collect();
        self.metadata_folder(bucket).join(shard).join(format!("{hash}.json"))
    }

    /// The record of the file that `identity` says, if there is one.
    pub(super) fn read_record(&self, bucket: &str, key: &str, identity: Identity) -> io::Result<Option<Record>> {
        let json = match fs::read(self.sidecar_path(bucket, key)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            read => read?,
        };
        let sidecar: Sidecar = match serde_json::from_slice(&json) {
            Ok(sidecar) => sidecar,
            Err(error) => {
                tracing::warn!(bucket, key, %error, "unreadable sidecar, the object has no metadata");
                return Ok(None);
            }
        };
        Ok(sidecar.versions.into_iter().find(|record| record.identity == identity))
    }
}

impl LockedBucket<'_> {
    /// Writes the records of the version that comes and of the one that is there now.
    pub(super) fn write_records(&self, key: &str, versions: Vec<Record>) -> io::Result<()> {
        let path = self.dir.sidecar_path(self.name, key);
        let sidecar = Sidecar {
            key: key.to_owned(),
            versions,
        };
        let mut file = self.dir.temporary_file()?;
        file.write_all(&serde_json::to_vec(&sidecar)?)?;
        if let Err(error) = file.persist(&path) {
            // The first of its shard.
            if let Some(shard) = path.parent() {
                fs::create_dir_all(shard)?;
            }
            error.file.persist(&path)?;
        }
        Ok(())
    }

    pub(super) fn remove_records(&self, key: &str) -> io::Result<()> {
        match fs::remove_file(self.dir.sidecar_path(self.name, key)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}
