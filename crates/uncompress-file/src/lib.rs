//! uncompress-file
