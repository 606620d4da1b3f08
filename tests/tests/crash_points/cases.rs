//! What happens, and to which call.

use std::time::Duration;

use end_to_end_tests::faults::{Call, Fault, Faults, SDKS_ATTEMPTS};
use end_to_end_tests::soak;

/// What happens in one journey.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Case {
    /// To one call, at its first attempts or at all that the SDK makes; perhaps while another worker is at the same object.
    Call {
        number: u64,
        attempts: u32,
        fault: Fault,
        twins: bool,
    },
    /// To every call from this one on, until Lambda has given up the event that is being worked on.
    Outage { from: u64, fault: Fault },
    /// The work is dropped after it was polled so many times.
    Dropped { polls: u64 },
}

/// Single faults. Those that the SDK retries come once, and once more at all of its attempts.
const FAULTS: [(Fault, u32); 20] = [
    (Fault::Crash, 1),
    (Fault::CrashAfter, 1),
    (Fault::RefusedBefore(412, "PreconditionFailed"), 1),
    (Fault::RefusedBefore(403, "AccessDenied"), 1),
    (Fault::RefusedAfter(403, "AccessDenied"), 1),
    (Fault::RefusedBefore(409, "ConditionalRequestConflict"), 1),
    (Fault::RefusedBefore(500, "InternalError"), 1),
    (Fault::RefusedBefore(500, "InternalError"), SDKS_ATTEMPTS),
    (Fault::RefusedAfter(500, "InternalError"), 1),
    (Fault::RefusedAfter(500, "InternalError"), SDKS_ATTEMPTS),
    (Fault::RefusedBefore(503, "SlowDown"), 1),
    (Fault::RefusedBefore(503, "SlowDown"), SDKS_ATTEMPTS),
    (Fault::RefusedAfter(503, "SlowDown"), 1),
    (Fault::Reset, 1),
    (Fault::Reset, SDKS_ATTEMPTS),
    (Fault::ResetAfter, 1),
    (Fault::ResetAfter, SDKS_ATTEMPTS),
    (Fault::Truncated, 1),
    (Fault::Truncated, SDKS_ATTEMPTS),
    (Fault::Slow(Duration::from_millis(30)), 1),
];

/// What is only found out when the answer has begun: of these operations it is known (S3 API).
const LATE_ERROR: Fault = Fault::RefusedBefore(200, "InternalError");

/// How many cases a scenario has in a short run; a heavy one has fewer.
fn budget(light: u64, is_heavy: bool) -> u64 {
    soak::scale(if is_heavy { light / 6 } else { light }, u64::MAX)
}

/// So many of all, evenly.
fn sample(all: Vec<Case>, budget: u64) -> Vec<Case> {
    let count = all.len() as u64;
    let step = count.div_ceil(budget.max(1)).max(1);
    // Where the step shares a divisor with the number of faults, some fault would never be met.
    let step = (step..)
        .find(|step| gcd(*step, FAULTS.len() as u64 + 1) == 1 || *step == 1)
        .unwrap();
    all.into_iter().step_by(usize::try_from(step).unwrap()).collect()
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// Every fault at every call.
pub(crate) fn of_calls(calls: u64, twins: bool, is_heavy: bool) -> Vec<Case> {
    let mut all = Vec::new();
    for number in 1..=calls {
        for (fault, attempts) in FAULTS.into_iter().chain([(LATE_ERROR, SDKS_ATTEMPTS)]) {
            all.push(Case::Call {
                number,
                attempts,
                fault,
                twins,
            });
        }
    }
    sample(all, budget(if twins { 6 } else { 24 }, is_heavy))
}

/// An outage from every call on: nothing gets through, or no answer comes back.
pub(crate) fn of_outages(calls: u64, is_heavy: bool) -> Vec<Case> {
    let from = |from| [Fault::Reset, Fault::ResetAfter].map(|fault| Case::Outage { from, fault });
    sample((1..=calls).flat_map(from).collect(), budget(4, is_heavy))
}

/// A drop after every poll.
pub(crate) fn of_polls(polls: u64, is_heavy: bool) -> Vec<Case> {
    let all = (1..polls).map(|polls| Case::Dropped { polls }).collect();
    sample(all, budget(6, is_heavy))
}

impl Case {
    /// The first worker.
    pub(crate) fn worker(&self) -> Faults {
        match *self {
            Self::Call {
                number,
                attempts,
                fault: LATE_ERROR,
                ..
            } => Faults::new(move |call| {
                let knows_it = matches!(call.operation, "CompleteMultipartUpload" | "UploadPartCopy");
                if knows_it {
                    at(call, number, attempts, LATE_ERROR)
                } else {
                    Fault::Pass
                }
            }),
            Self::Call {
                number,
                attempts,
                fault,
                ..
            } => Faults::new(move |call| at(call, number, attempts, fault)),
            Self::Outage { from, fault } => {
                Faults::new(move |call| if call.number >= from { fault } else { Fault::Pass })
            }
            Self::Dropped { .. } => Faults::default(),
        }
    }

    /// Whether another worker gets the same events at the same time.
    pub(crate) const fn has_twins(&self) -> bool {
        matches!(self, Self::Call { twins: true, .. })
    }

    /// Whether nobody may be left to throw away an upload, or to know of it.
    pub(crate) const fn may_leave_uploads(&self) -> bool {
        match self {
            Self::Outage { .. } | Self::Dropped { .. } => true,
            Self::Call { fault, .. } => matches!(
                fault,
                Fault::Crash | Fault::CrashAfter | Fault::ResetAfter | Fault::RefusedAfter(..) | Fault::Truncated
            ),
        }
    }
}

fn at(call: &Call, number: u64, attempts: u32, fault: Fault) -> Fault {
    if call.number == number && call.attempt <= attempts {
        fault
    } else {
        Fault::Pass
    }
}
