//! The docs name tests as proofs, fields, limits and codes: all of them must be there, and none be missing.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use pipeline_core::{Limits, Vars};

const PAGES: [&str; 2] = ["docs/SEMANTICS.md", "docs/FORMATS.md"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn sources(folder: &Path, files: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(fs::read_to_string(&path).unwrap());
        }
    }
}

/// What stands between `start` and `end`.
fn between<'t>(text: &'t str, start: &str, end: &str) -> Option<&'t str> {
    Some(text.split_once(start)?.1.split_once(end)?.0)
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// The words in back quotes.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// Every test that runs: functions with an attribute that says so, and those that a `tests!` list makes into tests. One that is
/// ignored proves nothing.
fn tests() -> BTreeSet<String> {
    let mut files = Vec::new();
    sources(&root().join("crates"), &mut files);
    sources(&root().join("tests"), &mut files);
    let mut found = BTreeSet::new();
    for file in &files {
        let (mut is_test, mut is_ignored) = (false, false);
        for line in file.lines().map(str::trim) {
            if line.starts_with("#[") {
                is_test |= line.starts_with("#[test]") || line.starts_with("#[tokio::test");
                is_ignored |= line.starts_with("#[ignore");
            } else if let Some(name) = between(line, "fn ", "(") {
                if is_test && !is_ignored {
                    found.insert(name.to_owned());
                }
                (is_test, is_ignored) = (false, false);
            }
        }
        let list = between(file, "\ntests! {", "\n}").unwrap_or_default();
        let names = list.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
        found.extend(names.filter(|name| is_word(name)).map(str::to_owned));
    }
    assert!(found.len() > 500, "{} tests", found.len());
    found
}

/// The public fields of the structs in a source file.
fn fields(source: &str) -> BTreeSet<String> {
    let public = source.lines().filter_map(|line| between(line, "    pub ", ":"));
    public.filter(|name| is_word(name)).map(str::to_owned).collect()
}

/// The fields of a receipt and what is in it, by the names that its JSON has.
fn receipt_fields() -> BTreeSet<String> {
    let mut all = fields(&read("crates/pipeline-core/src/receipt.rs"));
    all.extend(fields(&read("crates/pipeline-core/src/reason.rs")));
    // Flattened into what contains it.
    assert!(all.remove("rejection"));
    all
}

#[test]
fn every_test_that_the_docs_name_exists() {
    let (tests, fields) = (tests(), receipt_fields());
    for page in PAGES {
        let text = read(page);
        // Tests are the only words in back quotes with underscores and small letters, but for the fields of a receipt.
        let missing: Vec<&str> = quoted(&text)
            .filter(|word| is_word(word) && word.contains('_') && word.contains(|c: char| c.is_ascii_lowercase()))
            .filter(|word| !tests.contains(*word) && !fields.contains(*word))
            .collect();
        assert!(missing.is_empty(), "{page} names tests that do not exist: {missing:#?}");
    }
}

/// What a page is made of, behind its introduction.
#[derive(Debug, PartialEq)]
enum Block {
    Heading(String),
    Paragraph(String),
    Bullet(String),
    Row(String),
}

fn blocks(page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut goes_on = false;
    for line in page.lines().skip_while(|line| !line.starts_with("## ")) {
        let text = line.to_owned();
        match (line, blocks.last_mut()) {
            ("", _) => {}
            _ if line.starts_with('#') => blocks.push(Block::Heading(text)),
            _ if line.starts_with("- ") => blocks.push(Block::Bullet(text)),
            _ if line.starts_with('|') => blocks.push(Block::Row(text)),
            (_, Some(Block::Paragraph(so_far) | Block::Bullet(so_far))) if goes_on => *so_far += line,
            _ => blocks.push(Block::Paragraph(text)),
        }
        goes_on = !line.is_empty();
    }
    blocks
}

/// The blocks that claim something and name no test. A bullet, a row and a paragraph name their own; but the paragraph before a
/// table may name it for all rows, and one that only leads to a list or a table needs none.
fn unproved(page: &str, tests: &BTreeSet<String>) -> Vec<Block> {
    let is_proved = |text: &str| quoted(text).any(|word| tests.contains(word));
    let mut unproved = Vec::new();
    let mut is_table_proved = false;
    let mut rows = 0;
    let mut blocks = blocks(page).into_iter().peekable();
    while let Some(block) = blocks.next() {
        rows = if matches!(block, Block::Row(_)) { rows + 1 } else { 0 };
        let is_fine = match &block {
            Block::Heading(_) => {
                is_table_proved = false;
                true
            }
            Block::Paragraph(text) => {
                is_table_proved = is_proved(text);
                is_table_proved || matches!(blocks.peek(), Some(Block::Bullet(_) | Block::Row(_)))
            }
            Block::Bullet(text) => is_proved(text),
            // The first two are the table's head.
            Block::Row(text) => rows <= 2 || is_table_proved || is_proved(text),
        };
        if !is_fine {
            unproved.push(block);
        }
    }
    unproved
}

#[test]
fn every_statement_of_the_docs_names_a_test() {
    let tests = tests();
    for page in PAGES {
        let text = read(page);
        assert!(blocks(&text).len() > 50, "{page}");
        let unproved = unproved(&text, &tests);
        assert!(unproved.is_empty(), "{page} claims without a test: {unproved:#?}");
    }
}

#[test]
fn a_statement_without_a_test_is_found_wherever_it_stands() {
    let tests = BTreeSet::from(["it_is_so".to_owned()]);
    let proved = "Free.\n\n## A\n\nLeads on:\n\n- One\n  line more. `it_is_so`\n- Two. `it_is_so`\n\nAll of them `it_is_so`.\n\n|a|b|\n|---|---|\n|c|d|\n";
    assert_eq!(unproved(proved, &tests), []);
    for (from, to, found) in [
        (
            " `it_is_so`\n- Two",
            "\n- Two",
            Block::Bullet("- One  line more.".to_owned()),
        ),
        (
            "`it_is_so`\n\nAll",
            "`it_was_so`\n\nAll",
            Block::Bullet("- Two. `it_was_so`".to_owned()),
        ),
        (
            "All of them `it_is_so`.",
            "All of them.",
            Block::Row("|c|d|".to_owned()),
        ),
        (
            "Leads on:\n\n- One\n  line more.",
            "Claims.\n\nLeads on:",
            Block::Paragraph("Claims.".to_owned()),
        ),
    ] {
        assert_eq!(unproved(&proved.replace(from, to), &tests), [found]);
    }
}

/// The rows of the tables below a heading, split into cells.
fn rows<'t>(page: &'t str, heading: &str) -> Vec<Vec<&'t str>> {
    let section = between(page, &format!("\n## {heading}\n"), "\n## ")
        .or_else(|| page.split_once(&format!("\n## {heading}\n")).map(|(_, rest)| rest))
        .unwrap_or_else(|| panic!("no {heading}"));
    let rows = section.lines().filter(|line| line.starts_with('|')).skip(2);
    rows.map(|row| row.trim_matches('|').split('|').map(str::trim).collect())
        .collect()
}

#[test]
fn the_receipts_of_the_docs_are_those_of_the_code() {
    let page = read("docs/SEMANTICS.md");
    let receipt = read("crates/pipeline-core/src/receipt.rs");
    let mut told: BTreeSet<String> = rows(&page, "Receipts")
        .iter()
        .flatten()
        .flat_map(|cell| quoted(cell))
        .map(str::to_owned)
        .collect();
    // Told of in the sentence before.
    told.insert("schema".to_owned());
    let outcomes = receipt.lines().filter_map(|line| between(line, "=> \"", "\""));
    let mut there: BTreeSet<String> = outcomes.map(str::to_owned).collect();
    assert_eq!(there.len(), 4);
    there.extend(receipt_fields());
    assert_eq!(told, there);
}

/// `4`, `10,000`, `16 MiB`.
fn number(text: &str) -> u64 {
    let (digits, unit) = text.split_once(' ').unwrap_or((text, ""));
    let unit = match unit {
        "" => 1,
        "MiB" => pipeline_core::MIB,
        "GiB" => 1024 * pipeline_core::MIB,
        other => panic!("{other}"),
    };
    digits.replace(',', "").parse::<u64>().unwrap() * unit
}

fn limits(vars: &BTreeMap<String, u64>) -> Limits {
    let mut vars = Vars::new(|name| vars.get(name).map(ToString::to_string));
    let limits = Limits::read(&mut vars);
    vars.finish(limits).unwrap()
}

#[test]
fn the_limits_of_the_docs_are_those_of_the_code() {
    let page = read("docs/FORMATS.md");
    let told: BTreeMap<String, u64> = rows(&page, "Limits")
        .iter()
        .map(|row| (row[0].trim_matches('`').to_owned(), number(row[1])))
        .collect();
    let example = read(".env.example");
    let in_example: BTreeMap<String, u64> = example
        .lines()
        .filter_map(|line| line.strip_prefix("#LIMIT_")?.split_once('='))
        .map(|(name, rest)| {
            let value = rest.split_whitespace().next().unwrap();
            (format!("LIMIT_{name}"), value.parse().unwrap())
        })
        .collect();
    assert_eq!(told, in_example);
    assert_eq!(limits(&told), Limits::default());
    let code = read("crates/pipeline-core/src/limits.rs");
    let in_code: BTreeSet<&str> = code.split('"').filter(|word| word.starts_with("LIMIT_")).collect();
    assert_eq!(told.keys().map(String::as_str).collect::<BTreeSet<_>>(), in_code);
    // Each has a variable of its own.
    let changed: BTreeSet<String> = told
        .keys()
        .map(|name| format!("{:?}", limits(&BTreeMap::from([(name.clone(), 7)]))))
        .collect();
    assert_eq!(changed.len(), told.len());
    assert!(!changed.contains(&format!("{:?}", Limits::default())));
}

#[test]
fn every_reason_code_is_explained() {
    let code = read("crates/pipeline-core/src/reason.rs");
    let codes: Vec<&str> = code.lines().filter_map(|line| between(line, "=> \"", "\"")).collect();
    assert!(codes.len() >= 19);
    for page in ["docs/FORMATS.md", "README.md"] {
        let text = read(page);
        let missing: Vec<&&str> = codes
            .iter()
            .filter(|code| !text.contains(&format!("`{code}`")))
            .collect();
        assert!(missing.is_empty(), "{page} does not tell of {missing:?}");
    }
}
