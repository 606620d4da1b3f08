//! The first rows of a delivered CSV, as the `csv` crate reads them.

use maud::{Markup, html};
use pipeline_core::Bucket;
use time::OffsetDateTime;

use super::inputs::download;
use super::layout::{Page, page};
use super::view::Preview;
use super::words::{Name, ShortName, bytes, plural};

/// How much of a file is read.
pub(crate) const HEAD_BYTES: u64 = 64 * 1024;
/// How many rows are shown.
const ROWS: usize = 20;
/// How many cells of a row are shown: half-hourly files have some 50.
const CELLS: usize = 120;

impl Preview {
    /// The rows in the beginning of a file of `size` bytes. A row that the beginning cuts off is left out, if it is not the only one.
    pub(crate) fn of(key: &str, size: u64, head: &[u8]) -> Self {
        let is_cut = size > head.len() as u64;
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(delimiter(head))
            .from_reader(head);
        let mut rows = Vec::new();
        let mut record = csv::ByteRecord::new();
        let mut has_more = is_cut;
        while reader.read_byte_record(&mut record).unwrap_or(false) {
            if is_cut && reader.position().byte() >= head.len() as u64 && !rows.is_empty() {
                break;
            }
            if rows.len() == ROWS {
                has_more = true;
                break;
            }
            rows.push(
                record
                    .iter()
                    .map(|cell| String::from_utf8_lossy(cell).into_owned())
                    .collect(),
            );
        }
        Self {
            key: key.to_owned(),
            bytes: size,
            rows,
            has_more,
        }
    }
}

/// The delimiter that the first lines have most of; files are delivered with the one that they came with.
fn delimiter(head: &[u8]) -> u8 {
    let lines = head.split_inclusive(|byte| *byte == b'\n').take(ROWS);
    let start: usize = lines.map(<[u8]>::len).sum();
    let count = |delimiter: u8| head.iter().take(start).filter(|byte| **byte == delimiter).count();
    b",;\t|"
        .iter()
        .copied()
        .rev()
        .max_by_key(|delimiter| count(*delimiter))
        .unwrap_or(b',')
}

/// The page.
pub(crate) fn preview_page(preview: &Preview, now: OffsetDateTime) -> Markup {
    let columns = preview.rows.iter().map(Vec::len).max().unwrap_or(0);
    let shown = columns.min(CELLS);
    let content = html! {
        p.crumbs { a href="/inputs" { "← Emails and files" } }
        div.title-row {
            h1 { (Name(&preview.key)) }
            (download(Bucket::AmrData, &preview.key, "Download"))
        }
        p.lead {
            (bytes(preview.bytes)) ", " (plural(columns as u64, "column"))
            @if columns > CELLS { ", of which " (CELLS) " are shown" }
            @if preview.has_more { ". These are the first " (plural(preview.rows.len() as u64, "row")) "." } @else { ". This is all of it." }
        }
        div.scrolls role="region" aria-label="The first rows" tabindex="0" {
            table.preview {
                caption { "The first rows of " (ShortName(&preview.key)) }
                thead { tr { th scope="col" { "Row" } @for column in 1..=shown { th scope="col" { (column) } } } }
                tbody {
                    @for (index, row) in preview.rows.iter().enumerate() {
                        tr {
                            th scope="row" { (index + 1) }
                            @for cell in row.iter().take(CELLS) { td { (ShortName(cell)) } }
                            @for _ in row.len()..shown { td {} }
                        }
                    }
                }
            }
        }
    };
    page("A delivered file", Page::Other, now, &content)
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    const READINGS: &str = "MPR,Date,hr0030,hr0100\n9100000001,23/03/2025,0.1,\"0,2\"\n";

    #[test]
    fn a_short_file_is_shown_whole() {
        let preview = Preview::of("bam/a.csv", READINGS.len() as u64, READINGS.as_bytes());
        assert_eq!(preview.rows.len(), 2);
        assert_eq!(preview.rows[1], ["9100000001", "23/03/2025", "0.1", "0,2"]);
        assert!(!preview.has_more);
    }

    #[test]
    fn of_a_long_file_the_first_twenty_rows_are_shown() {
        let file = READINGS.repeat(30);
        let preview = Preview::of("bam/a.csv", file.len() as u64, file.as_bytes());
        assert_eq!((preview.rows.len(), preview.has_more), (20, true));
    }

    #[test]
    fn a_row_that_the_beginning_cuts_off_is_left_out_unless_it_is_the_only_one() {
        let preview = Preview::of("bam/a.csv", 1 << 20, &READINGS.as_bytes()[..40]);
        assert_eq!((preview.rows.len(), preview.has_more), (1, true));
        let preview = Preview::of("bam/a.csv", 1 << 20, b"MPR,Da");
        assert_eq!(preview.rows, [["MPR", "Da"]]);
    }

    #[test]
    fn semicolons_and_tabs_divide_cells_where_they_are_the_delimiter() {
        for delimiter in [";", "\t", "|"] {
            let file = READINGS.replace("\"0,2\"", "0.2").replace(',', delimiter);
            let preview = Preview::of("bam/a.csv", file.len() as u64, file.as_bytes());
            assert_eq!(preview.rows[0], ["MPR", "Date", "hr0030", "hr0100"], "{delimiter:?}");
        }
    }

    #[test]
    fn cells_are_shown_as_text_and_rows_of_other_lengths_fit_in() {
        let file = "<script>,=1+1\n1,2,3\n";
        let preview = Preview::of("bam/a.csv", file.len() as u64, file.as_bytes());
        let shown = preview_page(&preview, datetime!(2025-03-23 10:00 UTC)).into_string();
        assert!(
            shown.contains("<td><bdi>&lt;script&gt;</bdi></td>") && !shown.contains("<td><script"),
            "{shown}"
        );
        assert_eq!(shown.matches("<td>").count(), 6, "{shown}");
    }
}
