//! Writes the files that `benches/run.py` measures with: `inputs FOLDER [PERCENT]`, of the sizes that the table tells, or of so many percent of them.
#![expect(clippy::unwrap_used, reason = "a program of benchmarks fails with a message")]

use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use benches::mail::{Attachment, email};
use benches::readings::{Layout, csv};
use benches::xlsx::Shape;
use benches::{archive, encoded, mailbox, xls, xlsx};

fn main() {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().unwrap_or_else(|| "inputs".to_owned()));
    let percent = arguments.next().map_or(100, |percent| percent.parse().unwrap());
    fs::create_dir_all(&folder).unwrap();
    let part = |whole: usize| (whole * percent / 100).max(1);
    let file = |name: &str| BufWriter::new(File::create(folder.join(name)).unwrap());

    let text = csv(Layout::Stark, 1, part(100_000_000), "\r\n");
    fs::write(folder.join("utf-8.csv"), &text).unwrap();
    fs::write(folder.join("utf-16.csv"), encoded::utf16le(&text)).unwrap();
    fs::write(folder.join("windows-1252.csv"), encoded::windows_1252(&text, 2)).unwrap();
    drop(text);

    for (shape, name) in Shape::ALL {
        xlsx::half_hourly(file(&format!("half-hourly-{name}.xlsx")), shape, 3, part(50_000));
    }
    xlsx::meter_list(file("shared-strings.xlsx"), 4, part(100_000));
    fs::write(folder.join("half-hourly.xls"), xls::half_hourly(5, part(60_000))).unwrap();

    archive::of_csvs(file("ten-large.zip"), 10, part(20_000_000));
    archive::of_csvs(file("many-small.zip"), part(5_000) as u64, 10_000);

    let bytes = |seed, size| csv(Layout::BritishGas, seed, size, "\r\n").into_bytes();
    let large = [Attachment::csv("readings.csv".to_owned(), bytes(6, part(20_000_000)))];
    fs::write(folder.join("one-large.eml"), email("sheffield", 1, &large)).unwrap();
    let many: Vec<Attachment> = (0..50)
        .map(|number| Attachment::csv(format!("site-{number:02}.csv"), bytes(100 + number, part(200_000))))
        .collect();
    fs::write(folder.join("fifty.eml"), email("sheffield", 2, &many)).unwrap();

    write_mailbox(&folder.join("mailbox"), part(1_000) as u64);
}

/// So many emails, and what is in them: `mailbox.tsv` beside the folder.
fn write_mailbox(folder: &Path, emails: u64) {
    fs::create_dir_all(folder).unwrap();
    let mut list = BufWriter::new(File::create(folder.with_extension("tsv")).unwrap());
    for number in 0..emails {
        let made = mailbox::supplier_email(number);
        fs::write(folder.join(format!("{number:04}.eml")), &made.text).unwrap();
        writeln!(
            list,
            "{}\t{}\t{}\t{}",
            made.kind,
            made.text.len(),
            made.attached,
            made.unzipped
        )
        .unwrap();
    }
    list.flush().unwrap();
}
