//! A cell element and its value (ODF 1.3 part 3, 9.1.4 and 19.385).

use quick_xml::events::BytesStart;

use crate::date::{Epoch, days_of_iso_duration, serial_of_iso};
use crate::number::parse_number;
use crate::number_format::NumberFormat;
use crate::value::Value;
use crate::xml::{attribute_value, attributes, is_true};

/// The attributes of a cell that matter.
#[derive(Debug, Default)]
pub(super) struct Head {
    pub(super) style: Option<String>,
    pub(super) repeated: u32,
    kind: Kind,
    error: bool,
    value: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Kind {
    #[default]
    Text,
    Number,
    Date,
    Time,
    Bool,
}

/// A value that is kept until its row is complete.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum OwnedValue {
    Text(String),
    Number(f64, NumberFormat),
    Bool(bool),
    Error(String),
}

impl OwnedValue {
    pub(super) const fn text_bytes(&self) -> usize {
        match self {
            Self::Text(text) | Self::Error(text) => text.len(),
            Self::Number(..) | Self::Bool(_) => 0,
        }
    }

    pub(super) fn as_value(&self) -> Value<'_> {
        match self {
            Self::Text(text) => Value::Text(text),
            Self::Number(value, format) => Value::Number(*value, *format, Epoch::Odf),
            Self::Bool(value) => Value::Bool(*value),
            Self::Error(name) => Value::Error(name),
        }
    }
}

impl Head {
    pub(super) fn read(element: &BytesStart<'_>) -> Self {
        let mut head = Self {
            repeated: 1,
            ..Self::default()
        };
        for attribute in attributes(element) {
            let value = attribute_value(&attribute);
            match attribute.key.local_name().as_ref() {
                "style-name" => head.style = Some(value.into_owned()),
                "number-columns-repeated" => head.repeated = value.trim().parse().unwrap_or(1).max(1),
                // LibreOffice tells errors in an attribute of its own, beside the standard one.
                "value-type" if value == "error" => head.error = true,
                "value-type" => {
                    head.kind = match value.as_ref() {
                        "float" | "percentage" | "currency" => Kind::Number,
                        "date" => Kind::Date,
                        "time" => Kind::Time,
                        "boolean" => Kind::Bool,
                        _ => Kind::Text,
                    };
                }
                "value" | "date-value" | "time-value" | "boolean-value" | "string-value" => {
                    head.value = Some(value.into_owned())
                }
                _ => {}
            }
        }
        head
    }

    /// The value, given the cell's text and what its style makes of numbers; `None` if there is none.
    pub(super) fn value(self, text: &str, format: Option<NumberFormat>) -> Option<OwnedValue> {
        let shown = || (!text.is_empty()).then(|| text.to_owned());
        if self.error {
            return shown().map(OwnedValue::Error);
        }
        let stored = self.value.filter(|value| !value.is_empty());
        let Some(stored) = stored else {
            return shown().map(OwnedValue::Text);
        };
        let number = match self.kind {
            Kind::Text => None,
            Kind::Bool => return Some(OwnedValue::Bool(is_true(&stored))),
            Kind::Number => parse_number(&stored).map(|number| (number, NumberFormat::Number)),
            Kind::Date => serial_of_iso(&stored, Epoch::Odf).map(|serial| {
                let unstyled = if stored.contains('T') {
                    NumberFormat::DateTime
                } else {
                    NumberFormat::Date
                };
                (
                    serial,
                    format
                        .filter(|format| *format != NumberFormat::Number)
                        .unwrap_or(unstyled),
                )
            }),
            Kind::Time => days_of_iso_duration(&stored).map(|days| {
                (
                    days,
                    format
                        .filter(|format| *format != NumberFormat::Number)
                        .unwrap_or(NumberFormat::Time),
                )
            }),
        };
        Some(match number {
            Some((number, format)) => OwnedValue::Number(number, format),
            None => OwnedValue::Text(stored),
        })
    }
}
