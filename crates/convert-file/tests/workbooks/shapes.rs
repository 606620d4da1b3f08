//! The same cells as one program or the other writes them down in a worksheet part. What a reader has to look at differs, not what it says.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::common::RawXlsx;

/// What a cell holds.
#[derive(Debug, Clone)]
pub(crate) enum Content {
    Number(f64),
    Date(u16),
    Text(String),
    Truth(bool),
}

/// Cells by their row and column, counted from 0.
pub(crate) type Cells = BTreeMap<(u32, u32), Content>;

/// Whose way of writing it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Rows with spans; numbers without a type, to 17 digits; results of formulas.
    Excel,
    /// A type on every cell.
    OpenPyxl,
    /// Rows with six attributes; a style and a type on every cell; formulas with an attribute; exponents.
    LibreOffice,
    /// Whole numbers end in `.0`.
    Google,
    /// No places, so that nothing is left out; texts in the cells.
    Reporting,
}

pub(crate) const ALL: [Shape; 5] = [
    Shape::Excel,
    Shape::OpenPyxl,
    Shape::LibreOffice,
    Shape::Google,
    Shape::Reporting,
];

const STYLES: &str = r#"<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>"#;
const NAMESPACE: &str = r#"xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main""#;

/// A workbook with these cells.
pub(crate) fn written_as(shape: Shape, cells: &Cells) -> Vec<u8> {
    let (mut rows, mut strings) = (String::new(), Vec::new());
    let last_row = cells.keys().map(|(row, _)| *row).max().unwrap_or(0);
    for row in 0..=last_row {
        let of_row: BTreeMap<u32, &Content> = cells
            .range((row, 0)..(row + 1, 0))
            .map(|(at, cell)| (at.1, cell))
            .collect();
        if of_row.is_empty() && shape != Shape::Reporting {
            continue;
        }
        rows.push_str(&row_start(shape, row + 1));
        let last = of_row.keys().max().copied().unwrap_or(0);
        for column in 0..=last {
            let place = match shape {
                Shape::Reporting => String::new(),
                _ => format!(" r=\"{}{}\"", char::from(b'A' + u8::try_from(column).unwrap()), row + 1),
            };
            match of_row.get(&column) {
                Some(content) => cell(shape, &place, content, &mut rows, &mut strings),
                None if shape == Shape::Reporting => rows.push_str("<c/>"),
                // A cell that only looks like something.
                None if column % 2 == 1 => write!(rows, "<c{place} s=\"1\"/>").unwrap(),
                None => {}
            }
        }
        rows.push_str("</row>");
    }
    let strings: String = strings
        .iter()
        .map(|text| format!("<si>{}</si>", text_element(text)))
        .collect();
    let raw = RawXlsx::of_rows(&rows).styles(STYLES);
    raw.strings(&format!("<sst {NAMESPACE}>{strings}</sst>")).bytes()
}

fn row_start(shape: Shape, row: u32) -> String {
    match shape {
        Shape::Excel => format!("<row r=\"{row}\" spans=\"1:6\" ht=\"15\" customHeight=\"1\">"),
        Shape::LibreOffice => format!(
            "<row r=\"{row}\" customFormat=\"false\" ht=\"12.8\" hidden=\"false\" customHeight=\"false\" outlineLevel=\"0\" collapsed=\"false\">"
        ),
        Shape::OpenPyxl | Shape::Google => format!("<row r=\"{row}\">"),
        Shape::Reporting => "<row>\n".to_owned(),
    }
}

fn cell(shape: Shape, place: &str, content: &Content, out: &mut String, strings: &mut Vec<String>) {
    let is_date = matches!(content, Content::Date(_));
    let style = match shape {
        Shape::LibreOffice => format!(" s=\"{}\"", u8::from(is_date)),
        _ if is_date => " s=\"1\"".to_owned(),
        _ => String::new(),
    };
    let number_type = match shape {
        Shape::OpenPyxl | Shape::LibreOffice => " t=\"n\"",
        Shape::Excel | Shape::Google | Shape::Reporting => "",
    };
    match content {
        Content::Number(value) => {
            // Some numbers are what a formula gave.
            let formula = match shape {
                Shape::Excel if value.to_bits() % 3 == 0 => "<f>SUM(A1:B1)&amp;\"\"</f>",
                Shape::LibreOffice if value.to_bits() % 3 == 0 => "<f aca=\"false\">SUM(A1:B1)</f>",
                _ => "",
            };
            let value = spelled(shape, *value);
            write!(out, "<c{place}{style}{number_type}>{formula}<v>{value}</v></c>")
        }
        Content::Date(days) => write!(out, "<c{place}{style}{number_type}><v>{days}</v></c>"),
        Content::Truth(value) => write!(out, "<c{place}{style} t=\"b\"><v>{}</v></c>", u8::from(*value)),
        Content::Text(text) if shape == Shape::Reporting => {
            write!(out, "<c{style} t=\"inlineStr\"><is>{}</is></c>", text_element(text))
        }
        Content::Text(text) => {
            strings.push(text.clone());
            write!(out, "<c{place}{style} t=\"s\"><v>{}</v></c>", strings.len() - 1)
        }
    }
    .unwrap();
}

fn spelled(shape: Shape, value: f64) -> String {
    match shape {
        Shape::Excel => format!("{value:.16E}"),
        Shape::LibreOffice if value.abs() < 1e-3 => format!("{value:E}"),
        Shape::Google => format!("{value:?}"),
        _ => value.to_string(),
    }
}

fn text_element(text: &str) -> String {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;");
    format!("<t xml:space=\"preserve\">{escaped}</t>")
}
