//! One JSON object a line, for programs.

use std::io::{self, Write};

use crate::story::Story;

pub(crate) fn json_lines(out: &mut impl Write, stories: &[Story]) -> io::Result<()> {
    for story in stories {
        serde_json::to_writer(&mut *out, story)?;
        writeln!(out)?;
    }
    Ok(())
}
