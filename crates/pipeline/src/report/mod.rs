//! What the command prints: JSON lines for programs, a table for people.

mod json;
mod table;
mod words;

pub(crate) use json::json_lines;
pub(crate) use table::{empty_table, table};
pub(crate) use words::{grouped, plural, size};
