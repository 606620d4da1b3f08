//! The command.

use std::collections::HashSet;
use std::future;
use std::io::{self, Write};
use std::process::ExitCode;

use futures::{StreamExt, stream};
use pipeline_core::{Area, Origin, ReasonCode, Store, Vars};
use story::{Tree, receipt};

use super::again::Sender;
use super::plan::{Again, Family, Plan, Unit};
use super::{Selection, carry_out, failures, force, plan, select};
use crate::args::ReplayArgs;
use crate::ledger::Ledger;
use crate::observer::Clerk;
use crate::place::Place;
use crate::progress::Progress;
use crate::report::plural;
use crate::stack::LocalStack;
use crate::terminal::{self, printable};

/// Wrong usage, as clap has it.
const WRONG_USAGE: u8 = 2;

/// How many families are replayed at the same time.
const AT_ONCE: usize = 8;

/// A line about a reject of the plan.
struct Line {
    origin: Origin,
    text: String,
    /// What was delivered of it before.
    delivered: HashSet<Origin>,
}

/// Puts what was rejected through the pipeline again.
///
/// # Errors
/// If the buckets cannot be reached, or a receipt cannot be read.
pub async fn replay(args: &ReplayArgs) -> anyhow::Result<ExitCode> {
    let mut vars = Vars::from_env();
    terminal::init_logs(&mut vars);
    let selection = match selection(args) {
        Ok(selection) => selection,
        Err(message) => {
            terminal::warn(&message)?;
            return Ok(ExitCode::from(WRONG_USAGE));
        }
    };
    let mut place = Place::open(&args.place, vars).await?;
    if args.failures {
        let done = failures::replay(&mut place, &args.place.data, args.dry_run).await?;
        say(&done)?;
        return Ok(ExitCode::SUCCESS);
    }
    let store = place.store().clone();
    let plan = plan_of(&store, args, &selection).await?;
    for left in &plan.left {
        terminal::warn(&format!("left as it is: {left}"))?;
    }
    let lines = lines(&store, &plan).await?;
    let count: usize = plan.families.iter().map(|family| family.units.len()).sum();
    if args.dry_run || plan.families.is_empty() {
        for line in &lines {
            say(&line.text)?;
        }
        let (again, would) = (
            plural(count as u64, "reject"),
            if args.dry_run { "would be" } else { "were" },
        );
        say(&format!("{again} {would} put through again."))?;
        return Ok(ExitCode::SUCCESS);
    }
    let failed = carry_all(&mut place, &store, &plan).await?;
    for failure in &failed {
        terminal::warn(&format!(
            "it failed, and nothing is lost; type the command again: {failure}"
        ))?;
    }
    for line in &lines {
        say(&outcome(&store, line).await?)?;
    }
    say(&format!("{} put through again.", plural(count as u64, "reject")))?;
    Ok(if failed.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// What is to be replayed, if it is said well.
fn selection(args: &ReplayArgs) -> Result<Selection, String> {
    let is_code = |reason: &String| serde_json::from_value::<ReasonCode>(reason.as_str().into()).is_ok();
    if let Some(unknown) = args.reason.as_ref().filter(|reason| !is_code(reason)) {
        return Err(format!(
            "{unknown:?} is no reason: the README lists them, such as encrypted or too-many-members"
        ));
    }
    let area = match &args.area {
        None => None,
        Some(area) => Some(Area::from_key_part(area).ok_or_else(|| format!("{area:?} is no area"))?),
    };
    Ok(Selection {
        message: args.message.clone(),
        reason: args.reason.clone(),
        area,
        since: args.since,
        until: args.until,
    })
}

async fn plan_of(store: &Store, args: &ReplayArgs, selection: &Selection) -> anyhow::Result<Plan> {
    match args.message.as_deref().filter(|_| args.force) {
        Some(message) => Ok(force(store, message).await?),
        None => Ok(plan(store, select(store, selection).await?).await?),
    }
}

async fn lines(store: &Store, plan: &Plan) -> anyhow::Result<Vec<Line>> {
    let mut lines = Vec::new();
    for family in &plan.families {
        if let Some(email) = &family.email {
            lines.extend(forced_line(email.as_str(), family));
        }
        for unit in &family.units {
            let tree = Tree::of_receipt(store, unit.receipt.clone()).await?;
            let delivered: HashSet<Origin> = tree.deliveries().iter().map(|delivery| delivery.origin).collect();
            let is_forced = family.email.is_some();
            lines.push(Line {
                origin: unit.receipt.origin,
                text: unit_line(unit, delivered.len(), is_forced),
                delivered,
            });
        }
    }
    Ok(lines)
}

fn forced_line(email: &str, family: &Family) -> Option<Line> {
    Some(Line {
        origin: family.retired_too.last()?.origin,
        text: format!(
            "inbox/{email}: from the beginning; {} forgotten",
            plural(family.retired_too.len() as u64, "receipt")
        ),
        delivered: HashSet::new(),
    })
}

fn unit_line(unit: &Unit, delivered: usize, is_forced: bool) -> String {
    let receipt = &unit.receipt;
    let rejected = receipt.rejected.as_ref();
    let code = rejected.map(|rejected| rejected.rejection.reason_code.as_str());
    let way = match &unit.again {
        _ if unit.with_parent => "with what it was in".to_owned(),
        Again::Put(bucket, _) => format!("to {bucket}"),
        Again::Send(_) => "from the inbox".to_owned(),
    };
    let skipped = match delivered {
        0 => String::new(),
        _ if is_forced => String::new(),
        _ => format!("; {} delivered before, and skipped", plural(delivered as u64, "file")),
    };
    let key = rejected.map(|rejected| rejected.key.as_str()).unwrap_or_default();
    format!("unprocessable/{key}: {}, {way}{skipped}", code.unwrap_or_default())
}

/// Replays all families, and lets this process do the work if nobody else does. What failed, in sentences.
async fn carry_all(place: &mut Place, store: &Store, plan: &Plan) -> anyhow::Result<Vec<String>> {
    let sender = Sender::to(place)?;
    let carrying = async {
        let families = plan
            .families
            .iter()
            .map(|family| carry_out(store, family, async |email| sender.send(store, email).await));
        let ended: Vec<anyhow::Result<()>> = stream::iter(families).buffer_unordered(AT_ONCE).collect().await;
        let failures = ended.into_iter().filter_map(Result::err);
        failures.map(|error| format!("{error:#}")).collect::<Vec<String>>()
    };
    let Place::Own(stack) = place else {
        return Ok(carrying.await);
    };
    let unfinished = stack.unfinished().await?;
    let (mut ledger, progress) = (Ledger::default(), Progress::on_terminal());
    let mut clerk = Clerk {
        buckets: LocalStack::buckets(),
        ledger: &mut ledger,
        progress: Some(&progress),
    };
    let mut failed = stack.dispatcher().work(unfinished, carrying, &mut clerk).await;
    let emails = sender.into_later();
    stack.dispatcher().work(emails, future::ready(()), &mut clerk).await;
    progress.finish();
    failed.extend(ledger.failures());
    Ok(failed)
}

/// What became of a reject.
async fn outcome(store: &Store, line: &Line) -> anyhow::Result<String> {
    let Some(receipt) = receipt(store, line.origin).await? else {
        return Ok(format!(
            "{}: put back; `pipeline trace {}` tells what becomes of it",
            line.text,
            line.origin.short()
        ));
    };
    let tree = Tree::of_receipt(store, receipt).await?;
    let delivered = tree.deliveries().into_iter();
    let delivered = delivered.filter(|delivery| !line.delivered.contains(&delivery.origin));
    let mut became: Vec<String> = delivered
        .map(|delivery| format!("delivered as {}", delivery.key))
        .collect();
    let rejects = tree.rejects().into_iter();
    became.extend(rejects.map(|reject| format!("{} rejected as {}", reject.source_name, reject.reason_code)));
    if !tree.is_finished() {
        became.push("not finished yet".to_owned());
    }
    if became.is_empty() {
        became.push("done".to_owned());
    }
    Ok(format!("{}\n  → {}", line.text, became.join("\n  → ")))
}

fn say(line: &str) -> io::Result<()> {
    let lines: Vec<String> = line.lines().map(printable).collect();
    match writeln!(io::stdout(), "{}", lines.join("\n")) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        said => said,
    }
}
