//! The text of a cell: paragraphs whose white space is collapsed (ODF 1.3 part 3, 6.1.2).

use std::io::BufRead;

use quick_xml::events::Event;

use crate::error::ConvertError;
use crate::xml::{Xml, attribute, push_text};

/// No cell has more characters than this, so no run of blanks has.
const BLANKS: usize = 32_767;

/// After the start of a cell: appends its paragraphs, joined by line ends, and reads to the cell's end. Comments and
/// drawings have paragraphs too, which are not the cell's.
pub(super) fn read_cell<R: BufRead>(xml: &mut Xml<R>, out: &mut String) -> Result<(), ConvertError> {
    let inside = xml.depth();
    let mut first = true;
    while xml.depth() >= inside {
        if let Event::Start(element) = xml.next()? {
            match element.local_name().as_ref() {
                "p" | "h" => {
                    if !std::mem::take(&mut first) {
                        out.push('\n');
                    }
                    read_paragraph(xml, out)?;
                }
                "list" | "list-item" => {}
                _ => xml.skip()?,
            }
        }
    }
    Ok(())
}

fn read_paragraph<R: BufRead>(xml: &mut Xml<R>, out: &mut String) -> Result<(), ConvertError> {
    let inside = xml.depth();
    let mut after_blank = true;
    let mut piece = String::new();
    while xml.depth() >= inside {
        match xml.next()? {
            Event::Start(element) => match element.local_name().as_ref() {
                "s" => {
                    let count = attribute(&element, "c")
                        .and_then(|count| count.trim().parse().ok())
                        .unwrap_or(1_usize);
                    out.extend(std::iter::repeat_n(' ', count.min(BLANKS)));
                    after_blank = false;
                }
                "tab" => {
                    out.push('\t');
                    after_blank = false;
                }
                "line-break" => {
                    out.push('\n');
                    after_blank = true;
                }
                "ruby-text" | "annotation" | "note" | "frame" => xml.skip()?,
                _ => {}
            },
            event => {
                piece.clear();
                push_text(&event, &mut piece);
                for c in piece.chars() {
                    let blank = matches!(c, ' ' | '\t' | '\n' | '\r');
                    if !(blank && after_blank) {
                        out.push(if blank { ' ' } else { c });
                    }
                    after_blank = blank;
                }
            }
        }
        xml.bounded(out.len())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(cell: &str) -> String {
        let mut xml = Xml::new(cell.as_bytes(), 1 << 20);
        xml.next().unwrap();
        let mut out = String::new();
        read_cell(&mut xml, &mut out).unwrap();
        out
    }

    #[test]
    fn paragraphs_are_lines_and_blanks_are_counted() {
        assert_eq!(
            text(
                "<c><t:p>Meter<t:s t:c=\"2\"/>A<t:tab/><t:span>B &amp;\n  C</t:span></t:p><t:p>2<t:line-break/>3</t:p></c>"
            ),
            "Meter  A\tB & C\n2\n3"
        );
    }

    #[test]
    fn comments_and_drawings_are_not_the_cells_text() {
        assert_eq!(
            text(
                "<c><o:annotation><t:p>check this</t:p></o:annotation><t:p>12.5</t:p><d:frame><t:p>box</t:p></d:frame></c>"
            ),
            "12.5"
        );
    }

    #[test]
    fn a_link_is_its_text() {
        assert_eq!(
            text("<c><t:p><t:a x:href=\"https://x\">Meter 1</t:a></t:p></c>"),
            "Meter 1"
        );
    }

    #[test]
    fn a_lie_about_blanks_does_not_fill_the_memory() {
        assert_eq!(text("<c><t:p><t:s t:c=\"4000000000\"/></t:p></c>").len(), BLANKS);
    }
}
