//! Why a workbook could not become CSV.

use std::error::Error as StdError;
use std::io;

use pipeline_core::{ReasonCode, Rejection};

/// Why a workbook could not become CSV.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConvertError {
    /// No cell of any visible worksheet holds a value.
    #[error("the workbook has no value in any visible sheet")]
    Empty,
    /// It can only be opened with a password.
    #[error("the workbook is protected by a password")]
    Encrypted,
    /// A web page without a table of readings.
    #[error("this is a web page without a table of readings, not a workbook")]
    Html,
    /// More cells, bytes or text than the limits allow.
    #[error("the workbook is too large: {0}")]
    TooLarge(String),
    /// It breaks the rules of its format so badly that no cell can be trusted.
    #[error("the workbook is broken: {situation}")]
    Corrupt {
        /// What was found, in the format's words.
        situation: String,
        /// What the reader of the container or the markup said.
        #[source]
        source: Option<Box<dyn StdError + Send + Sync>>,
    },
    /// The temporary file that holds the rows could not be used: worth a retry.
    #[error("the temporary file of the rows could not be used")]
    Spool(#[source] io::Error),
    /// The CSV could not be written to where the caller wants it: worth a retry.
    #[error("the CSV could not be written")]
    Write(#[source] io::Error),
}

impl ConvertError {
    /// A broken workbook, in a few words of its format.
    pub(crate) fn corrupt(situation: impl Into<String>) -> Self {
        Self::Corrupt {
            situation: situation.into(),
            source: None,
        }
    }

    /// A broken workbook, with the error that says so.
    pub(crate) fn corrupt_by(situation: impl Into<String>, source: impl StdError + Send + Sync + 'static) -> Self {
        Self::Corrupt {
            situation: situation.into(),
            source: Some(Box::new(source)),
        }
    }

    /// The reject it makes, with a sentence for the supplier; `None` where the machine is to blame and a retry may help.
    #[must_use]
    pub fn rejection(&self) -> Option<Rejection> {
        let (code, reason) = match self {
            Self::Empty => (
                ReasonCode::Empty,
                "There is nothing in any visible sheet of this workbook. Please send it again with the readings in it.".to_owned(),
            ),
            Self::Encrypted => (
                ReasonCode::Encrypted,
                "This workbook is protected by a password. Please send it without one.".to_owned(),
            ),
            Self::Html => (
                ReasonCode::Html,
                "This is a web page without a table of readings, not a workbook. Please send the readings as CSV or XLSX.".to_owned(),
            ),
            Self::TooLarge(what) => (
                ReasonCode::TooLarge,
                format!("This workbook is too large: {what}."),
            ),
            Self::Corrupt { situation, .. } => (
                ReasonCode::CorruptSpreadsheet,
                format!("This workbook is damaged: {situation}. Please open it, save it again and send it once more."),
            ),
            Self::Spool(_) | Self::Write(_) => return None,
        };
        Some(Rejection::new(code, reason))
    }
}
