//! When a stuck object is sent again.
//!
//! Nothing is remembered between runs: an object's age says it all. Its first turn comes at [`BackOff::after`], the next after
//! pauses that double up to [`LONGEST_PAUSE`]. A run sends an object again if a turn of its came since the run before, and runs are
//! [`EVERY`] apart: so no turn is missed, and none is taken twice.
//!
//! Behind each pause but the first lies a span as long as the next pause, and the turn comes at some point of it, which each
//! object has for its own ([`Lot`]). Objects that got stuck in the same minute, say the ten thousand members of one archive,
//! have their first turn together, but all further turns evenly spread over the runs; so where a run may not send as many as are
//! due, the others have their turn in the runs that follow, and not all of them together again.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use pipeline_core::store::Listed;

/// How far apart the runs are: `rate(15 minutes)` in `serverless.yml` must say the same.
pub const EVERY: Duration = Duration::from_secs(15 * 60);

/// The longest pause between two turns of an object.
pub const LONGEST_PAUSE: Duration = Duration::from_secs(6 * 60 * 60);

/// At which point of a span an object has its turn: a fixed share that is as good as random.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lot(u32);

impl Lot {
    /// The lot of an object; one that is put again draws anew.
    #[must_use]
    pub fn of(object: &Listed) -> Self {
        let mut hasher = DefaultHasher::new();
        (object.key.as_str(), object.last_modified.unix_timestamp()).hash(&mut hasher);
        // The upper half of 64 bits always fits.
        Self(u32::try_from(hasher.finish() >> 32).unwrap_or_default())
    }

    /// The seconds from the beginning of a span to the point.
    const fn of_span(self, seconds: u64) -> u64 {
        seconds.saturating_mul(self.0 as u64) >> 32
    }
}

/// The turns of objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BackOff {
    /// The age from which an object is stuck; not zero.
    pub after: Duration,
}

impl BackOff {
    /// Whether an object of this age should have been finished.
    #[must_use]
    pub fn is_stuck(self, age: Duration) -> bool {
        age >= self.after
    }

    /// Whether a turn of the object came since the run before.
    #[must_use]
    pub fn is_due(self, age: Duration, lot: Lot) -> bool {
        self.since_latest_turn(age.as_secs(), lot)
            .is_some_and(|seconds| seconds < EVERY.as_secs())
    }

    /// The seconds since the object's latest turn, if it has had one.
    fn since_latest_turn(self, age: u64, lot: Lot) -> Option<u64> {
        let (after, longest) = (self.after.as_secs().max(1), LONGEST_PAUSE.as_secs());
        let since_first = age.checked_sub(after)?;
        // So that the pause and the span behind it are no longer than the longest.
        let mut begin = after.min(longest / 4);
        let mut span = 2 * begin;
        let mut latest = 0;
        loop {
            let turn = begin + lot.of_span(span);
            if since_first < turn {
                return Some(since_first - latest);
            }
            if span == longest {
                return Some((since_first - turn) % longest);
            }
            latest = turn;
            begin += span;
            span = longest.min(2 * span);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HOUR: u64 = 3600;
    const MINUTE: u64 = 60;

    /// The ages at which runs send an object, the first run seeing it at the age `first`.
    fn sent_at(back_off: BackOff, lot: Lot, first: u64, days: u64) -> Vec<u64> {
        let runs = 0..days * 24 * HOUR / EVERY.as_secs();
        runs.map(|run| first + run * EVERY.as_secs())
            .filter(|age| back_off.is_due(Duration::from_secs(*age), lot))
            .collect()
    }

    fn hour() -> BackOff {
        BackOff {
            after: Duration::from_secs(HOUR),
        }
    }

    #[test]
    fn pauses_double_up_to_six_hours() {
        let hours = |lot| -> Vec<f64> {
            let minutes = sent_at(hour(), lot, 0, 2).into_iter().map(|age| age / MINUTE);
            minutes
                .map(|minutes| f64::from(u32::try_from(minutes).unwrap()) / 60.0)
                .collect()
        };
        assert_eq!(hours(Lot(0)), [1.0, 2.0, 4.0, 8.0, 14.0, 20.0, 26.0, 32.0, 38.0, 44.0]);
        let in_the_middle = Lot(1 << 31);
        assert_eq!(
            hours(in_the_middle),
            [1.0, 3.0, 6.0, 11.0, 17.0, 23.0, 29.0, 35.0, 41.0, 47.0]
        );
    }

    #[test]
    fn the_schedule_has_runs_as_far_apart_as_the_back_off_takes_them_to_be() {
        let deployment = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../serverless.yml")).unwrap();
        let rate = format!("rate({} minutes)", EVERY.as_secs() / MINUTE);
        assert!(deployment.contains(&rate), "{rate}");
    }

    #[test]
    fn nothing_is_stuck_before_its_time() {
        let age = Duration::from_secs(HOUR - 1);
        assert!(!hour().is_stuck(age) && !hour().is_due(age, Lot(0)));
        let age = Duration::from_secs(HOUR);
        assert!(hour().is_stuck(age) && hour().is_due(age, Lot(0)));
    }

    #[test]
    fn objects_that_got_stuck_together_have_their_further_turns_in_different_runs() {
        let objects: Vec<_> = (0..10_000_u32).map(|n| Lot(n.wrapping_mul(2_654_435_769))).collect();
        let due = |hours: u64, run: u64| {
            let age = Duration::from_secs(hours * HOUR + run * EVERY.as_secs());
            objects.iter().filter(|lot| hour().is_due(age, **lot)).count()
        };
        assert_eq!(due(1, 0), 10_000);
        let is_about = |expected: usize, due: usize| expected.abs_diff(due) < expected / 20;
        assert!((1..=8).all(|run| is_about(10_000 / 8, due(2, run))));
        assert!((1..=16).all(|run| is_about(10_000 / 16, due(4, run))));
        // For good, six hours have 24 runs.
        assert!((1..=48).all(|run| is_about(10_000 / 24, due(8, run))));
    }

    proptest! {
        #[test]
        fn the_first_turn_is_in_the_first_run_that_finds_it_stuck(
            after in 1..3 * 24 * HOUR, phase in 0..15 * MINUTE, lot in any::<u32>(),
        ) {
            let back_off = BackOff { after: Duration::from_secs(after) };
            let sent = sent_at(back_off, Lot(lot), phase, 5);
            prop_assert!((after..after + EVERY.as_secs()).contains(&sent[0]), "{}", sent[0]);
        }

        #[test]
        fn a_stuck_object_is_due_again_and_again_and_never_too_soon(
            after in MINUTE..3 * 24 * HOUR, phase in 0..15 * MINUTE, lot in any::<u32>(),
        ) {
            let back_off = BackOff { after: Duration::from_secs(after) };
            let sent = sent_at(back_off, Lot(lot), phase, 30);
            let (every, longest) = (EVERY.as_secs(), LONGEST_PAUSE.as_secs());
            let shortest = after.min(longest / 4);
            prop_assert!(30 * 24 * HOUR - sent.last().unwrap() <= longest + every);
            for pair in sent.windows(2) {
                let pause = pair[1] - pair[0];
                prop_assert!(pause < longest + every, "{pause}");
                prop_assert!(pause + every > shortest, "{pause}");
            }
            // Four times a day, and some more on the first day.
            prop_assert!(sent.len() <= 30 * 4 + 12, "{}", sent.len());
        }

        #[test]
        fn pauses_never_get_shorter(after in MINUTE..12 * HOUR, lot in any::<u32>()) {
            let back_off = BackOff { after: Duration::from_secs(after) };
            let sent = sent_at(back_off, Lot(lot), 0, 5);
            let pauses: Vec<_> = sent.windows(2).map(|pair| pair[1] - pair[0]).collect();
            // By a run's distance they may look shorter.
            prop_assert!(pauses.windows(2).all(|pair| pair[1] + EVERY.as_secs() > pair[0]), "{pauses:?}");
        }

        #[test]
        fn a_turn_is_taken_once_whenever_the_schedule_began(age in 0..60 * 24 * HOUR, lot in any::<u32>()) {
            // Of the two runs around any moment at most one sees a turn that lies between them.
            let due = |age| hour().is_due(Duration::from_secs(age), Lot(lot));
            prop_assert!(!(due(age) && due(age + EVERY.as_secs())) , "{age}");
        }

        #[test]
        fn no_age_is_too_great(age in any::<u64>(), after in any::<u64>(), lot in any::<u32>()) {
            let back_off = BackOff { after: Duration::from_secs(after) };
            let _ = back_off.is_due(Duration::from_secs(age), Lot(lot));
        }
    }
}
