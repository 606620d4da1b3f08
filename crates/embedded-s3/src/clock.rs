//! A clock that never says the same twice.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Wall-clock time in nanoseconds, each reading later than the one before.
///
/// Files get it as their modification time, and with their size it tells which record describes which file
/// (see [`crate::store::sidecar`]): two versions of an object never share it, however fast they follow.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    latest: AtomicI64,
}

/// A point in time, in nanoseconds since 1970. It reaches to the year 2262.
pub(crate) type UnixNanos = i64;

impl Clock {
    /// The time now, or a nanosecond after the latest reading if that is not yet past.
    pub(crate) fn tick(&self) -> UnixNanos {
        let now = unix_nanos(SystemTime::now());
        let mut reading = now;
        let _ = self
            .latest
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |latest| {
                reading = now.max(latest.saturating_add(1));
                Some(reading)
            });
        reading
    }
}

/// Nanoseconds since 1970; times out of range become the nearest that is in range.
pub(crate) fn unix_nanos(time: SystemTime) -> UnixNanos {
    match time.duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_nanos()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_nanos()).map_or(i64::MIN, |nanos| -nanos),
    }
}

/// The inverse of [`unix_nanos`].
pub(crate) fn system_time(nanos: UnixNanos) -> SystemTime {
    let distance = Duration::from_nanos(nanos.unsigned_abs());
    if nanos < 0 {
        UNIX_EPOCH - distance
    } else {
        UNIX_EPOCH + distance
    }
}

/// As S3 shows it: S3 knows no parts of a second.
pub(crate) fn whole_seconds(nanos: UnixNanos) -> time::OffsetDateTime {
    time::OffsetDateTime::from_unix_timestamp(nanos.div_euclid(1_000_000_000))
        .unwrap_or(time::OffsetDateTime::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_readings_are_equal() {
        let clock = Clock::default();
        let readings: Vec<_> = (0..1000).map(|_| clock.tick()).collect();
        assert!(readings.is_sorted_by(|a, b| a < b));
    }

    #[test]
    fn times_before_1970_come_back_too() {
        for nanos in [-1_500_000_001, -1, 0, 1, 1_763_712_000_123_456_789] {
            assert_eq!(unix_nanos(system_time(nanos)), nanos);
        }
        assert_eq!(whole_seconds(-1).unix_timestamp(), -1);
    }
}
