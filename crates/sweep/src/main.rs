//! The Lambda function that sends stuck work again.

use sweep::Sweep;

fn main() -> Result<(), pipeline_core::lambda::Error> {
    pipeline_core::lambda::serve(Sweep::read, Sweep::start)
}
