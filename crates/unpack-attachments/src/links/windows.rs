//! A text in pieces that can be decoded and searched for links one by one.
//!
//! A text may be as long as the largest email. As UTF-8 it is up to three times as long, and searching it takes copies.

/// Bytes of a piece. Texts that people or their programs write are shorter, so they stay whole.
const WINDOW: usize = 1024 * 1024;

/// How far from a piece's end a place to cut is looked for.
const LOOK_BACK: usize = 64 * 1024;

/// The pieces of `text`, in order, each cut where no link is: before an angle bracket, which a tag begins with and a
/// link that may go on over line ends, or behind white space.
pub(super) fn windows<'a>(text: &'a [u8], charset: &str) -> impl Iterator<Item = &'a [u8]> {
    let is_wide = is_wide(charset);
    let mut rest = text;
    std::iter::from_fn(move || {
        let (window, after) = rest.split_at_checked(cut(rest, is_wide))?;
        rest = after;
        (!window.is_empty()).then_some(window)
    })
}

fn cut(text: &[u8], is_wide: bool) -> usize {
    let Some((window, _)) = text.split_at_checked(WINDOW).filter(|(_, rest)| !rest.is_empty()) else {
        return text.len();
    };
    // Characters of two or four bytes each; a byte that looks like a bracket may be half of one.
    if is_wide {
        return WINDOW;
    }
    let last = window.get(WINDOW - LOOK_BACK..).unwrap_or_default();
    let bracket = memchr::memrchr(b'<', last);
    let place = bracket.or_else(|| last.iter().rposition(u8::is_ascii_whitespace).map(|at| at + 1));
    place.map_or(WINDOW, |at| WINDOW - LOOK_BACK + at)
}

fn is_wide(charset: &str) -> bool {
    let charset = charset.to_ascii_lowercase();
    [
        "utf-16",
        "utf16",
        "utf-32",
        "utf32",
        "ucs-2",
        "ucs-4",
        "unicode",
        "iso-10646",
    ]
    .iter()
    .any(|wide| charset.contains(wide))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lengths(text: &[u8], charset: &str) -> Vec<usize> {
        let pieces: Vec<_> = windows(text, charset).collect();
        assert_eq!(pieces.concat(), text);
        pieces.iter().map(|piece| piece.len()).collect()
    }

    #[test]
    fn a_short_text_stays_whole() {
        assert_eq!(lengths(b"", ""), [0; 0]);
        assert_eq!(lengths(&[b' '; WINDOW], ""), [WINDOW]);
    }

    #[test]
    fn a_long_text_is_cut_where_no_link_is() {
        let text = b"see <https://example.org/a?b=c&\r\nd=e> or https://example.org/f \r\n".repeat(40_000);
        for piece in windows(&text, "") {
            assert!(piece.starts_with(b"see") || piece.starts_with(b"<"), "{piece:?}");
        }
        let text = b"https://example.org/f\r\n".repeat(100_000);
        for piece in windows(&text, "") {
            assert!(piece.starts_with(b"https://") && piece.ends_with(b"\n"));
        }
    }

    #[test]
    fn a_text_without_a_place_to_cut_is_cut_all_the_same() {
        assert_eq!(lengths(&vec![b'x'; WINDOW * 2 + 1], ""), [WINDOW, WINDOW, 1]);
        assert_eq!(lengths(&vec![b'<'; WINDOW + 1], ""), [WINDOW - 1, 2]);
        assert_eq!(lengths(&vec![b'<'; WINDOW + 1], "UTF-16LE"), [WINDOW, 1]);
    }
}
