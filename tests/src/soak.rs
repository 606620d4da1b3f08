//! The long run: the same tests with larger numbers, and what they count for the table at its end.

use std::env;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

use serde_json::Value;

/// The long number if the environment has `SOAK=1`, or else the short one, of `cargo test`.
///
/// The long number is meant for a run of an hour; with `SOAK_MINUTES` it shrinks or grows, but never below the short one.
pub fn scale(short: u64, long: u64) -> u64 {
    let variable = |name: &str| env::var(name).unwrap_or_default();
    if variable("SOAK") != "1" {
        return short;
    }
    let minutes: f64 = variable("SOAK_MINUTES").parse().unwrap_or(60.0);
    scaled(short, long, minutes)
}

fn scaled(short: u64, long: u64, minutes: f64) -> u64 {
    ((long as f64 * minutes / 60.0) as u64).max(short)
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
    fn long_numbers_follow_the_minutes() {
        assert_eq!(scaled(30, 1_000, 60.0), 1_000);
        assert_eq!(scaled(30, 1_000, 6.0), 100);
        assert_eq!(scaled(30, 1_000, 0.5), 30);
    }

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
