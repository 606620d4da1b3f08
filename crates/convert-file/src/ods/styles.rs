//! Which number format a cell style stands for, and which tables are hidden (ODF 1.3 part 3, 16 and 17).

use std::collections::{HashMap, HashSet};
use std::io::BufRead;

use quick_xml::events::{BytesStart, Event};

use crate::error::ConvertError;
use crate::number_format::NumberFormat;
use crate::xml::{Xml, attribute};

/// Styles inherit from others; a chain longer than this is a circle.
const ANCESTORS: usize = 16;

/// Styles are held in memory.
const STYLES: usize = 1_000_000;

/// A cell style.
#[derive(Debug, Default)]
struct CellStyle {
    data_style: Option<String>,
    parent: Option<String>,
}

/// The styles of a document that matter for values.
#[derive(Debug, Default)]
pub(super) struct Styles {
    formats: HashMap<String, NumberFormat>,
    cells: HashMap<String, CellStyle>,
    hidden_tables: HashSet<String>,
}

impl Styles {
    /// Takes note of an element if it defines a style; other elements are left alone.
    pub(super) fn read<R: BufRead>(&mut self, element: &BytesStart<'_>, xml: &mut Xml<R>) -> Result<(), ConvertError> {
        if self.formats.len() + self.cells.len() + self.hidden_tables.len() > STYLES {
            return Err(ConvertError::TooLarge("it has more than a million styles".to_owned()));
        }
        let name = || attribute(element, "name").map(|name| name.into_owned());
        match element.local_name().as_ref() {
            "date-style" => {
                let format = read_date_style(xml)?;
                self.formats.extend(name().map(|name| (name, format)));
            }
            "time-style" => {
                let wraps = attribute(element, "truncate-on-overflow").is_none_or(|value| value != "false");
                let format = if wraps {
                    NumberFormat::Time
                } else {
                    NumberFormat::Duration
                };
                self.formats.extend(name().map(|name| (name, format)));
                xml.skip()?;
            }
            "style" => match attribute(element, "family").as_deref() {
                Some("table-cell") => {
                    let style = CellStyle {
                        data_style: attribute(element, "data-style-name").map(|name| name.into_owned()),
                        parent: attribute(element, "parent-style-name").map(|name| name.into_owned()),
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
                return Some(self.formats.get(data_style).copied().unwrap_or_default());
            }
            style = self.cells.get(style.parent.as_ref()?)?;
        }
        None
    }

    pub(super) fn is_hidden(&self, table_style: &str) -> bool {
        self.hidden_tables.contains(table_style)
    }
}

/// A date style is the list of its parts.
fn read_date_style<R: BufRead>(xml: &mut Xml<R>) -> Result<NumberFormat, ConvertError> {
    let (mut day, mut clock) = (false, false);
    let inside = xml.depth();
    while xml.depth() >= inside {
        if let Event::Start(part) = xml.next()? {
            match part.local_name().as_ref() {
                "day" | "month" | "year" | "era" | "day-of-week" | "week-of-year" | "quarter" => day = true,
                "hours" | "minutes" | "seconds" | "am-pm" => clock = true,
                _ => {}
            }
        }
    }
    Ok(match (day, clock) {
        (true, true) => NumberFormat::DateTime,
        (false, true) => NumberFormat::Time,
        _ => NumberFormat::Date,
    })
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
