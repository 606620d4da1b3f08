//! A table for people.

use std::io::{self, Write};
use std::path::Path;

use comfy_table::presets::UTF8_HORIZONTAL_ONLY;
use comfy_table::{ContentArrangement, Table};

use crate::story::{Delivered, Outcome, Rejected, Story};
use crate::terminal::printable;

/// Columns where the terminal does not tell.
const WIDTH: u16 = 120;

pub(crate) fn table(out: &mut impl Write, stories: &[Story], amr_data: &Path) -> io::Result<()> {
    if stories.is_empty() {
        return writeln!(out, "No files were found.");
    }
    let mut table = Table::new();
    table
        .load_style(UTF8_HORIZONTAL_ONLY)
        .set_content_arrangement(ContentArrangement::Dynamic);
    if table.width().is_none() {
        table.set_width(WIDTH);
    }
    table.set_header(["input", "area", "delivered", "rejected"]);
    for story in stories {
        table.add_row([
            printable(&story.input),
            printable(&story.areas.iter().cloned().collect::<Vec<_>>().join("\n")),
            delivered(story),
            rejected(story),
        ]);
    }
    writeln!(out, "{table}")?;
    writeln!(out, "{}", summary(stories))?;
    writeln!(out, "The CSVs are in {}", amr_data.display())
}

fn delivered(story: &Story) -> String {
    let line = |file: &Delivered| {
        let rows = file
            .rows
            .map(|rows| format!("{}, ", plural(rows, "row")))
            .unwrap_or_default();
        format!("{} ({rows}{})", printable(&file.key), bytes(file.bytes))
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
        .map(|(outcome, name)| format!("{} {name}", count(outcome)))
        .collect();
    format!(
        "{}: {}. {} ({}, {}).",
        plural(stories.len() as u64, "input"),
        parts.join(", "),
        plural(files().count() as u64, "CSV file"),
        plural(files().filter_map(|file| file.rows).sum(), "row"),
        bytes(files().map(|file| file.bytes).sum()),
    )
}

fn plural(count: u64, noun: &str) -> String {
    let digits = count.to_string();
    let mut grouped = String::new();
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{grouped} {noun}{}", if count == 1 { "" } else { "s" })
}

fn bytes(count: u64) -> String {
    const KIB: u64 = 1024;
    match count {
        0..KIB => plural(count, "byte"),
        _ if count < KIB * KIB => tenths(count, KIB, "KiB"),
        _ if count < KIB * KIB * KIB => tenths(count, KIB * KIB, "MiB"),
        _ => tenths(count, KIB * KIB * KIB, "GiB"),
    }
}

fn tenths(count: u64, unit: u64, name: &str) -> String {
    let tenths = (u128::from(count) * 10 + u128::from(unit) / 2) / u128::from(unit);
    format!("{}.{} {name}", tenths / 10, tenths % 10)
}
