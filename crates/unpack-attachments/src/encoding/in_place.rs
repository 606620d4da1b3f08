//! Decoding without a second copy: an attachment of 100 MB is in memory once.

use bytes::BytesMut;

use crate::encoding::lines::{Lines, block_end, line_end};

/// Replaces a body by what `decode` makes of its lines, which is never longer than they are. `None` if it was longer.
pub(crate) fn in_place(body: &mut BytesMut, mut decode: impl FnMut(Lines<'_>, &mut Vec<u8>)) -> Option<()> {
    let line_end = line_end(body);
    let mut decoded = Vec::new();
    let (mut read, mut written) = (0, 0);
    while let Some(rest) = body.get(read..).filter(|rest| !rest.is_empty()) {
        let block = rest.get(..block_end(rest, line_end)).unwrap_or(rest);
        read += block.len();
        decoded.clear();
        decode(Lines::new(block, 0, line_end), &mut decoded);
        let end = written + decoded.len();
        if end > read {
            return None;
        }
        body.get_mut(written..end)?.copy_from_slice(&decoded);
        written = end;
    }
    body.truncate(written);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_decoded_takes_the_place_of_what_it_was_decoded_from() {
        let line = "MPAN,Date,kWh\r\n";
        let mut body = BytesMut::from(line.repeat(10_000).as_bytes());
        let place = body.as_ptr();
        in_place(&mut body, |lines, decoded| {
            for line in lines {
                decoded.extend_from_slice(line.text);
                decoded.push(b'\n');
            }
        })
        .unwrap();
        assert_eq!(body, line.replace('\r', "").repeat(10_000));
        assert_eq!(body.as_ptr(), place);
    }

    #[test]
    fn what_would_not_fit_is_refused() {
        let mut body = BytesMut::from(&b"a\nb\n"[..]);
        assert_eq!(in_place(&mut body, |_, decoded| decoded.extend([0; 9])), None);
    }
}
