//! The Lambda function that tells people what could not be used.

use notify::Notify;

fn main() -> Result<(), pipeline_core::lambda::Error> {
    pipeline_core::lambda::serve(Notify::read, Notify::start)
}
