//! convert-file
