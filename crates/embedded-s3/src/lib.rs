//! embedded-s3
