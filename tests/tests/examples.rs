//! The examples for people, as `cargo run --release -- run examples/emails` runs them.
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

use end_to_end_tests::comparison;
use pipeline::args::RunArgs;

const EXAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples");

/// Every file below a folder, by its path with slashes.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut todo = vec![folder.to_owned()];
    while let Some(next) = todo.pop() {
        for entry in fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                todo.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_str().unwrap().replace('\\', "/");
                found.insert(name, fs::read(path).unwrap());
            }
        }
    }
    found
}

fn args(data: &Path) -> RunArgs {
    RunArgs {
        data: data.to_owned(),
        to: None,
        json: true,
        strict: false,
        paths: vec![PathBuf::from(EXAMPLES).join("emails")],
    }
}

#[tokio::test]
async fn the_examples_give_what_stands_beside_them() {
    let data = tempfile::tempdir().unwrap();
    let code = pipeline::run::run(&args(data.path())).await.unwrap();
    assert_eq!(format!("{code:?}"), format!("{:?}", std::process::ExitCode::SUCCESS));

    let expected = files(&Path::new(EXAMPLES).join("expected"));
    let problems = comparison::objects(&expected, &files(&data.path().join("es-local-data-amr-data")), true);
    assert!(problems.is_empty(), "\n  {}", problems.join("\n  "));
    let rejected = files(&data.path().join("es-local-data-unprocessable"));
    assert!(
        rejected.contains_key("engie/data.csv"),
        "people should see a reject: {:?}",
        rejected.keys()
    );
}
