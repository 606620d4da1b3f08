//! Says how what came out differs from what should have.

use std::collections::BTreeMap;

/// Stands for the first 8 digits of an origin, in a key.
const DIGITS: &str = "xxxxxxxx";

/// How much of a line is shown.
const SHOWN: usize = 160;

/// The differences between two sets of objects by key, one sentence each.
///
/// Objects of one name that come at the same time may be at each other's keys: `any_order` lets them.
pub fn objects(
    expected: &BTreeMap<String, Vec<u8>>,
    actual: &BTreeMap<String, Vec<u8>>,
    any_order: bool,
) -> Vec<String> {
    let mut unexpected: BTreeMap<&String, &Vec<u8>> = actual.iter().collect();
    let mut pairs = Vec::new();
    let mut found = Vec::new();
    for (key, content) in expected {
        match unexpected.keys().copied().find(|actual| is_of(key, actual)) {
            Some(at) => pairs.push((at, content, unexpected.remove(at).unwrap())),
            None => found.push(format!("missing: {key}")),
        }
    }
    found.extend(unexpected.keys().map(|key| format!("unexpected: {key}")));
    let sets = |key: &str| {
        let mut twins: Vec<_> = pairs.iter().filter(|(other, ..)| plain(other) == plain(key)).collect();
        twins.sort_by_key(|(_, expected, _)| *expected);
        let expected: Vec<_> = twins.iter().map(|(_, expected, _)| *expected).collect();
        twins.sort_by_key(|(.., actual)| *actual);
        let actual: Vec<_> = twins.iter().map(|(.., actual)| *actual).collect();
        expected == actual
    };
    for (key, expected, actual) in &pairs {
        if expected != actual && !(any_order && sets(key)) {
            found.push(format!("{key}: {}", first_difference(expected, actual)));
        }
    }
    found
}

/// Whether a key is the expected one, `xxxxxxxx` standing for digits.
fn is_of(expected: &str, actual: &str) -> bool {
    let Some((before, after)) = expected.split_once(DIGITS) else {
        return expected == actual;
    };
    let digits = actual.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
    digits.is_some_and(|digits| digits.len() == DIGITS.len() && digits.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// The key that an object would have if nothing held it: without the folder of time and origin.
pub fn plain(key: &str) -> String {
    let is_stamp = |part: &&str| part.len() == "20250323-101112-0badcafe".len() && part.starts_with("20");
    let parts: Vec<_> = key.split('/').filter(|part| !is_stamp(part)).collect();
    parts.join("/")
}

/// The first line in which two texts differ.
pub fn first_difference(expected: &[u8], actual: &[u8]) -> String {
    let lines = |text: &[u8]| -> Vec<Vec<u8>> {
        text.split_inclusive(|byte| *byte == b'\n')
            .map(<[u8]>::to_vec)
            .collect()
    };
    let (expected, actual) = (lines(expected), lines(actual));
    let count = expected.len().max(actual.len());
    let differs = (0..count)
        .find(|n| expected.get(*n) != actual.get(*n))
        .unwrap_or_default();
    let show = |lines: &[Vec<u8>]| {
        lines
            .get(differs)
            .map_or_else(|| "nothing".to_owned(), |line| shown(line))
    };
    let column = match (expected.get(differs), actual.get(differs)) {
        (Some(a), Some(b)) => a.iter().zip(b).take_while(|(a, b)| a == b).count(),
        _ => 0,
    };
    format!(
        "line {} differs at byte {column}\n      expected {}\n      but got  {}",
        differs + 1,
        show(&expected),
        show(&actual)
    )
}

fn shown(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line);
    let short: String = text.chars().take(SHOWN).collect();
    let more = if short.len() < text.len() { "…" } else { "" };
    format!("{short:?}{more}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(objects: &[(&str, &str)]) -> BTreeMap<String, Vec<u8>> {
        objects
            .iter()
            .map(|(key, text)| ((*key).to_owned(), text.as_bytes().to_vec()))
            .collect()
    }

    #[test]
    fn hex_digits_fit_their_placeholder_and_nothing_else_does() {
        assert!(is_of(
            "bam/20250323-101112-xxxxxxxx/hh.csv",
            "bam/20250323-101112-0badcafe/hh.csv"
        ));
        assert!(!is_of(
            "bam/20250323-101112-xxxxxxxx/hh.csv",
            "bam/20250323-101112-0badcaf/hh.csv"
        ));
        assert!(!is_of(
            "bam/20250323-101112-xxxxxxxx/hh.csv",
            "bam/20250323-101112-0badcafg/hh.csv"
        ));
        assert!(!is_of("bam/20250323-101112-xxxxxxxx/hh.csv", "bam/hh.csv"));
    }

    #[test]
    fn what_is_missing_and_what_is_unexpected_is_named() {
        let found = objects(&set(&[("bam/a.csv", "1")]), &set(&[("bam/b.csv", "1")]), true);
        assert_eq!(found, ["missing: bam/a.csv", "unexpected: bam/b.csv"]);
    }

    #[test]
    fn twins_may_change_places_where_that_is_allowed() {
        let expected = set(&[("bam/a.csv", "1"), ("bam/20250323-101112-xxxxxxxx/a.csv", "2")]);
        let actual = set(&[("bam/a.csv", "2"), ("bam/20250323-101112-00000000/a.csv", "1")]);
        assert!(objects(&expected, &actual, true).is_empty());
        assert_eq!(objects(&expected, &actual, false).len(), 2);
        let twice = set(&[("bam/a.csv", "2"), ("bam/20250323-101112-00000000/a.csv", "2")]);
        assert_eq!(objects(&expected, &twice, true).len(), 1);
    }

    #[test]
    fn the_first_line_that_differs_is_shown() {
        let difference = first_difference(b"a,b\n1,2\n", b"a,b\n1,3\n");
        assert!(difference.starts_with("line 2 differs at byte 2"), "{difference}");
    }
}
