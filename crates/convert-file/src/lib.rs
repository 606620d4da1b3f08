//! The stage that turns a workbook into CSV.
//!
//! The readers of the formats (xlsx, xlsb, xls, ods, SpreadsheetML 2003, HTML tables) show every worksheet's cells to one
//! chooser, which keeps them aside, decides which sheet is delivered, and gives it to the step as CSV. They are our own, and
//! small: what a number means (a day, a time, a duration) is in the format of each cell, which the library that could read
//! all these workbooks does not tell; and they hold a sheet's cells in no more memory than a row, whatever a workbook
//! claims about its size. That library, calamine, checks them in the tests.

mod config;
mod csv_line;
mod date;
mod error;
mod fields;
mod first_bytes;
mod grid;
mod html;
mod number;
mod number_format;
mod ods;
mod package;
mod package_sheets;
mod row;
mod sheet_chooser;
mod sheet_csv;
mod sheet_rows;
mod spreadsheet_ml;
mod step;
mod text_pool;
mod utf8_or_western;
mod utf8_reader;
mod value;
mod verified;
mod workbook;
mod xls;
mod xlsb;
mod xlsx;
mod xml;

pub use config::{Options, Sheets, UnknownSheets};
pub use error::ConvertError;
pub use sheet_chooser::{Conversion, Deliver};
pub use sheet_csv::SheetCsv;
pub use step::ConvertFile;
pub use workbook::{convert, convert_html, convert_spreadsheet_ml};
