//! Which of the objects that are due are sent, where that is more than a run may send.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::hash::{DefaultHasher, Hash, Hasher};

use pipeline_core::store::Listed;

/// Draws at most so many objects out of any number, holding no more than those in memory.
///
/// It is a lottery because a rule would starve somebody: by key or by age, a few hundred objects that fail for ever would be sent at
/// every run and keep all others out. Each run draws anew from its own time, so every object that is due has the same chance, every time.
/// A run that Lambda tries again draws the same.
#[derive(Debug)]
pub struct Draw {
    limit: usize,
    run: i64,
    drawn: BinaryHeap<Ticket>,
    offered: u64,
}

#[derive(Debug)]
struct Ticket {
    number: u64,
    object: Listed,
}

impl Draw {
    /// A draw of at most `limit` objects by the run of this Unix time in seconds.
    #[must_use]
    pub const fn new(limit: usize, run: i64) -> Self {
        Self {
            limit,
            run,
            drawn: BinaryHeap::new(),
            offered: 0,
        }
    }

    /// Lets an object take part.
    pub fn offer(&mut self, object: Listed) {
        let mut hasher = DefaultHasher::new();
        (self.run, object.key.as_str()).hash(&mut hasher);
        let number = hasher.finish();
        self.offered += 1;
        self.drawn.push(Ticket { number, object });
        if self.drawn.len() > self.limit {
            // The greatest number.
            self.drawn.pop();
        }
    }

    /// How many objects took part.
    #[must_use]
    pub const fn offered(&self) -> u64 {
        self.offered
    }

    /// The objects that were drawn, in the order of their numbers.
    #[must_use]
    pub fn into_drawn(self) -> Vec<Listed> {
        let tickets = self.drawn.into_sorted_vec();
        tickets.into_iter().map(|ticket| ticket.object).collect()
    }
}

impl Ord for Ticket {
    fn cmp(&self, other: &Self) -> Ordering {
        // Two keys of one number are as good as impossible, but an order has to tell them apart.
        (self.number, &self.object.key).cmp(&(other.number, &other.object.key))
    }
}

impl PartialOrd for Ticket {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Ticket {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Ticket {}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use pipeline_core::Key;
    use time::OffsetDateTime;

    use super::*;

    fn drawn(objects: usize, limit: usize, run: i64) -> Vec<String> {
        let mut draw = Draw::new(limit, run);
        for n in 0..objects {
            draw.offer(Listed {
                key: Key::new(format!("sheffield/{n:05}.csv")),
                etag: "\"e\"".to_owned(),
                size: 1,
                last_modified: OffsetDateTime::UNIX_EPOCH,
            });
        }
        assert_eq!(draw.offered(), objects as u64);
        draw.into_drawn()
            .into_iter()
            .map(|object| object.key.to_string())
            .collect()
    }

    #[test]
    fn everything_is_drawn_where_there_is_room() {
        assert_eq!(drawn(10, 10, 1).len(), 10);
        assert!(drawn(0, 10, 1).is_empty());
    }

    #[test]
    fn a_run_that_is_tried_again_draws_the_same_and_another_run_others() {
        assert_eq!(drawn(100, 10, 1).len(), 10);
        assert_eq!(drawn(100, 10, 1), drawn(100, 10, 1));
        assert_ne!(drawn(100, 10, 1), drawn(100, 10, 2));
    }

    #[test]
    fn nobody_starves_where_many_are_due_at_every_run() {
        let mut times = HashMap::new();
        for run in 0..400 {
            for key in drawn(200, 20, 1_763_712_000 + run * 900) {
                *times.entry(key).or_insert(0) += 1;
            }
        }
        assert_eq!(times.len(), 200);
        // 40 on the average.
        assert!(times.values().all(|times| (15..80).contains(times)), "{times:?}");
    }
}
