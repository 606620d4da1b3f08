#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]
//! Files as suppliers send them, beside what becomes of them: `<case>.<ext>` and `<case>.<ext>.expected`.

use std::fs;
use std::path::{Path, PathBuf};

use process_file::clean;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

fn files() -> Vec<String> {
    let entries = fs::read_dir(folder()).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| !name.starts_with('.')).collect();
    names.sort();
    names
}

fn cleaned(input: &[u8]) -> String {
    let mut output = Vec::new();
    clean(input, &mut output).unwrap();
    String::from_utf8(output).unwrap()
}

#[test]
fn every_golden_file_comes_out_as_expected_and_stays_so() {
    let files = files();
    let (expected, inputs): (Vec<_>, Vec<_>) = files.iter().partition(|name| name.ends_with(".expected"));
    assert_eq!(expected.len(), inputs.len(), "every file has another beside it");
    assert!(inputs.len() >= 20);
    let mut wrong = Vec::new();
    for name in inputs {
        let input = fs::read(folder().join(name)).unwrap();
        let expected = fs::read_to_string(folder().join(format!("{name}.expected"))).expect(name);
        let output = cleaned(&input);
        if output != expected || cleaned(output.as_bytes()) != expected {
            wrong.push(format!("{name}:\n{output}--- instead of\n{expected}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
