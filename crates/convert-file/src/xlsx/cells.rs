//! The cells of a worksheet part (ECMA-376 part 1, 18.3.1).

use std::io::BufRead;

use quick_xml::events::{BytesStart, Event};

use super::{place, rich_text};
use crate::date::serial_of_iso;
use crate::error::ConvertError;
use crate::number::parse_number;
use crate::number_format::NumberFormat;
use crate::package_sheets::Shared;
use crate::sheet_chooser::SheetChooser;
use crate::value::{CellRef, Value};
use crate::xml::{Xml, attribute, attribute_value, attributes, is_true};

/// What a cell's `t` says about its value (18.18.11).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Kind {
    #[default]
    Number,
    Shared,
    Text,
    Inline,
    Bool,
    Error,
    IsoDate,
}

/// The attributes of a cell.
#[derive(Debug, Clone, Copy, Default)]
struct Head {
    at: Option<CellRef>,
    style: usize,
    kind: Kind,
}

/// Shows every cell with a value to the chooser.
pub(super) fn read<R: BufRead>(
    xml: &mut Xml<R>,
    shared: &Shared,
    chooser: &mut SheetChooser<'_>,
) -> Result<(), ConvertError> {
    // Cells and rows without a reference follow the one before.
    let mut next = CellRef::default();
    let mut next_row = 0;
    let mut value = String::new();
    let mut in_data = false;
    loop {
        match xml.next()? {
            Event::Start(element) => match element.local_name().as_ref() {
                "sheetData" => in_data = true,
                // What extensions call rows and cells are none of the sheet's.
                "extLst" => xml.skip()?,
                "row" if in_data => {
                    let row = match attribute(&element, "r") {
                        Some(number) => place::row(&number)?,
                        None => next_row,
                    };
                    next = CellRef::new(row, 0);
                    next_row = row.saturating_add(1);
                }
                "c" if in_data => {
                    let head = read_head(&element)?;
                    let at = head.at.unwrap_or(next);
                    next = CellRef::new(at.row, at.column.saturating_add(1));
                    value.clear();
                    read_value(xml, &mut value)?;
                    if head.kind == Kind::Text {
                        rich_text::unescape(&mut value, 0);
                    }
                    if let Some(value) = value_of(head, &value, shared)?
                        && !chooser.cell(at, value)?
                    {
                        return Ok(());
                    }
                }
                _ => {}
            },
            Event::End(element) if element.local_name().as_ref() == "sheetData" => in_data = false,
            // What follows is read as well: only at the end of a part is its checksum known to be right.
            Event::Eof => return Ok(()),
            _ => {}
        }
    }
}

fn read_head(element: &BytesStart<'_>) -> Result<Head, ConvertError> {
    let mut head = Head::default();
    for attribute in attributes(element) {
        match attribute.key.local_name().as_ref() {
            "r" => head.at = Some(place::cell(&attribute_value(&attribute))?),
            "s" => head.style = attribute_value(&attribute).trim().parse().unwrap_or(0),
            "t" => {
                head.kind = match attribute_value(&attribute).trim() {
                    "s" => Kind::Shared,
                    "str" => Kind::Text,
                    "inlineStr" => Kind::Inline,
                    "b" => Kind::Bool,
                    "e" => Kind::Error,
                    "d" => Kind::IsoDate,
                    _ => Kind::Number,
                }
            }
            _ => {}
        }
    }
    Ok(head)
}

/// Reads to the cell's end. The formula is not the value, nor are extensions.
fn read_value<R: BufRead>(xml: &mut Xml<R>, value: &mut String) -> Result<(), ConvertError> {
    let inside = xml.depth();
    while xml.depth() >= inside {
        if let Event::Start(element) = xml.next()? {
            match element.local_name().as_ref() {
                "v" if value.is_empty() => xml.text(value)?,
                "is" => {
                    value.clear();
                    rich_text::read(xml, value)?;
                }
                _ => xml.skip()?,
            }
        }
    }
    Ok(())
}

/// What a cell holds; `None` if nothing.
fn value_of<'v>(head: Head, text: &'v str, shared: &'v Shared) -> Result<Option<Value<'v>>, ConvertError> {
    let format = shared.formats.get(head.style).copied().unwrap_or_default();
    if text.is_empty() {
        return Ok(None);
    }
    // A number or a date that is none is shown as it stands, as calamine does: one odd cell is seen in the CSV, and no
    // reason to lose all others.
    let number_or_text = |number: Option<f64>, format| {
        number.map_or(Value::Text(text), |number| Value::Number(number, format, shared.epoch))
    };
    Ok(Some(match head.kind {
        Kind::Shared => {
            let string = text
                .trim()
                .parse()
                .ok()
                .and_then(|index: usize| shared.strings.get(index));
            Value::Text(string.ok_or_else(|| ConvertError::corrupt("a cell names a shared text that is not there"))?)
        }
        Kind::Text | Kind::Inline => Value::Text(text),
        Kind::Bool => match text.trim() {
            "0" => Value::Bool(false),
            text if text.eq_ignore_ascii_case("false") => Value::Bool(false),
            text if is_true(text) => Value::Bool(true),
            _ => Value::Text(text),
        },
        Kind::Error => Value::Error(text.trim()),
        Kind::IsoDate => {
            let format = if format == NumberFormat::Number {
                NumberFormat::DateTime
            } else {
                format
            };
            number_or_text(serial_of_iso(text, shared.epoch), format)
        }
        Kind::Number if text.trim().is_empty() => return Ok(None),
        Kind::Number => number_or_text(parse_number(text), format),
    }))
}
