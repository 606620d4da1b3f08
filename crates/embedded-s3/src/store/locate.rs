//! From a key to the file that holds the object now.

use super::digest::BodyDigest;
use super::sidecar::{Attributes, Identity, Record};
use super::{DataDir, LockedBucket, StoreError};
use crate::clock::unix_nanos;
use crate::key_path::{MAX_KEY_BYTES, displaced_path, plain_path};
use std::fs::{self, File, Metadata};
use std::io::{self, Read as _, Seek as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Files younger than this get no record, because a person's next edit could leave size and time as they are
/// on file systems with coarse times. (Git calls such files racily clean.)
const SETTLED_NANOS: i64 = 2_000_000_000;

/// An object, open for reading. What is read from `file` is the version that `record` describes, even if another
/// takes its place meanwhile: nothing that was published is ever written to.
#[derive(Debug)]
pub(crate) struct Object {
    pub(crate) file: File,
    pub(crate) record: Record,
}

/// A file that is an object's, and what the sidecar says of it.
#[derive(Debug)]
pub(super) struct Located {
    pub(super) path: PathBuf,
    pub(super) identity: Identity,
    file: File,
    record: Option<Record>,
}

impl DataDir {
    /// Opens an object.
    pub(crate) fn object(&self, bucket: &str, key: &str) -> Result<Object, StoreError> {
        check_key(key)?;
        let Some(located) = self.locate(bucket, key)? else {
            return Err(if self.has_bucket(bucket) {
                StoreError::NoSuchKey
            } else {
                StoreError::NoSuchBucket
            });
        };
        let found = located.record.is_some();
        let object = located.into_object()?;
        if !found && object.is_settled()? {
            self.with_bucket(bucket, |locked| locked.adopt(key, &object.record))?;
        }
        Ok(object)
    }

    /// Finds an object without the bucket's lock.
    pub(super) fn locate(&self, bucket: &str, key: &str) -> io::Result<Option<Located>> {
        loop {
            let Some(mut located) = self.open_current(bucket, key)? else {
                return Ok(None);
            };
            located.record = self.read_record(bucket, key, located.identity)?;
            // A current object's record is there from before to after (see `sidecar`). So if it is not, either there
            // is none, or the object has been replaced since it was opened.
            if located.record.is_some() || located.is_still_there() {
                return Ok(Some(located));
            }
        }
    }

    fn open_current(&self, bucket: &str, key: &str) -> io::Result<Option<Located>> {
        let folder = self.bucket_folder(bucket);
        // In this order: a file only ever moves from the first to the second.
        for path in [plain_path(key), displaced_path(key)] {
            let path = folder.join(path);
            match open_file(&path) {
                Ok(Some((file, metadata))) => {
                    let identity = Identity::of(&metadata)?;
                    return Ok(Some(Located {
                        path,
                        file,
                        identity,
                        record: None,
                    }));
                }
                Ok(None) => {}
                Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }
}

/// Opens what is a file, and no folder, link or pipe.
fn open_file(path: &Path) -> io::Result<Option<(File, Metadata)>> {
    // Looked at before it is opened, for opening a named pipe would wait for a writer, and after, for a folder may
    // have taken the place.
    if !fs::symlink_metadata(path)?.is_file() {
        return Ok(None);
    }
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    Ok(metadata.is_file().then_some((file, metadata)))
}

impl Located {
    fn is_still_there(&self) -> bool {
        fs::symlink_metadata(&self.path)
            .and_then(|metadata| Identity::of(&metadata))
            .is_ok_and(|identity| identity == self.identity)
    }

    pub(super) fn record(&self) -> Option<&Record> {
        self.record.as_ref()
    }

    /// The ETag; for a file without a record, all of it is read.
    pub(super) fn etag(&self) -> io::Result<String> {
        match &self.record {
            Some(record) => Ok(record.etag.clone()),
            None => md5_of(&self.file),
        }
    }

    fn into_object(self) -> io::Result<Object> {
        let record = match self.record {
            Some(record) => record,
            None => Record {
                identity: self.identity,
                etag: md5_of(&self.file)?,
                attributes: Attributes::default(),
                checksum: None,
            },
        };
        Ok(Object {
            file: self.file,
            record,
        })
    }
}

impl Object {
    /// Whether the file has been left alone since long before it was opened.
    fn is_settled(&self) -> io::Result<bool> {
        let identity = Identity::of(&self.file.metadata()?)?;
        let age = unix_nanos(SystemTime::now()).saturating_sub(identity.modified);
        Ok(identity == self.record.identity && age > SETTLED_NANOS)
    }
}

impl LockedBucket<'_> {
    /// Remembers what was found out about a file that a person put there.
    fn adopt(&self, key: &str, record: &Record) -> Result<(), StoreError> {
        match self.dir.locate(self.name, key)? {
            Some(located) if located.record.is_none() && located.identity == record.identity => {
                Ok(self.write_records(key, vec![record.clone()])?)
            }
            _ => Ok(()),
        }
    }
}

/// Keys of S3 have 1 to 1,024 bytes.
pub(super) fn check_key(key: &str) -> Result<(), StoreError> {
    if (1..=MAX_KEY_BYTES).contains(&key.len()) {
        Ok(())
    } else {
        Err(StoreError::KeyLength)
    }
}

fn md5_of(mut file: &File) -> io::Result<String> {
    let mut digest = BodyDigest::new(None);
    let mut buffer = vec![0; 256 * 1024];
    file.rewind()?;
    loop {
        let count = file.read(&mut buffer)?;
        if count == 0 {
            break;
        }
        digest.update(buffer.get(..count).unwrap_or_default());
    }
    file.rewind()?;
    Ok(digest.finalize().etag())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn data_dir() -> (tempfile::TempDir, DataDir) {
        let folder = tempfile::tempdir().unwrap();
        let dir = DataDir::open(folder.path()).unwrap();
        dir.create_bucket("bucket").unwrap();
        (folder, dir)
    }

    #[test]
    fn a_file_that_a_person_put_there_is_an_object_whose_etag_is_remembered_once_it_is_settled() {
        let (_folder, dir) = data_dir();
        let path = dir.bucket_folder("bucket").join("dropped.csv");
        fs::write(&path, b"hello").unwrap();
        let object = dir.object("bucket", "dropped.csv").unwrap();
        assert_eq!(object.record.etag, "5d41402abc4b2a76b9719d911017c592");
        assert_eq!(object.record.attributes, Attributes::default());
        let identity = object.record.identity;
        assert_eq!(dir.read_record("bucket", "dropped.csv", identity).unwrap(), None);

        let hour_ago = SystemTime::now() - Duration::from_secs(3600);
        File::options()
            .write(true)
            .open(&path)
            .unwrap()
            .set_modified(hour_ago)
            .unwrap();
        let object = dir.object("bucket", "dropped.csv").unwrap();
        let identity = object.record.identity;
        assert_eq!(
            dir.read_record("bucket", "dropped.csv", identity).unwrap(),
            Some(object.record)
        );

        fs::write(&path, b"other").unwrap();
        assert_eq!(
            dir.object("bucket", "dropped.csv").unwrap().record.etag,
            "795f3202b17cb6bc3d4b771d8c6c9eaf"
        );
    }

    #[test]
    fn folders_links_and_pipes_are_no_objects() {
        let (_folder, dir) = data_dir();
        let bucket = dir.bucket_folder("bucket");
        fs::create_dir(bucket.join("folder")).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", bucket.join("link")).unwrap();
        for key in ["folder", "link", "folder/a/b", "link/a"] {
            assert!(matches!(dir.object("bucket", key), Err(StoreError::NoSuchKey)), "{key}");
        }
        assert!(matches!(dir.object("no-bucket", "key"), Err(StoreError::NoSuchBucket)));
    }
}
