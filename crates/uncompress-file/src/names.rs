//! The names of members, in the encodings that archivers use.

use std::sync::LazyLock;

use encoding_rs::WINDOWS_1252;

/// The name of a zip member.
///
/// The Info-ZIP Unicode Path field goes first, if it belongs to this very name (APPNOTE section 4.6.9). Else the name is
/// UTF-8 if it is valid as such, with or without the flag that says so (section 4.4.4 bit 11), because many tools forget
/// the flag; and code page 437 if not (appendix D).
pub(crate) fn of_zip(raw: &[u8], unicode_path: Option<&[u8]>) -> String {
    if let Some(name) = unicode_path.and_then(|field| unicode_name(field, raw)) {
        return name.to_owned();
    }
    match str::from_utf8(raw) {
        Ok(name) => name.to_owned(),
        Err(_) => raw.iter().map(|byte| cp437(*byte)).collect(),
    }
}

/// The name of a tar member: UTF-8, as nearly all are, or else what Windows writes in Western Europe.
pub(crate) fn of_tar(raw: &[u8]) -> String {
    utf8_or_western(raw)
}

/// The name in a gzip header: Latin-1 by RFC 1952 section 2.3.1, UTF-8 in practice.
pub(crate) fn of_gzip(raw: &[u8]) -> String {
    utf8_or_western(raw)
}

fn utf8_or_western(raw: &[u8]) -> String {
    str::from_utf8(raw).map_or_else(
        |_| WINDOWS_1252.decode_without_bom_handling(raw).0.into_owned(),
        ToOwned::to_owned,
    )
}

/// At most so many bytes of a name, for people: a name may be as long as a file.
pub(crate) fn cut(name: &str, most: usize) -> String {
    if name.len() <= most {
        return name.to_owned();
    }
    let end = name
        .char_indices()
        .map(|(at, _)| at)
        .take_while(|at| *at <= most)
        .last();
    format!("{}…", end.and_then(|end| name.get(..end)).unwrap_or_default())
}

/// The content of a Unicode Path field: version 1, the CRC-32 of the name that it replaces, the name in UTF-8.
fn unicode_name<'a>(field: &'a [u8], raw: &[u8]) -> Option<&'a str> {
    let (version, rest) = field.split_first()?;
    let (crc, name) = rest.split_first_chunk()?;
    let belongs = *version == 1 && u32::from_le_bytes(*crc) == rawzip::crc32(raw);
    str::from_utf8(name).ok().filter(|name| belongs && !name.is_empty())
}

/// The upper half of code page 437, in order.
const CP437: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐\
                     └┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}";

/// The same, to be looked up: a stranger's names have 64 KiB each, and an archive has many.
static UPPER_HALF: LazyLock<Vec<char>> = LazyLock::new(|| CP437.chars().collect());

fn cp437(byte: u8) -> char {
    match byte.checked_sub(0x80) {
        None => char::from(byte),
        Some(at) => UPPER_HALF
            .get(usize::from(at))
            .copied()
            .unwrap_or(char::REPLACEMENT_CHARACTER),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_page_437_has_128_upper_characters() {
        assert_eq!(CP437.chars().count(), 128);
        let known = [
            (0x80, 'Ç'),
            (0x9c, '£'),
            (0xb0, '░'),
            (0xc0, '└'),
            (0xdf, '▀'),
            (0xe1, 'ß'),
            (0xf8, '°'),
            (0xff, '\u{a0}'),
        ];
        for (byte, character) in known {
            assert_eq!(cp437(byte), character);
        }
    }

    #[test]
    fn a_name_that_is_no_utf8_is_code_page_437() {
        assert_eq!(of_zip(b"Z\x84hler \x9c.csv", None), "Zähler £.csv");
        assert_eq!(of_zip("Zähler £.csv".as_bytes(), None), "Zähler £.csv");
    }

    #[test]
    fn a_unicode_path_counts_only_for_the_name_it_was_made_for() {
        let raw = b"Z_hler.csv";
        let mut field = vec![1];
        field.extend(rawzip::crc32(raw).to_le_bytes());
        field.extend("Zähler.csv".as_bytes());
        assert_eq!(of_zip(raw, Some(&field)), "Zähler.csv");
        assert_eq!(of_zip(b"renamed.csv", Some(&field)), "renamed.csv");
        assert_eq!(of_zip(raw, Some(&field[..4])), "Z_hler.csv");
        field[0] = 2;
        assert_eq!(of_zip(raw, Some(&field)), "Z_hler.csv");
    }

    #[test]
    fn a_tar_of_an_old_windows_tool_has_western_names() {
        assert_eq!(of_tar(b"Z\xe4hler \xa3.csv"), "Zähler £.csv");
        assert_eq!(of_gzip("Zähler.csv".as_bytes()), "Zähler.csv");
    }

    #[test]
    fn an_endless_name_is_cut_between_characters() {
        assert_eq!(cut(&"ä".repeat(60_000), 401), format!("{}…", "ä".repeat(200)));
        assert_eq!(cut("HH.csv", 6), "HH.csv");
    }
}
