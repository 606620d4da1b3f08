//! How much may be on its way to S3 at once.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bytes of outputs that a process has on their way at once, in KiB: a semaphore counts in `u32`. `pipeline run`, with all its workers and the
/// S3 server, stays below 192 MiB with it, whatever the file.
const IN_FLIGHT_KIB: u32 = 24 * 1024;

/// How many outputs and parts are on their way at once: at 20 ms a call some 3,200 a second, and S3 takes 3,500 a second below one
/// prefix (S3 user guide, "Optimizing Amazon S3 performance").
const MOST_AT_ONCE: u32 = 64;

/// The memory that all outputs of a process share while they are on their way, however many steps run in it.
#[derive(Debug, Clone)]
pub(crate) struct Budget(Arc<Semaphore>);

/// Bytes that are on their way until this is dropped.
#[derive(Debug)]
pub(crate) struct OnItsWay {
    _share: Option<OwnedSemaphorePermit>,
}

impl Budget {
    pub(super) fn new() -> Self {
        Self(Arc::new(Semaphore::new(IN_FLIGHT_KIB as usize)))
    }

    /// Waits until so many bytes more may be on their way. Whatever holds some of the budget must not wait for a step: another step
    /// may be waiting here.
    pub(crate) async fn take(&self, bytes: usize) -> OnItsWay {
        let kib = u32::try_from(bytes / 1024).unwrap_or(u32::MAX);
        let share = kib.clamp(IN_FLIGHT_KIB / MOST_AT_ONCE, IN_FLIGHT_KIB);
        // It fails only if the semaphore is closed, which it never is.
        OnItsWay {
            _share: Arc::clone(&self.0).acquire_many_owned(share).await.ok(),
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;
    use crate::store::PART_BYTES;

    #[test]
    fn sixty_four_small_outputs_or_three_parts_are_on_their_way_at_once() {
        for (bytes, at_once) in [(0, 64), (100, 64), (384 * 1024, 64), (PART_BYTES, 3), (usize::MAX, 1)] {
            let budget = Budget::new();
            let mut taken: Vec<_> = std::iter::from_fn(|| budget.take(bytes).now_or_never()).collect();
            assert_eq!(taken.len(), at_once, "{bytes} bytes");
            taken.pop();
            assert!(budget.take(bytes).now_or_never().is_some());
        }
    }
}
