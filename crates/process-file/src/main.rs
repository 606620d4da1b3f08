//! The process-file function on AWS Lambda.

use pipeline_core::lambda::{self, Error};
use process_file::ProcessFile;

fn main() -> Result<(), Error> {
    lambda::run(ProcessFile::read)
}
