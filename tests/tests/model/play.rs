//! Plays a history: at each turn the seed says what comes next.

use std::sync::Arc;
use std::sync::atomic::AtomicU32;

use fastrand::Rng;
use pipeline_core::store::Put;
use pipeline_core::telemetry::chain;
use pipeline_core::{Bucket, Failure, Handled, Key, ObjectEvent, Stage, event};
use tokio::task::JoinHandle;

use crate::gate::ActorId;
use crate::history::{Deed, Email, History, Weather, pick};
use crate::others::{import, sweep};
use crate::people::People;
use crate::reference::{Reference, inbox_key};
use crate::worker::{Ended, work};
use crate::world::World;

/// How often Lambda delivers an event in all.
const ATTEMPTS: u32 = end_to_end_tests::LAMBDAS_ATTEMPTS;

/// How many sweeps it may take until nothing is left to do.
const SWEEPS: usize = 6;

/// How many events come again long after everything was done.
const LATE: usize = 6;

/// An event that waits to be delivered.
#[derive(Debug, Clone)]
struct Delivery {
    stage: Stage,
    object: ObjectEvent,
    attempt: u32,
}

/// Somebody at work.
struct Running {
    actor: ActorId,
    pace: u32,
    role: Role,
}

enum Role {
    Worker(Delivery, JoinHandle<Ended>),
    Importer(JoinHandle<()>),
    Sweep(JoinHandle<Vec<ObjectEvent>>),
}

/// What comes next.
#[derive(Debug, Clone, Copy)]
enum Next {
    Send,
    Deed,
    Start,
    Import,
    Sweep,
    Call,
}

/// A history that is being played.
pub struct Play<'a> {
    pub world: World<'a>,
    pub reference: Reference,
    pub people: People,
    /// What went wrong on the way.
    pub problems: Vec<String>,
    /// Emails that were sent, with their keys.
    pub sent: Vec<(String, Vec<u8>)>,
    rng: Rng,
    weather: Weather,
    to_send: Vec<(String, Email)>,
    deeds: Vec<Deed>,
    waiting: Vec<Delivery>,
    ever: Vec<Delivery>,
    running: Vec<Running>,
    taken: Arc<AtomicU32>,
}

impl<'a> Play<'a> {
    /// Before anything has happened.
    pub fn new(world: World<'a>, history: &History, seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed ^ 0x5EED);
        let mut to_send = Vec::new();
        for (number, email) in history.emails.iter().enumerate() {
            to_send.extend((0..email.copies).map(|copy| (inbox_key(number, copy), email.clone())));
        }
        rng.shuffle(&mut to_send);
        Self {
            world,
            reference: Reference::of_emails(history),
            people: People::default(),
            problems: Vec::new(),
            sent: Vec::new(),
            rng,
            weather: history.weather,
            to_send,
            deeds: history.deeds.clone(),
            waiting: Vec::new(),
            ever: Vec::new(),
            running: Vec::new(),
            taken: Arc::default(),
        }
    }

    /// Everything, to the end: the storm, the calm after it, and events that come again long after.
    pub async fn play(&mut self) {
        self.run().await;
        self.weather = self.weather.calm();
        self.world.gate.set_open(false);
        self.tell("--- the storm is over");
        self.calm_down().await;
        self.tell("--- long after");
        for _ in 0..LATE.min(self.ever.len()) {
            let late = pick(&mut self.rng, &self.ever).clone();
            self.waiting.push(Delivery { attempt: 1, ..late });
        }
        self.calm_down().await;
    }

    /// Works until nothing is left to do, and the sweep finds nothing any more.
    async fn calm_down(&mut self) {
        for _ in 0..SWEEPS {
            self.run().await;
            self.start_sweep();
            while let Some(sweep) = self.running.first().map(|sweep| sweep.actor) {
                if self.settle().await.contains(&sweep) {
                    self.world.gate.let_through(sweep);
                }
            }
            if self.waiting.is_empty() {
                return;
            }
        }
        self.problems
            .push(format!("{SWEEPS} sweeps later there still is work to do"));
    }

    /// Goes on until nobody is at work and nothing waits.
    async fn run(&mut self) {
        loop {
            let at_gate = self.settle().await;
            let Some(next) = self.next(&at_gate) else { return };
            self.act(next, &at_gate).await;
            // Truly at the same time: several begin before anybody is waited for.
            while self.weather.unordered && self.rng.u8(..3) > 0 {
                match self.next(&[]) {
                    Some(next @ (Next::Start | Next::Import | Next::Sweep)) => self.act(next, &[]).await,
                    _ => break,
                }
            }
        }
    }

    fn next(&mut self, at_gate: &[ActorId]) -> Option<Next> {
        let is = |condition: bool, weight: u32| if condition { weight } else { 0 };
        let importing = self.running.iter().any(|it| matches!(it.role, Role::Importer(_)));
        let sweeping = self.running.iter().any(|it| matches!(it.role, Role::Sweep(_)));
        let is_work_left =
            !(self.to_send.is_empty() && self.deeds.is_empty() && self.waiting.is_empty() && self.running.is_empty());
        let has_room = self.running.len() < self.weather.workers;
        let choices = [
            (Next::Send, is(!self.to_send.is_empty(), 12)),
            (Next::Deed, is(!self.deeds.is_empty(), 3)),
            (Next::Start, is(!self.waiting.is_empty() && has_room, 20)),
            (Next::Import, is(is_work_left && !importing, self.weather.importer)),
            (Next::Sweep, is(is_work_left && !sweeping, self.weather.sweeps)),
            (Next::Call, is(!at_gate.is_empty(), 60)),
        ];
        if !is_work_left {
            return None;
        }
        self.draw(&choices)
    }

    fn draw<T: Copy>(&mut self, choices: &[(T, u32)]) -> Option<T> {
        let all: u32 = choices.iter().map(|(_, weight)| weight).sum();
        let mut left = (all > 0).then(|| self.rng.u32(..all))?;
        for (choice, weight) in choices {
            match left.checked_sub(*weight) {
                None => return Some(*choice),
                Some(less) => left = less,
            }
        }
        None
    }

    async fn act(&mut self, next: Next, at_gate: &[ActorId]) {
        match next {
            Next::Send => self.send().await,
            Next::Deed => {
                let deed = self.deeds.remove(0);
                let done = self
                    .people
                    .act(&deed, &self.world, &mut self.reference, &mut self.rng)
                    .await;
                // What has to wait for something to be there waits, as long as anything may come.
                let may_come = !self.waiting.is_empty() || !self.running.is_empty();
                if !done && may_come {
                    self.deeds.push(deed);
                }
            }
            Next::Start => self.start(),
            Next::Import => self.start_import(),
            Next::Sweep => self.start_sweep(),
            Next::Call => {
                let paces: Vec<_> = self
                    .running
                    .iter()
                    .filter(|it| at_gate.contains(&it.actor))
                    .map(|it| (it.actor, it.pace))
                    .collect();
                let actor = self.draw(&paces).unwrap();
                self.world.gate.let_through(actor);
            }
        }
    }

    async fn send(&mut self) {
        let (key, email) = self.to_send.pop().unwrap();
        let bytes = email.to_bytes();
        let put = self
            .world
            .store
            .put_new(Bucket::Inbox, &Key::new(&key), bytes.clone().into(), [].into())
            .await;
        assert_eq!(put.unwrap(), Put::Created);
        self.tell(&format!("{key} arrives"));
        self.sent.push((key, bytes));
    }

    fn start(&mut self) {
        let at = self.rng.usize(..self.waiting.len());
        if self.rng.u32(..100) < self.weather.lost {
            let lost = self.waiting.swap_remove(at);
            self.tell(&format!("lost: the event of {}", lost.object.key));
            return;
        }
        let delivery = if self.rng.u32(..100) < self.weather.twice {
            self.waiting[at].clone()
        } else {
            self.waiting.swap_remove(at)
        };
        let Delivery { stage, object, .. } = delivery.clone();
        let actor = self.world.gate.add_actor(format!("{stage} {}", object.key));
        let way = self.world.way_of_worker(actor, self.weather, self.rng.u64(..));
        let (config, gate) = (self.world.config.clone(), self.world.gate.clone());
        let task = tokio::spawn(async move {
            let ended = work(stage, object, way, config, gate.clone(), actor).await;
            gate.end(actor);
            ended
        });
        self.add(actor, Role::Worker(delivery, task));
    }

    fn start_import(&mut self) {
        let actor = self.world.gate.add_actor("importer".to_owned());
        let (client, store) = self.world.way_of(actor);
        let bucket = store.buckets().name(Bucket::AmrData).to_owned();
        let (gate, taken, rng) = (self.world.gate.clone(), Arc::clone(&self.taken), self.rng.fork());
        let task = tokio::spawn(async move {
            import(client, bucket, gate.clone(), taken, rng).await;
            gate.end(actor);
        });
        self.add(actor, Role::Importer(task));
    }

    fn start_sweep(&mut self) {
        let actor = self.world.gate.add_actor("sweep".to_owned());
        let (_, store) = self.world.way_of(actor);
        let gate = self.world.gate.clone();
        let task = tokio::spawn(async move {
            let found = sweep(store).await;
            gate.end(actor);
            found
        });
        self.add(actor, Role::Sweep(task));
    }

    fn add(&mut self, actor: ActorId, role: Role) {
        // Some are so slow that a lot happens between two calls of theirs.
        let pace = *pick(&mut self.rng, &[1, 4, 16]);
        self.tell_of(actor, "begins");
        self.running.push(Running { actor, pace, role });
    }

    /// Waits until everybody waits at the gate or has ended, and takes note of what has come of it. Gives those at the gate.
    async fn settle(&mut self) -> Vec<ActorId> {
        let at_gate = self.world.gate.settled().await;
        let (going_on, ended): (Vec<_>, Vec<_>) = std::mem::take(&mut self.running)
            .into_iter()
            .partition(|it| at_gate.contains(&it.actor));
        self.running = going_on;
        for Running { actor, role, .. } in ended {
            match role {
                Role::Worker(delivery, task) => self.worked(actor, delivery, task.await.unwrap()),
                Role::Importer(task) => task.await.unwrap(),
                Role::Sweep(task) => self.swept(actor, task.await.unwrap()),
            }
        }
        for created in self.world.created() {
            let stage = self
                .world
                .config
                .buckets
                .role(&created.bucket)
                .and_then(Stage::of_bucket);
            if let Some(stage) = stage {
                self.people.sees(&created.bucket, &created.key);
                let decoded = event::decode(&pipeline::s3_event(&created)).unwrap();
                self.queue(decoded.objects.into_iter().map(|object| (stage, object)));
            }
        }
        at_gate
    }

    fn worked(&mut self, actor: ActorId, delivery: Delivery, ended: Ended) {
        match ended {
            Ended::Handled(Handled::Now(receipt)) => self.tell_of(actor, &format!("is {}", receipt.outcome.as_str())),
            Ended::Handled(Handled::Before(before)) => self.tell_of(actor, &format!("{:?}", before.earlier)),
            Ended::Crashed => {
                self.tell_of(actor, "has crashed");
                self.again(delivery);
            }
            Ended::Failed(error, met_a_fault) => {
                let what = chain(&error).to_string();
                let is_ours = matches!(error.failure, Failure::Defect(_) | Failure::Panicked(_));
                // Who finds what a person has put in the place of an object fails, too.
                if is_ours || (!met_a_fault && self.people.replaced.is_empty()) {
                    self.problems.push(what.clone());
                }
                self.tell_of(actor, &format!("has failed: {what}"));
                self.again(delivery);
            }
        }
    }

    /// Lambda tries again, or gives up.
    fn again(&mut self, delivery: Delivery) {
        let attempt = delivery.attempt + 1;
        if attempt <= ATTEMPTS {
            self.waiting.push(Delivery { attempt, ..delivery });
        }
    }

    fn swept(&mut self, actor: ActorId, mut found: Vec<ObjectEvent>) {
        self.tell_of(actor, &format!("finds {} objects", found.len()));
        // Origins, which most keys bear, differ when the history is replayed.
        found.sort_by_key(|object| self.people.seen_at(&object.bucket, object.key.as_str()));
        let buckets = self.world.config.buckets.clone();
        let stage = |object: &ObjectEvent| buckets.role(&object.bucket).and_then(Stage::of_bucket).unwrap();
        self.queue(found.into_iter().map(|object| (stage(&object), object)));
    }

    fn queue(&mut self, objects: impl Iterator<Item = (Stage, ObjectEvent)>) {
        let new: Vec<_> = objects
            .map(|(stage, object)| Delivery {
                stage,
                object,
                attempt: 1,
            })
            .collect();
        self.ever.extend(new.iter().cloned());
        self.waiting.extend(new);
    }

    fn tell(&self, what: &str) {
        self.world.gate.chronicle(|it| it.tell(None, what));
    }

    fn tell_of(&self, actor: ActorId, what: &str) {
        self.world.gate.chronicle(|it| it.tell(Some(actor), what));
    }
}
