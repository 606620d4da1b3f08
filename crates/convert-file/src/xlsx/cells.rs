//! The cells of a worksheet part (ECMA-376 part 1, 18.3.1).

use std::io::BufRead;

use quick_xml::events::{BytesStart, Event};

use super::plain::{self, Plain};
use super::{place, rich_text};
use crate::date::serial_of_iso;
use crate::error::ConvertError;
use crate::number::parse_number;
use crate::number_format::NumberFormat;
use crate::package_sheets::Shared;
use crate::sheet_chooser::SheetChooser;
use crate::utf8_reader::Utf8Reader;
use crate::value::{CellRef, Value};
use crate::xml::{Xml, attribute, attribute_value, attributes, is_true};

/// What a cell's `t` says about its value (18.18.11).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Kind {
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Head {
    pub(super) at: Option<CellRef>,
    pub(super) style: usize,
    pub(super) kind: Kind,
}

/// Where the next row and the next cell are that do not say it: each follows the one before.
#[derive(Debug, Default)]
struct Place {
    row: u32,
    cell: CellRef,
}

impl Place {
    fn begin_row(&mut self, number: Option<u32>) {
        let number = number.unwrap_or(self.row);
        self.cell = CellRef::new(number, 0);
        self.row = number.saturating_add(1);
    }

    fn of_cell(&mut self, at: Option<CellRef>) -> CellRef {
        let at = at.unwrap_or(self.cell);
        self.cell = CellRef::new(at.row, at.column.saturating_add(1));
        at
    }
}

/// Shows every cell with a value to the chooser.
pub(super) fn read<R: BufRead>(
    xml: &mut Xml<Utf8Reader<R>>,
    shared: &Shared,
    chooser: &mut SheetChooser<'_>,
) -> Result<(), ConvertError> {
    let mut place = Place::default();
    let mut value = String::new();
    let mut in_data = false;
    // The depth inside a row that is open, if it has no prefix.
    let mut in_row = None;
    loop {
        match xml.next()? {
            Event::Start(element) => match element.local_name().as_ref() {
                "sheetData" => in_data = true,
                // What extensions call rows and cells are none of the sheet's.
                "extLst" => xml.skip()?,
                "row" if in_data => {
                    let number = attribute(&element, "r").map(|number| place::row(&number)).transpose()?;
                    place.begin_row(number);
                    let plain = element.name().as_ref() == "row";
                    in_row = plain.then(|| xml.depth());
                    if plain && !read_plain(xml, shared, chooser, &mut place)? {
                        return Ok(());
                    }
                }
                "c" if in_data => {
                    let head = read_head(&element)?;
                    let at = place.of_cell(head.at);
                    value.clear();
                    read_value(xml, &mut value)?;
                    if head.kind == Kind::Text {
                        rich_text::unescape(&mut value, 0);
                    }
                    let wanted = match value_of(head, &value, shared)? {
                        Some(value) => chooser.cell(at, value)?,
                        None => true,
                    };
                    if !wanted || (in_row == Some(xml.depth()) && !read_plain(xml, shared, chooser, &mut place)?) {
                        return Ok(());
                    }
                }
                _ => {}
            },
            Event::End(element) => match element.local_name().as_ref() {
                "sheetData" => in_data = false,
                "row" => in_row = None,
                _ => {}
            },
            // What follows is read as well: only at the end of a part is its checksum known to be right.
            Event::Eof => return Ok(()),
            _ => {}
        }
    }
}

/// Shows the cells that come next to the chooser, as far as they are plain, and those of the rows that follow; `false` when no more are wanted.
fn read_plain<R: BufRead>(
    xml: &mut Xml<Utf8Reader<R>>,
    shared: &Shared,
    chooser: &mut SheetChooser<'_>,
    place: &mut Place,
) -> Result<bool, ConvertError> {
    let window = xml.window()?;
    let mut rest = window;
    let mut wanted = true;
    while wanted && let Some((plain, length)) = plain::next(rest) {
        match plain {
            Plain::NextRow(number) => place.begin_row(number),
            Plain::Rendered(head, number) if shared.format(head.style) == NumberFormat::Number => {
                wanted = chooser.cell(place.of_cell(head.at), Value::Plain(number))?;
            }
            Plain::Shared(at, index) => {
                let text = shared_text(shared, usize::try_from(index).ok())?;
                wanted = chooser.cell(place.of_cell(at), Value::Text(text))?;
            }
            Plain::Cell(head, text) | Plain::Rendered(head, text) => {
                let at = place.of_cell(head.at);
                if let Some(value) = value_of(head, text, shared)? {
                    wanted = chooser.cell(at, value)?;
                }
            }
        }
        rest = rest.get(length..).unwrap_or_default();
    }
    let read = window.len() - rest.len();
    xml.consume(read);
    Ok(wanted)
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
    let format = shared.format(head.style);
    if text.is_empty() {
        return Ok(None);
    }
    // A number or a date that is none is shown as it stands, as calamine does: one odd cell is seen in the CSV, and no
    // reason to lose all others.
    let number_or_text = |number: Option<f64>, format| {
        number.map_or(Value::Text(text), |number| Value::Number(number, format, shared.epoch))
    };
    Ok(Some(match head.kind {
        Kind::Shared => Value::Text(shared_text(shared, text.trim().parse().ok())?),
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

fn shared_text(shared: &Shared, index: Option<usize>) -> Result<&str, ConvertError> {
    index
        .and_then(|index| shared.strings.get(index))
        .ok_or_else(|| ConvertError::corrupt("a cell names a shared text that is not there"))
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use proptest::prelude::*;

    use super::*;
    use crate::config::Options;
    use crate::date::Epoch;
    use crate::text_pool::TextPool;

    /// The CSV of a worksheet part, or why there is none.
    fn csv_of(part: &str, window_bytes: usize) -> String {
        let options = Options::default();
        let mut strings = TextPool::new(&options.limits);
        for text in ["kWh", "a,b"] {
            let add = |out: &mut String| {
                out.push_str(text);
                Ok(())
            };
            strings.add(add).unwrap();
        }
        let shared = Shared {
            strings,
            formats: vec![NumberFormat::Number, NumberFormat::Date],
            epoch: Epoch::Y1900,
        };
        let mut out = Vec::new();
        let mut deliver = |mut csv: crate::sheet_csv::SheetCsv| csv.write_to(&mut out);
        let mut chooser = SheetChooser::new(&options, &mut deliver);
        chooser.begin("Sheet1", false).unwrap();
        let part = BufReader::with_capacity(window_bytes, part.as_bytes());
        let mut xml = Xml::new(Utf8Reader::new(part, |_| None).unwrap(), 1 << 20);
        let read = read(&mut xml, &shared, &mut chooser)
            .and_then(|()| chooser.end(true))
            .and_then(|()| chooser.finish().map(drop));
        match read {
            Ok(()) => String::from_utf8(out).unwrap(),
            Err(error) => error.to_string(),
        }
    }

    fn piece() -> impl Strategy<Value = String> {
        let place = "[A-C][1-4]|[A-C]0|\\$A\\$1|b2";
        let number = "-?[0-9]{1,3}(\\.[0-9]{0,3})?|[0-9]{14,18}|1E[0-9]|0\\.30000000000000004| 5 |&#55;||-";
        let text = "[a-c ,\"\n\r]{0,4}|_x0041_|&amp;|é";
        let cell = (place, number, 0_u8..4).prop_map(|(place, number, style)| match style {
            0 => format!("<c r=\"{place}\"><v>{number}</v></c>"),
            1 => format!("<c r=\"{place}\" s=\"1\"><f>A&amp;B</f><v>{number}</v></c>"),
            2 => format!("<c s='0' r=\"{place}\" ><v>{number}</v></c>"),
            _ => format!("<c><v>{number}</v></c>"),
        });
        let texts = (place, text, 0_u8..3).prop_map(|(place, text, kind)| match kind {
            0 => format!("<c r=\"{place}\" t=\"str\"><v>{text}</v></c>"),
            1 => format!("<c r=\"{place}\" t=\"inlineStr\"><is><t>{text}</t></is></c>"),
            _ => format!("<c t=\"str\"><f t=\"shared\"/><v xml:space=\"preserve\">{text}</v></c>"),
        });
        let others = prop::sample::select(vec![
            "<c t=\"s\"><v>0</v></c>",
            "<c t=\"s\"><v>1</v></c>",
            "<c t=\"s\"><v>9</v></c>",
            "<c t=\"b\"><v>1</v></c>",
            "<c t=\"e\"><v>#N/A</v></c>",
            "<c r=\"A1\"/>",
            "<c/>",
            "</row><row>",
            "</row><row r=\"2\" spans=\"1:3\">",
            "</row> <row r=\"7\" x:r=\"3\">",
            "</row><row/><row>",
            "</row><x:row r=\"3\"><c><v>1</v></c></x:row><row>",
            "<extLst><c><v>4</v></c></extLst>",
            "<x><c><v>5</v></c></x>",
            "</row>",
            " text ",
            "<!-- <c> -->",
        ]);
        prop_oneof![4 => cell, 2 => texts, 2 => others.prop_map(str::to_owned)]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        #[test]
        fn plain_cells_are_read_as_the_parser_reads_them(pieces in prop::collection::vec(piece(), 1..12), window in 2_usize..200) {
            let part = format!("<worksheet><sheetData><row>{}</row></sheetData></worksheet>", pieces.concat());
            // In a window of one byte nothing is plain.
            let parsed = csv_of(&part, 1);
            prop_assert_eq!(csv_of(&part, 1 << 16), parsed.clone());
            prop_assert_eq!(csv_of(&part, window), parsed);
        }
    }
}
