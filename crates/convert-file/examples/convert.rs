//! Prints a workbook as CSV: `cargo run -p convert-file --example convert -- readings.xlsx`.

use std::error::Error;
use std::io::{self, Write};

use convert_file::{ConvertError, Options, convert};

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("which file?")?;
    let stdout = io::stdout();
    let result = convert(std::fs::File::open(path)?, &Options::default(), &mut |mut csv| {
        csv.write_to(stdout.lock())
    });
    match result {
        Ok(conversion) => writeln!(io::stderr(), "left out: {:?}", conversion.left_out)?,
        Err(error) => writeln!(
            io::stderr(),
            "{}",
            error
                .rejection()
                .map_or_else(|| ConvertError::to_string(&error), |rejection| rejection.to_string())
        )?,
    }
    Ok(())
}
