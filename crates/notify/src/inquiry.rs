//! From what entered to everything of it that could not be used.

use pipeline_core::{Bucket, Receipt, Store};
use story::{Entered, Node, Tree, rejects_of};
use time::OffsetDateTime;

use crate::case::{Case, Mark, Problem};
use crate::error::NotifyError;
use crate::look::is_for_people;

/// Reads the story of what entered.
pub(crate) async fn inquire(store: &Store, entered: &Entered, received: OffsetDateTime) -> Result<Case, NotifyError> {
    let tree = Tree::of(store, entered).await?;
    let receipts = tree.nodes().filter_map(Node::receipt);
    Ok(Case {
        bucket: entered.bucket,
        key: entered.key.clone(),
        origin: entered.origin,
        received,
        problems: receipts.flat_map(|receipt| problems_of(receipt, entered)).collect(),
        delivered: tree.deliveries().len(),
        is_finished: tree.is_finished(),
    })
}

fn problems_of(receipt: &Receipt, entered: &Entered) -> Vec<Problem> {
    let mark = Mark::new(receipt.origin, receipt.started);
    let is_email = entered.bucket == Bucket::Inbox && receipt.origin == entered.origin;
    let rejects = rejects_of(receipt).into_iter();
    let for_people = rejects.filter(|reject| is_for_people(reject.reason_code));
    for_people
        .map(|reject| Problem {
            mark: mark.clone(),
            key: reject.key,
            area: reject.area,
            name: reject.source_name,
            is_email: is_email && !reject.is_part,
            reason_code: reject.reason_code,
            reason: reject.reason,
        })
        .collect()
}
