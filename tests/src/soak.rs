//! The long run: the same tests with larger numbers, and what they count for the table at its end.

use std::env;
use std::ffi::OsStr;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

use serde_json::Value;

/// The long number if the environment has `SOAK=1`, or else the short one, of `cargo test`.
pub fn scale(short: u64, long: u64) -> u64 {
    if env::var_os("SOAK").as_deref() == Some(OsStr::new("1")) {
        long
    } else {
        short
    }
}

/// Tells the long run what a test counted: one line of JSON in the file that `SOAK_REPORT` names, if it is set.
///
/// The keys are `histories`, `kills`, `crash_points`, `faults`, `attacks`, `fuzz_executions`, `emails`, `losses`,
/// `overwrites` and `panics`, which are summed, and `peak_mib`, of which the largest counts.
pub fn report(counts: &[(&str, u64)]) {
    if let Some(file) = env::var_os("SOAK_REPORT") {
        append(Path::new(&file), counts);
    }
}

/// One line in one write, so that tests which end at the same time do not mix theirs.
fn append(file: &Path, counts: &[(&str, u64)]) {
    let object: Value = counts
        .iter()
        .map(|&(key, count)| (key.to_owned(), Value::from(count)))
        .collect();
    let mut file = OpenOptions::new().create(true).append(true).open(file).unwrap();
    file.write_all(format!("{object}\n").as_bytes()).unwrap();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_report_is_a_line_of_json() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("report.jsonl");
        append(&file, &[("kills", 30), ("losses", 0)]);
        append(&file, &[("peak_mib", 12)]);
        let text = std::fs::read_to_string(&file).unwrap();
        assert_eq!(text, "{\"kills\":30,\"losses\":0}\n{\"peak_mib\":12}\n");
    }
}
