//! The step: a workbook of the spreadsheet bucket becomes CSV in the process bucket, where it is cleaned like any other.

use std::collections::HashMap;

use pipeline_core::{
    BadPart, Bucket, Config, Failure, Input, Outbox, Output, SafePath, Stage, Step, Vars, Verdict, bytes_in_words,
};

use crate::config::{Options, Sheets};
use crate::error::ConvertError;
use crate::sheet_csv::SheetCsv;
use crate::workbook::convert;

/// Converts workbooks.
#[derive(Debug, Clone, Default)]
pub struct ConvertFile {
    options: Options,
}

impl ConvertFile {
    /// The step with its options.
    #[must_use]
    pub const fn new(options: Options) -> Self {
        Self { options }
    }

    /// The step as the environment wants it (`SHEETS`).
    #[must_use]
    pub fn read(vars: &mut Vars<'_>, config: &Config) -> Self {
        Self::new(Options {
            sheets: vars.parsed("SHEETS", Sheets::First),
            limits: config.limits.clone(),
        })
    }

    /// Writes one sheet to where process-file finds it.
    fn deliver(
        &self,
        csv: &mut SheetCsv,
        position: usize,
        number: usize,
        input: &Input,
        outbox: &mut Outbox,
    ) -> Result<(), ConvertFailure> {
        let name = match self.options.sheets {
            Sheets::First => input.name().with_suffix(".csv"),
            Sheets::All => input
                .name()
                .with_suffix(&format!(".{}.csv", safe_sheet_name(csv.name(), number))),
        };
        // The number keeps sheets apart that a program gave one name.
        let path = format!("{position}/{}", csv.name());
        let mut writer = outbox.create(Output::new(Bucket::Process, name, path))?;
        writer.rows(csv.rows());
        csv.write_to(&mut writer)?;
        writer.finish()?;
        Ok(())
    }
}

impl Step for ConvertFile {
    fn stage(&self) -> Stage {
        Stage::ConvertFile
    }

    fn most_bytes(&self) -> u64 {
        self.options.limits.file_bytes
    }

    fn run(&self, input: &Input, outbox: &mut Outbox) -> Result<Verdict, Failure> {
        let most = self.most_bytes();
        if input.size() > most {
            let error = ConvertError::TooLarge(format!("it has more than {}", bytes_in_words(most)));
            return Ok(error.rejection().map_or(Verdict::Done, Verdict::Rejected));
        }
        let reader = input.open();
        let mut failure = None;
        let mut position = 0;
        let mut numbers: HashMap<String, usize> = HashMap::new();
        let result = convert(reader, &self.options, &mut |mut csv| {
            let number = numbers.entry(csv.name().to_owned()).or_default();
            *number += 1;
            position += 1;
            self.deliver(&mut csv, position, *number, input, outbox)
                .map_err(|error| match error {
                    ConvertFailure::Convert(error) => error,
                    ConvertFailure::Outbox(error) => {
                        failure = Some(error);
                        ConvertError::Write(std::io::ErrorKind::Other.into())
                    }
                })
        });
        if let Some(failure) = failure {
            return Err(failure);
        }
        match result {
            Ok(conversion) => {
                outbox.notes().sheets_left_out = conversion.left_out;
                let bad = conversion.broken.into_iter().filter_map(|(part, error)| {
                    let rejection = error.rejection()?;
                    Some(BadPart { part, rejection })
                });
                Ok(Verdict::with_bad_parts(bad.collect()))
            }
            Err(error) => match (error.rejection(), error) {
                (Some(rejection), _) => Ok(Verdict::Rejected(rejection)),
                (None, ConvertError::Spool(error) | ConvertError::Write(error)) => Err(Failure::Spool(error)),
                (None, error) => Err(Failure::Spool(std::io::Error::other(error))),
            },
        }
    }
}

/// What can go wrong with a sheet: the sheet, or the way to S3.
enum ConvertFailure {
    Convert(ConvertError),
    Outbox(Failure),
}

impl From<ConvertError> for ConvertFailure {
    fn from(error: ConvertError) -> Self {
        Self::Convert(error)
    }
}

impl From<Failure> for ConvertFailure {
    fn from(failure: Failure) -> Self {
        Self::Outbox(failure)
    }
}

/// A sheet's name as a part of a file name. In OpenDocument it may hold slashes.
fn safe_sheet_name(name: &str, number: usize) -> String {
    let name = SafePath::from_file_name(&name.replace(['/', '\\'], "_"));
    let name = name.map_or_else(|| "sheet".to_owned(), |name| name.as_str().to_owned());
    if number == 1 {
        name
    } else {
        format!("{name} ({number})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sheet_name_stays_one_part_of_a_file_name() {
        assert_eq!(safe_sheet_name("Half hourly", 1), "Half hourly");
        assert_eq!(safe_sheet_name("../gas/2023", 1), ".._gas_2023");
        assert_eq!(safe_sheet_name(" .. ", 1), "sheet");
        assert_eq!(safe_sheet_name("Data", 2), "Data (2)");
    }
}
