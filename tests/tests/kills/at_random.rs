//! Processes are killed at random moments, while several work, and some on the same object.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use end_to_end_tests::soak;
use fastrand::Rng;
use pipeline_core::Bucket;

use crate::journey::{Delivery, Journey};
use crate::tally::Tally;
use crate::{inputs, seed};

/// How often the work on one event is killed at most, by each of its workers.
const MOST_KILLS: u32 = 4;

/// When a process is killed.
enum Moment {
    /// Before it gets an event: while it starts, or while it is idle.
    Idle(Duration),
    /// While it works.
    AtWork(Duration),
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn functions_that_are_killed_at_any_moment_lose_nothing_and_do_nothing_twice() {
    let seed = seed();
    let (given, kills) = (inputs::all(), soak::scale(25, 900));
    let expected = Journey::undisturbed(&given).await;
    assert!(expected.count(Bucket::AmrData) > 15 && expected.count(Bucket::Unprocessable) > 5);
    let tally = Arc::new(Tally::default());
    let mut ends = Vec::new();
    while tally.kills() < kills {
        let seed = seed.wrapping_add(ends.len() as u64);
        let left = Arc::clone(&tally);
        let deliver = |delivery| twice_at_times(delivery, seed, Arc::clone(&left));
        ends.push(Journey::new(&given).await.run(&expected, deliver).await);
    }
    tally.conclude((given.len() * ends.len()) as u64, &ends);
}

/// S3 and Lambda send an event once or more often.
async fn twice_at_times(delivery: Delivery, seed: u64, tally: Arc<Tally>) {
    let mut hasher = DefaultHasher::new();
    (seed, &delivery.name).hash(&mut hasher);
    let mut dice = Rng::with_seed(hasher.finish());
    let first = until_done(delivery.clone(), dice.fork(), &tally);
    if dice.u8(..4) == 0 {
        tokio::join!(first, until_done(delivery, dice.fork(), &tally));
    } else {
        first.await;
    }
}

async fn until_done(mut delivery: Delivery, mut dice: Rng, tally: &Tally) {
    let mut kills_left = dice.u32(..=MOST_KILLS);
    loop {
        let moment = (kills_left > 0).then(|| moment(&mut dice));
        kills_left = kills_left.saturating_sub(1);
        let instance = delivery.start().await;
        let done = match moment {
            Some(Moment::Idle(time)) => {
                tokio::time::sleep(time).await;
                None
            }
            Some(Moment::AtWork(time)) => {
                instance.cold_start().await;
                tokio::time::timeout(time, delivery.invoke(&instance)).await.ok()
            }
            None => Some(delivery.invoke(&instance).await),
        };
        match done {
            None => tally.kill(instance).await,
            Some(done) => {
                tally.end(instance).await;
                if done {
                    return;
                }
            }
        }
    }
}

/// A small file takes some milliseconds, a large one a second: every order of magnitude is as likely.
fn moment(dice: &mut Rng) -> Moment {
    if dice.u8(..6) == 0 {
        return Moment::Idle(Duration::from_millis(dice.u64(..100)));
    }
    let milliseconds = 10_f64.powf(3.0 * dice.f64());
    Moment::AtWork(Duration::from_secs_f64(milliseconds / 1_000.0))
}
