#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]
//! Workbooks in, CSV out.

mod biff;
mod cells;
mod choice;
mod common;
mod golden;
mod html;
mod limits;
mod ods;
mod oracle;
mod refusals;
mod robustness;
mod shapes;
mod spreadsheet_ml;
mod xls;
mod xlsb;
mod xlsx;
