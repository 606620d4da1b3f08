//! Which number format each cell style has (ECMA-376 part 1, 18.8).

use std::collections::HashMap;
use std::io::BufRead;

use quick_xml::events::Event;

use crate::error::ConvertError;
use crate::number_format::{NumberFormat, built_in, of_code};
use crate::xml::{Xml, attribute};

/// Excel has at most 65,490 cell styles.
const STYLES: usize = 1_000_000;

/// The number format of each entry of `cellXfs`, which cells name by their number.
pub(super) fn read<R: BufRead>(xml: &mut Xml<R>) -> Result<Vec<NumberFormat>, ConvertError> {
    let mut codes: HashMap<u32, NumberFormat> = HashMap::new();
    let mut ids = Vec::new();
    // Styles of cells, of named styles and of differences use the same elements.
    let mut list = String::new();
    loop {
        match xml.next()? {
            Event::Start(element) => match element.local_name().as_ref() {
                name @ ("numFmts" | "cellXfs" | "cellStyleXfs" | "dxfs" | "extLst") => name.clone_into(&mut list),
                "numFmt" if list == "numFmts" => {
                    let id = attribute(&element, "numFmtId").and_then(|id| id.trim().parse().ok());
                    if let (Some(id), Some(code)) = (id, attribute(&element, "formatCode")) {
                        codes.insert(id, of_code(&code));
                    }
                }
                "xf" if list == "cellXfs" && ids.len() < STYLES => {
                    let id: u32 = attribute(&element, "numFmtId")
                        .and_then(|id| id.trim().parse().ok())
                        .unwrap_or(0);
                    ids.push(id);
                }
                _ => {}
            },
            Event::Eof => break,
            _ => {}
        }
    }
    Ok(ids
        .into_iter()
        .map(|id| codes.get(&id).copied().unwrap_or_else(|| built_in(id)))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_styles_of_cells_count_and_a_code_wins_over_a_built_in_meaning() {
        let styles = r#"<x:styleSheet xmlns:x="s">
            <x:numFmts><x:numFmt numFmtId="164" formatCode="dd/mm/yyyy&quot; at &quot;hh:mm"/><x:numFmt numFmtId="14" formatCode="0.0"/></x:numFmts>
            <x:cellStyleXfs><x:xf numFmtId="22"/></x:cellStyleXfs>
            <x:cellXfs><x:xf numFmtId="0"/><x:xf numFmtId="164"/><x:xf numFmtId="14"/><x:xf numFmtId="46"/><x:xf/></x:cellXfs>
            <x:dxfs><x:dxf><x:numFmt numFmtId="164" formatCode="0"/></x:dxf></x:dxfs></x:styleSheet>"#;
        let formats = read(&mut Xml::new(styles.as_bytes(), 1 << 20)).unwrap();
        use NumberFormat::{DateTime, Duration, Number};
        assert_eq!(formats, [Number, DateTime, Number, Duration, Number]);
    }
}
