//! From a story's tree to what the pages show of it.

use pipeline_core::{Bucket, Receipt};
use story::{Node, State, Tree};

use super::view::{Done, Ending, Fate, FileView, Parked, Step};

/// Files that a list shows of an input.
const LISTED_FILES: usize = 8;

/// How it stands with an input as a whole.
pub(super) fn ending(tree: &Tree, parked: &[Parked]) -> Ending {
    let files = files(tree, parked);
    let any = |is: fn(&Fate) -> bool| files.iter().any(|file| is(&file.fate));
    let is_delivered = any(|fate| matches!(fate, Fate::Delivered { .. }));
    let is_rejected = any(|fate| matches!(fate, Fate::Rejected { .. }));
    if any(|fate| matches!(fate, Fate::Failed(_))) {
        Ending::Failed
    } else if any(|fate| matches!(fate, Fate::Waiting(_))) {
        Ending::Waiting
    } else if is_delivered {
        if is_rejected { Ending::Partly } else { Ending::Delivered }
    } else if is_rejected {
        Ending::Rejected
    } else {
        Ending::NoFiles
    }
}

/// The files of an input and what became of each; at most so many, and how many more there are.
pub(super) fn listed_files(tree: &Tree, parked: &[Parked]) -> (Vec<FileView>, usize) {
    let mut files = files(tree, parked);
    let more = files.len().saturating_sub(LISTED_FILES);
    files.truncate(LISTED_FILES);
    (files, more)
}

fn files(tree: &Tree, parked: &[Parked]) -> Vec<FileView> {
    let mut files = Vec::new();
    for node in tree.nodes() {
        if let Some(receipt) = node.receipt() {
            files.extend(story::rejects_of(receipt).into_iter().map(|reject| FileView {
                name: reject.source_name,
                fate: Fate::Rejected {
                    key: Some(reject.key),
                    code: reject.reason_code,
                    reason: reject.reason,
                },
            }));
        } else if let Some(fate) = fate_without_receipt(node, parked) {
            files.push(FileView {
                name: node.source_name.clone(),
                fate,
            });
        }
    }
    files
}

fn fate_without_receipt(node: &Node, parked: &[Parked]) -> Option<Fate> {
    match node.state {
        State::Delivered { taken } => Some(Fate::Delivered {
            key: node.key.clone(),
            bytes: node.size.unwrap_or_default(),
            rows: node.rows,
            is_taken: taken == Some(true),
        }),
        State::Waiting { .. } => {
            let failure = parked
                .iter()
                .find(|event| event.bucket == node.bucket && event.key == node.key);
            Some(failure.map_or(Fate::Waiting(node.bucket), |event| Fate::Failed(event.why.clone())))
        }
        State::Gone => Some(Fate::Gone),
        _ => None,
    }
}

/// An object of the tree and everything below it. What was only passed on, whole and under its name, is one with what it became.
pub(super) fn step(node: &Node, parked: &[Parked]) -> Step {
    let mut done = Vec::new();
    let mut last = node;
    loop {
        done.extend(last.receipt().map(self::done));
        match last.children.as_slice() {
            [only] if is_passed_on(last, only) => last = only,
            _ => break,
        }
    }
    let fates = match last.receipt() {
        Some(receipt) => rejects(receipt),
        None => fate_without_receipt(last, parked).into_iter().collect(),
    };
    Step {
        name: node.source_name.clone(),
        bucket: node.bucket,
        key: node.key.clone(),
        bytes: node.size.filter(|_| node.bucket != Bucket::AmrData),
        done,
        fates,
        steps: last.children.iter().map(|child| step(child, parked)).collect(),
    }
}

fn is_passed_on(node: &Node, only: &Node) -> bool {
    node.bucket != Bucket::Inbox && only.source_name == node.source_name && node.rejected().is_none()
}

/// The whole object's, or each part's with its name; one link to the original is enough.
fn rejects(receipt: &Receipt) -> Vec<Fate> {
    let rejects = story::rejects_of(receipt).into_iter().enumerate();
    rejects
        .map(|(index, reject)| Fate::Rejected {
            key: (index == 0).then_some(reject.key),
            code: reject.reason_code,
            reason: if reject.is_part {
                format!("{}: {}", reject.source_name, reject.reason)
            } else {
                reject.reason
            },
        })
        .collect()
}

fn done(receipt: &Receipt) -> Done {
    let mut notes = Vec::new();
    if receipt.notes.lines_repaired > 0 {
        notes.push(super::words::plural(receipt.notes.lines_repaired, "line") + " repaired");
    }
    if !receipt.notes.sheets_left_out.is_empty() {
        notes.push(format!("sheets left out: {}", receipt.notes.sheets_left_out.join(", ")));
    }
    if receipt.notes.spam {
        notes.push("the mail service took it for spam".to_owned());
    }
    Done {
        stage: receipt.stage,
        duration_ms: receipt.duration_ms,
        notes,
    }
}
