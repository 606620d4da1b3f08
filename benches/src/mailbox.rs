//! A morning's emails of many suppliers.

use std::io::Cursor;

use fastrand::Rng;

use crate::encoded::{utf16le, windows_1252};
use crate::mail::{Attachment, Travels, email};
use crate::readings::{Layout, csv};
use crate::xlsx::Shape;
use crate::{archive, xls, xlsx};

/// An email, and what is in it, as `KIND BYTES` for each file: what the sum of another program's work is made of.
#[derive(Debug)]
pub struct Email {
    /// The email.
    pub text: String,
    /// `csv`, `xlsx`, `xls` or `zip`.
    pub kind: &'static str,
    /// Bytes of the file that is attached.
    pub attached: usize,
    /// Bytes of the CSVs in a zip.
    pub unzipped: usize,
}

/// The `number`th email of the mailbox: of a hundred, 70 bring a CSV of one of the encodings, 15 an xlsx, 5 an xls, 10 a zip of four CSVs.
///
/// # Panics
/// If memory cannot be written.
#[must_use]
pub fn supplier_email(number: u64) -> Email {
    let mut rng = Rng::with_seed(number);
    let layout = Layout::ALL[rng.usize(..Layout::ALL.len())];
    // A day of a school to a month of a county.
    let bytes = 3_000 << rng.u32(..7);
    let rows = bytes / 350;
    let area = ["sheffield", "bath", "highlands", "frome"][rng.usize(..4)];
    let mut unzipped = 0;
    let (kind, attachment) = match number % 100 {
        0..70 => {
            let text = csv(layout, number, bytes, "\r\n");
            let content = match number % 10 {
                0 => utf16le(&text),
                1 => windows_1252(&text, number),
                _ => text.into_bytes(),
            };
            let mut attachment = Attachment::csv(format!("readings-{number:04}.csv"), content);
            if number % 10 > 6 {
                attachment.media_type = "text/csv";
                attachment.travels = Travels::QuotedPrintable;
            }
            ("csv", attachment)
        }
        70..85 => {
            let mut file = Cursor::new(Vec::new());
            let shape = Shape::ALL[rng.usize(..Shape::ALL.len())].0;
            xlsx::half_hourly(&mut file, shape, number, rows);
            (
                "xlsx",
                Attachment::csv(format!("readings-{number:04}.xlsx"), file.into_inner()),
            )
        }
        85..90 => {
            let file = xls::half_hourly(number, rows);
            ("xls", Attachment::csv(format!("readings-{number:04}.xls"), file))
        }
        _ => {
            let mut file = Cursor::new(Vec::new());
            archive::of_csvs(&mut file, 4, bytes / 2);
            unzipped = bytes * 2;
            let mut attachment = Attachment::csv(format!("readings-{number:04}.zip"), file.into_inner());
            attachment.media_type = "application/zip";
            ("zip", attachment)
        }
    };
    Email {
        kind,
        attached: attachment.bytes.len(),
        unzipped,
        text: email(area, number, &[attachment]),
    }
}
