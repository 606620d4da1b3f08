//! Text as SpreadsheetML stores it: in runs, with phonetic hints between them, and with characters that XML cannot hold
//! spelled `_xHHHH_` (ECMA-376 part 1, 18.4.8 and 22.9.2.19).

use std::io::BufRead;

use quick_xml::events::Event;

use crate::error::ConvertError;
use crate::xml::Xml;

/// After the start of `si` or `is`: appends its text, and reads to its end.
pub(super) fn read<R: BufRead>(xml: &mut Xml<R>, out: &mut String) -> Result<(), ConvertError> {
    let inside = xml.depth();
    let start = out.len();
    while xml.depth() >= inside {
        if let Event::Start(element) = xml.next()? {
            match element.local_name().as_ref() {
                "t" => {
                    xml.text(out)?;
                    xml.bounded(out.len() - start)?;
                }
                "r" => {}
                _ => xml.skip()?,
            }
        }
    }
    unescape(out, start);
    Ok(())
}

/// Replaces `_x000D_` and the like from `start` on.
pub(super) fn unescape(text: &mut String, start: usize) {
    let Some(escaped) = text.get(start..).filter(|text| text.contains("_x")) else {
        return;
    };
    let mut plain = String::with_capacity(escaped.len());
    let mut rest = escaped;
    let mut high = None;
    while let Some(at) = rest.find("_x") {
        let (before, escape) = rest.split_at_checked(at).unwrap_or((rest, ""));
        plain.push_str(before);
        if !before.is_empty() {
            high = None;
        }
        let Some(unit) = unit(escape) else {
            plain.push_str("_x");
            rest = escape.get(2..).unwrap_or_default();
            high = None;
            continue;
        };
        rest = escape.get(7..).unwrap_or_default();
        // Characters beyond the basic plane come as two escapes.
        match (high.take(), unit) {
            (Some(first), 0xDC00..=0xDFFF) => plain.extend(char::decode_utf16([first, unit]).filter_map(Result::ok)),
            (_, 0xD800..=0xDBFF) => high = Some(unit),
            _ => plain.extend(char::from_u32(u32::from(unit))),
        }
    }
    plain.push_str(rest);
    text.truncate(start);
    text.push_str(&plain);
}

/// The code unit of the escape that `text` begins with.
fn unit(text: &str) -> Option<u16> {
    let digits = text
        .get(2..6)
        .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
    (text.get(6..7) == Some("_")).then(|| u16::from_str_radix(digits, 16).ok())?
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn unescaped(text: &str) -> String {
        let mut out = text.to_owned();
        unescape(&mut out, 0);
        out
    }

    fn text_of(si: &str) -> String {
        let mut xml = Xml::new(si.as_bytes(), 1 << 20);
        xml.next().unwrap();
        let mut out = String::new();
        read(&mut xml, &mut out).unwrap();
        out
    }

    #[test]
    fn characters_that_xml_cannot_hold_are_unescaped() {
        assert_eq!(unescaped("two_x000D_\nlines"), "two\r\nlines");
        assert_eq!(unescaped("_x005F_x000D_"), "_x000D_");
        assert_eq!(unescaped("_xD83D__xDE00_!"), "😀!");
    }

    #[test]
    fn what_only_looks_like_an_escape_stays() {
        for text in ["_x", "_xyz_", "max_x0", "_x00G0_", "_x000D", "é_x_é", "_x00é0_"] {
            assert_eq!(unescaped(text), text);
        }
    }

    #[test]
    fn rich_text_is_its_runs_without_phonetic_hints() {
        assert_eq!(
            text_of(
                "<si><r><rPr><b/></rPr><t>kW</t></r><r><t xml:space=\"preserve\">h </t></r><rPh sb=\"0\" eb=\"1\"><t>no</t></rPh><phoneticPr/></si>"
            ),
            "kWh "
        );
    }

    proptest! {
        #[test]
        fn no_text_is_too_strange(text in "[_x0-9A-Fé]{0,30}") {
            unescaped(&text);
        }
    }
}
