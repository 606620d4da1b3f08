//! The step: one file is classified, and cleaned, passed on or rejected.

use std::io::{Read, Seek};

use pipeline_core::{
    Bucket, Config, Failure, FileKind, Input, Outbox, Output, ReasonCode, Rejection, SafePath, Stage, Step, Vars,
    Verdict, bytes_in_words, kind,
};

use crate::clean::{CleanError, clean};

/// The path of what is made of a file: there is only one thing.
const PATH_IN_FILE: &str = "file";

/// Classifies a file: CSV is cleaned into amr-data, archives and workbooks go to their stages, the rest is rejected.
#[derive(Debug, Clone, Copy)]
pub struct ProcessFile {
    /// Bytes of a file at most.
    file_bytes: u64,
}

impl ProcessFile {
    /// The step with its limit. It has no settings of its own.
    #[must_use]
    pub const fn read(_vars: &mut Vars<'_>, config: &Config) -> Self {
        Self {
            file_bytes: config.limits.file_bytes,
        }
    }
}

impl Step for ProcessFile {
    fn stage(&self) -> Stage {
        Stage::ProcessFile
    }

    fn most_bytes(&self) -> u64 {
        self.file_bytes
    }

    fn run(&self, input: &Input, outbox: &mut Outbox) -> Result<Verdict, Failure> {
        if input.size() > self.file_bytes {
            return Ok(Verdict::Rejected(too_large(self.file_bytes)));
        }
        let mut content = input.open();
        let kind = kind::classify(&mut content, input.name().file_name()).map_err(Failure::Spool)?;
        match route(kind) {
            Route::Clean => deliver(content, input.name(), outbox),
            Route::Forward(bucket) => {
                outbox.forward(Output::new(bucket, input.name().clone(), PATH_IN_FILE))?;
                Ok(Verdict::Done)
            }
            Route::Reject(rejection) => Ok(Verdict::Rejected(rejection)),
        }
    }
}

/// Where a file goes.
#[derive(Debug, PartialEq, Eq)]
enum Route {
    Clean,
    Forward(Bucket),
    Reject(Rejection),
}

fn route(kind: FileKind) -> Route {
    match kind {
        FileKind::Csv => Route::Clean,
        FileKind::Archive(_) => Route::Forward(Bucket::Uncompressed),
        FileKind::Spreadsheet(_) => Route::Forward(Bucket::Spreadsheet),
        refused => Route::Reject(refused.rejection().unwrap_or_else(unknown_type)),
    }
}

/// Cleans a file into amr-data, from where the importer takes it.
fn deliver(content: impl Read + Seek, name: &SafePath, outbox: &mut Outbox) -> Result<Verdict, Failure> {
    let mut writer = outbox.create(Output::new(Bucket::AmrData, delivered_name(name), PATH_IN_FILE))?;
    // Failures of S3 or the disk are latched as well; what is returned here only ends the step.
    let cleaned = clean(content, &mut writer).map_err(|error| match error {
        CleanError::Read(error) | CleanError::Write(error) => Failure::Spool(error),
    })?;
    if cleaned.lines == 0 {
        return Ok(Verdict::Rejected(nothing_left()));
    }
    writer.rows(cleaned.lines);
    writer.finish()?;
    outbox.notes().lines_repaired = cleaned.lines_repaired;
    Ok(Verdict::Done)
}

/// The importer opens what is called `.xls` or `.xlsx` as a workbook, whatever is in it.
fn delivered_name(name: &SafePath) -> SafePath {
    let lower_case = name.file_name().to_ascii_lowercase();
    if lower_case.ends_with(".xls") || lower_case.ends_with(".xlsx") {
        name.with_suffix(".csv")
    } else {
        name.clone()
    }
}

fn too_large(most: u64) -> Rejection {
    let most = bytes_in_words(most);
    let reason = format!("This file has more than {most}. Please send it in several files.");
    Rejection::new(ReasonCode::TooLarge, reason)
}

fn nothing_left() -> Rejection {
    let reason = "There is nothing in this file but blank lines. Please send it again with the readings in it.";
    Rejection::new(ReasonCode::Empty, reason)
}

fn unknown_type() -> Rejection {
    let reason = "We cannot tell what kind of file this is. Please send the readings as CSV, XLSX, XLS or ODS.";
    Rejection::new(ReasonCode::UnknownType, reason)
}

#[cfg(test)]
mod tests {
    use pipeline_core::kind::{ArchiveKind, SpreadsheetKind};

    use super::*;

    fn name(name: &str) -> String {
        delivered_name(&SafePath::from_path(name).unwrap()).to_string()
    }

    #[test]
    fn csv_that_calls_itself_a_workbook_is_renamed_and_nothing_else_is() {
        assert_eq!(name("import.xls"), "import.xls.csv");
        assert_eq!(name("2023/Import.XLSX"), "2023/Import.XLSX.csv");
        for kept in [
            "import.csv",
            "IMPORT.CSV",
            "import.cns",
            "import",
            "import.txt",
            "import.xlsm",
            "xls",
            "a.xls/import",
        ] {
            assert_eq!(name(kept), kept);
        }
    }

    #[test]
    fn archives_and_workbooks_go_to_their_stages() {
        for archive in [ArchiveKind::Zip, ArchiveKind::Gzip, ArchiveKind::Tar] {
            assert_eq!(route(FileKind::Archive(archive)), Route::Forward(Bucket::Uncompressed));
        }
        for workbook in [
            SpreadsheetKind::Xls,
            SpreadsheetKind::Xlsx,
            SpreadsheetKind::Xlsb,
            SpreadsheetKind::Ods,
            SpreadsheetKind::SpreadsheetMl,
            SpreadsheetKind::HtmlTable,
        ] {
            assert_eq!(
                route(FileKind::Spreadsheet(workbook)),
                Route::Forward(Bucket::Spreadsheet)
            );
        }
    }

    #[test]
    fn what_holds_no_readings_is_rejected_with_the_code_of_its_kind() {
        for (kind, code) in [
            (FileKind::Html, ReasonCode::Html),
            (FileKind::Text, ReasonCode::NotATable),
            (FileKind::Empty, ReasonCode::Empty),
            (FileKind::Unknown, ReasonCode::UnknownType),
            (FileKind::NotData("an image"), ReasonCode::NotData),
            (FileKind::Encrypted("an encrypted workbook"), ReasonCode::Encrypted),
            (FileKind::Unsupported("a PDF document"), ReasonCode::Unsupported),
            (FileKind::Email, ReasonCode::Unsupported),
        ] {
            assert!(
                matches!(route(kind), Route::Reject(rejection) if rejection.reason_code == code),
                "{kind:?}"
            );
        }
    }
}
