//! S3's events about created objects: read, as Lambda is called with them, and written, where we send them ourselves.

mod decode;
mod record;

pub use decode::{Decoded, EventError, ObjectEvent, decode};
pub use record::Record;
