//! Publishing and deleting objects, each at once and entirely.

use super::locate::{Located, check_key};
use super::sidecar::{Attributes, Identity, Record};
use super::{Checksum, LockedBucket, StoreError};
use crate::clock::{UnixNanos, system_time};
use crate::conditions::WriteCondition;
use crate::key_path::{displaced_path, folders_and_file, names_of_part, plain_path};
use std::fs::{self, File, FileType};
use std::io;
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// An object that is complete, but that nobody sees yet.
pub(crate) struct NewObject {
    pub(crate) file: NamedTempFile,
    /// Without quotes.
    pub(crate) etag: String,
    pub(crate) attributes: Attributes,
    pub(crate) checksum: Option<Checksum>,
    /// Last-Modified, if it is not the time of publishing.
    pub(crate) modified: Option<UnixNanos>,
}

/// What a write did.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) record: Record,
    /// Whether there was an object under the key before.
    pub(crate) replaced: bool,
}

impl LockedBucket<'_> {
    /// Publishes an object, if the condition holds.
    pub(crate) fn put(&self, key: &str, new: NewObject, condition: &WriteCondition) -> Result<Written, StoreError> {
        check_key(key)?;
        let current = self.dir.locate(self.name, key)?;
        self.check(condition, current.as_ref())?;

        let path = self.place(key, current.as_ref())?;
        let modified = new.modified.unwrap_or_else(|| self.dir.clock.tick());
        let identity = give_identity(new.file.as_file(), modified, current.as_ref())?;
        let record = Record {
            identity,
            etag: new.etag,
            attributes: new.attributes,
            checksum: new.checksum,
        };
        let old = current.as_ref().and_then(|current| current.record().cloned());
        self.write_records(key, [record.clone()].into_iter().chain(old).collect())?;
        new.file.persist(&path).map_err(|error| error.error)?;
        Ok(Written {
            record,
            replaced: current.is_some(),
        })
    }

    /// Whether the condition of a write holds now.
    pub(crate) fn check_condition(&self, key: &str, condition: &WriteCondition) -> Result<(), StoreError> {
        self.check(condition, self.dir.locate(self.name, key)?.as_ref())
    }

    /// Deletes an object, if the condition holds. Without a condition, an object that is not there is deleted already.
    pub(crate) fn delete(&self, key: &str, condition: &WriteCondition) -> Result<(), StoreError> {
        check_key(key)?;
        let current = self.dir.locate(self.name, key)?;
        self.check(condition, current.as_ref())?;
        // Both, since a person may have put a file where a folder had been.
        for path in [plain_path(key), displaced_path(key)] {
            let path = self.folder.join(path);
            if file_type(&path)?.is_some_and(|kind| kind.is_file()) {
                fs::remove_file(&path)?;
                self.remove_empty_parents(&path);
            }
        }
        Ok(self.remove_records(key)?)
    }

    fn check(&self, condition: &WriteCondition, current: Option<&Located>) -> Result<(), StoreError> {
        condition.check(current.map(|located| || located.etag()))
    }

    /// The path where an object is to be put, ready to be renamed to.
    fn place(&self, key: &str, current: Option<&Located>) -> Result<PathBuf, StoreError> {
        if let Some(current) = current {
            return Ok(current.path.clone());
        }
        self.make_folders(key)?;
        let plain = self.folder.join(plain_path(key));
        let is_taken = match file_type(&plain)? {
            // A folder without objects is nothing in S3.
            Some(kind) if kind.is_dir() => fs::remove_dir(&plain).is_err(),
            _ => false,
        };
        let path = if is_taken {
            self.folder.join(displaced_path(key))
        } else {
            plain
        };
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        Ok(path)
    }

    /// Makes the folders that a key's file is to be in. A file that has the name of one of them steps aside.
    fn make_folders(&self, key: &str) -> Result<(), StoreError> {
        let mut folder = self.folder.clone();
        let mut key_so_far = String::new();
        let (parts, _) = folders_and_file(key);
        for part in parts {
            key_so_far.push_str(part);
            for name in names_of_part(part, false) {
                folder.push(name);
                match fs::create_dir(&folder) {
                    Err(error) if error.kind() == io::ErrorKind::AlreadyExists => match file_type(&folder)? {
                        Some(kind) if kind.is_dir() => {}
                        Some(kind) if kind.is_file() => self.displace(&key_so_far, &folder)?,
                        _ => return Err(error.into()),
                    },
                    created => created?,
                }
            }
            key_so_far.push('/');
        }
        Ok(())
    }

    /// Moves the object `key` from its plain path to its other one, and makes a folder of the plain one.
    /// Readers look in this order too, so that they find it all the time.
    fn displace(&self, key: &str, plain: &Path) -> Result<(), StoreError> {
        let aside = self.folder.join(displaced_path(key));
        if let Some(parent) = aside.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::rename(plain, aside)?;
        Ok(fs::create_dir(plain)?)
    }

    fn remove_empty_parents(&self, path: &Path) {
        for parent in path.ancestors().skip(1) {
            if parent == self.folder || fs::remove_dir(parent).is_err() {
                return;
            }
        }
    }
}

/// Gives a file a modification time that makes it another than the current one.
fn give_identity(file: &File, modified: UnixNanos, current: Option<&Located>) -> io::Result<Identity> {
    let mut modified = modified;
    loop {
        file.set_modified(system_time(modified))?;
        // Read back, because some file systems keep no nanoseconds, and some not even seconds.
        let identity = Identity::of(&file.metadata()?)?;
        if current.is_none_or(|current| current.identity != identity) {
            return Ok(identity);
        }
        modified = modified.saturating_add(1_000_000_000);
    }
}

/// What is at `path`, links not followed; `None` if there is nothing.
fn file_type(path: &Path) -> io::Result<Option<FileType>> {
    match fs::symlink_metadata(path) {
        Ok(metadata) => Ok(Some(metadata.file_type())),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{DataDir, Spool};
    use super::*;
    use std::io::Read as _;

    fn data_dir() -> (tempfile::TempDir, DataDir) {
        let folder = tempfile::tempdir().unwrap();
        let dir = DataDir::open(folder.path()).unwrap();
        dir.create_bucket("bucket").unwrap();
        (folder, dir)
    }

    fn new_object(dir: &DataDir, bytes: &[u8], author: &str) -> NewObject {
        let mut spool = Spool::new(dir, None).unwrap();
        spool.append(bytes).unwrap();
        let spooled = spool.finish();
        NewObject {
            etag: spooled.digests.etag(),
            file: spooled.file,
            attributes: Attributes {
                metadata: [("author".to_owned(), author.to_owned())].into(),
                ..Attributes::default()
            },
            checksum: None,
            modified: None,
        }
    }

    fn put(dir: &DataDir, key: &str, bytes: &[u8]) -> Written {
        let new = new_object(dir, bytes, "put");
        dir.with_bucket("bucket", |bucket| bucket.put(key, new, &WriteCondition::None))
            .unwrap()
    }

    fn get(dir: &DataDir, key: &str) -> Option<(Vec<u8>, Record)> {
        match dir.object("bucket", key) {
            Ok(mut object) => {
                let mut bytes = Vec::new();
                object.file.read_to_end(&mut bytes).unwrap();
                Some((bytes, object.record))
            }
            Err(StoreError::NoSuchKey) => None,
            Err(error) => panic!("{error}"),
        }
    }

    fn delete(dir: &DataDir, key: &str) {
        dir.with_bucket("bucket", |bucket| bucket.delete(key, &WriteCondition::None))
            .unwrap();
    }

    #[test]
    fn a_file_and_a_folder_of_one_name_live_together_whichever_came_first() {
        for keys in [
            ["a", "a/b", "a/b/c"],
            ["a/b/c", "a/b", "a"],
            ["a/b", "a/b/c", "a"],
            ["a/", "a//", "a///x"],
        ] {
            let (_folder, dir) = data_dir();
            for key in keys {
                put(&dir, key, key.as_bytes());
            }
            for key in keys {
                assert_eq!(get(&dir, key).unwrap().0, key.as_bytes(), "{key}");
                assert_eq!(get(&dir, key).unwrap().1.attributes.metadata["author"], "put");
            }
            for key in keys {
                assert!(put(&dir, key, b"again").replaced, "{key}");
                assert_eq!(get(&dir, key).unwrap().0, b"again");
            }
            for (done, key) in keys.iter().enumerate() {
                delete(&dir, key);
                assert_eq!(get(&dir, key), None);
                for key in &keys[done + 1..] {
                    assert_eq!(get(&dir, key).unwrap().0, b"again");
                }
            }
            dir.delete_bucket("bucket").unwrap();
        }
    }

    #[test]
    fn the_name_is_free_again_when_the_folder_has_gone() {
        let (_folder, dir) = data_dir();
        put(&dir, "a/b", b"");
        delete(&dir, "a/b");
        put(&dir, "a", b"file");
        assert!(dir.bucket_folder("bucket").join("a").is_file());
    }

    /// Every state of the disk that a SIGKILL can leave while an object is replaced.
    #[test]
    fn a_server_that_dies_while_it_replaces_leaves_the_old_or_the_new_object_with_its_own_metadata() {
        let (_folder, dir) = data_dir();
        let old = put(&dir, "key", b"old").record;

        // It died before the rename: the sidecar has both.
        let new = new_object(&dir, b"new", "new");
        let next = Record {
            identity: Identity {
                size: 3,
                modified: dir.clock.tick(),
            },
            etag: new.etag.clone(),
            ..old.clone()
        };
        dir.with_bucket("bucket", |bucket| {
            Ok(bucket.write_records("key", vec![next, old.clone()])?)
        })
        .unwrap();
        assert_eq!(get(&dir, "key"), Some((b"old".to_vec(), old.clone())));

        // It died after the rename; and the next replacement forgets the record that never came true.
        let new = dir
            .with_bucket("bucket", |bucket| bucket.put("key", new, &WriteCondition::None))
            .unwrap()
            .record;
        assert_eq!(get(&dir, "key"), Some((b"new".to_vec(), new)));
    }

    #[test]
    fn a_server_that_dies_while_it_deletes_leaves_no_metadata_for_the_next_object() {
        let (_folder, dir) = data_dir();
        put(&dir, "key", b"old");
        // It died before the sidecar went; then a person puts a file of the same size there.
        let path = dir.bucket_folder("bucket").join("key");
        fs::remove_file(&path).unwrap();
        assert_eq!(get(&dir, "key"), None);
        fs::write(&path, b"new").unwrap();
        assert_eq!(get(&dir, "key").unwrap().1.attributes, Attributes::default());
    }

    #[test]
    fn a_reader_keeps_the_version_that_it_opened() {
        let (_folder, dir) = data_dir();
        put(&dir, "key", b"old");
        let mut object = dir.object("bucket", "key").unwrap();
        put(&dir, "key", b"new");
        delete(&dir, "key");
        let mut bytes = Vec::new();
        object.file.read_to_end(&mut bytes).unwrap();
        assert_eq!(bytes, b"old");
    }

    #[test]
    fn readers_never_miss_an_object_that_is_replaced_or_displaced_under_their_eyes() {
        let (_folder, dir) = data_dir();
        put(&dir, "a", b"0");
        std::thread::scope(|scope| {
            let writer = scope.spawn(|| {
                for round in 0..200 {
                    put(&dir, "a", format!("{round}").as_bytes());
                    put(&dir, "a/b", b"");
                    delete(&dir, "a/b");
                }
            });
            while !writer.is_finished() {
                let (_, record) = get(&dir, "a").unwrap();
                assert_eq!(record.attributes.metadata["author"], "put");
            }
        });
    }
}
