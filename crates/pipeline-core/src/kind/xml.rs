//! XML: SpreadsheetML 2003, which is a workbook; pictures; and all the rest.

use super::bytes::{find_ignore_case, starts_with_ignore_case, trim_start};
use super::html::after_prolog;

/// The namespace of SpreadsheetML 2003 ("XML Spreadsheet Reference", Microsoft, 2001).
const SPREADSHEET_ML: &[u8] = b"urn:schemas-microsoft-com:office:spreadsheet";

/// What a text in XML is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Xml {
    /// A workbook in SpreadsheetML 2003.
    SpreadsheetMl,
    /// An SVG picture.
    Svg,
    /// Begins with `<?xml` or a doctype.
    Declared,
    /// Begins with a tag.
    Tag,
}

impl Xml {
    /// What decoded text is, if XML at all.
    pub(super) fn of(text: &[u8]) -> Option<Self> {
        let (prolog, root) = split_prolog(text);
        let name = root.strip_prefix(b"<").map(element_name)?;
        let local_name = name.rsplit(|byte| *byte == b':').next().unwrap_or_default();
        let tag = root
            .get(..memchr::memchr(b'>', root).unwrap_or(root.len()))
            .unwrap_or_default();
        let is_for_excel = find_ignore_case(prolog, b"<?mso-application").is_some()
            && find_ignore_case(prolog, b"excel.sheet").is_some();
        let is_workbook =
            local_name.eq_ignore_ascii_case(b"workbook") && memchr::memmem::find(tag, SPREADSHEET_ML).is_some();
        if is_for_excel || is_workbook {
            Some(Self::SpreadsheetMl)
        } else if local_name == b"svg" {
            Some(Self::Svg)
        } else if starts_with_ignore_case(trim_start(text), b"<?xml") || prolog.contains(&b'<') {
            Some(Self::Declared)
        } else {
            (!name.is_empty()).then_some(Self::Tag)
        }
    }
}

/// Declarations, comments and document type, and what follows them.
fn split_prolog(text: &[u8]) -> (&[u8], &[u8]) {
    let mut root = after_prolog(text);
    if starts_with_ignore_case(root, b"<!doctype") {
        let end = memchr::memchr(b'>', root).map_or(root.len(), |at| at + 1);
        root = after_prolog(root.get(end..).unwrap_or_default());
    }
    text.split_at_checked(text.len() - root.len()).unwrap_or((&[], text))
}

fn element_name(tag: &[u8]) -> &[u8] {
    let begins_name = tag
        .first()
        .is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'_');
    let length = tag
        .iter()
        .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b':' | b'.'))
        .count();
    if begins_name {
        tag.get(..length).unwrap_or_default()
    } else {
        &[]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_workbook_is_told_by_its_instruction_or_its_namespace() {
        for text in [
            "<?xml version=\"1.0\"?>\r\n<?mso-application progid=\"Excel.Sheet\"?>\r\n<Workbook>",
            "<Workbook xmlns=\"urn:schemas-microsoft-com:office:spreadsheet\">",
            "<?xml version='1.0'?><!-- made by X --><ss:Workbook\n xmlns:ss='urn:schemas-microsoft-com:office:spreadsheet'>",
        ] {
            assert_eq!(Xml::of(text.as_bytes()), Some(Xml::SpreadsheetMl), "{text}");
        }
    }

    #[test]
    fn other_xml_is_no_workbook() {
        for (text, xml) in [
            ("<?xml version=\"1.0\"?><Readings/>", Some(Xml::Declared)),
            (
                "<?xml version=\"1.0\"?><?mso-application progid=\"Word.Document\"?><w:wordDocument>",
                Some(Xml::Declared),
            ),
            ("<Readings><Reading mpan=\"1\"/></Readings>", Some(Xml::Tag)),
            (
                "<!DOCTYPE svg PUBLIC \"-//W3C//DTD SVG 1.1//EN\" \"x\">\n<svg width=\"1\">",
                Some(Xml::Svg),
            ),
            ("<12 kWh", None),
            ("< 5,6,7", None),
            ("MPAN,<Workbook>", None),
            ("", None),
        ] {
            assert_eq!(Xml::of(text.as_bytes()), xml, "{text}");
        }
    }
}
