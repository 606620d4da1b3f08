//! What the runner says of an event.

use pipeline_core::{Handled, Receipt, RunError};

/// The receipt of work that was done now; anything else fails the test.
pub fn receipt(handled: Result<Handled, RunError>) -> Receipt {
    match handled.unwrap() {
        Handled::Now(receipt) => *receipt,
        Handled::Before(earlier) => panic!("the work had been done before: {earlier:?}"),
    }
}

/// Whether the work had been done before.
pub const fn is_before(handled: &Result<Handled, RunError>) -> bool {
    matches!(handled, Ok(Handled::Before(_)))
}
