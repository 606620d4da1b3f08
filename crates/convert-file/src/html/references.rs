//! Character references: `&pound;`, `&#163;` (HTML, 13.2.5.72).

use quick_xml::escape::resolve_html5_entity;

/// The longest name of a character reference.
const REFERENCE_BYTES: usize = 34;

/// Appends text with its character references resolved.
pub(super) fn decode(text: &str, out: &mut String) {
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        let name = after
            .bytes()
            .take(REFERENCE_BYTES + 1)
            .position(|byte| byte == b';')
            .and_then(|end| after.get(..end));
        let resolved = name.and_then(|name| resolve(name, out).then_some(name.len() + 1));
        // Old pages leave the semicolon away.
        let resolved = resolved.or_else(|| {
            let name = ["nbsp", "amp", "lt", "gt", "quot", "pound", "euro"]
                .into_iter()
                .find(|name| after.starts_with(name))?;
            resolve(name, out).then_some(name.len())
        });
        match resolved {
            Some(length) => rest = after.get(length..).unwrap_or_default(),
            None => {
                out.push('&');
                rest = after;
            }
        }
    }
    out.push_str(rest);
}

fn resolve(name: &str, out: &mut String) -> bool {
    let Some(number) = name.strip_prefix('#') else {
        let text = resolve_html5_entity(name);
        out.extend(text);
        return text.is_some();
    };
    let code = match number.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16),
        None => number.parse(),
    };
    match code {
        // Numbers of Windows-1252, as old tools write them (HTML, 13.2.5.80).
        Ok(code @ 0x80..=0x9F) => {
            let byte = [u8::try_from(code).unwrap_or_default()];
            out.push_str(&encoding_rs::WINDOWS_1252.decode_without_bom_handling(&byte).0);
            true
        }
        Ok(code) => {
            let character = char::from_u32(code).filter(|c| *c != '\0');
            out.extend(character);
            character.is_some()
        }
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(text: &str) -> String {
        let mut out = String::new();
        decode(text, &mut out);
        out
    }

    #[test]
    fn references_are_resolved_with_and_without_a_semicolon() {
        assert_eq!(
            decoded("&pound;1 &amp &#163;&#xA3;&#128;&nope; R&D"),
            "£1 & ££€&nope; R&D"
        );
    }

    #[test]
    fn any_number_of_signs_that_refer_to_nothing_is_read_in_one_go() {
        let signs = "&".repeat(2_000_000);
        assert_eq!(decoded(&signs), signs);
    }
}
