//! The data folder: who may use it, where things are in it, and the lock of each bucket.

use super::StoreError;
use crate::clock::Clock;
use std::collections::HashMap;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;
use tempfile::{NamedTempFile, TempDir};

/// Buckets never start with a dot, so this is none.
const OWN_FOLDER: &str = ".embedded-s3";

/// The data folder:
///
/// ```text
/// <bucket>/<key>                                  an object, byte for byte (see `key_path`)
/// .embedded-s3/lock                               held by the server that uses the folder
/// .embedded-s3/metadata/<bucket>/ab/<hash>.json   what is known of an object beside its bytes (see `sidecar`)
/// .embedded-s3/uploads/<bucket>/<id>/             multipart uploads (see `uploads`)
/// .embedded-s3/tmp/                               what is being written; emptied at start
/// ```
///
/// All of it is one file system, so that whatever was written in `tmp` is published by one rename. A SIGKILL thus
/// leaves the old or the new, never half. Nothing is fsynced: this is for laptops and tests, where an object
/// has to survive its server but a power cut in the very second of its upload is nobody's loss.
#[derive(Debug)]
pub(crate) struct DataDir {
    root: PathBuf,
    pub(crate) clock: Clock,
    buckets: Mutex<HashMap<String, Arc<Mutex<()>>>>,
    _lock: File,
}

/// A bucket that exists, and that nobody else writes to as long as this lives.
///
/// Conditions are atomic because they are checked, and the object is published, under this one lock; it is held for
/// a few system calls, never while bytes are moved.
#[derive(Debug)]
pub(crate) struct LockedBucket<'a> {
    pub(crate) dir: &'a DataDir,
    pub(crate) name: &'a str,
    pub(crate) folder: PathBuf,
}

impl DataDir {
    /// Takes the folder for this process, creating it if need be.
    ///
    /// # Errors
    /// [`io::ErrorKind::ResourceBusy`] if another server uses the folder.
    pub(crate) fn open(root: &Path) -> io::Result<Self> {
        let own = root.join(OWN_FOLDER);
        fs::create_dir_all(&own)?;
        let root = root.canonicalize()?;
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(own.join("lock"))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let message = format!("another embedded S3 server uses the folder {}", root.display());
                return Err(io::Error::new(io::ErrorKind::ResourceBusy, message));
            }
            Err(TryLockError::Error(error)) => return Err(error),
        }
        let dir = Self {
            root,
            clock: Clock::default(),
            buckets: Mutex::default(),
            _lock: lock,
        };
        match fs::remove_dir_all(dir.tmp()) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => fs::create_dir(dir.tmp())?,
        }
        Ok(dir)
    }

    pub(crate) fn bucket_folder(&self, bucket: &str) -> PathBuf {
        self.root.join(bucket)
    }

    pub(super) fn metadata_folder(&self, bucket: &str) -> PathBuf {
        self.root.join(OWN_FOLDER).join("metadata").join(bucket)
    }

    pub(super) fn uploads_folder(&self, bucket: &str) -> PathBuf {
        self.root.join(OWN_FOLDER).join("uploads").join(bucket)
    }

    pub(super) fn tmp(&self) -> PathBuf {
        self.root.join(OWN_FOLDER).join("tmp")
    }

    /// A file that vanishes unless it is persisted somewhere in the data folder.
    pub(super) fn temporary_file(&self) -> io::Result<NamedTempFile> {
        let mut builder = tempfile::Builder::new();
        // Objects are for others to read too, as far as the user's umask lets them; tempfile's default is 0600.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        builder.tempfile_in(self.tmp())
    }

    /// Makes a folder disappear at once. Its contents go when the returned value is dropped.
    pub(super) fn bury(&self, folder: &Path) -> io::Result<TempDir> {
        let grave = tempfile::Builder::new().tempdir_in(self.tmp())?;
        fs::rename(folder, grave.path().join("buried"))?;
        Ok(grave)
    }

    /// Whether the bucket exists.
    pub(crate) fn has_bucket(&self, bucket: &str) -> bool {
        self.bucket_folder(bucket).is_dir()
    }

    /// The buckets and when each was made, in the order of their names.
    pub(crate) fn buckets(&self) -> io::Result<Vec<(String, SystemTime)>> {
        let mut buckets = Vec::new();
        for entry in fs::read_dir(&self.root)? {
            let entry = entry?;
            if let Some(name) = entry.file_name().to_str()
                && s3s::path::check_bucket_name(name)
                && entry.file_type()?.is_dir()
            {
                let metadata = entry.metadata()?;
                buckets.push((name.to_owned(), metadata.created().or_else(|_| metadata.modified())?));
            }
        }
        buckets.sort();
        Ok(buckets)
    }

    pub(crate) fn create_bucket(&self, bucket: &str) -> Result<(), StoreError> {
        self.locked(bucket, || match fs::create_dir(self.bucket_folder(bucket)) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(StoreError::BucketExists),
            created => Ok(created?),
        })
    }

    /// Deletes a bucket that holds no object; its unfinished uploads go with it.
    pub(crate) fn delete_bucket(&self, bucket: &str) -> Result<(), StoreError> {
        self.with_bucket(bucket, |locked| {
            match remove_empty_folders(&locked.folder) {
                Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => {
                    return Err(StoreError::BucketNotEmpty);
                }
                removed => removed?,
            }
            for folder in [self.uploads_folder(bucket), self.metadata_folder(bucket)] {
                match self.bury(&folder) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
                    _ => {}
                }
            }
            Ok(())
        })
    }

    /// Runs `work` while nobody else writes to the bucket.
    pub(crate) fn with_bucket<T>(
        &self,
        bucket: &str,
        work: impl FnOnce(&LockedBucket<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.locked(bucket, || {
            let folder = self.bucket_folder(bucket);
            if !folder.is_dir() {
                return Err(StoreError::NoSuchBucket);
            }
            work(&LockedBucket {
                dir: self,
                name: bucket,
                folder,
            })
        })
    }

    fn locked<T>(&self, bucket: &str, work: impl FnOnce() -> T) -> T {
        // A panic inside leaves nothing half done that the next writer would not find on disk, so poison is ignored.
        let lock = {
            let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(buckets.entry(bucket.to_owned()).or_default())
        };
        let _guard = lock.lock().unwrap_or_else(PoisonError::into_inner);
        work()
    }
}

/// Removes a folder whose only contents are folders of the same kind.
///
/// # Errors
/// [`io::ErrorKind::DirectoryNotEmpty`] if there is a file; some empty folders may be gone then, which S3 does not
/// know anyway.
fn remove_empty_folders(folder: &Path) -> io::Result<()> {
    let mut pending = vec![folder.to_owned()];
    let mut folders = Vec::new();
    while let Some(folder) = pending.pop() {
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            if !entry.file_type()?.is_dir() {
                return Err(io::ErrorKind::DirectoryNotEmpty.into());
            }
            pending.push(entry.path());
        }
        folders.push(folder);
    }
    folders.iter().rev().try_for_each(fs::remove_dir)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_servers_never_share_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        let first = DataDir::open(folder.path()).unwrap();
        let error = DataDir::open(folder.path()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ResourceBusy);
        assert!(error.to_string().contains("another embedded S3 server"));
        drop(first);
        DataDir::open(folder.path()).unwrap();
    }

    #[test]
    fn what_was_being_written_when_the_server_died_is_gone_after_the_restart() {
        let folder = tempfile::tempdir().unwrap();
        let dir = DataDir::open(folder.path()).unwrap();
        fs::write(dir.tmp().join("half"), b"half").unwrap();
        fs::create_dir(dir.tmp().join("folder")).unwrap();
        drop(dir);
        let dir = DataDir::open(folder.path()).unwrap();
        assert_eq!(fs::read_dir(dir.tmp()).unwrap().count(), 0);
    }

    #[test]
    fn a_bucket_of_empty_folders_is_empty_and_one_with_a_file_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let dir = DataDir::open(folder.path()).unwrap();
        dir.create_bucket("bucket").unwrap();
        assert!(matches!(dir.create_bucket("bucket"), Err(StoreError::BucketExists)));
        let deep = dir.bucket_folder("bucket").join("a/b/c");
        fs::create_dir_all(&deep).unwrap();
        fs::write(deep.join("file"), b"").unwrap();
        assert!(matches!(dir.delete_bucket("bucket"), Err(StoreError::BucketNotEmpty)));
        fs::remove_file(deep.join("file")).unwrap();
        dir.delete_bucket("bucket").unwrap();
        assert!(matches!(dir.delete_bucket("bucket"), Err(StoreError::NoSuchBucket)));
    }
}
