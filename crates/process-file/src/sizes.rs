//! How much is read, and how much is held back until something is decided.

/// The bounds on what the cleaner holds in memory, all in bytes.
///
/// They are part of the format, not of the machine: what comes out depends on all of them but `read`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sizes {
    /// What is asked of the reader at a time.
    pub(crate) read: usize,
    /// What is looked at to tell UTF-16 without a byte order mark.
    pub(crate) head: usize,
    /// A longer physical line is decoded in chunks of this size.
    pub(crate) line: usize,
    /// A longer field is written quoted before its end has been seen. Larger than `quoted_lines`.
    pub(crate) field: usize,
    /// A quoted field that goes on over line ends closes within this distance, or its quote opened nothing.
    pub(crate) quoted_lines: usize,
    /// What is looked at to tell the delimiter.
    pub(crate) sample: usize,
}

const KIB: usize = 1024;

impl Sizes {
    /// Bounds so small that every file of a few dozen bytes meets them all: for tests and fuzzing.
    pub(crate) const TINY: Self = Self {
        read: 5,
        head: 64,
        line: 16,
        field: 24,
        quoted_lines: 12,
        sample: 4096,
    };
}

impl Default for Sizes {
    fn default() -> Self {
        Self {
            read: 64 * KIB,
            head: 64 * KIB,
            line: 1024 * KIB,
            field: 1024 * KIB,
            quoted_lines: 64 * KIB,
            sample: 64 * KIB,
        }
    }
}
