//! What the command prints: JSON lines for programs, a table for people.

mod json;
mod table;

pub(crate) use json::json_lines;
pub(crate) use table::table;
