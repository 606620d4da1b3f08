//! A file is classified; CSV is cleaned, archives and workbooks go on as they are, and the rest is rejected.
//!
//! [`clean`] is pure: a reader in, a writer out. [`ProcessFile`] is the step that ties it to the pipeline.

mod clean;
mod decode;
mod delimiter;
mod encoding;
mod lines;
mod long_field;
mod plain;
#[cfg(test)]
mod properties;
mod quotes;
#[cfg(test)]
mod reference;
mod scanner;
mod sizes;
mod step;
#[cfg(test)]
mod strict;
mod utf16;

pub use clean::{CleanError, Cleaned, clean, clean_in_little_room};
pub use encoding::Encoding;
pub use step::ProcessFile;
