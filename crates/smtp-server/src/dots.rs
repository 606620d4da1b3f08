//! Transparency (RFC 5321 section 4.5.2): a message ends with a line of one dot, and of a line that begins with a dot the first is
//! one that SMTP put there.
//!
//! Only CR LF ends a line. Servers that end a message at a dot between other line ends let a sender smuggle in messages of others.
//! (The receiver of `smtp-proto` takes the last line end from a message, and knows no dot in the first line.)

/// Takes the dots out of a stream, whichever pieces it comes in.
#[derive(Debug, Default)]
pub(crate) struct Dots {
    state: State,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    #[default]
    LineStart,
    Text,
    /// Behind a CR.
    Cr,
    /// Behind a dot that began a line.
    Dot,
    /// Behind such a dot and a CR.
    DotCr,
    Ended,
}

impl Dots {
    /// Gives the bytes of a piece to `out`, and says how many belong to the message or its end.
    pub(crate) fn feed(&mut self, piece: &[u8], out: &mut impl FnMut(&[u8])) -> usize {
        let mut rest = piece;
        while let Some((&byte, tail)) = rest.split_first() {
            match (self.state, byte) {
                (State::Ended, _) => break,
                (State::Text, _) => {
                    let length = memchr::memchr(b'\r', rest).map_or(rest.len(), |at| at + 1);
                    let (text, tail) = rest.split_at_checked(length).unwrap_or((rest, &[]));
                    out(text);
                    if text.ends_with(b"\r") {
                        self.state = State::Cr;
                    }
                    rest = tail;
                    continue;
                }
                (State::LineStart, b'.') => self.state = State::Dot,
                (State::Dot, b'\r') => self.state = State::DotCr,
                (State::DotCr, b'\n') => self.state = State::Ended,
                (state, _) => {
                    if state == State::DotCr {
                        out(b"\r");
                    }
                    out(&[byte]);
                    self.state = match byte {
                        b'\r' => State::Cr,
                        b'\n' if state == State::Cr => State::LineStart,
                        _ => State::Text,
                    };
                }
            }
            rest = tail;
        }
        piece.len() - rest.len()
    }

    /// Whether the end of the message was seen.
    pub(crate) fn has_ended(&self) -> bool {
        self.state == State::Ended
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The message, and what follows its end.
    fn received(pieces: &[&[u8]]) -> (Vec<u8>, bool, Vec<u8>) {
        let mut dots = Dots::default();
        let mut message = Vec::new();
        let mut left = Vec::new();
        for piece in pieces {
            let used = dots.feed(piece, &mut |bytes| message.extend_from_slice(bytes));
            left.extend_from_slice(&piece[used..]);
        }
        (message, dots.has_ended(), left)
    }

    /// As a client sends it (RFC 5321 section 4.5.2).
    fn sent(message: &[u8]) -> Vec<u8> {
        let mut stream = Vec::new();
        let mut is_line_start = true;
        for (at, byte) in message.iter().enumerate() {
            if is_line_start && *byte == b'.' {
                stream.push(b'.');
            }
            stream.push(*byte);
            is_line_start = message[..=at].ends_with(b"\r\n");
        }
        stream.extend_from_slice(b".\r\n");
        stream
    }

    #[test]
    fn a_message_ends_at_the_line_of_one_dot_and_what_follows_is_left() {
        assert_eq!(
            received(&[b"a\r\n.\r\nQUIT\r\n"]),
            (b"a\r\n".to_vec(), true, b"QUIT\r\n".to_vec())
        );
        assert_eq!(received(&[b".\r\n"]), (Vec::new(), true, Vec::new()));
        assert_eq!(
            received(&[b"..\r\n...\r\n.\r\n"]),
            (b".\r\n..\r\n".to_vec(), true, Vec::new())
        );
    }

    #[test]
    fn no_other_line_end_ends_a_message() {
        for text in ["a\n.\n", "a\n.\r\n", "a\r.\r\n", "a\r\n.\n", "a\r\n.\r", "a\r\n.\r\r\n"] {
            assert!(!received(&[text.as_bytes()]).1, "{text:?}");
        }
        assert_eq!(received(&[b"\r\n.\r.\r\nb"]).0, b"\r\n\r.\r\nb");
    }

    proptest! {
        #[test]
        fn every_message_comes_out_as_it_was_sent_however_it_is_cut(
            lines in prop::collection::vec("[.\r\na]{0,6}", 0..8), cuts in prop::collection::vec(0..60_usize, 0..6)
        ) {
            let mut message = lines.concat().into_bytes();
            if !message.is_empty() {
                message.extend_from_slice(b"\r\n");
            }
            let stream = sent(&message);
            let mut cuts: Vec<_> = cuts.into_iter().map(|cut| cut.min(stream.len())).collect();
            cuts.extend([0, stream.len()]);
            cuts.sort_unstable();
            let pieces: Vec<_> = cuts.windows(2).map(|pair| &stream[pair[0]..pair[1]]).collect();
            prop_assert_eq!(received(&pieces), (message, true, Vec::new()));
        }
    }
}
