//! Which number format a cell style stands for, and which tables are hidden (ODF 1.3 part 3, 16 and 17).

use std::collections::{HashMap, HashSet};
use std::io::BufRead;

use quick_xml::events::{BytesStart, Event};

use crate::error::ConvertError;
use crate::number_format::NumberFormat;
use crate::xml::{Xml, attribute};

/// Styles inherit from others; a chain longer than this is a circle.
const ANCESTORS: usize = 16;

/// A style may hand values over to others, and these again, in at most so many steps.
const HANDED_OVER: usize = 3;
/// A format has at most four sections.
const SECTIONS: usize = 4;

/// Styles are held in memory.
const STYLES: usize = 100_000;
/// And so are their names; a longer one is none.
const NAME_BYTES: usize = 255;

/// The attribute that names a style.
pub(super) fn style_name(element: &BytesStart<'_>, attribute_name: &str) -> Option<String> {
    let name = attribute(element, attribute_name).filter(|name| name.len() <= NAME_BYTES);
    name.map(|name| name.into_owned())
}

/// A cell style.
#[derive(Debug, Default)]
struct CellStyle {
    data_style: Option<String>,
    parent: Option<String>,
}

/// What a data style makes of numbers (16.29).
#[derive(Debug, Default)]
struct DataStyle {
    format: NumberFormat,
    /// It shows a number's digits.
    digits: bool,
    /// The styles of the sections before its own: each is for the values of some condition (16.3).
    maps: Vec<String>,
}

/// The styles of a document that matter for values.
#[derive(Debug, Default)]
pub(super) struct Styles {
    formats: HashMap<String, DataStyle>,
    cells: HashMap<String, CellStyle>,
    hidden_tables: HashSet<String>,
}

impl Styles {
    /// Takes note of an element if it defines a style; other elements are left alone.
    pub(super) fn read<R: BufRead>(&mut self, element: &BytesStart<'_>, xml: &mut Xml<R>) -> Result<(), ConvertError> {
        if self.formats.len() + self.cells.len() + self.hidden_tables.len() > STYLES {
            return Err(ConvertError::TooLarge("it has more than 100,000 styles".to_owned()));
        }
        let name = || style_name(element, "name");
        match element.local_name().as_ref() {
            "date-style" | "time-style" | "number-style" | "currency-style" | "percentage-style" | "text-style"
            | "boolean-style" => {
                let name = name();
                let style = DataStyle::read(element, xml)?;
                self.formats.extend(name.map(|name| (name, style)));
            }
            "style" => match attribute(element, "family").as_deref() {
                Some("table-cell") => {
                    let style = CellStyle {
                        data_style: style_name(element, "data-style-name"),
                        parent: style_name(element, "parent-style-name"),
                    };
                    self.cells.extend(name().map(|name| (name, style)));
                }
                Some("table") if hides(xml)? => self.hidden_tables.extend(name()),
                _ => {}
            },
            _ => {}
        }
        Ok(())
    }

    /// The format of a cell style, its own or inherited.
    pub(super) fn format(&self, style: &str) -> Option<NumberFormat> {
        let mut style = self.cells.get(style)?;
        for _ in 0..ANCESTORS {
            if let Some(data_style) = &style.data_style {
                return Some(self.data_format(data_style, HANDED_OVER));
            }
            style = self.cells.get(style.parent.as_ref()?)?;
        }
        None
    }

    /// As in a format code (`[=0]"-";dd/mm/yyyy`): where the first section shows digits it decides, else the first that
    /// shows a date or a time.
    fn data_format(&self, name: &str, steps: usize) -> NumberFormat {
        let Some(style) = self.formats.get(name) else {
            return NumberFormat::Number;
        };
        let first = style.maps.first().and_then(|first| self.formats.get(first));
        if first.is_some_and(|first| first.digits) {
            return NumberFormat::Number;
        }
        let Some(steps) = steps.checked_sub(1) else {
            return style.format;
        };
        style
            .maps
            .iter()
            .map(|map| self.data_format(map, steps))
            .find(|format| *format != NumberFormat::Number)
            .unwrap_or(style.format)
    }

    pub(super) fn is_hidden(&self, table_style: &str) -> bool {
        self.hidden_tables.contains(table_style)
    }
}

impl DataStyle {
    /// After the start of a data style: reads to its end. It is the list of its parts.
    fn read<R: BufRead>(element: &BytesStart<'_>, xml: &mut Xml<R>) -> Result<Self, ConvertError> {
        let kind = element.local_name().as_ref().to_owned();
        let wraps = attribute(element, "truncate-on-overflow").is_none_or(|value| value != "false");
        let (mut day, mut clock) = (false, false);
        let mut style = Self::default();
        let inside = xml.depth();
        while xml.depth() >= inside {
            if let Event::Start(part) = xml.next()? {
                match part.local_name().as_ref() {
                    "day" | "month" | "year" | "era" | "day-of-week" | "week-of-year" | "quarter" => day = true,
                    "hours" | "minutes" | "seconds" | "am-pm" => clock = true,
                    "number" | "scientific-number" | "fraction" => style.digits = true,
                    "map" if style.maps.len() < SECTIONS => {
                        style.maps.extend(style_name(&part, "apply-style-name"));
                    }
                    _ => {}
                }
            }
        }
        style.format = match kind.as_str() {
            "date-style" if day && clock => NumberFormat::DateTime,
            "date-style" if clock => NumberFormat::Time,
            "date-style" => NumberFormat::Date,
            "time-style" if wraps => NumberFormat::Time,
            "time-style" => NumberFormat::Duration,
            _ => NumberFormat::Number,
        };
        Ok(style)
    }
}

/// After the start of a table's style: whether tables of this style are hidden.
fn hides<R: BufRead>(xml: &mut Xml<R>) -> Result<bool, ConvertError> {
    let mut hides = false;
    let inside = xml.depth();
    while xml.depth() >= inside {
        if let Event::Start(properties) = xml.next()?
            && properties.local_name().as_ref() == "table-properties"
        {
            hides |= attribute(&properties, "display").is_some_and(|display| display == "false");
        }
    }
    Ok(hides)
}
