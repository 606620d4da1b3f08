//! Plain uses of other libraries, as programs that read one file: `peers HOW FILE`, what comes out to the standard output.

mod clean;
mod mail;
mod workbook;
mod zips;

use std::env;
use std::fs::File;

use anyhow::{Context as _, bail};

fn main() -> anyhow::Result<()> {
    let mut arguments = env::args().skip(1);
    let how = arguments.next().context("how?")?;
    let path = arguments.next().context("which file?")?;
    let out = File::options().write(true).open("/dev/stdout")?;
    match how.as_str() {
        "csv" => clean::with_csv(&path, out),
        "calamine-range" => workbook::by_range(&path, out),
        "calamine-cells" => workbook::by_cells(&path, out),
        "mail-parser" => mail::with_mail_parser(&path, out),
        "zip" => zips::with_zip(&path, out),
        other => bail!("{other} is no peer"),
    }
}
