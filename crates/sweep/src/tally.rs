//! What a look at a bucket has found so far.

use std::time::Duration;

use pipeline_core::store::Listed;

use crate::back_off::{BackOff, Lot};
use crate::draw::Draw;
use crate::request::Run;

/// Counts objects, and draws those that are sent.
#[derive(Debug)]
pub(crate) struct Tally {
    run: Run,
    back_off: BackOff,
    draw: Draw,
    waiting: u64,
    oldest: Duration,
}

impl Tally {
    pub(crate) const fn new(run: Run, back_off: BackOff, limit: u16) -> Self {
        Self {
            run,
            back_off,
            draw: Draw::new(limit as usize, run.now.unix_timestamp()),
            waiting: 0,
            oldest: Duration::ZERO,
        }
    }

    /// Counts an object as waiting.
    pub(crate) fn count(&mut self, object: &Listed) {
        self.waiting += 1;
        self.oldest = self.oldest.max(self.run.age(object));
    }

    /// Counts an object as waiting, and lets it take part in the draw if it is due.
    pub(crate) fn count_and_offer(&mut self, object: Listed) {
        self.count(&object);
        let age = self.run.age(&object);
        if self.run.everything && self.back_off.is_stuck(age) || self.back_off.is_due(age, Lot::of(&object)) {
            self.draw.offer(object);
        }
    }

    /// How many objects wait.
    pub(crate) const fn waiting(&self) -> u64 {
        self.waiting
    }

    /// The age of the oldest object that waits; zero if there is none.
    pub(crate) const fn oldest(&self) -> Duration {
        self.oldest
    }

    /// How many objects are due.
    pub(crate) const fn due(&self) -> u64 {
        self.draw.offered()
    }

    /// The objects to send.
    pub(crate) fn into_drawn(self) -> Vec<Listed> {
        self.draw.into_drawn()
    }
}
