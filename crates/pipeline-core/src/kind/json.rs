//! JSON, told by its first two marks: read further, and a table with brackets in its header would be it.

use super::bytes::trim_start;

/// Whether text begins as a JSON object, or as an array of objects, arrays or strings.
pub(super) fn is_json(text: &[u8]) -> bool {
    match trim_start(text).split_first() {
        Some((b'{', rest)) => matches!(trim_start(rest).first(), Some(b'"' | b'}')),
        // `[00:30],[01:00]` is a header that one supplier has.
        Some((b'[', rest)) => match trim_start(rest).split_first() {
            Some((b'{', rest)) => matches!(trim_start(rest).first(), Some(b'"' | b'}')),
            Some((b'[' | b'"' | b']', _)) => true,
            _ => false,
        },
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_and_arrays_are_json() {
        for text in [
            "{\"mpan\": 1}",
            " {\n  \"a\":",
            "{}",
            "[{\"mpan\":1}]",
            "[[1,2]]",
            "[\"MPAN\"]",
        ] {
            assert!(is_json(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn a_header_in_brackets_is_not() {
        for text in ["[00:30],[01:00],[01:30]\n", "{MPAN},{Date}", "MPAN,{\"a\"", "[", ""] {
            assert!(!is_json(text.as_bytes()), "{text}");
        }
    }
}
