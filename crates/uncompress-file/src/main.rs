//! uncompress-file as a Lambda function.

use uncompress_file::UncompressFile;

fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    pipeline_core::lambda::run(|_, config| UncompressFile::new(config.limits.clone()))
}
