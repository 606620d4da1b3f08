//! A table for people.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;

use comfy_table::presets::UTF8_HORIZONTAL_ONLY;
use comfy_table::{ContentArrangement, Table};

use super::words::{grouped, plural, size};
use crate::story::{Delivered, Outcome, Rejected, Story};
use crate::terminal::printable;

/// Columns where the terminal does not tell.
const WIDTH: u16 = 120;

/// Nobody reads a longer table to its end: of more inputs, those that were simply delivered are only counted.
const MOST_ROWS: usize = 100;

pub(crate) fn table(out: &mut impl Write, stories: &[Story], amr_data: &Path) -> io::Result<()> {
    if stories.is_empty() {
        return writeln!(out, "No files were found.");
    }
    let is_long = stories.len() > MOST_ROWS;
    let listed: Vec<&Story> = stories
        .iter()
        .filter(|story| !is_long || story.outcome != Outcome::Delivered)
        .collect();
    if !listed.is_empty() {
        writeln!(out, "{}", rows(&listed))?;
    }
    if is_long {
        let left_out = plural((stories.len() - listed.len()) as u64, "input");
        writeln!(out, "{left_out} delivered without rejects: not listed (but by --json).")?;
        put_aside(out, stories)?;
    }
    writeln!(out, "{}", summary(stories))?;
    writeln!(out, "The CSVs are in {}", amr_data.display())
}

fn rows(stories: &[&Story]) -> Table {
    let mut table = empty_table(&["input", "area", "delivered", "rejected"]);
    for story in stories {
        table.add_row([
            printable(&story.input),
            printable(&story.areas.iter().cloned().collect::<Vec<_>>().join("\n")),
            delivered(story),
            rejected(story),
        ]);
    }
    table
}

/// A table without rows yet, as wide as the terminal.
pub(crate) fn empty_table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table
        .load_style(UTF8_HORIZONTAL_ONLY)
        .set_content_arrangement(ContentArrangement::Dynamic);
    if table.width().is_none() {
        table.set_width(WIDTH);
    }
    table.set_header(header.to_vec());
    table
}

/// How much was put aside for which reason, the most frequent first.
fn put_aside(out: &mut impl Write, stories: &[Story]) -> io::Result<()> {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for reject in stories.iter().flat_map(|story| &story.rejected) {
        *counts.entry(&reject.reason_code).or_default() += 1;
    }
    if counts.is_empty() {
        return Ok(());
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|(_, count)| Reverse(*count));
    let reasons: Vec<_> = counts
        .iter()
        .map(|(code, count)| format!("{} {code}", grouped(*count)))
        .collect();
    writeln!(out, "Put aside: {}.", reasons.join(", "))
}

fn delivered(story: &Story) -> String {
    let line = |file: &Delivered| {
        let rows = file
            .rows
            .map(|rows| format!("{}, ", plural(rows, "row")))
            .unwrap_or_default();
        format!("{} ({rows}{})", printable(&file.key), size(file.bytes))
    };
    story.delivered.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn rejected(story: &Story) -> String {
    let line = |reject: &Rejected| {
        let name = reject
            .key
            .as_deref()
            .and_then(|key| key.rsplit('/').next())
            .unwrap_or_default();
        printable(&format!("{name}: {} – {}", reject.reason_code, reject.reason))
    };
    let failed = story
        .failed
        .iter()
        .map(|failure| format!("FAILED {}", printable(failure)));
    let mut lines: Vec<_> = story.rejected.iter().map(line).chain(failed).collect();
    if story.outcome == Outcome::NoFiles {
        lines.push("no-files – The email has no file in it.".to_owned());
    }
    lines.join("\n")
}

fn summary(stories: &[Story]) -> String {
    let count = |outcome| stories.iter().filter(|story| story.outcome == outcome).count() as u64;
    let files = || stories.iter().flat_map(|story| &story.delivered);
    let outcomes = [
        (Outcome::Delivered, "delivered"),
        (Outcome::Partly, "partly"),
        (Outcome::Rejected, "rejected"),
        (Outcome::NoFiles, "without files"),
        (Outcome::Failed, "failed"),
    ];
    let parts: Vec<_> = outcomes
        .into_iter()
        .filter(|(outcome, _)| count(*outcome) > 0)
        .map(|(outcome, name)| format!("{} {name}", grouped(count(outcome))))
        .collect();
    format!(
        "{}: {}. {} ({}, {}).",
        plural(stories.len() as u64, "input"),
        parts.join(", "),
        plural(files().count() as u64, "CSV file"),
        plural(files().filter_map(|file| file.rows).sum(), "row"),
        size(files().map(|file| file.bytes).sum()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn story(number: usize, outcome: Outcome, codes: &[&str]) -> Story {
        let mut story = Story::of_failure(format!("mail/{number}.eml"), String::new());
        story.failed.clear();
        story.outcome = outcome;
        story.rejected = codes
            .iter()
            .map(|code| Rejected {
                key: Some(format!("bam/{number}.pdf")),
                reason_code: (*code).to_owned(),
                reason: "Please send it as CSV.".to_owned(),
            })
            .collect();
        story
    }

    fn printed(stories: &[Story]) -> String {
        let mut out = Vec::new();
        table(&mut out, stories, Path::new("amr-data")).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn of_very_many_inputs_only_those_that_need_a_look_are_listed() {
        let mut stories: Vec<_> = (0..1_200)
            .map(|number| story(number, Outcome::Delivered, &[]))
            .collect();
        stories[7] = story(7, Outcome::Rejected, &["unsupported"]);
        stories[8] = story(8, Outcome::Partly, &["html", "unsupported"]);
        let printed = printed(&stories);
        assert!(printed.contains("mail/7.eml") && printed.contains("mail/8.eml") && !printed.contains("mail/9.eml"));
        let end = "1,198 inputs delivered without rejects: not listed (but by --json).\nPut aside: 2 unsupported, 1 html.\n\
                   1,200 inputs: 1,198 delivered, 1 partly, 1 rejected. 0 CSV files (0 rows, 0 bytes).\nThe CSVs are in amr-data\n";
        assert!(printed.ends_with(end), "{printed}");
    }

    #[test]
    fn few_inputs_are_all_listed() {
        let printed = printed(&[
            story(1, Outcome::Delivered, &[]),
            story(2, Outcome::Rejected, &["html"]),
        ]);
        assert!(printed.contains("mail/1.eml") && printed.contains("mail/2.eml") && !printed.contains("Put aside"));
    }
}
