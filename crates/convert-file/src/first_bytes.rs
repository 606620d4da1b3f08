//! The first bytes of a CSV, by which its reader tells what it is.

use std::io::{self, Cursor, Write};

use pipeline_core::FileKind;
use pipeline_core::kind::{HEAD_BYTES, classify};

/// Passes a CSV on, but looks at its first bytes before. Where a first cell such as `<html>` or `GIF89a` would have the
/// CSV taken for something else, the cell is quoted: that is the same CSV, and what begins with a quote is only text.
pub(crate) struct FirstBytes<W> {
    out: W,
    /// What is not passed on yet; `None` once the beginning is.
    held: Option<Vec<u8>>,
}

impl<W: Write> FirstBytes<W> {
    pub(crate) const fn new(out: W) -> Self {
        Self {
            out,
            held: Some(Vec::new()),
        }
    }

    fn pass_on(&mut self) -> io::Result<()> {
        let Some(held) = self.held.take() else {
            return Ok(());
        };
        let field = held
            .iter()
            .position(|byte| matches!(byte, b',' | b'\n'))
            .unwrap_or(held.len());
        match held.split_at_checked(field) {
            Some((field, rest)) if !field.is_empty() && !field.starts_with(b"\"") && !is_csv(&held)? => {
                // A field that the writer left without quotes has none inside.
                self.out.write_all(b"\"")?;
                self.out.write_all(field)?;
                self.out.write_all(b"\"")?;
                self.out.write_all(rest)
            }
            _ => self.out.write_all(&held),
        }
    }
}

fn is_csv(beginning: &[u8]) -> io::Result<bool> {
    Ok(classify(&mut Cursor::new(beginning), "x.csv")? == FileKind::Csv)
}

impl<W: Write> Write for FirstBytes<W> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let Some(held) = &mut self.held else {
            return self.out.write(buffer);
        };
        held.extend_from_slice(buffer);
        if held.len() >= HEAD_BYTES {
            self.pass_on()?;
        }
        Ok(buffer.len())
    }

    /// Passes everything on, also a beginning that is all there is.
    fn flush(&mut self) -> io::Result<()> {
        self.pass_on()?;
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passed_on(csv: &str) -> String {
        let mut out = Vec::new();
        let mut first = FirstBytes::new(&mut out);
        for piece in csv.as_bytes().chunks(7) {
            first.write_all(piece).unwrap();
        }
        first.flush().unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_first_cell_that_looks_like_another_format_is_quoted() {
        for cell in [
            "<html>",
            "  <!DOCTYPE html>",
            "%PDF-1.4",
            "GIF89a",
            "{\\rtf1",
            "<svg xmlns='http://www.w3.org/2000/svg'>",
            "<?xml version='1.0'?>",
            "BEGIN:VCALENDAR",
        ] {
            let rest = ",Date,kWh\n1,2023-09-01,2.5\n";
            let csv = passed_on(&format!("{cell}{rest}"));
            assert!(is_csv(csv.as_bytes()).unwrap(), "{cell}");
            assert_eq!(csv.replacen('"', "", 2), format!("{cell}{rest}"));
            let long = format!("{cell}\n{}", "1,2023-09-01,2.5\n".repeat(HEAD_BYTES / 8));
            let csv = passed_on(&long);
            assert!(is_csv(csv.as_bytes()).unwrap(), "{cell}");
            assert_eq!(csv.replacen('"', "", 2), long);
        }
    }

    #[test]
    fn what_is_csv_is_passed_on_as_it_is() {
        for csv in [
            "",
            "MPAN,Date,kWh\n1,2023-09-01,2.5\n",
            ",,\n",
            "\"\"\nx\n",
            "\"<html>,\",a\n",
            "No file\n",
        ] {
            assert_eq!(passed_on(csv), csv);
        }
    }
}
