//! A whole email from the beginning, whatever became of it.

use pipeline_core::{Bucket, Key, Receipt, Store};
use story::{StoryError, Tree, find};

use super::plan::{Family, Plan, Unit, again, next_generation, unit};
use super::select::at;

/// Plans that an email goes through the pipeline as if it had come for the first time. Files that still wait in amr-data are what they
/// are; those that the importer has taken are delivered once more.
///
/// # Errors
/// If S3 does not answer, or a receipt cannot be read.
pub async fn force(store: &Store, message: &str) -> Result<Plan, StoryError> {
    let mut plan = Plan::default();
    for entered in find(store, message).await? {
        let name = format!("{}/{}", entered.bucket, entered.key);
        let key = Key::new(&entered.key);
        if entered.bucket != Bucket::Inbox {
            plan.left.push(format!(
                "{name}: only emails have an original that stays; drop the file again"
            ));
            continue;
        }
        let tree = Tree::of(store, &entered).await?;
        let is_there = Tree::read(store, Bucket::Inbox, &key)
            .await?
            .is_some_and(|there| there.root.origin == entered.origin);
        if !is_there {
            plan.left.push(format!("{name}: the inbox does not have it any more"));
            continue;
        }
        let mut family = Family {
            email: Some(key),
            ..Family::default()
        };
        for receipt in tree.nodes().filter_map(|node| node.receipt()) {
            family.retired_too.push(Receipt::clone(receipt));
            let Some(rejected) = &receipt.rejected else { continue };
            if let Some(selected) = at(store, Key::new(&rejected.key)).await? {
                let generation = next_generation(store, &selected.receipt).await?;
                match again(&selected.receipt) {
                    Ok(again) => family.units.push(Unit {
                        with_parent: true,
                        ..unit(selected, generation, again)
                    }),
                    Err(why) => plan.left.push(format!("unprocessable/{}: {why}", selected.key)),
                }
            }
        }
        // Each after what was made of it: as long as a receipt is there, it leads to all below it that are still to be retired.
        family.retired_too.reverse();
        plan.families.push(family);
    }
    Ok(plan)
}
