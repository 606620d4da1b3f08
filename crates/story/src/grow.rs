//! From an object to everything that was made of it, level by level.

use std::collections::{HashMap, HashSet};

use futures::{StreamExt, TryStreamExt, stream};
use pipeline_core::receipt::OutputRecord;
use pipeline_core::{Bucket, Key, Origin, Receipt, Store};

use crate::error::StoryError;
use crate::node::{Node, State};
use crate::reading::{earlier_receipts, receipt};
use crate::tree::Tree;

/// How many objects are looked at at the same time.
pub(crate) const LOOKS_AT_ONCE: usize = 16;

/// A node, and the place of its parent in the level above.
type Placed = (usize, Node);

pub(crate) async fn from_store(store: &Store, root: Node) -> Result<Tree, StoryError> {
    let mut levels = Levels::from_root(root);
    loop {
        let outputs = levels.outputs();
        if outputs.is_empty() {
            return Ok(levels.into_tree());
        }
        let looks = outputs.into_iter().map(|(parent, output)| async move {
            let state = look(store, &output).await?;
            Ok::<_, StoryError>((parent, Node::of_output(&output, state)))
        });
        // In order, so that a story reads the same every time.
        let level: Vec<Placed> = stream::iter(looks).buffered(LOOKS_AT_ONCE).try_collect().await?;
        levels.below.push(level);
    }
}

/// The same from what is in memory.
pub(crate) fn from_memory(root: Node, state: impl Fn(&OutputRecord) -> State) -> Tree {
    let mut levels = Levels::from_root(root);
    loop {
        let outputs = levels.outputs().into_iter();
        let level: Vec<Placed> = outputs
            .map(|(parent, output)| (parent, Node::of_output(&output, state(&output))))
            .collect();
        if level.is_empty() {
            return levels.into_tree();
        }
        levels.below.push(level);
    }
}

pub(crate) async fn with_earlier(store: &Store, mut tree: Tree) -> Result<Tree, StoryError> {
    let origins: Vec<Origin> = tree.nodes().map(|node| node.origin).collect();
    let looks = origins
        .into_iter()
        .map(|origin| async move { Ok::<_, StoryError>((origin, earlier_receipts(store, origin).await?)) });
    let looks = stream::iter(looks).buffer_unordered(LOOKS_AT_ONCE);
    let mut earlier: HashMap<Origin, Vec<Receipt>> = looks.try_collect().await?;
    let mut todo = vec![&mut tree.root];
    while let Some(node) = todo.pop() {
        node.earlier = earlier.remove(&node.origin).unwrap_or_default();
        todo.extend(&mut node.children);
    }
    Ok(tree)
}

async fn look(store: &Store, output: &OutputRecord) -> Result<State, StoryError> {
    let key = Key::new(&output.key);
    if output.bucket == Bucket::AmrData {
        let head = store.head(output.bucket, &key).await?;
        let is_there = head.is_some_and(|head| {
            let origin = head.metadata.get("origin").and_then(|origin| origin.parse().ok());
            origin == Some(output.origin)
        });
        return Ok(State::Delivered { taken: Some(!is_there) });
    }
    let worked = |receipt| State::Worked {
        receipt: Box::new(receipt),
    };
    if let Some(receipt) = receipt(store, output.origin).await? {
        return Ok(worked(receipt));
    }
    if let Some(head) = store.head(output.bucket, &key).await? {
        return Ok(State::Waiting {
            since: Some(head.last_modified),
        });
    }
    // Its stage may have finished between the two looks.
    Ok(receipt(store, output.origin).await?.map_or(State::Gone, worked))
}

/// A tree as the levels that it grows by.
#[derive(Debug)]
struct Levels {
    root: Node,
    below: Vec<Vec<Placed>>,
    /// No receipt that somebody tampered with leads in circles.
    seen: HashSet<(Bucket, Origin)>,
}

impl Levels {
    fn from_root(root: Node) -> Self {
        Self {
            seen: HashSet::from([(root.bucket, root.origin)]),
            root,
            below: Vec::new(),
        }
    }

    /// What the objects of the last level were made into.
    fn outputs(&mut self) -> Vec<(usize, OutputRecord)> {
        let last: Vec<&Node> = match self.below.last() {
            Some(level) => level.iter().map(|(_, node)| node).collect(),
            None => vec![&self.root],
        };
        let mut outputs = Vec::new();
        for (parent, node) in last.into_iter().enumerate() {
            for output in node.receipt().into_iter().flat_map(|receipt| &receipt.outputs) {
                if self.seen.insert((output.bucket, output.origin)) {
                    outputs.push((parent, output.clone()));
                }
            }
        }
        outputs
    }

    /// Hangs every node below its parent, from the lowest level on.
    fn into_tree(mut self) -> Tree {
        while let Some(level) = self.below.pop() {
            for (parent, node) in level {
                let parent = match self.below.last_mut() {
                    Some(above) => above.get_mut(parent).map(|(_, node)| node),
                    None => Some(&mut self.root),
                };
                if let Some(parent) = parent {
                    parent.children.push(node);
                }
            }
        }
        Tree { root: self.root }
    }
}
