//! The header of an email, field by field.

use mail_parser::{Header, MessageParser};

/// Fields that are read; a header of more is an attack, or at least nobody's letter.
const MAX_FIELDS: usize = 1_000;

/// A field, in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Field {
    /// In lower case.
    pub(crate) name: String,
    /// As it stands there, on one line.
    pub(crate) value: String,
}

/// The fields of an email's header, topmost first; `None` if it has none, or too many.
pub(crate) fn fields(header: &[u8]) -> Option<Vec<Field>> {
    let message = MessageParser::new().parse_headers(header)?;
    let field = |field: &Header<'_>| Field {
        name: field.name.as_str().to_ascii_lowercase(),
        value: raw(header, field),
    };
    let fields: Vec<Field> = message.headers().iter().map(field).collect();
    (1..=MAX_FIELDS).contains(&fields.len()).then_some(fields)
}

fn raw(header: &[u8], field: &Header<'_>) -> String {
    let (start, end) = (field.offset_start as usize, field.offset_end as usize);
    let value = String::from_utf8_lossy(header.get(start..end).unwrap_or_default());
    value.replace(['\r', '\n'], "").trim().to_owned()
}
