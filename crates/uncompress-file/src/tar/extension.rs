//! What precedes a header and overrides it: long names of GNU, records of pax.

use std::io::{self, Read};

/// The most that is read of a long name or of pax records. Both describe one member.
const MAX_BYTES: u64 = 1 << 20;

/// What overrides the next header.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Overrides {
    pub(super) name: Option<Vec<u8>>,
    pub(super) size: Option<u64>,
    /// Whether the content is packed with its holes left out.
    pub(super) is_sparse: bool,
}

impl Overrides {
    /// Reads a GNU long name (type `L`), which ends in a NUL.
    pub(super) fn read_long_name(&mut self, content: &mut impl Read) -> io::Result<()> {
        let mut name = read_capped(content)?;
        while name.last() == Some(&0) {
            name.pop();
        }
        self.name.get_or_insert(name);
        Ok(())
    }

    /// Reads pax records (type `x`): each is its own length in decimal, a blank, keyword, `=`, value and a line end. What
    /// is malformed ends them.
    pub(super) fn read_pax(&mut self, content: &mut impl Read) -> io::Result<()> {
        let records = read_capped(content)?;
        let mut rest = records.as_slice();
        while let Some((key, value, tail)) = record(rest) {
            match key {
                b"path" => self.name = Some(value.to_vec()),
                b"size" => {
                    self.size = str::from_utf8(value)
                        .ok()
                        .and_then(|size| size.parse().ok())
                        .or(self.size)
                }
                _ => self.is_sparse |= key.starts_with(b"GNU.sparse."),
            }
            rest = tail;
        }
        Ok(())
    }
}

fn read_capped(content: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    content.take(MAX_BYTES).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Keyword, value and what follows the record.
fn record(bytes: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let blank = bytes.iter().position(|byte| *byte == b' ')?;
    let length = str::from_utf8(bytes.get(..blank)?).ok()?.parse::<usize>().ok()?;
    let (record, tail) = bytes.split_at_checked(length)?;
    let record = record.get(blank + 1..)?.strip_suffix(b"\n")?;
    let equals = record.iter().position(|byte| *byte == b'=')?;
    let (key, value) = record.split_at_checked(equals)?;
    Some((key, value.get(1..)?, tail))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pax(mut records: &[u8]) -> Overrides {
        let mut overrides = Overrides::default();
        overrides.read_pax(&mut records).unwrap();
        overrides
    }

    #[test]
    fn a_pax_path_may_hold_a_line_end() {
        let overrides = pax(b"18 path=HH\n24.csv\n12 size=700\n");
        assert_eq!(overrides.name.as_deref(), Some(&b"HH\n24.csv"[..]));
        assert_eq!(overrides.size, Some(700));
    }

    #[test]
    fn malformed_records_override_nothing() {
        for records in [
            &b"99 path=x\n"[..],
            b"path=x\n",
            b"0 path=x\n",
            b"-3 path=x\n",
            b"9 path=xy",
            b"3 \n",
            b"",
        ] {
            assert_eq!(pax(records), Overrides::default());
        }
    }

    #[test]
    fn a_long_name_that_has_no_end_is_not_read_to_it() {
        let mut overrides = Overrides::default();
        overrides.read_long_name(&mut io::repeat(b'a')).unwrap();
        assert_eq!(overrides.name.unwrap().len() as u64, MAX_BYTES);
    }
}
