//! What xlsx and xlsb have in common: a workbook part that lists sheets, and parts that all sheets share.

use crate::date::Epoch;
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
