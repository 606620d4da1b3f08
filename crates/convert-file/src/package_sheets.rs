//! What xlsx and xlsb have in common: a workbook part that lists sheets, and parts that all sheets share.

use crate::date::Epoch;
use crate::error::ConvertError;
use crate::number_format::NumberFormat;
use crate::text_pool::TextPool;

/// One sheet as the workbook part lists it.
#[derive(Debug)]
pub(crate) struct Tab {
    pub(crate) name: String,
    pub(crate) relation: String,
    pub(crate) hidden: bool,
}

/// What all sheets need to make sense of their cells.
pub(crate) struct Shared {
    pub(crate) strings: TextPool,
    pub(crate) formats: Vec<NumberFormat>,
    pub(crate) epoch: Epoch,
}

impl Shared {
    /// The number format of a cell style.
    pub(crate) fn format(&self, style: usize) -> NumberFormat {
        self.formats.get(style).copied().unwrap_or_default()
    }
}

/// A list of more sheets than there may be, which is given up while it is read.
pub(crate) fn too_many(most: u64) -> ConvertError {
    ConvertError::TooLarge(format!("it has more than {most} sheets"))
}
