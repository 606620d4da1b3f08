//! What can be chosen about conversions.

use std::str::FromStr;

use pipeline_core::Limits;

/// Which sheets of a workbook are delivered (`SHEETS`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sheets {
    /// The first visible worksheet that holds a table, as `<name>.csv`.
    #[default]
    First,
    /// Every visible worksheet that holds a value, as `<name>.<sheet>.csv`.
    All,
}

/// `SHEETS` is neither `first` nor `all`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is neither `first` nor `all`")]
pub struct UnknownSheets(String);

impl FromStr for Sheets {
    type Err = UnknownSheets;

    fn from_str(text: &str) -> Result<Self, UnknownSheets> {
        match text.trim().to_ascii_lowercase().as_str() {
            "first" => Ok(Self::First),
            "all" => Ok(Self::All),
            _ => Err(UnknownSheets(text.to_owned())),
        }
    }
}

/// How workbooks are converted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Options {
    /// Which sheets are delivered.
    pub sheets: Sheets,
    /// Caps on the cells of a sheet (`sheet_cells`), on the bytes of an unpacked part and of a sheet's text (`member_bytes`), and on
    /// sheets (`members`).
    pub limits: Limits,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sheets_are_first_or_all_and_nothing_else() {
        assert_eq!("first".parse(), Ok(Sheets::First));
        assert_eq!(" ALL ".parse(), Ok(Sheets::All));
        assert!("some".parse::<Sheets>().is_err());
    }
}
