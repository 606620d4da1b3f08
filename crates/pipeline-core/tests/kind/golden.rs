//! Files of real programs; `expected.tsv` says what each is. A file without a line there fails.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::Path;

use pipeline_core::kind::classify;

#[test]
fn every_golden_file_is_what_the_table_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden-kinds");
    let table = fs::read_to_string(folder.join("expected.tsv")).unwrap();
    let expected: BTreeMap<String, String> = table
        .lines()
        .skip(1)
        .map(|line| line.split('\t').map(str::to_owned).collect::<Vec<_>>())
        .map(|fields| (fields[0].clone(), fields[1].clone()))
        .collect();
    let found: BTreeMap<String, String> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != "expected.tsv")
        .map(|name| {
            let kind = classify(&mut File::open(folder.join(&name)).unwrap(), &name).unwrap();
            (name, kind.as_str().to_owned())
        })
        .collect();
    assert_eq!(found, expected);
}
