//! Archives made by real tools, beside what has to come out of them.
//!
//! `<archive>.expected/` holds the members, `<archive>.expected.txt` a line for each bad part or the reason why the archive
//! was rejected. Adding an archive adds a test. `UPDATE_GOLDEN=1` writes what came out instead, for a person to read.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use pipeline_core::Limits;
use uncompress_file::unpack_bytes;

type Files = BTreeMap<String, Vec<u8>>;

fn unpacked(archive: &Path) -> (Files, String) {
    let name = archive.file_name().unwrap().to_str().unwrap();
    match unpack_bytes(&fs::read(archive).unwrap(), name, &Limits::default()) {
        Ok((members, bad)) => {
            let files = members
                .into_iter()
                .map(|(member, content)| (member.path.to_string(), content))
                .collect();
            let line = |bad: &pipeline_core::BadPart| format!("{}: {}\n", bad.part, bad.rejection);
            (files, bad.iter().map(line).collect())
        }
        Err(rejection) => (Files::new(), format!("{rejection}\n")),
    }
}

fn files_below(folder: &Path) -> Files {
    let mut files = Files::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
                files.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    files
}

fn beside(archive: &Path, suffix: &str) -> PathBuf {
    let mut path = archive.as_os_str().to_owned();
    path.push(suffix);
    path.into()
}

#[test]
fn every_archive_gives_what_lies_beside_it() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut archives: Vec<PathBuf> = paths
        .filter(|path| !path.to_str().unwrap().contains(".expected"))
        .collect();
    archives.sort();
    assert!(archives.len() >= 20);
    for archive in archives {
        let (files, bad) = unpacked(&archive);
        let (files_path, bad_path) = (beside(&archive, ".expected"), beside(&archive, ".expected.txt"));
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            for (name, content) in &files {
                let path = files_path.join(name);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, content).unwrap();
            }
            if !bad.is_empty() {
                fs::write(&bad_path, &bad).unwrap();
            }
        }
        assert_eq!(
            bad,
            fs::read_to_string(&bad_path).unwrap_or_default(),
            "{}",
            archive.display()
        );
        let expected = files_below(&files_path);
        let names = |files: &Files| files.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&files), names(&expected), "{}", archive.display());
        assert!(files == expected, "{}: contents differ", archive.display());
    }
}
