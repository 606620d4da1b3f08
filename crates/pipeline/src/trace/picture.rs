//! A story as a tree for people.

use std::fmt::Write as _;

use pipeline_core::{Bucket, Receipt};
use story::{Node, State, Tree};
use time::macros::format_description;
use time::{OffsetDateTime, UtcOffset};

use crate::report::{plural, size};
use crate::terminal::printable;

/// The picture, lines that end in a line end.
pub(crate) fn of(tree: &Tree) -> String {
    let mut picture = Picture::default();
    let root = &tree.root;
    let kind = match root.bucket {
        Bucket::Inbox => "email",
        _ => "file",
    };
    picture.node(root, format!("{kind} {}/{}", root.bucket, root.key), "", "");
    picture.lines
}

#[derive(Default)]
struct Picture {
    lines: String,
}

impl Picture {
    /// A node and everything below it. `first` stands before its own line, `rest` before all others.
    fn node(&mut self, node: &Node, title: String, first: &str, rest: &str) {
        let mut facts = Vec::new();
        facts.extend(node.size.map(size));
        facts.extend(node.rows.map(|rows| plural(rows, "row")));
        if let Some(receipt) = node.receipt().filter(|_| first.is_empty()) {
            facts.push(format!("received {}", moment(receipt.received)));
        }
        facts.push(format!("origin {}", node.origin.short()));
        self.line(first, &format!("{title} ({})", facts.join(", ")));
        let below = if node.children.is_empty() { "   " } else { "│  " };
        for fact in told(node) {
            self.line(&format!("{rest}{below}"), &fact);
        }
        for (index, child) in node.children.iter().enumerate() {
            let is_last = index + 1 == node.children.len();
            let (branch, gap) = if is_last {
                ("└─ ", "   ")
            } else {
                ("├─ ", "│  ")
            };
            let title = format!("{} → {}/{}", child.source_name, child.bucket, child.key);
            self.node(child, title, &format!("{rest}{branch}"), &format!("{rest}{gap}"));
        }
    }

    fn line(&mut self, before: &str, text: &str) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.lines, "{before}{}", printable(text));
    }
}

/// What became of a node, a line each.
fn told(node: &Node) -> Vec<String> {
    let earlier = node.earlier.iter().flat_map(|receipt| {
        let lines = worked(receipt).into_iter();
        lines.map(|line| format!("before a replay: {line}"))
    });
    let now = match &node.state {
        State::Worked { receipt } => worked(receipt),
        State::Waiting { since: Some(since) } => vec![format!("waits for its stage since {}", moment(*since))],
        State::Waiting { since: None } => vec!["waits for its stage".to_owned()],
        State::Delivered { taken: Some(true) } => vec!["delivered; the importer has taken it since".to_owned()],
        State::Delivered { .. } => vec!["delivered; it waits for the importer".to_owned()],
        _ => vec!["neither the object nor a receipt is there: removed by hand, or expired".to_owned()],
    };
    earlier.chain(now).collect()
}

fn worked(receipt: &Receipt) -> Vec<String> {
    let mut lines = vec![format!(
        "{}: {} at {}, in {} ms",
        receipt.stage,
        receipt.outcome.as_str(),
        moment(receipt.started),
        receipt.duration_ms
    )];
    if let Some(rejected) = &receipt.rejected {
        let place = format!("{}/{}", Bucket::Unprocessable, rejected.key);
        if rejected.parts.is_empty() {
            let (code, reason) = (rejected.rejection.reason_code, &rejected.rejection.reason);
            lines.push(format!("rejected as {code}: {reason}"));
        }
        for bad in &rejected.parts {
            lines.push(format!("rejected as {}: {bad}", bad.rejection.reason_code));
        }
        lines.push(format!("put aside as {place}"));
    }
    let notes = &receipt.notes;
    if !notes.sheets_left_out.is_empty() {
        lines.push(format!("sheets left out: {}", notes.sheets_left_out.join(", ")));
    }
    if notes.lines_repaired > 0 {
        lines.push(format!("{} repaired", plural(notes.lines_repaired, "line")));
    }
    if notes.spam {
        lines.push("the mail service takes it for spam".to_owned());
    }
    lines
}

fn moment(time: OffsetDateTime) -> String {
    let utc = time.to_offset(UtcOffset::UTC);
    utc.format(format_description!("[year]-[month]-[day] [hour]:[minute]:[second] UTC"))
        .unwrap_or_else(|_| time.to_string())
}
