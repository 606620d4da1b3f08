//! When to stop, so that there is time left to say what was left.

use std::future::Future;
use std::time::{Duration, Instant};

/// How long before Lambda's deadline the work stops.
const BEFORE_DEADLINE: Duration = Duration::from_secs(10);

/// The moments at which the work stops; never, where there is no deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stops {
    /// From then on no bucket is looked at, so that what was found can be sent.
    pub(crate) looking: Option<Instant>,
    /// From then on nothing is sent.
    pub(crate) sending: Option<Instant>,
}

impl Stops {
    pub(crate) fn before(deadline: Option<Instant>, now: Instant) -> Self {
        let left = deadline.map(|deadline| deadline.saturating_duration_since(now));
        // Where so little time is left that ten seconds would be most of it, half of it must do.
        let work = left.map(|left| left - BEFORE_DEADLINE.min(left / 2));
        Self {
            looking: work.map(|work| now + work * 3 / 4),
            sending: work.map(|work| now + work),
        }
    }
}

/// What the future gives, if it does so until then. What would begin later does not begin at all.
pub(crate) async fn until<T>(stop: Option<Instant>, future: impl Future<Output = T>) -> Option<T> {
    match stop {
        None => Some(future.await),
        Some(stop) if stop <= Instant::now() => None,
        Some(stop) => tokio::time::timeout_at(stop.into(), future).await.ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_would_begin_too_late_does_not_begin() {
        let begun = std::cell::Cell::new(false);
        let given = until(Some(Instant::now()), async { begun.set(true) }).await;
        assert_eq!((given, begun.get()), (None, false));
        assert_eq!(until(None, async { 1 }).await, Some(1));
    }

    #[test]
    fn a_quarter_of_the_time_is_for_sending_and_the_last_seconds_are_for_saying_so() {
        let now = Instant::now();
        let after = |seconds: f64| Some(now + Duration::from_secs_f64(seconds));
        for (left, looking, sending) in [(90.0, 60.0, 80.0), (10.0, 3.75, 5.0), (0.0, 0.0, 0.0)] {
            let stops = Stops::before(after(left), now);
            assert_eq!(
                (stops.looking, stops.sending),
                (after(looking), after(sending)),
                "{left}"
            );
        }
        assert_eq!(Stops::before(None, now).sending, None);
    }
}
