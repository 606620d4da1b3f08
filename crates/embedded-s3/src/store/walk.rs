//! The keys of a bucket in the order of S3: by the bytes of their UTF-8.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/ListingKeysUsingAPIs.html>

use super::LockedBucket;
use crate::key_path::{MAX_KEY_BYTES, Name, names_of_part, read_name};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// What a listing has behind it: keys up to here do not come again.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum Floor {
    #[default]
    Start,
    /// This key, and all before it.
    After(String),
    /// All keys that start with this, and all before them.
    AfterPrefix(String),
}

impl Floor {
    fn admits(&self, key: &str) -> bool {
        match self {
            Self::Start => true,
            Self::After(last) => key > last.as_str(),
            Self::AfterPrefix(prefix) => key > prefix.as_str() && !key.starts_with(prefix.as_str()),
        }
    }

    /// Whether a key may be admitted that starts with `folder`.
    fn admits_some_in(&self, folder: &str) -> bool {
        match self {
            Self::Start => true,
            Self::After(last) => folder > last.as_str() || last.starts_with(folder),
            Self::AfterPrefix(prefix) => {
                !folder.starts_with(prefix.as_str()) && (folder > prefix.as_str() || prefix.starts_with(folder))
            }
        }
    }
}

/// Goes through the keys that start with a prefix, reading only the folders that can hold some.
#[derive(Debug)]
pub(crate) struct Walk<'a> {
    /// For the lock: no file may move from one name to another while a folder is read.
    _bucket: &'a LockedBucket<'a>,
    prefix: &'a str,
    floor: Floor,
    /// What is left of each folder from the bucket's down to the current one.
    folders: Vec<Folder>,
}

#[derive(Debug)]
struct Folder {
    /// What all keys in it start with.
    prefix: String,
    entries: std::vec::IntoIter<Entry>,
}

/// Something in a folder. Ordered by what keys have, not by names on disk.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    /// One part of a key; a folder's ends with its slash, so that `a-b` comes before what is in `a/`.
    part: String,
    path: PathBuf,
}

impl<'a> Walk<'a> {
    pub(crate) fn new(bucket: &'a LockedBucket<'a>, prefix: &'a str, floor: Floor) -> io::Result<Self> {
        let root = Folder {
            prefix: String::new(),
            entries: entries(&bucket.folder)?,
        };
        Ok(Self {
            _bucket: bucket,
            prefix,
            floor,
            folders: vec![root],
        })
    }

    /// The next key.
    pub(crate) fn next_key(&mut self) -> io::Result<Option<String>> {
        while let Some(folder) = self.folders.last_mut() {
            let Some(entry) = folder.entries.next() else {
                self.folders.pop();
                continue;
            };
            let key = format!("{}{}", folder.prefix, entry.part);
            if !entry.part.ends_with('/') {
                if key.starts_with(self.prefix) && self.floor.admits(&key) && key.len() <= MAX_KEY_BYTES {
                    return Ok(Some(key));
                }
            } else if (key.starts_with(self.prefix) || self.prefix.starts_with(&key))
                && self.floor.admits_some_in(&key)
                && key.len() <= MAX_KEY_BYTES
            {
                self.folders.push(Folder {
                    prefix: key,
                    entries: entries(&entry.path)?,
                });
            }
        }
        Ok(None)
    }

    /// Leaves out the keys that start with `prefix`, which the latest key must do.
    pub(crate) fn skip(&mut self, prefix: &str) {
        self.floor = Floor::AfterPrefix(prefix.to_owned());
    }
}

/// What is in a folder, in the order of keys. Names that no key gives, links and special files are passed over.
fn entries(folder: &Path) -> io::Result<std::vec::IntoIter<Entry>> {
    let mut entries = Vec::new();
    let mut pending = vec![(folder.to_owned(), Vec::new(), String::new())];
    // More than one round only where there are parts too long for a name.
    while let Some((folder, names, part)) = pending.pop() {
        let folder = match fs::read_dir(folder) {
            // A person has removed it in this moment.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            read => read?,
        };
        for entry in folder {
            let entry = entry?;
            let (kind, name) = (entry.file_type()?, entry.file_name());
            let Some((read, name)) = name.to_str().and_then(|name| Some((read_name(name)?, name))) else {
                continue;
            };
            let names: Vec<&str> = names.iter().map(String::as_str).chain([name]).collect();
            match read {
                Name::More(piece) if kind.is_dir() => {
                    let names = names.into_iter().map(str::to_owned).collect();
                    pending.push((entry.path(), names, format!("{part}{piece}")));
                }
                Name::Part(last) if kind.is_dir() || kind.is_file() => {
                    let mut part = format!("{part}{last}");
                    if names_of_part(&part, false) == names {
                        if kind.is_dir() {
                            part.push('/');
                        }
                        entries.push(Entry {
                            part,
                            path: entry.path(),
                        });
                    }
                }
                Name::Displaced(last) if kind.is_file() => {
                    let part = format!("{part}{last}");
                    if names_of_part(&part, true) == names {
                        entries.push(Entry {
                            part,
                            path: entry.path(),
                        });
                    }
                }
                _ => {}
            }
        }
    }
    entries.sort_unstable();
    // A file and its displaced namesake are one key.
    entries.dedup_by(|a, b| a.part == b.part);
    Ok(entries.into_iter())
}

#[cfg(test)]
mod tests {
    use super::super::DataDir;
    use super::*;
    use crate::key_path::{displaced_path, plain_path};
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn bucket_with(keys: &BTreeSet<String>) -> (tempfile::TempDir, DataDir) {
        let folder = tempfile::tempdir().unwrap();
        let dir = DataDir::open(folder.path()).unwrap();
        dir.create_bucket("bucket").unwrap();
        let bucket = dir.bucket_folder("bucket");
        for key in keys {
            let is_folder_too = keys.iter().any(|other| other.starts_with(&format!("{key}/")));
            let path = bucket.join(if is_folder_too {
                displaced_path(key)
            } else {
                plain_path(key)
            });
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, key).unwrap();
        }
        (folder, dir)
    }

    fn walk(dir: &DataDir, prefix: &str, floor: Floor) -> Vec<String> {
        dir.with_bucket("bucket", |bucket| {
            let mut walk = Walk::new(bucket, prefix, floor)?;
            let mut keys = Vec::new();
            while let Some(key) = walk.next_key()? {
                keys.push(key);
            }
            Ok(keys)
        })
        .unwrap()
    }

    fn keys() -> impl Strategy<Value = BTreeSet<String>> {
        let part = prop_oneof![
            "[ab%]{0,2}",
            Just("a-b".to_owned()),
            "a{247,252}",
            "\u{e9}|\u{1F600}|\u{FFFD}"
        ];
        let key = prop::collection::vec(part, 1..4).prop_map(|parts| parts.join("/"));
        prop::collection::btree_set(
            key.prop_filter("keys have at least one byte", |key| !key.is_empty()),
            0..12,
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn keys_come_in_order_and_each_once_whatever_they_are(keys in keys(), prefix in "a?b?/?", last in "[ab/]{0,3}") {
            let (_folder, dir) = bucket_with(&keys);
            let all: Vec<String> = keys.iter().cloned().collect();
            prop_assert_eq!(walk(&dir, "", Floor::Start), all);
            let expected: Vec<String> = keys.iter().filter(|key| key.starts_with(&prefix)).cloned().collect();
            prop_assert_eq!(walk(&dir, &prefix, Floor::Start), expected);
            let expected: Vec<String> = keys.iter().filter(|key| **key > last).cloned().collect();
            prop_assert_eq!(walk(&dir, "", Floor::After(last.clone())), expected);
            let expected: Vec<String> =
                keys.iter().filter(|key| **key > last && !key.starts_with(&last)).cloned().collect();
            prop_assert_eq!(walk(&dir, "", Floor::AfterPrefix(last)), expected);
        }
    }

    #[test]
    fn what_no_key_gives_is_passed_over() {
        let (_folder, dir) = bucket_with(&["a".to_owned()].into());
        let bucket = dir.bucket_folder("bucket");
        fs::write(bucket.join("%odd"), b"").unwrap();
        fs::create_dir_all(bucket.join("%%more-a/%%more-b")).unwrap();
        fs::create_dir(bucket.join("%%file-b")).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", bucket.join("link")).unwrap();
        fs::write(bucket.join("%%file-a"), b"").unwrap();
        assert_eq!(walk(&dir, "", Floor::Start), ["a"]);
    }
}
