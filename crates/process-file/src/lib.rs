//! process-file
