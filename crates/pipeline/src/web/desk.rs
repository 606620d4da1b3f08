//! What the pages are made from, gathered for each request.

use std::collections::BTreeSet;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use pipeline_core::store::Listed;
use pipeline_core::{Areas, Bucket, Key, Limits, Origin, Store, provenance};
use story::{Entered, Node, State, Tree};
use time::OffsetDateTime;
use tokio::sync::Mutex;

use super::counts;
use super::letters::Letters;
use super::memory::Memory;
use super::preview::HEAD_BYTES;
use super::told;
use super::view::{Aside, Doors, InputPage, InputView, Overview, Parked, Preview};

/// Inputs on the first page, and rows on a page of a list.
const RECENT: usize = 6;
pub(super) const PAGE: usize = 20;
/// Areas that the form proposes.
const PROPOSALS: usize = 200;

/// Tells which events were given up.
pub type GivenUp = Arc<dyn Fn() -> Vec<Parked> + Send + Sync>;

/// Everything that the page needs of the pipeline.
#[derive(Clone)]
pub struct Desk {
    /// The buckets.
    pub store: Store,
    /// Those of the stages.
    pub limits: Limits,
    /// `AREAS`, if it is set.
    pub areas: Option<Areas>,
    /// Where the SMTP server listens.
    pub smtp: Option<SocketAddr>,
    /// What the dispatcher gave up.
    pub given_up: GivenUp,
}

impl fmt::Debug for Desk {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Desk")
            .field("smtp", &self.smtp)
            .finish_non_exhaustive()
    }
}

/// A desk with what it remembers.
#[derive(Debug)]
pub(super) struct Clerk {
    pub(super) desk: Desk,
    memory: Mutex<Memory>,
    letters: Mutex<Letters>,
}

impl Clerk {
    pub(super) fn new(desk: Desk) -> Self {
        Self {
            desk,
            memory: Mutex::default(),
            letters: Mutex::default(),
        }
    }

    fn store(&self) -> &Store {
        &self.desk.store
    }

    pub(super) async fn overview(&self, now: OffsetDateTime) -> anyhow::Result<(Overview, Doors)> {
        let parked = (self.desk.given_up)();
        let (mut overview, doors) = {
            let mut memory = self.memory.lock().await;
            memory.refresh(self.store()).await?;
            let (inputs, has_more) = inputs(&memory, &parked, 0, RECENT);
            let overview = Overview {
                buckets: counts::buckets(&memory, &parked, now),
                flow: counts::flow(&memory.receipts, now),
                inputs,
                has_more,
                parked,
            };
            (overview, self.doors(&memory))
        };
        Box::pin(self.name_letters(&mut overview.inputs)).await;
        Ok((overview, doors))
    }

    fn doors(&self, memory: &Memory) -> Doors {
        let areas: BTreeSet<&String> = memory
            .receipts
            .iter()
            .filter(|receipt| receipt.outputs.iter().any(|output| output.bucket == Bucket::AmrData))
            .filter_map(|receipt| receipt.area.as_ref())
            .collect();
        Doors {
            smtp: self.desk.smtp,
            areas: areas.into_iter().take(PROPOSALS).cloned().collect(),
        }
    }

    /// A page of all inputs, and whether there are older ones.
    pub(super) async fn inputs(&self, number: usize) -> anyhow::Result<(Vec<InputView>, bool)> {
        let parked = (self.desk.given_up)();
        let (mut inputs, has_more) = {
            let mut memory = self.memory.lock().await;
            memory.refresh(self.store()).await?;
            inputs(&memory, &parked, number.saturating_sub(1).saturating_mul(PAGE), PAGE)
        };
        Box::pin(self.name_letters(&mut inputs)).await;
        Ok((inputs, has_more))
    }

    /// The page of one input; `None` if there is none of that origin.
    pub(super) async fn input(&self, origin: Origin) -> anyhow::Result<Option<InputPage>> {
        let Some(entered) = Box::pin(self.entered(origin)).await? else {
            return Ok(None);
        };
        let parked = (self.desk.given_up)();
        let tree = Box::pin(Tree::of(self.store(), &entered)).await?;
        let mut input = [input_of(&tree, &parked, None)];
        Box::pin(self.name_letters(&mut input)).await;
        let [input] = input;
        let key = Key::new(&entered.key);
        let is_there = self.store().head(entered.bucket, &key).await?.is_some();
        let mut shown = told::step(&tree.root, &parked);
        if entered.bucket == Bucket::Inbox {
            shown.name.clone_from(&input.title);
        }
        Ok(Some(InputPage {
            input,
            original: is_there.then_some((entered.bucket, entered.key)),
            tree: shown,
        }))
    }

    async fn entered(&self, origin: Origin) -> anyhow::Result<Option<Entered>> {
        let mut memory = self.memory.lock().await;
        memory.refresh(self.store()).await?;
        if let Some(entered) = entered_in(&memory, origin) {
            return Ok(Some(entered));
        }
        // It may have come in a moment ago.
        Box::pin(memory.look(self.store())).await?;
        Ok(entered_in(&memory, origin))
    }

    /// A page of what was put aside, and whether there is older.
    pub(super) async fn asides(&self, number: usize) -> anyhow::Result<(Vec<Aside>, bool)> {
        let (mut asides, has_more) = {
            let mut memory = self.memory.lock().await;
            memory.refresh(self.store()).await?;
            let skipped = number.saturating_sub(1).saturating_mul(PAGE);
            let rejected = memory.rejected();
            let listed = memory.asides.iter().skip(skipped).take(PAGE);
            let asides: Vec<_> = listed
                .map(|object| {
                    let receipt = rejected.get(object.key.as_str()).copied();
                    let rejection = receipt
                        .and_then(|receipt| receipt.rejected.as_ref())
                        .map(|reject| &reject.rejection);
                    Aside {
                        code: rejection.map(|rejection| rejection.reason_code.to_string()),
                        reason: rejection.map(|rejection| rejection.reason.clone()),
                        input: receipt.and_then(|receipt| memory.root_of(receipt)),
                        ..aside(object)
                    }
                })
                .collect();
            (asides, memory.asides.len() > skipped.saturating_add(PAGE))
        };
        for aside in asides.iter_mut().filter(|aside| aside.code.is_none()) {
            self.ask_the_object(aside).await?;
        }
        Ok((asides, has_more))
    }

    /// Where the receipt has expired, the object itself knows why.
    async fn ask_the_object(&self, aside: &mut Aside) -> anyhow::Result<()> {
        let head = self.store().head(Bucket::Unprocessable, &Key::new(&aside.key)).await?;
        if let Some((code, reason)) = head.and_then(|head| provenance::reason_of(&head.metadata)) {
            (aside.code, aside.reason) = (Some(code), Some(reason));
        }
        Ok(())
    }

    /// The first rows of a delivered file; `None` if it is not there.
    pub(super) async fn preview(&self, key: &str) -> anyhow::Result<Option<Preview>> {
        let start = self
            .store()
            .get_start(Bucket::AmrData, &Key::new(key), HEAD_BYTES)
            .await?;
        Ok(start.map(|(start, size)| Preview::of(key, size, &start)))
    }

    /// Emails are known to people by their subjects.
    async fn name_letters(&self, inputs: &mut [InputView]) {
        let mut letters = self.letters.lock().await;
        for input in inputs {
            if let Some(key) = &input.email {
                let letter = letters.look(self.store(), input.origin, key).await;
                if let Some(subject) = letter.subject {
                    input.title = subject;
                }
                input.sender = letter.sender;
            }
        }
    }
}

/// Inputs, what waits first, and whether there are more behind them.
fn inputs(memory: &Memory, parked: &[Parked], skipped: usize, count: usize) -> (Vec<InputView>, bool) {
    let mut all: Vec<(OffsetDateTime, Origin, Option<&Entered>)> = memory
        .waiting
        .iter()
        .map(|(entered, put)| (*put, entered.origin, Some(entered)))
        .collect();
    let finished = memory.receipts.entered().into_iter();
    all.extend(finished.map(|receipt| (receipt.started, receipt.origin, None)));
    // What waits is what people look for.
    all.sort_by_key(|(time, origin, entered)| (entered.is_none(), std::cmp::Reverse(*time), *origin));
    let has_more = all.len() > skipped.saturating_add(count);
    let shown = all.into_iter().skip(skipped).take(count);
    let views = shown.filter_map(|(put, origin, entered)| match entered {
        Some(entered) => Some(input_of(&waiting_tree(entered, put), parked, Some(put))),
        None => Some(input_of(&memory.receipts.tree(origin)?, parked, None)),
    });
    (views.collect(), has_more)
}

/// The story of what waits is short.
fn waiting_tree(entered: &Entered, put: OffsetDateTime) -> Tree {
    Tree {
        root: Node {
            bucket: entered.bucket,
            key: entered.key.clone(),
            origin: entered.origin,
            source_name: name_of(entered),
            path_in_parent: None,
            size: None,
            blake3: None,
            rows: None,
            state: State::Waiting { since: Some(put) },
            earlier: Vec::new(),
            children: Vec::new(),
        },
    }
}

fn name_of(entered: &Entered) -> String {
    let name = match entered.bucket {
        Bucket::Inbox => None,
        _ => Key::new(&entered.key).parse_staging().2,
    };
    name.map_or_else(|| entered.key.clone(), |name| name.to_string())
}

fn input_of(tree: &Tree, parked: &[Parked], put: Option<OffsetDateTime>) -> InputView {
    let root = &tree.root;
    let receipt = root.receipt();
    let areas: BTreeSet<String> = tree
        .nodes()
        .filter_map(|node| match node.bucket {
            Bucket::Inbox => node.receipt()?.area.clone(),
            _ => Some(node.key.split_once('/')?.0.to_owned()),
        })
        .collect();
    let (files, more_files) = told::listed_files(tree, parked);
    let since = match root.state {
        State::Waiting { since } => since,
        _ => None,
    };
    InputView {
        origin: root.origin,
        title: root.source_name.clone(),
        email: (root.bucket == Bucket::Inbox).then(|| root.key.clone()),
        sender: None,
        areas: areas.into_iter().collect(),
        received: receipt
            .map(|receipt| receipt.received)
            .or(put)
            .or(since)
            .unwrap_or(OffsetDateTime::UNIX_EPOCH),
        ending: told::ending(tree, parked),
        files,
        more_files,
    }
}

fn entered_in(memory: &Memory, origin: Origin) -> Option<Entered> {
    if let Some(receipt) = memory.receipts.get(origin) {
        return Some(Entered {
            bucket: receipt.input.bucket,
            key: receipt.input.key.clone(),
            origin,
        });
    }
    let waiting = memory.waiting.iter().find(|(entered, _)| entered.origin == origin);
    waiting.map(|(entered, _)| entered.clone())
}

fn aside(object: &Listed) -> Aside {
    Aside {
        key: object.key.to_string(),
        bytes: object.size,
        put: object.last_modified,
        code: None,
        reason: None,
        input: None,
    }
}
