//! The convert-file function on AWS Lambda.

use convert_file::ConvertFile;
use pipeline_core::lambda::{self, Error};

fn main() -> Result<(), Error> {
    lambda::run(ConvertFile::read)
}
