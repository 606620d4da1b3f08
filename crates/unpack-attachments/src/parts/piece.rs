//! The bytes of a part, and whether they may be changed.

use std::ops::Range;

use bytes::{Bytes, BytesMut};

/// A piece of a message.
#[derive(Debug)]
pub(crate) enum Piece {
    /// Nobody else reads these bytes: what is decoded of them may take their place.
    Own(BytesMut),
    /// Others may read them.
    Shared(Bytes),
}

impl Piece {
    /// The bytes, to be read only.
    #[must_use]
    pub(crate) fn freeze(self) -> Bytes {
        match self {
            Self::Own(bytes) => bytes.freeze(),
            Self::Shared(bytes) => bytes,
        }
    }

    #[must_use]
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Own(bytes) => bytes.len(),
            Self::Shared(bytes) => bytes.len(),
        }
    }
}

/// Cuts the places out of a message. Where nobody else holds it and no two places overlap, each piece is its part's own.
pub(crate) fn pieces(message: Bytes, places: &[Range<usize>]) -> Vec<Piece> {
    let message = if are_apart(places, message.len()) {
        match message.try_into_mut() {
            Ok(message) => return own_pieces(message, places),
            Err(message) => message,
        }
    } else {
        message
    };
    places
        .iter()
        .map(|place| Piece::Shared(message.slice_ref(message.get(place.clone()).unwrap_or_default())))
        .collect()
}

fn are_apart(places: &[Range<usize>], length: usize) -> bool {
    let mut end = 0;
    places.iter().all(|place| {
        let is_behind = end <= place.start && place.start <= place.end && place.end <= length;
        end = place.end;
        is_behind
    })
}

fn own_pieces(mut rest: BytesMut, places: &[Range<usize>]) -> Vec<Piece> {
    let mut at = 0;
    places
        .iter()
        .map(|place| {
            let _ = rest.split_to(place.start - at);
            at = place.end;
            Piece::Own(rest.split_to(place.end - place.start))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MESSAGE: &[u8] = b"header body one body two";

    fn cut(message: Bytes, places: &[Range<usize>]) -> (Vec<Bytes>, bool) {
        let pieces = pieces(message, places);
        let are_own = pieces.iter().all(|piece| matches!(piece, Piece::Own(_)));
        (pieces.into_iter().map(Piece::freeze).collect(), are_own)
    }

    #[test]
    fn pieces_of_a_message_that_nobody_else_holds_are_their_own() {
        let places = [7..15, 15..15, 16..24];
        let expected = [&b"body one"[..], b"", b"body two"].map(Bytes::from_static);
        let alone = Bytes::from(MESSAGE.to_vec());
        assert_eq!(cut(alone, &places), (expected.to_vec(), true));
        let held = Bytes::from(MESSAGE.to_vec());
        let _other = held.clone();
        assert_eq!(cut(held, &places), (expected.to_vec(), false));
    }

    #[test]
    fn pieces_that_overlap_are_shared_and_places_beyond_the_message_empty() {
        let message = || Bytes::from(MESSAGE.to_vec());
        let expected = [&b"body one"[..], b"one"].map(Bytes::from_static);
        assert_eq!(cut(message(), &[7..15, 12..15]), (expected.to_vec(), false));
        let beyond = [7..15, 16..99];
        assert_eq!(
            cut(message(), &beyond),
            (vec![Bytes::from_static(b"body one"), Bytes::new()], false)
        );
    }
}
