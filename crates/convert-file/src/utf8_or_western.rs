//! UTF-8, and Windows-1252 wherever it is none.

use encoding_rs::WINDOWS_1252;

/// Decodes text that says it is UTF-8, or nothing at all: tools that forget to say so write either. Bytes that are no
/// UTF-8 are Windows-1252, as in the CSVs that suppliers send.
#[derive(Debug, Default)]
pub(crate) struct Utf8OrWestern {
    /// The first bytes of a character, whose others have not come yet.
    begun: Vec<u8>,
}

impl Utf8OrWestern {
    /// Appends what `input` says as UTF-8. `last` if no more will come.
    pub(crate) fn decode(&mut self, input: &[u8], last: bool, out: &mut String) {
        let mut joined = std::mem::take(&mut self.begun);
        let bytes = if joined.is_empty() {
            input
        } else {
            joined.extend_from_slice(input);
            joined.as_slice()
        };
        // Nearly everything is UTF-8 from here to the end, which is told many times faster than where it is not.
        let rest = match str::from_utf8(bytes) {
            Ok(text) => {
                out.push_str(text);
                return;
            }
            Err(error) => {
                let (valid, rest) = bytes.split_at_checked(error.valid_up_to()).unwrap_or_default();
                out.push_str(str::from_utf8(valid).unwrap_or_default());
                rest
            }
        };
        let mut chunks = rest.utf8_chunks().peekable();
        while let Some(chunk) = chunks.next() {
            out.push_str(chunk.valid());
            let invalid = chunk.invalid();
            if !last && chunks.peek().is_none() && is_begun(invalid) {
                self.begun = invalid.to_vec();
            } else {
                out.push_str(&WINDOWS_1252.decode_without_bom_handling(invalid).0);
            }
        }
    }
}

/// Whether bytes are a character as far as they go.
fn is_begun(bytes: &[u8]) -> bool {
    str::from_utf8(bytes).is_err_and(|error| error.error_len().is_none())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decoded(pieces: &[&[u8]]) -> String {
        let mut decoder = Utf8OrWestern::default();
        let mut out = String::new();
        for piece in pieces {
            decoder.decode(piece, false, &mut out);
        }
        decoder.decode(b"", true, &mut out);
        out
    }

    #[test]
    fn bytes_that_are_no_utf_8_are_windows_1252() {
        assert_eq!(
            decoded(&[b"Z\xE4hler \xA3/\x80, \xC2\xA3/\xE2\x82\xAC"]),
            "Zähler £/€, £/€"
        );
    }

    #[test]
    fn a_character_may_come_in_pieces() {
        assert_eq!(decoded(&[b"a\xE2", b"\x82", b"\xAC"]), "a€");
        assert_eq!(decoded(&[b"a\xE2", b"\x82", b"b"]), "aâ‚b");
        assert_eq!(decoded(&[b"a\xE2"]), "aâ");
    }

    proptest! {
        #[test]
        fn pieces_do_not_matter(bytes in proptest::collection::vec(prop_oneof![Just(0xE2_u8), Just(0x82), Just(0xAC), any::<u8>()], 0..40), at in 0..40_usize) {
            let (first, second) = bytes.split_at(at.min(bytes.len()));
            prop_assert_eq!(decoded(&[first, second]), decoded(&[&bytes]));
        }

        #[test]
        fn utf_8_stays_as_it_is(text in "\\PC{0,40}") {
            prop_assert_eq!(decoded(&[text.as_bytes()]), text);
        }
    }
}
