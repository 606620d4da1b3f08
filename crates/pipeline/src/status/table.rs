//! The status for people.

use std::io::{self, Write};

use super::look::{Status, in_words};
use crate::report::{empty_table, grouped, size};
use crate::terminal::printable;

pub(super) fn print(out: &mut impl Write, status: &Status) -> io::Result<()> {
    let mut waiting = empty_table(&["bucket", "waiting", "bytes", "oldest"]);
    for bucket in &status.waiting {
        waiting.add_row([
            bucket.bucket.to_string(),
            grouped(bucket.objects),
            size(bucket.bytes),
            bucket.oldest_age_s.map(in_words).unwrap_or_default(),
        ]);
    }
    writeln!(out, "{waiting}")?;
    let queue = &status.failure_queue;
    match (queue.events, &queue.problem) {
        (Some(events), _) => writeln!(out, "Failure queue: {}", grouped(events))?,
        (None, problem) => {
            let problem = problem.as_deref().unwrap_or_default();
            writeln!(out, "Failure queue: unknown ({})", printable(problem))?;
        }
    }
    writeln!(out, "\nThe last 24 hours")?;
    let mut day = empty_table(&["area", "delivered", "rows", "bytes", "rejected"]);
    for (area, counted) in &status.last_day.areas {
        let rejects = counted.rejects.iter().map(|(code, count)| format!("{count} {code}"));
        day.add_row([
            printable(area),
            grouped(counted.deliveries),
            grouped(counted.rows),
            size(counted.bytes),
            rejects.collect::<Vec<_>>().join(", "),
        ]);
    }
    if status.last_day.areas.is_empty() {
        writeln!(out, "Nothing was delivered or rejected.")?;
    } else {
        writeln!(out, "{day}")?;
    }
    match status.stuck.as_slice() {
        [] => writeln!(out, "\nNothing is stuck."),
        stuck => {
            writeln!(out, "\nStuck:")?;
            stuck.iter().try_for_each(|what| writeln!(out, "- {}", printable(what)))
        }
    }
}
