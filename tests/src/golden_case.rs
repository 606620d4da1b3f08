//! Golden cases: emails, and what the design says becomes of them. `fixtures/README.md` describes the folders.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::Deserialize;

use crate::report_server::Answer;

/// One folder of golden cases.
#[derive(Debug)]
pub struct GoldenCase {
    /// The folder's name.
    pub name: String,
    /// Emails by file name; each is delivered when those before it have gone through.
    pub emails: Vec<(String, Vec<u8>)>,
    /// How each of the emails ends.
    pub outcome: String,
    /// Variables that the pipeline runs with.
    pub settings: BTreeMap<String, String>,
    /// The objects in amr-data by key; `xxxxxxxx` in a key stands for 8 hex digits.
    pub delivered: BTreeMap<String, Vec<u8>>,
    /// Reason codes, sorted.
    pub rejected: Vec<String>,
    /// What the web server answers by path and query, and how often it is asked, if that is told.
    pub answers: BTreeMap<String, (Answer, Option<u32>)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    #[serde(rename = "about")]
    _about: String,
    outcome: String,
    #[serde(default)]
    settings: BTreeMap<String, String>,
    delivered: Vec<String>,
    rejected: Vec<ExpectedReject>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExpectedReject {
    reason_code: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Served {
    path: String,
    status: u16,
    first_status: Option<u16>,
    headers: BTreeMap<String, String>,
    asked: Option<u32>,
    file: Option<String>,
}

/// Every case below a folder.
pub fn golden_cases(folder: &Path) -> Vec<GoldenCase> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    names.sort();
    names.iter().map(|case| read(case)).collect()
}

fn read(case: &Path) -> GoldenCase {
    let expected = fs::read(case.join("expected.json")).unwrap_or_else(|error| panic!("{}: {error}", case.display()));
    let expected: Expected =
        serde_json::from_slice(&expected).unwrap_or_else(|error| panic!("{}: {error}", case.display()));
    let mut emails: Vec<_> = fs::read_dir(case)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "eml"))
        .map(|path| {
            (
                path.file_name().unwrap().to_str().unwrap().to_owned(),
                fs::read(path).unwrap(),
            )
        })
        .collect();
    emails.sort();
    let content = |key: String| {
        let file = case.join("expected").join(&key);
        let bytes = fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        (key, bytes)
    };
    let mut rejected: Vec<_> = expected.rejected.into_iter().map(|reject| reject.reason_code).collect();
    rejected.sort();
    GoldenCase {
        name: case.file_name().unwrap().to_str().unwrap().to_owned(),
        emails,
        outcome: expected.outcome,
        settings: expected.settings,
        delivered: expected.delivered.into_iter().map(content).collect(),
        rejected,
        answers: answers(&case.join("served")),
    }
}

fn answers(served: &Path) -> BTreeMap<String, (Answer, Option<u32>)> {
    let Ok(json) = fs::read(served.join("answers.json")) else {
        return BTreeMap::new();
    };
    let all: Vec<Served> = serde_json::from_slice(&json).unwrap();
    all.into_iter()
        .map(|one| {
            let answer = Answer {
                status: one.status,
                first_status: one.first_status,
                headers: one.headers,
                body: one
                    .file
                    .map(|file| fs::read(served.join(file)).unwrap())
                    .unwrap_or_default(),
            };
            (one.path, (answer, one.asked))
        })
        .collect()
}
