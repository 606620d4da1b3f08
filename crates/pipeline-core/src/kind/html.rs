//! Web pages: never CSV, whatever their name.

use super::bytes::{find_ignore_case, starts_with_ignore_case, trim_start};
use super::{HEAD_BYTES, table, text};

/// Whether `bytes` are a web page: text that begins with `<!doctype html` or `<html` in any case, after
/// blanks, comments, an XML declaration or a byte order mark; or a fragment of one, such as the `<body>…` of
/// an error page. The first 64 KiB count.
///
/// An HTML table that is called `.xls` is a page here as well; [`classify`](super::classify) tells them apart.
#[must_use]
pub fn is_html(bytes: &[u8]) -> bool {
    let head = bytes.get(..HEAD_BYTES).unwrap_or(bytes);
    let is_cut = head.len() < bytes.len();
    text::decode(head).is_some_and(|text| is_page(&text, is_cut))
}

/// As [`is_html`], for decoded text.
pub(super) fn is_page(text: &[u8], is_cut: bool) -> bool {
    let start = after_prolog(text);
    // Behind an XML declaration `<a>` or `<title>` are anybody's elements.
    let is_xml = trim_start(text).starts_with(b"<?xml");
    begins_document(start)
        || (!is_xml
            && begins_fragment(start)
            && (find_ignore_case(start, b"<table").is_some() || !table::is_table(text, is_cut)))
}

/// What follows the blanks, comments and processing instructions at the start of markup; nothing where one
/// of them does not end.
pub(super) fn after_prolog(text: &[u8]) -> &[u8] {
    let mut rest = text;
    loop {
        rest = trim_start(rest);
        let end: &[u8] = match rest {
            [b'<', b'!', b'-', b'-', ..] => b"-->",
            [b'<', b'?', ..] => b">",
            _ => return rest,
        };
        rest = memchr::memmem::find(rest, end)
            .and_then(|at| rest.get(at + end.len()..))
            .unwrap_or_default();
    }
}

fn begins_document(start: &[u8]) -> bool {
    const DOCTYPE: &[u8] = b"<!doctype";
    let is_doctype = starts_with_ignore_case(start, DOCTYPE)
        && start
            .get(DOCTYPE.len()..)
            .is_some_and(|rest| begins_name(trim_start(rest), b"html"));
    is_doctype || begins_tag(start, b"html")
}

/// The tags by which a page without `<html>` is recognised: those of the WHATWG's MIME Sniffing standard
/// (section 7.1), and those that export tools put in front of a table.
fn begins_fragment(start: &[u8]) -> bool {
    const TAGS: [&[u8]; 24] = [
        b"a", b"b", b"body", b"br", b"center", b"div", b"font", b"form", b"h1", b"h2", b"h3", b"head", b"iframe",
        b"link", b"meta", b"p", b"pre", b"script", b"span", b"style", b"table", b"title", b"tr", b"ul",
    ];
    TAGS.iter().any(|tag| begins_tag(start, tag))
}

fn begins_tag(start: &[u8], name: &[u8]) -> bool {
    matches!(start.split_first(), Some((b'<', rest)) if begins_name(rest, name))
}

fn begins_name(start: &[u8], name: &[u8]) -> bool {
    starts_with_ignore_case(start, name)
        && !start
            .get(name.len())
            .is_some_and(|next| next.is_ascii_alphanumeric() || matches!(next, b'-' | b'_' | b':' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_recognised_in_any_case_and_after_blanks_and_marks() {
        for text in [
            "<!DOCTYPE html><title>Error 500</title>",
            "<!doctype HTML PUBLIC \"-//W3C//DTD HTML 4.01//EN\">",
            "<!doctypehtml>",
            "<HTML>",
            "<html lang=\"en\">",
            "\u{feff}\r\n\t <Html\n>",
            "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<!DOCTYPE html>",
            "<!-- saved from url=(0014)about:internet -->\r\n<!-- x -->\r\n<html>",
        ] {
            assert!(is_html(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn a_page_in_utf_16_is_a_page() {
        let bytes: Vec<u8> = "\u{feff}<html><body>"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        assert!(is_html(&bytes));
        assert!(is_html(&bytes[2..]));
    }

    #[test]
    fn a_fragment_of_a_page_is_a_page() {
        assert!(is_html(b"<head><title>504 Gateway Time-out</title></head>"));
        assert!(is_html(b"<meta charset=utf-8>\n<table><tr><td>1,2,3\n<tr><td>4,5,6\n"));
    }

    #[test]
    fn angle_brackets_alone_make_no_page() {
        for text in [
            "",
            "<",
            "<htmlx>",
            "<!doctype",
            "<!DOCTYPE svg>",
            "MPAN,<html>,Date\n",
            "<Workbook>",
            "<!-- never closed <html>",
            "<?xml version=\"1.0\"?><readings/>",
            "<?xml version=\"1.0\"?><a/>",
            "<a>,<b>,<p>\n1,2,3\n",
        ] {
            assert!(!is_html(text.as_bytes()), "{text}");
        }
    }
}
