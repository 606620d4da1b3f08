//! A zip becomes its members.

use std::collections::BTreeMap;

use pipeline_core::Limits;

use super::directory::Directory;
use super::entry::{self, Entry};
use super::local::LocalHeader;
use super::packed;
use super::recovery::{self, Found};
use super::view::View;
use crate::error::{Defect, UnpackError};
use crate::harvest::{Harvest, Visitor};
use crate::reject;
use crate::source::Source;

/// Unpacks a zip.
pub(crate) fn unpack<V: Visitor>(
    source: &Source<'_>,
    archive_name: &str,
    limits: &Limits,
    harvest: &mut Harvest<'_, V>,
) -> Result<(), UnpackError<V::Error>> {
    let mut claims = Claims::default();
    if let Some(directory) = Directory::find(source)? {
        if directory.survey.wanted > limits.members {
            return Err(reject::too_many_members(limits));
        }
        return directory.for_each(|entry| unpack_entry(directory.view(), &entry, &mut claims, harvest));
    }
    let view = View { source, base: 0 };
    match recovery::for_each(view, limits, |_| Ok(()))? {
        0 => return Err(reject::not_an_archive()),
        entries if entries > limits.members => return Err(reject::too_many_members(limits)),
        _ => {}
    }
    recovery::for_each(view, limits, |found| match found {
        Found::Entry(entry) => unpack_entry(view, &entry, &mut claims, harvest),
        Found::CutShort(name) => {
            harvest.refuse(&name, &Defect::CutShort);
            Ok(())
        }
    })?;
    harvest.refuse(archive_name, &recovery::LIST_LOST);
    Ok(())
}

fn unpack_entry<V: Visitor>(
    view: View<'_, '_>,
    entry: &Entry,
    claims: &mut Claims,
    harvest: &mut Harvest<'_, V>,
) -> Result<(), UnpackError<V::Error>> {
    if !entry.is_wanted() {
        return Ok(());
    }
    let header = LocalHeader::data_of(view, entry.header_at)?;
    let opened = open(view, entry, header, claims);
    match opened {
        Ok(mut unpacked) => harvest.offer(entry.number, &entry.name, &mut *unpacked),
        Err(defect) => {
            harvest.refuse(&entry.name, &defect);
            Ok(())
        }
    }
}

fn open<'v, 'r: 'v>(
    view: View<'v, 'r>,
    entry: &Entry,
    header: Option<(u64, u16)>,
    claims: &mut Claims,
) -> Result<Box<dyn std::io::Read + 'v>, Defect> {
    if entry.is_encrypted {
        return Err(Defect::Encrypted);
    }
    let Some((data_at, flags)) = header else {
        return Err(Defect::Corrupt("it is not where the archive says"));
    };
    if entry::is_encrypted(flags, entry.method) {
        return Err(Defect::Encrypted);
    }
    let end = data_at
        .checked_add(entry.packed_size)
        .filter(|end| *end <= view.len())
        .ok_or(Defect::CutShort)?;
    if !claims.claim(entry.header_at, end) {
        return Err(Defect::Corrupt("it shares its bytes with another member"));
    }
    packed::reader(view, entry, data_at..end)
}

/// Which bytes of the archive belong to a member already.
///
/// Members that share bytes are how a small archive unpacks to more than any disk holds, so they are refused, as Info-ZIP
/// and Python refuse them. So no byte of the archive is unpacked twice.
#[derive(Default)]
struct Claims(BTreeMap<u64, u64>);

impl Claims {
    /// Claims the bytes from `start` up to `end`, unless some of them belong to a member already.
    fn claim(&mut self, start: u64, end: u64) -> bool {
        let is_free = self
            .0
            .range(..end)
            .next_back()
            .is_none_or(|(_, other_end)| *other_end <= start);
        if is_free {
            self.0.insert(start, end);
        }
        is_free
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_byte_is_claimed_twice() {
        let mut claims = Claims::default();
        assert!(claims.claim(100, 200));
        assert!(claims.claim(200, 300));
        assert!(claims.claim(0, 100));
        for (start, end) in [(0, 1), (99, 101), (150, 160), (100, 200), (50, 400), (299, 301)] {
            assert!(!claims.claim(start, end), "{start}..{end}");
        }
        assert!(claims.claim(300, 301));
    }
}
